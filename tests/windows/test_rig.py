"""The tests of Windows under wine: opt-in by SSO_LOGIN_WINDOWS_RIG=1, since making the rig takes minutes."""

from __future__ import annotations

import os
import re

import pytest

from tests.windows.rig import Rig, rig

if not os.environ.get("SSO_LOGIN_WINDOWS_RIG"):
    pytest.skip("left alone: SSO_LOGIN_WINDOWS_RIG=1 runs it", allow_module_level=True)

pytestmark = pytest.mark.timeout(7200)


@pytest.fixture(scope="module")
def made() -> Rig:
    """Give the rig, made where it is missing."""
    found = rig()
    found.prepare()
    return found


def passed(made: Rig, *places: str) -> int:
    """Run those tests there; give how many passed, where none failed."""
    done = made.tests(*places)
    said = done.stdout.decode(errors="replace")
    found = re.search(r"(\d+) passed", said)
    assert found, said
    assert not re.search(r"\d+ (failed|error)", said), said
    return int(found[1])


def test_it_is_a_windows_python(made: Rig) -> None:
    """And none that pretends: win32, with backslashes."""
    done = made.python("-c", "import os, sys; print(sys.platform, os.sep, sys.version_info[:2])")
    assert b"win32 \\ (3, 12)" in done.stdout


def test_values_wire_and_flows_pass_there(made: Rig) -> None:
    """The fast tiers: core, protocol, flows."""
    places = (
        "tests/core",
        "tests/storage",
        "tests/oauth",
        "tests/aws",
        "tests/flows",
        "tests/adapters/secrets/platforms",
    )
    assert passed(made, *places) > 1000


def test_the_whole_tool_passes_there(made: Rig) -> None:
    """A round with Credential Manager, a race of eight, a shim, the store's sealing, completion, line ends."""
    assert passed(made, "tests/windows/test_inside.py") >= 8
