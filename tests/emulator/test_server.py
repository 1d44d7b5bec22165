"""The server and the service's own paths: hosts, bodies, faults, counts, and sockets that are all closed."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, RemoteDisconnected
from urllib.parse import urlsplit

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import MAX_BODY, running
from tests.emulator.api.test_oidc import refused
from tests.emulator.conftest import Desk
from tests.support.terminal.plain import ask, raw


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "", "[::1]"])
def test_other_names_for_this_host_are_refused(desk: Desk, host: str) -> None:
    """A name that some other site made lead here (DNS rebinding) is not served."""
    answer = ask(f"{desk.emulator.url}/device", host=host)
    assert (answer.status, "x-amzn-requestid" in answer.headers) == (421, True)


def test_localhost_is_served_too(desk: Desk) -> None:
    """The name localhost with the right port is as good as the address."""
    port = urlsplit(desk.emulator.url).port
    assert ask(f"{desk.emulator.url}/device", host=f"localhost:{port}").status == 200


def test_only_loopback_is_listened_on(desk: Desk) -> None:
    """The URL is on 127.0.0.1, and the port is free again afterwards."""
    assert desk.emulator.url.startswith("http://127.0.0.1:")
    with running() as emulator:
        port = urlsplit(emulator.url).port
        assert port
        with pytest.raises(OSError, match="in use"), running(port=port):
            pass
    with running(Settings(), port=port) as again:
        assert again.url == emulator.url


def test_connection_is_kept_alive(desk: Desk) -> None:
    """Many requests go through one connection."""
    connection = HTTPConnection(urlsplit(desk.emulator.url).netloc, timeout=30)
    for _ in range(3):
        connection.request("GET", "/device")
        assert connection.getresponse().read()
        assert connection.sock
    connection.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"Content-Length: %d" % (MAX_BODY + 1), b"413"),
        (b"Content-Length: 99999999999999999999", b"413"),
        (b"Content-Length: -1", b"411"),
        (b"Content-Length: x", b"411"),
        (b"Transfer-Encoding: chunked", b"411"),
    ],
)
def test_body_is_bounded(desk: Desk, headers: bytes, status: bytes) -> None:
    """A body too large, or of a length that is not said, is refused and the connection closed."""
    request = b"POST /token HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n\r\n"
    answer = raw(desk.emulator.url, request + b"x" * 2_000_000 if status == b"413" else request)
    assert answer.startswith(b"HTTP/1.1 " + status)


def test_unknown_path_and_method(desk: Desk) -> None:
    """What is no operation is answered with 404, another method with 501."""
    assert ask(f"{desk.emulator.url}/nowhere").status == 404
    assert ask(f"{desk.emulator.url}/token").status == 404
    assert b" 501 " in raw(desk.emulator.url, b"PUT /token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


def test_calls_are_counted_without_secrets(open_desk: Callable[..., Desk]) -> None:
    """The counts and the log name operations, grants, errors and request ids, and hold no secret."""
    desk = open_desk(marker="CANARY")
    client = desk.register()
    started = desk.start(client)
    refused(desk, "AuthorizationPendingException", lambda: desk.poll(client, started))
    answer = ask(f"{desk.emulator.url}/emulator/calls")
    seen = json.loads(answer.text)
    assert seen["calls"] == {"RegisterClient": 1, "StartDeviceAuthorization": 1, "CreateToken": 1}
    last = seen["log"][-1]
    assert (last["operation"], last["status"], last["error"]) == ("CreateToken", 400, "authorization_pending")
    assert last["grant"].endswith("device_code")
    assert desk.service.log[-1].request_id == last["request_id"]
    assert "CANARY" not in answer.text
    assert started["userCode"] not in answer.text


def test_grant_that_is_no_grant_is_not_logged(desk: Desk) -> None:
    """What a confused client sends in place of a grant type stays out of the log."""
    url = f"{desk.emulator.url}/token"
    for body in (b"", b"[]", b"{}", b'{"grantType": "a-secret"}', b'{"grantType": ["x"]}'):
        host = {"host": urlsplit(url).netloc}
        desk.service.handle("POST", "/token", headers=host, body=body)
    assert {call.grant for call in desk.service.log} == {"other"}


def expire(desk: Desk, body: str, content_type: str = "application/json") -> int:
    """Post to /emulator/expire and give the status."""
    connection = HTTPConnection(urlsplit(desk.emulator.url).netloc, timeout=30)
    connection.request("POST", "/emulator/expire", body, {"Content-Type": content_type})
    status = connection.getresponse().status
    connection.close()
    return status


def test_expire_lets_things_be_over(desk: Desk) -> None:
    """Tokens, codes, sessions and registrations can each be made to expire at once."""
    client = desk.register()
    tokens, waiting = desk.login(client), desk.start(client)
    assert expire(desk, '{"tokens": true, "codes": false}') == 200
    with pytest.raises(desk.portal.exceptions.UnauthorizedException):
        desk.portal.list_accounts(accessToken=tokens["accessToken"])
    tokens = desk.refresh(client, tokens["refreshToken"])
    assert desk.service.waiting() == [waiting["userCode"]]
    assert expire(desk, '{"codes": true, "sessions": true}') == 200
    refused(desk, "ExpiredTokenException", lambda: desk.poll(client, waiting))
    refused(desk, "InvalidGrantException", lambda: desk.refresh(client, tokens["refreshToken"]))
    assert desk.refresh(client, desk.login(client)["refreshToken"])
    desk.service.expire("registrations")
    refused(desk, "InvalidClientException", lambda: desk.start(client))


@pytest.mark.parametrize("body", ["", "[]", '{"everything": true}', '{"tokens": 1}', "[" * 60_000])
def test_expire_refuses_what_it_does_not_know(desk: Desk, body: str) -> None:
    """An unknown kind, or no object of booleans, is a bad request."""
    assert expire(desk, body) == 400


def test_expire_cannot_be_posted_by_a_form(desk: Desk) -> None:
    """A page of another site can send forms without asking; they are refused, as are other paths."""
    assert expire(desk, '{"tokens": true}', "text/plain") == 415
    assert ask(f"{desk.emulator.url}/emulator/expire").status == 404


def test_fault_answers_in_place_of_the_service(desk: Desk) -> None:
    """An ordered reply is sent as it stands, as often as ordered, and then the service is itself again."""
    html = Reply(200, {"Content-Type": "text/html"}, b"<p>hotel wifi</p>")
    desk.service.order(Fault("ShowApproval", html, times=2))
    url = f"{desk.emulator.url}/device"
    assert [ask(url).text == "<p>hotel wifi</p>" for _ in range(3)] == [True, True, False]
    desk.service.order(Fault("ShowApproval", Reply(599)))
    assert ask(url).status == 599


def test_fault_may_lie_about_its_length(desk: Desk) -> None:
    """A body cut short is closed after, so that nobody waits for the rest."""
    desk.service.order(Fault("ShowApproval", Reply(200, {"Content-Length": "99"}, b"short")))
    host = urlsplit(desk.emulator.url).netloc.encode()
    answer = raw(desk.emulator.url, b"GET /device HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    assert answer.endswith(b"\r\n\r\nshort")
    assert b"Content-Length: 99" in answer


def test_fault_close_loses_the_answer_only(desk: Desk) -> None:
    """With `applied` a refresh is carried out and its answer lost: the next use of the old token is reuse."""
    client = desk.register()
    token = desk.login(client)["refreshToken"]
    desk.service.order(Fault("CreateToken", delivery="close"))
    desk.service.order(Fault("CreateToken", delivery="close", applied=True))
    connection = HTTPConnection(urlsplit(desk.emulator.url).netloc, timeout=30)
    body = json.dumps({**client, "grantType": "refresh_token", "refreshToken": token})
    for _ in range(2):
        connection.request("POST", "/token", body)
        with pytest.raises(RemoteDisconnected):
            connection.getresponse()
        connection.close()
    refused(desk, "InvalidGrantException", lambda: desk.refresh(client, token))


def test_fault_reset_breaks_the_connection(desk: Desk) -> None:
    """The client meets a reset (RST), not an orderly end, and the server goes on."""
    desk.service.order(Fault("ShowApproval", delivery="reset"))
    port = urlsplit(desk.emulator.url).port
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(f"GET /device HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert ask(f"{desk.emulator.url}/device").status == 200


def test_fault_drip_sends_byte_by_byte(desk: Desk) -> None:
    """A dripped answer comes in pieces and is whole in the end."""
    desk.service.order(Fault("ShowApproval", Reply(200, body=b"drop"), delivery="drip", pause=0.001))
    assert ask(f"{desk.emulator.url}/device").text == "drop"


@pytest.mark.parametrize("delivery", ["hang", "drip"])
def test_server_stops_in_the_middle_of_a_fault(delivery: str) -> None:
    """A hanging or dripping answer does not keep the server from ending, and ends with it."""
    with running() as emulator:
        emulator.service.order(Fault("ShowApproval", delivery="hang" if delivery == "hang" else "drip"))
        address = ("127.0.0.1", urlsplit(emulator.url).port)
        connection = socket.create_connection(address, timeout=30)
        connection.sendall(f"GET /device HTTP/1.1\r\nHost: 127.0.0.1:{address[1]}\r\n\r\n".encode())
        if delivery == "drip":
            assert connection.recv(1) == b"H"
        while not emulator.service.calls["ShowApproval"]:
            time.sleep(0.01)
    with connection:
        rest = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b"server_error" not in rest


def test_client_that_goes_away_is_nobodys_problem(desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    """A client that resets the connection leaves no trace on stderr."""
    desk.service.order(Fault("ShowApproval", delivery="drip"))
    port = urlsplit(desk.emulator.url).port
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(f"GET /device HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert ask(f"{desk.emulator.url}/device").status == 200
    assert capfd.readouterr().err == ""


def test_bug_of_ours_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    """An exception that is not the network's is printed, not swallowed."""
    with running(now=lambda: 1 // 0) as emulator, pytest.raises(RemoteDisconnected):
        ask(f"{emulator.url}/device")
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_threads_share_one_memory(desk: Desk) -> None:
    """Of many that use one refresh token at once exactly one gets a new one."""
    client = desk.register()
    token = desk.login(client)["refreshToken"]

    def attempt(_: int) -> bool:
        try:
            desk.refresh(client, token)
        except desk.oidc.exceptions.InvalidGrantException:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
