"""The handover of an address to a browser: once, to the right request, over 127.0.0.1."""

from __future__ import annotations

import http.client
import socket
from urllib.parse import urlsplit

import pytest

from sso_login.adapters.browser.handover import Handover
from sso_login.core.model import Secret

TARGET = "https://signin.example/federation?SigninToken=canary"


def asked(url: str, *, method: str = "GET", host: str = "", path: str = "") -> tuple[int, str | None]:
    """Ask for it: status, and where it leads to."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.request(method, path or parts.path, headers={"Host": host or parts.netloc})
        answer = connection.getresponse()
        assert "canary" not in answer.read().decode()
        return answer.status, answer.headers.get("Location")
    finally:
        connection.close()


def test_the_first_right_request_is_sent_on() -> None:
    """And nobody after it."""
    with Handover(Secret(TARGET)) as made:
        assert not made.taken(0)
        assert asked(made.url) == (303, TARGET)
        assert made.taken(60)
        assert asked(made.url) == (410, None)


@pytest.mark.parametrize(
    "wrong",
    [{"path": "/"}, {"path": "/favicon.ico"}, {"host": "rebound.example"}, {"method": "POST"}],
    ids=["root", "icon", "host", "method"],
)
def test_a_wrong_request_gets_nothing_and_the_wait_goes_on(wrong: dict[str, str]) -> None:
    """Another path, another Host (DNS rebinding), another method."""
    with Handover(Secret(TARGET)) as made:
        status, where = asked(made.url, **wrong)
        assert (status in {400, 501}, where, made.taken(0)) == (True, None, False)
        assert asked(made.url) == (303, TARGET)


def test_a_silent_connection_holds_nobody_up() -> None:
    """Browsers open some that they may need later."""
    with Handover(Secret(TARGET)) as made:
        parts = urlsplit(made.url)
        with socket.create_connection((str(parts.hostname), parts.port or 0)):
            assert asked(made.url) == (303, TARGET)


def test_nothing_listens_afterwards_and_no_address_is_ever_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """The port is closed with the block; nothing is logged."""
    with Handover(Secret(TARGET)) as made:
        asked(made.url)
        port = urlsplit(made.url).port or 0
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port))
    assert capsys.readouterr() == ("", "")
