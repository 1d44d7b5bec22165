"""What a named session costs does not grow with the number of sessions: its own card is read, and no other."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import pytest

from sso_login import hot
from sso_login.cli.app import run
from sso_login.world import World
from tests.hot.conftest import START_URL, Both

if sys.platform == "win32":
    pytest.skip("the hot path steps aside on Windows", allow_module_level=True)

_opened: list[str] = []
_watching: list[bool] = []  # a hook cannot be taken away again


def _note(event: str, args: tuple[object, ...]) -> None:
    if _watching and event == "open" and isinstance(args[0], str):
        _opened.append(args[0])


sys.addaudithook(_note)


@pytest.fixture(autouse=True)
def _watched() -> Iterator[None]:
    _watching.append(True)
    yield
    _watching.clear()
    _opened.clear()


@pytest.fixture
def many(both: Both) -> Both:
    """Give twenty logins more, half of them in the config, and a profile."""
    names = [f"session-{number}" for number in range(20)]
    with both.config.open("a") as config:
        for name in names[::2]:
            config.write(f"[sso-session {name}]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n")
        config.write("[profile dev]\nsso_session = my-sso\n")
    for name in names:
        both.log_in(name)
    return both


def cards_read(both: Both, argv: Sequence[str], **env: str) -> set[str]:
    """Run a command line the ordinary way, and name the cards that were opened."""
    _opened.clear()

    def build(*, attended: bool, notify: object) -> World:
        del attended, notify
        return both.world({**both.env, **env}, lambda _notice: None)

    assert run(argv, build=build) == 0
    cards = {path.name for path in (both.home / "sessions").iterdir()}  # opened below their folder, by name alone
    return {path for path in _opened if path in cards}


@pytest.mark.parametrize(
    "argv",
    [
        ["token", "my-sso"],
        ["token", "--profile", "dev"],
        ["status", "--check", "my-sso"],
        ["status", "--short", "--profile", "dev"],
        ["refresh", "my-sso"],
        ["refresh", "--profile", "dev"],
    ],
)
def test_a_named_session_reads_its_own_card(many: Both, argv: list[str]) -> None:
    """By name or by profile, in the config or not."""
    assert cards_read(many, argv) == {"my-sso"}
    assert cards_read(many, [word.replace("my-sso", "session-1") for word in argv]) <= {"my-sso", "session-1"}


def test_a_session_that_the_environment_names_reads_its_own_card(many: Both) -> None:
    """By SSO_LOGIN_SESSION and by AWS_PROFILE."""
    assert cards_read(many, ["token"], SSO_LOGIN_SESSION="session-2") == {"session-2"}
    assert cards_read(many, ["token"], AWS_PROFILE="dev") == {"my-sso"}


def test_the_hot_path_reads_that_card_alone_too(many: Both) -> None:
    """And the one record."""
    many.ordinary("my-sso")
    _opened.clear()
    assert hot.answer(["token", "my-sso"], many.env)
    kept = {path.name for folder in ("sessions", "secrets") for path in (many.home / folder).iterdir()}
    assert [path for path in _opened if path in kept] == ["my-sso", "sso+my-sso"]
