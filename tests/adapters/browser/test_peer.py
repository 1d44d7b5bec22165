"""Other users of the same machine: told apart by the kernel's table, refused, and in nobody's way."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sso_login.adapters.browser.handover import Handover
from sso_login.adapters.browser.listener import MOST_VISITS
from sso_login.adapters.browser.loopback import Loopback
from sso_login.adapters.browser.peer import is_another_user
from sso_login.core.granting import Redirected
from sso_login.core.model import Secret
from tests.support.serving.other_user import OTHER, asked, only_root

if sys.platform != "linux":
    pytest.skip("only Linux has the table", allow_module_level=True)


def get(path: str, port: int) -> str:
    """Write a GET as a browser does."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"


def port_of(url: str) -> int:
    """Read the port of an address."""
    return int(url.split(":")[2].split("/", maxsplit=1)[0])


@contextmanager
def waiting(listener: Loopback) -> Iterator[list[Redirected | None]]:
    """Wait for a redirect in a thread, and collect what came of it."""
    found: list[Redirected | None] = []
    right = Redirected(code=Secret("a-code"))
    thread = threading.Thread(
        target=lambda: found.append(listener.receive(lambda query: right if query == "right" else None, seconds=60))
    )
    thread.start()
    yield found
    thread.join()


@only_root
@pytest.mark.parametrize("family", ["4", "6"])
def test_another_user_can_end_nobodys_login(family: str) -> None:
    """403 for the very answer, by IPv4 or mapped, and the wait goes on until the user's own browser comes."""
    with Loopback() as listener:
        port = port_of(listener.redirect_uri)
        request = get("/oauth/callback?right", port)
        with waiting(listener) as found:
            assert asked(port, request, family=family, uid=OTHER) == "HTTP/1.1 403 Forbidden"
            assert found == []
            assert asked(port, request, family=family) == "HTTP/1.1 200 OK"
        assert found[0] is not None


@only_root
def test_another_user_gets_no_signed_in_console() -> None:
    """The one-time address stands in the browser's arguments; who reads it there gets 403 and does not use it up."""
    with Handover(Secret("https://signin.example/?SigninToken=canary")) as made:
        port, path = port_of(made.url), "/" + made.url.rpartition("/")[2]
        assert asked(port, get(path, port), uid=OTHER) == "HTTP/1.1 403 Forbidden"
        assert not made.taken(0)
        assert asked(port, get(path, port)) == "HTTP/1.1 303 See Other"
        assert asked(port, get(path, port)) == "HTTP/1.1 410 Gone"
        assert made.taken(0)


@pytest.mark.parametrize("family", ["4", "6"])
def test_this_user_is_known_again(family: str) -> None:
    """A connection of our own is ours, whichever family its socket is of."""
    with Loopback() as listener:
        port = port_of(listener.redirect_uri)
        with waiting(listener) as found:
            assert asked(port, get("/oauth/callback?right", port), family=family) == "HTTP/1.1 200 OK"
        assert found[0] is not None


def test_who_has_gone_is_nobody() -> None:
    """A connection whose other end is closed is answered as anybody else's would be: not at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        with server.accept()[0] as connection:
            client.close()
            connection.settimeout(10)
            assert connection.recv(1) == b""
            connection.shutdown(socket.SHUT_RDWR)
            assert is_another_user(connection)


def test_silent_and_slow_clients_are_bounded() -> None:
    """Many connections that say nothing cost no thread each, and the right one gets through."""
    before = threading.active_count()
    with Handover(Secret("https://signin.example/")) as made:
        port, path = port_of(made.url), "/" + made.url.rpartition("/")[2]
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(MOST_VISITS * 3)]
        try:
            assert threading.active_count() == before + 1
            assert asked(port, get(path, port)) == "HTTP/1.1 303 See Other"
        finally:
            for each in silent:
                each.close()


def test_a_client_that_drips_has_a_deadline_in_total() -> None:
    """A byte now and then does not keep a connection: it is cut off after the time that a whole head has."""
    with Loopback(head_seconds=0.5) as listener:
        port = port_of(listener.redirect_uri)
        with waiting(listener), socket.create_connection(("127.0.0.1", port)) as client:
            client.settimeout(0.05)
            began, ended = time.monotonic(), False
            while not ended and time.monotonic() - began < 60:
                try:
                    client.send(b"x")
                    ended = client.recv(1) == b""
                except TimeoutError:
                    continue
                except OSError:
                    ended = True
            assert ended
            assert asked(port, get("/oauth/callback?right", port)) == "HTTP/1.1 200 OK"


def test_both_ways_to_ask_the_kernel_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one connection, and the whole table for a kernel that knows no such question."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        with server.accept()[0] as connection:
            for kind in (socket.SOCK_DGRAM, -1):
                monkeypatch.setattr(socket, "SOCK_DGRAM", kind)
                assert not is_another_user(connection)
            monkeypatch.setattr(os, "geteuid", lambda: OTHER)
            for kind in (socket.SOCK_DGRAM, -1):
                monkeypatch.setattr(socket, "SOCK_DGRAM", kind)
                assert is_another_user(connection)
        del client
