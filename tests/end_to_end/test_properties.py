"""Whatever comes from the network or lies on the disk: our own errors only, nothing lost, nothing odd on a terminal.

Hypothesis looks for counterexamples in the same order every time, so a run that was green stays green.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sso_login.adapters.system.http import Http
from sso_login.core.errors import Unreachable
from sso_login.core.message import Request
from sso_login.emulator.core.reply import Reply
from sso_login.emulator.core.settings import Settings
from sso_login.storage import record
from tests.support.scratch import Direct, Scratch, scratch
from tests.support.shell import Ran

tried: Final = settings(max_examples=100, derandomize=True, deadline=None, database=None)
few: Final = settings(tried, max_examples=40)

NAMES: Final = (
    *("accessToken", "refreshToken", "tokenType", "expiresIn"),
    *("clientId", "clientSecret", "clientSecretExpiresAt"),
    *("deviceCode", "userCode", "verificationUri", "verificationUriComplete", "interval"),
    *("error", "error_description", "message", "reason", "__type"),
)
CODES: Final = (
    *("authorization_pending", "slow_down", "access_denied", "expired_token", "invalid_grant", "invalid_client"),
    *("server_error", "temporarily_unavailable", "invalid_request", "InvalidGrantException:http://x"),
)
URLS: Final = ("https://device.example/", "http://127.0.0.1:9/x", "http://evil.example", "javascript:alert(1)", "//x")

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),  # NaN and the infinities, too, as Python's json writes them
    st.text(st.characters(), max_size=40),
    st.sampled_from([*CODES, *URLS, "Bearer", "x" * 20_000, "-1", "\ud800", 10**400, -1, 0, 600]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
extremes: Final[st.SearchStrategy[object]] = st.sampled_from(
    [10**400, 10**14, -1, 1e300, 0.5, "é", "a b", "a\nb", "\ud800", "\x1b[2J", "", None, True, [], {}]
)
named = st.dictionaries(st.sampled_from(NAMES), values, max_size=len(NAMES))
good = {
    "accessToken": "access",
    "refreshToken": "refresh",
    "tokenType": "Bearer",
    "expiresIn": 3600,
    "clientId": "id",
    "clientSecret": "secret",
    "clientSecretExpiresAt": 2_000_000_000,
    "deviceCode": "device",
    "userCode": "ABCD-EFGH",
    "verificationUri": "https://device.example/",
    "interval": 5,
}
documents = st.one_of(values, named).map(json.dumps).map(str.encode)
contents = st.one_of(documents, st.binary(max_size=300), documents.map(lambda text: text[: len(text) // 2]))
statuses = st.sampled_from([200, 200, 200, 400, 400, 401, 403, 404, 408, 429, 204, 302, 500, 503, 100, 599])
header_names = ("x-amzn-ErrorType", "Retry-After", "Date", "x-amzn-RequestId", "Content-Type", "Location")
headers = st.dictionaries(
    st.sampled_from(header_names), st.sampled_from([*CODES, "20", "-1", "9" * 400]) | st.text(max_size=40), max_size=3
)


def paths(value: object) -> list[tuple[str | int, ...]]:
    """List where everything in a JSON value is, the value itself first."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(), *((key, *rest) for key, found in inner for rest in paths(found))]


def changed(value: object, path: tuple[str | int, ...], new: object) -> object:
    """Give a JSON value in which one place holds something else."""
    if not path:
        return new
    if isinstance(value, list):
        return [changed(found, path[1:], new) if at == path[0] else found for at, found in enumerate(value)]
    assert isinstance(value, dict)
    return {key: changed(found, path[1:], new) if key == path[0] else found for key, found in value.items()}


def nearly(whole: object) -> st.SearchStrategy[bytes]:
    """Give a JSON text that is as it should be but for one place."""
    return (
        st.builds(changed, st.just(whole), st.sampled_from(paths(whole)), extremes | values)
        .map(json.dumps)
        .map(str.encode)
    )


def replies(operation: str) -> st.SearchStrategy[Reply]:
    """Give replies to an operation, every other one nearly right."""
    right = {name: good[name] for name in MEMBERS[operation]}
    return st.builds(Reply, st.just(200), headers, nearly(right)) | st.builds(Reply, statuses, headers, contents)


MEMBERS: Final = {
    "RegisterClient": ("clientId", "clientSecret", "clientSecretExpiresAt"),
    "StartDeviceAuthorization": ("deviceCode", "userCode", "verificationUri", "expiresIn", "interval"),
    "CreateToken": ("accessToken", "refreshToken", "tokenType", "expiresIn"),
    "Logout": (),
}
COMMANDS: Final = {
    "register": ("RegisterClient", ("device", "--force")),
    "start": ("StartDeviceAuthorization", ("device", "--force")),
    "poll": ("CreateToken", ("device", "--force")),
    "refresh": ("CreateToken", ("token",)),
    "logout": ("Logout", ("logout",)),
}


def clean(ran: Ran) -> bool:
    """Tell whether it ended by our own doing, with nothing but printable lines."""
    whole = (ran.out + ran.err).replace("\n", "")
    return "Traceback" not in whole and "unexpected" not in whole and (whole.isprintable() or not whole)


def tokens(sh: Scratch[Direct]) -> tuple[str, str | None]:
    """Read the access and the refresh token that are kept; an error where the record is damaged."""
    kept = record.unpacked(sh.record.read_text(), name="my-sso", where="the file store").token
    return kept.access.reveal(), kept.refresh.reveal() if kept.refresh else None


@pytest.mark.parametrize("met_by", COMMANDS)
def test_any_reply(met_by: str) -> None:
    """Exit 0, 3, 4, 5 or 6; the login is the old one or the one that was answered, whole; and the next login works."""
    operation, command = COMMANDS[met_by]

    @tried
    @given(replies(operation))
    @example(Reply(200, {}, b"[" * 100_000))
    @example(Reply(200, {}, b'{"expiresIn": 1' + b"0" * 5000 + b"}"))
    @example(Reply(200, {}, json.dumps(good).encode()))
    @example(Reply(200, {}, json.dumps({**good, "accessToken": "é"}).encode()))
    @example(Reply(200, {}, json.dumps({**good, "refreshToken": "a b"}).encode()))
    @example(Reply(400, {"x-amzn-ErrorType": "InvalidGrantException"}, b""))
    def check(reply: Reply) -> None:
        with scratch() as sh:
            sh("device")
            if met_by == "refresh":
                sh.clock.sleep(3700)
            before = tokens(sh)
            sh.answer(operation, reply)
            ran = sh(*command, "-v")
            assert ran.code in {0, 3, 4, 5, 6}
            assert clean(ran)
            if met_by == "logout":
                assert sh.kept() == {}
            elif ran.code:
                assert tokens(sh) == before or (met_by == "refresh" and tokens(sh)[1] == given_refresh(reply, before))
            assert sh("device", "--force").code == 0
            assert sh("token").code == 0

    check()


def given_refresh(reply: Reply, before: tuple[str, str | None]) -> str | None:
    """Give the refresh token that stands after a reply: the one in it, else the one from before."""
    members = json.loads(reply.body)
    found = members.get("refreshToken") or before[1]
    assert found is None or isinstance(found, str)
    return found


@contextmanager
def server(reply: bytes) -> Iterator[str]:
    """Answer one connection with these bytes, whatever they are, and see that the other side hangs up, too."""
    gone = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            connection.settimeout(60)
            with closing(connection), suppress(TimeoutError):
                with suppress(ConnectionError):
                    connection.recv(65536)
                    connection.sendall(reply)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass
                gone.set()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()
    assert gone.is_set()


LINES: Final = (
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.0 204 \r\n",
    b"HTTP/9.9 999\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: -5\r\n",
    b"Content-Length: 5, 6\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Content-Encoding: br, gzip\r\n",
    b"Location: //[\r\n",
    b"Set-Cookie: \xff=\x00\r\n",
    b": empty\r\n",
    b" folded\r\n",
    b"\r\n",
    b"5\r\nhello\r\n",
    b"ffffffffffffffffffff\r\n",
    b"0\r\n\r\n",
    b"{}",
    b"\x1f\x8b\x08\x00",
)


HEADS: Final = (b"", LINES[0], LINES[0] + b"\r\n", LINES[0] + b"Transfer-Encoding: chunked\r\n\r\n")


@settings(tried, max_examples=300)
@given(st.sampled_from(HEADS), st.lists(st.sampled_from(LINES) | st.binary(max_size=20), max_size=8).map(b"".join))
def test_any_bytes_on_the_wire(head: bytes, rest: bytes) -> None:
    """What speaks no HTTP, or half of it, is a reply or Unreachable and no other exception; then we hang up."""
    with server(head + rest) as url, suppress(Unreachable):
        answer = Http({}).send(Request("CreateToken", "POST", url, json={}))
        assert isinstance(answer.body, bytes)


def damaged(whole: bytes) -> st.SearchStrategy[bytes]:
    """Give what can become of a file: any bytes, or itself cut short, with a piece replaced or a line changed."""
    place = st.integers(0, len(whole))
    cut = st.builds(lambda at: whole[:at], place)
    patched = st.builds(lambda at, piece: whole[:at] + piece + whole[at + len(piece) :], place, st.binary(max_size=6))
    lines = whole.split(b"\n")
    scrap = st.sampled_from(
        [
            b"",
            b"sso-login-record 1",
            b"sso-login-record 2",
            b"sso-login-record 3",
            b"{}",
            b"9" * 14,
            b"9" * 16,
            b"[" * 5000,
        ]
    )
    line = st.builds(
        lambda at, piece: b"\n".join([*lines[:at], piece, *lines[at + 1 :]]),
        st.integers(0, len(lines) - 1),
        scrap | st.binary(max_size=40),
    )
    return st.one_of(st.binary(max_size=200), cut, patched, line, documents)


READERS: Final = (("token",), ("refresh",), ("status",), ("status", "--json"), ("token", "my-sso"))
FILES: Final = ("record", "card", "config")


@pytest.mark.parametrize("file", FILES)
def test_any_bytes_in_a_file(file: str) -> None:
    """Exit 0, 2, 3 or 7; nothing but a renewal that was granted or refused ever writes there."""
    with scratch(Settings(rotation="none")) as sh:
        sh("device")
        files = {"record": sh.record, "card": sh.card, "config": sh.config}
        whole = {path: path.read_bytes() for path in files.values()}
        head, _, body = whole[files[file]].rpartition(b"\n") if file == "record" else (b"", b"", whole[files[file]])
        content = damaged(whole[files[file]])
        if file != "config":
            near = nearly(json.loads(body)).map(lambda body: head + b"\n" * bool(head) + body)
            content = st.sampled_from([content, near]).flatmap(lambda half: half)

        @settings(tried, max_examples=200)
        @given(content, st.sampled_from(READERS))
        def check(content: bytes, command: tuple[str, ...]) -> None:
            for path, original in whole.items():
                path.write_bytes(original)
            files[file].write_bytes(content)
            asked = sh.service.calls["CreateToken"]
            ran = sh(*command)
            assert ran.code in {0, 2, 3, 7}
            assert clean(ran)
            if sh.service.calls["CreateToken"] == asked:
                assert files[file].read_bytes() == content

        check()


@pytest.mark.parametrize("file", ["record", "card"])
@few
@given(version=st.integers(3, 999_999_999), rest=st.binary(max_size=200), whole=st.booleans())
def test_what_a_newer_version_wrote(file: str, version: int, rest: bytes, *, whole: bool) -> None:
    """Exit 7 and the advice to upgrade, whatever else is in it; neither read nor written by any of these commands."""
    with scratch() as sh:
        sh("device")
        if file == "record":
            text = sh.record.read_bytes().partition(b"\n")[2] if whole else rest.decode("latin-1").encode()
            sh.record.write_bytes(b"sso-login-record %d\n" % version + text)
        else:
            members = json.loads(sh.card.read_bytes()) if whole else {"members": rest.hex()}
            sh.card.write_text(json.dumps({**members, "version": version}))
        before = sh.kept()
        for command in ("token", "refresh", "device"):
            ran = sh(command)
            assert (ran.code, "Upgrade sso-login" in ran.err, clean(ran)) == (7, True, True)
        assert sh("status").code == 0
        assert sh.kept() == before


@few
@given(st.text(st.characters(), max_size=80) | st.sampled_from(["\x1b[2J", "\u202e", "[red]x[/red]", "\ud800", "\r\n"]))
@example("\x1b]0;title\x07")
@example("\u2028error: \x85 \u200b")
def test_any_text_of_the_service_on_a_terminal(text: str) -> None:
    """Nothing but printable characters and line breaks is written, in whichever member or header it came."""
    url = f"https://device.example/{text}"
    start = {**good, "userCode": text or "-", "verificationUri": url, "verificationUriComplete": url}
    said = {"error": text, "error_description": text, "message": text, "reason": text, "__type": text}
    header = {"x-amzn-RequestId": text, "x-amzn-ErrorType": text, "Retry-After": text, "Date": text}
    with scratch() as sh:
        for members in (start, {**start, "verificationUri": URLS[0]}, {**start, "userCode": "A"}):
            sh.answer("StartDeviceAuthorization", Reply(200, header, json.dumps(members).encode()))
            sh.answer("CreateToken", Reply(400, header, b'{"error": "access_denied"}'))
            assert clean(sh("device", "-vv"))
            sh.answer("StartDeviceAuthorization", Reply(200, header, json.dumps(members).encode()))
            assert clean(sh("device", "--json", "--timeout", "1s"))
    for code in ("invalid_request", text):
        for met_by, (operation, command) in COMMANDS.items():
            with scratch() as sh:
                sh("device")
                sh.clock.sleep(3700 if met_by == "refresh" else 0)
                sh.answer(operation, Reply(400, header, json.dumps({**said, "error": code}).encode()))
                assert clean(sh(*command, "-vv"))
