"""README's picture of a login is what a recording of today would show, and shows nobody's secrets or machine."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from tests.docs.picture import PICTURE, drawn, recorded, told
from tests.support.terminal.tmux import needs_tmux

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def picture() -> str:
    """Give the picture that is committed."""
    return PICTURE.read_text(encoding="utf-8")


@needs_tmux
def test_it_is_what_is_recorded_today(picture: str) -> None:
    """Line by line, but for codes, ports and times; tests/docs/picture.py says how to record it anew."""
    assert told(drawn(list(recorded()))) == told(picture)


def test_it_shows_a_login_from_the_command_to_its_success(picture: str) -> None:
    """The command, the code in its box, the warning, the success, and the table of `status`."""
    text = " ".join(told(picture))
    parts = ("$ sso-login device", "│ XXXX-XXXX │", "Approve only a code you asked for", "✓ Signed in to my-sso for")
    assert [part for part in (*parts, "$ sso-login status", "valid ━━━━━━━━ N min") if part not in text] == []


def test_it_tells_nothing_of_a_machine_or_a_token(picture: str) -> None:
    """No path, no host but the emulator's, nothing as long as a token; it fetches and runs nothing, either."""
    text = picture.replace("http://www.w3.org/2000/svg", "")
    assert socket.gethostname() not in text
    assert set(re.findall(r"https?://([\w.]+)", text)) == {"127.0.0.1"}
    assert re.findall(r"(?:/(?:home|root|tmp|work|usr|Users)\b)|<script|@import|@font-face|href", text) == []
    assert [word for line in told(picture) for word in line.split() if len(word) > 60] == []


def test_readme_shows_it() -> None:
    """With words for those who do not see it."""
    assert re.search(r"!\[[^\]]{20,}\]\(docs/picture/login\.svg\)", README.read_text(encoding="utf-8"))
