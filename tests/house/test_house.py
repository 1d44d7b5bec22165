"""The limits that docs/architecture.md sets: a newcomer finds every room small enough to be seen at a glance."""

from __future__ import annotations

from tests.house import measure


def test_no_folder_holds_more_than_sixteen_python_files() -> None:
    """A folder is a room, and a room can be listed without scrolling."""
    assert {name: count for name, count in measure.folders(*measure.PLACES).items() if count > 16} == {}


def test_no_function_of_the_package_is_longer_than_50_lines() -> None:
    """A function fits on a screen."""
    assert {name: count for name, count in measure.functions("sso_login").items() if count > 50} == {}


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Not even for types: who reads a module goes down, never round."""
    assert measure.circle() == []
