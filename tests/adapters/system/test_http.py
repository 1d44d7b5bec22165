"""The HTTP adapter against a counterpart on loopback that misbehaves in every way it can."""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sso_login import __version__
from sso_login.adapters.system.http import Http
from sso_login.core.errors import CertificateRefused, ConfigError, NotAnAnswer, SsoLoginError, Unreachable
from sso_login.core.message import Request, Response

Script = Callable[["Counterpart", socket.socket], None]
HOST = "oidc.eu-west-1.amazonaws.com"  # never reached: a proxy on loopback stands in its place
LONG = 50_000_000


class Counterpart:
    """A server on 127.0.0.1 that reads one request a connection and then follows its script."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None, *, deaf: bool = False) -> None:
        """Listen on a free port; a deaf one follows its script without reading a request first."""
        self.requests: list[bytes] = []
        self.ended = threading.Event()
        self.sent = 0
        self._script = script
        self._tls = tls
        self._deaf = deaf
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def _serve(self) -> None:
        while not self.ended.is_set():
            connection, _ = self._listener.accept()
            self._threads.append(threading.Thread(target=self._talk, args=(connection,), daemon=True))
            self._threads[-1].start()

    def _talk(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.closing(connection):
            wrapped = self._tls.wrap_socket(connection, server_side=True) if self._tls else connection
            with contextlib.closing(wrapped):
                if self._deaf or self.heard(wrapped):
                    self._script(self, wrapped)

    def heard(self, connection: socket.socket) -> bool:
        """Read one request, head and body, and keep it; False when none came."""
        data = b""
        while b"\r\n\r\n" not in data or len(data.partition(b"\r\n\r\n")[2]) < _length(data):
            chunk = connection.recv(65536)
            if not chunk:
                return False
            data += chunk
        self.requests.append(data)
        return True

    def close(self) -> None:
        """End all scripts and wait for their threads."""
        self.ended.set()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            pass
        for thread in self._threads:
            thread.join()
        self._listener.close()


def _length(data: bytes) -> int:
    lines = data.lower().split(b"\r\n")
    return next((int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")), 0)


def says(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> Script:
    """Answer with this status, these headers and this body."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body) if length is None else length}"]
    return raw("\r\n".join([*lines, "", ""]).encode() + body)


def raw(data: bytes) -> Script:
    """Answer with these bytes and close."""

    def script(_: Counterpart, connection: socket.socket) -> None:
        connection.sendall(data)

    return script


def resets(_: Counterpart, connection: socket.socket) -> None:
    """Break the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hangs(server: Counterpart, _: socket.socket) -> None:
    """Say nothing."""
    server.ended.wait()


def drips(head: bytes) -> Script:
    """Send the head, then one byte at a time for ever."""

    def script(server: Counterpart, connection: socket.socket) -> None:
        connection.sendall(head)
        while not server.ended.wait(0.01):
            connection.sendall(b"a")

    return script


def floods(server: Counterpart, connection: socket.socket) -> None:
    """Send 50 MB, as long as somebody takes them."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LONG)
    while server.sent < LONG:
        connection.sendall(b"a" * 100_000)
        server.sent += 100_000


@contextlib.contextmanager
def counterpart(script: Script, tls: ssl.SSLContext | None = None, *, deaf: bool = False) -> Iterator[Counterpart]:
    """Give a counterpart for the block."""
    server = Counterpart(script, tls, deaf=deaf)
    try:
        yield server
    finally:
        server.close()


def ask(url: str, *, deadline: float = 60, env: dict[str, str] | None = None) -> Response:
    """Send a renewal-like request."""
    body = {"refreshToken": "body-canary"}
    headers = {"x-amz-sso_bearer_token": "header-canary"}
    return Http(env or {}).send(
        Request("CreateToken", "POST", f"{url}/token?query-canary=1", headers=headers, json=body, deadline=deadline)
    )


def failing(url: str, *, deadline: float = 60, env: dict[str, str] | None = None) -> Unreachable:
    """Send a request that must fail, and check that its error holds nothing it should not."""
    with pytest.raises(Unreachable) as caught:
        ask(url, deadline=deadline, env=env)
    assert "canary" not in caught.value.message + caught.value.hint
    assert caught.value.message.isprintable()
    return caught.value


def closed_port() -> int:
    """Name a port of 127.0.0.1 that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a self-signed certificate for 127.0.0.1 and for the AWS host, key and all, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed, so there is no certificate to test TLS with")
    folder = tmp_path_factory.mktemp("tls")
    names = f"subjectAltName=IP:127.0.0.1,DNS:{HOST}"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]
    command += ["-keyout", str(folder / "key"), "-out", str(folder / "cert"), "-addext", names]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "both").write_bytes((folder / "key").read_bytes() + (folder / "cert").read_bytes())
    return folder / "both"


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """Give the server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_the_whole_reply_comes_back() -> None:
    """Status, lower-case headers and body are given as they came."""
    with counterpart(says(b'{"a":1}', "X-Amzn-RequestId: 1-2")) as server:
        reply = ask(server.url)
    assert (reply.status, reply.body, reply.headers["x-amzn-requestid"]) == (200, b'{"a":1}', "1-2")


def test_the_request_is_sent_once_as_it_was_built() -> None:
    """Method, path, query, headers and JSON body go out, with our user agent, and the connection is not kept."""
    with counterpart(says(b"{}")) as server:
        ask(server.url)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "post /token?query-canary=1 http/1.1"
    assert json.loads(body) == {"refreshToken": "body-canary"}
    for line in (
        f"user-agent: sso-login/{__version__}",
        "content-type: application/json",
        "accept-encoding: identity",
        "x-amz-sso_bearer_token: header-canary",
        "connection: close",
    ):
        assert line in lines
    assert len(server.requests) == 1


def test_a_request_without_a_body_sends_none() -> None:
    """Logout is a POST of nothing."""
    with counterpart(says(b"")) as server:
        assert Http({}).send(Request("Logout", "POST", f"{server.url}/logout")).body == b""
    assert b"content-type" not in server.requests[0].lower()
    assert b"content-length: 0" in server.requests[0].lower()


@pytest.mark.parametrize("status", ["400 Bad Request", "401 No", "429 Slow", "500 Oops", "503 Later", "204 Nothing"])
def test_a_reply_of_any_status_is_a_reply(status: str) -> None:
    """What a status means is not decided here, and nothing is tried again."""
    with counterpart(says(b"", "Retry-After: 0", status=status)) as server:
        assert ask(server.url).status == int(status[:3])
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    """The body is not repeated at another host."""
    with counterpart(says(b"{}")) as other:
        moved = says(b"", f"Location: {other.url}/token", status=f"{status} Moved")
        with counterpart(moved) as server:
            assert ask(server.url).status == status
    assert (len(server.requests), len(other.requests)) == (1, 0)


def test_a_cookie_is_not_kept() -> None:
    """The second request of the same adapter carries nothing of the first reply."""
    with counterpart(says(b"{}", "Set-Cookie: a=b; Path=/")) as server:
        http = Http({})
        for _ in range(2):
            http.send(Request("Logout", "POST", f"{server.url}/logout"))
    assert b"cookie" not in server.requests[1].lower()


def test_netrc_is_ignored(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither ~/.netrc nor $NETRC adds or replaces a header."""
    (home / ".netrc").write_text("machine 127.0.0.1 login user password secret\n")
    (home / ".netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(home / ".netrc"))
    with counterpart(says(b"{}")) as server:
        ask(server.url)
    assert b"authorization" not in server.requests[0].lower()


def test_nothing_was_sent_where_nobody_listens() -> None:
    """A refused connection is certain: sent is False, and the host is named."""
    error = failing(f"http://127.0.0.1:{closed_port()}")
    assert not error.sent
    assert error.message == "cannot reach 127.0.0.1: connection refused"


@pytest.mark.parametrize("host", ["a" * 70 + ".example", "a..example", "[fe80::1%25nosuch]"])
def test_nothing_was_sent_to_a_host_that_cannot_be_found(host: str) -> None:
    """A name that cannot be resolved, or be a name at all, is certain, too."""
    assert not failing(f"https://{host}").sent


def test_a_reset_after_the_request_may_have_reached_the_service() -> None:
    """A connection that breaks after sending leaves it open whether the service acted."""
    with counterpart(resets) as server:
        assert failing(server.url).sent


@pytest.mark.parametrize(
    "garbage", [b"", b"not http\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500]
)
def test_an_answer_that_is_not_http_is_no_answer_to_a_sent_request(garbage: bytes) -> None:
    """Nothing, another protocol, a broken status line, too many headers: all are connection trouble after sending."""
    with counterpart(raw(garbage)) as server:
        assert failing(server.url).sent


@pytest.mark.parametrize(
    "script",
    [hangs, drips(b""), drips(b"HTTP/1.1 200 OK\r\nA: "), drips(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")],
    ids=["hang", "drip of a status line", "drip of a header", "drip of a body"],
)
def test_a_call_ends_at_its_deadline(script: Script) -> None:
    """However slowly the answer comes, the call ends, and it never claims unsent what the server has seen."""
    with counterpart(script) as server:
        error = failing(server.url, deadline=0.4)
    assert error.sent or not server.requests
    assert "within 0.4 s" in error.message


@pytest.mark.parametrize(
    "script",
    [
        says(b'{"accessToken":', length=1000),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        says(b"", "Content-Encoding: gzip", length=10),
        says(gzip.compress(b"{}" * 1000)[:-12], "Content-Encoding: gzip"),
    ],
    ids=["length", "chunk", "broken chunk", "nothing", "gzip"],
)
def test_a_truncated_answer_is_no_answer(script: Script) -> None:
    """Half a body is trouble after sending, whichever way it says how long it is."""
    with counterpart(script) as server:
        error = failing(server.url)
    assert isinstance(error, NotAnAnswer)
    assert error.sent
    assert "broke off" in error.message


def test_a_body_of_50_megabytes_is_given_up_early() -> None:
    """The reader stops at 1 MiB and hangs up; the server cannot get rid of the rest."""
    with counterpart(floods) as server:
        error = failing(server.url)
    assert isinstance(error, NotAnAnswer)
    assert server.sent < LONG


@pytest.mark.parametrize(
    "body", [gzip.compress(bytes(LONG)), gzip.compress(gzip.compress(bytes(LONG)))], ids=["one", "two"]
)
def test_a_gzip_bomb_is_bounded_in_memory(body: bytes) -> None:
    """48 kB that unpack to 50 MB cost no more than the cap; a second layer is not unpacked at all."""
    headers = "Content-Encoding: gzip, gzip" if len(body) < 10_000 else "Content-Encoding: gzip"
    with counterpart(says(body, headers)) as server:
        tracemalloc.start()
        try:
            error = failing(server.url)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert isinstance(error, NotAnAnswer)
    assert peak < 8 << 20


def test_a_gzip_answer_that_was_not_asked_for_is_read() -> None:
    """Some proxies pack all the same."""
    with counterpart(says(gzip.compress(b'{"a":1}'), "Content-Encoding: gzip")) as server:
        assert ask(server.url).body == b'{"a":1}'


def test_an_empty_answer_has_no_encoding_that_matters() -> None:
    """Nothing needs no unpacking."""
    with counterpart(says(b"", "Content-Encoding: gzip")) as server:
        assert ask(server.url).body == b""


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_an_answer_in_a_wrong_or_unknown_encoding_is_no_answer(encoding: str) -> None:
    """What cannot be unpacked is not the service's answer."""
    with counterpart(says(b'{"a":1}', f"Content-Encoding: {encoding}")) as server:
        assert isinstance(failing(server.url), NotAnAnswer)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_loopback_never_goes_through_a_proxy(
    name: str, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment names, the emulator and a local endpoint are spoken to directly."""
    monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    env = {name: f"http://127.0.0.1:{closed_port()}", "AWS_CA_BUNDLE": str(certificate)}
    for context in (None, tls):
        with counterpart(says(b"{}"), context) as server:
            assert ask(server.url, env=env).status == 200


def test_plain_http_is_for_loopback_only() -> None:
    """No token leaves the machine without TLS; not even a name is looked up."""
    for url in ("http://oidc.example", "http://127.evil.example", "ftp://127.0.0.1"):
        with pytest.raises(ConfigError) as caught:
            ask(url)
        assert "canary" not in caught.value.message


def test_a_certificate_nobody_signed_is_refused(tls: ssl.SSLContext) -> None:
    """It has a hint of its own, and nothing was sent."""
    with counterpart(says(b"{}"), tls) as server:
        error = failing(server.url)
    assert isinstance(error, CertificateRefused)
    assert (error.sent, server.requests) == (False, [])
    assert error.message.startswith("the certificate of 127.0.0.1 is not trusted: self")
    assert "AWS_CA_BUNDLE" in error.hint


def test_a_certificate_for_another_host_is_refused(tls: ssl.SSLContext, certificate: Path) -> None:
    """A trusted certificate must name the host that was meant."""
    with counterpart(says(b"{}"), tls) as server:
        error = failing(f"https://localhost:{server.port}", env={"AWS_CA_BUNDLE": str(certificate)})
    assert isinstance(error, CertificateRefused)


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_a_ca_bundle_is_trusted(name: str, tls: ssl.SSLContext, certificate: Path) -> None:
    """A company's own CA is named in AWS_CA_BUNDLE, else in REQUESTS_CA_BUNDLE."""
    env = {"REQUESTS_CA_BUNDLE": "/nowhere", name: str(certificate)}
    with counterpart(says(b"{}"), tls) as server:
        assert ask(server.url, env=env).status == 200


def test_a_ca_bundle_may_be_a_folder(tls: ssl.SSLContext, tmp_path: Path) -> None:
    """A folder without the right certificate trusts nobody."""
    with counterpart(says(b"{}"), tls) as server:
        assert isinstance(failing(server.url, env={"AWS_CA_BUNDLE": str(tmp_path)}), CertificateRefused)


def test_a_ca_bundle_that_is_none_is_a_setting_to_mend(tmp_path: Path) -> None:
    """A missing file and one without certificates name the variable; nothing is sent with other certificates."""
    (tmp_path / "empty").write_text("no certificate\n")
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        for path in (tmp_path / "missing", tmp_path / "empty"):
            with pytest.raises(ConfigError, match=name) as caught:
                ask("https://127.0.0.1", env={name: str(path)})
            assert name in caught.value.hint


def test_a_server_that_speaks_no_tls_was_sent_nothing() -> None:
    """A failed handshake is certain."""
    with counterpart(raw(b"220 mail.example ready\r\n"), deaf=True) as server:
        error = failing(f"https://127.0.0.1:{server.port}")
    assert not error.sent
    assert error.message.startswith("cannot reach 127.0.0.1: ")


def tunnels(tls: ssl.SSLContext) -> Script:
    """Be a proxy and, behind its tunnel, the service."""

    def script(server: Counterpart, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with tls.wrap_socket(connection, server_side=True) as inner:
            server.heard(inner)
            says(b'{"through":"proxy"}')(server, inner)

    return script


def test_a_proxy_is_used_for_every_other_host(tls: ssl.SSLContext, certificate: Path) -> None:
    """HTTPS_PROXY gets a CONNECT with its own user and password, the service the request, with TLS end to end."""
    with counterpart(tunnels(tls)) as proxy:
        env = {"HTTPS_PROXY": f"me:pw@127.0.0.1:{proxy.port}", "AWS_CA_BUNDLE": str(certificate)}
        assert ask(f"https://{HOST}", env=env).body == b'{"through":"proxy"}'
    connect, inner = proxy.requests
    assert connect.startswith(f"CONNECT {HOST}:443 ".encode())
    assert b"proxy-authorization: basic" in connect.lower()
    assert b"canary" not in connect
    assert b"proxy-authorization" not in inner.lower()


@pytest.mark.parametrize("refusal", ["407 Proxy Authentication Required", "403 Forbidden"])
def test_a_proxy_that_refuses_was_told_nothing(refusal: str) -> None:
    """A refused tunnel is certain, and the message names the variable."""
    with counterpart(says(b"", status=refusal)) as proxy:
        error = failing(f"https://{HOST}", env={"HTTPS_PROXY": f"http://me:pw-canary@127.0.0.1:{proxy.port}"})
    assert not error.sent
    assert "HTTPS_PROXY" in error.message


@pytest.mark.parametrize(
    ("status", "user", "says_so", "remedy", "passes"),
    [
        ("407 Proxy Authentication Required", "", "wants a user and password", "HTTPS_PROXY=http://USER", False),
        ("407 Proxy Authentication Required", "me:pw@", "does not take this user and password", "DOMAIN%5Cuser", False),
        ("403 Forbidden", "", "does not allow it", "administrator", False),
        ("502 Bad Gateway", "", "cannot reach it", "Try again later", True),
        ("418 Teapot", "", "refused", "NO_PROXY", False),
    ],
)
def test_what_a_proxy_refuses_is_told_apart(status: str, user: str, says_so: str, remedy: str, *, passes: bool) -> None:
    """Each with the step that helps, and the proxy by its address alone."""
    with counterpart(says(b"", status=status)) as proxy:
        error = failing(f"https://{HOST}", env={"HTTPS_PROXY": f"http://{user}127.0.0.1:{proxy.port}"})
        assert f"the proxy 127.0.0.1:{proxy.port} (HTTPS_PROXY) {says_so} (HTTP {status[:3]})" in error.message
    assert remedy in error.hint
    assert (error.sent, error.passes) == (False, passes)


def test_certificates_are_shown_to_who_wants_to_see_them(tls: ssl.SSLContext, certificate: Path) -> None:
    """By host, for doctor: who issued them tells whether a proxy reads along."""
    http = Http({"AWS_CA_BUNDLE": str(certificate)})
    http.certificates = {}
    with counterpart(says(b"{}"), tls) as server:
        http.send(Request("Reach", "GET", server.url, deadline=60))
    assert list(http.certificates) == ["127.0.0.1"]
    assert http.certificates["127.0.0.1"].startswith(b"\x30")


def test_a_profiles_bundle_is_trusted(tls: ssl.SSLContext, certificate: Path) -> None:
    """Where no variable names another one."""
    with counterpart(says(b"{}"), tls) as server:
        http = Http({}, bundle=lambda: ("[default]", str(certificate)))
        assert http.send(Request("Reach", "GET", server.url, deadline=60)).status == 200


def test_a_proxy_that_is_not_there_was_told_nothing() -> None:
    """The same for a proxy nobody listens at."""
    error = failing(f"https://{HOST}", env={"https_proxy": f"http://127.0.0.1:{closed_port()}"})
    assert not error.sent
    assert "HTTPS_PROXY) does not answer (connection refused)" in error.message


def test_a_request_that_was_called_off_never_leaves(tls: ssl.SSLContext, certificate: Path) -> None:
    """A tunnel that opens only after the deadline carries nothing: `sent` was said to be False, so it stays False."""
    called_off, seen = threading.Event(), []

    def script(server: Counterpart, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\nA: ")
        while not called_off.wait(0.01):
            connection.sendall(b"a")
        connection.sendall(b"\r\n\r\n")
        with tls.wrap_socket(connection, server_side=True) as inner:
            seen.append(inner.recv(65536))
        server.ended.set()

    with counterpart(script) as proxy:
        env = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}", "AWS_CA_BUNDLE": str(certificate)}
        error = failing(f"https://{HOST}", deadline=0.5, env=env)
        called_off.set()
        assert proxy.ended.wait(60) or not proxy.requests
    assert not error.sent
    assert "cannot reach" in error.message
    assert seen in ([b""], [])


@pytest.mark.parametrize(
    "broken", ["http://", "socks5://me:canary@h:1", "http://[::1", "http://h:canary", "http://h:99999"]
)
def test_a_broken_proxy_is_a_setting_to_mend(broken: str) -> None:
    """It is named by its variable, never shown: it may hold a password."""
    with pytest.raises(ConfigError, match="HTTPS_PROXY") as caught:
        ask(f"https://{HOST}", env={"HTTPS_PROXY": broken})
    assert "canary" not in caught.value.message + caught.value.hint


def test_logs_hold_operation_status_time_and_request_id_only(caplog: pytest.LogCaptureFixture) -> None:
    """At the lowest level, succeeding or failing, no URL, header or body is logged, by us or by urllib3."""
    with caplog.at_level(logging.DEBUG):
        with counterpart(says(b"reply-canary", "X-Amzn-RequestId: 1-2-3", "X-Odd: header-canary")) as server:
            ask(server.url)
        with counterpart(says(b"{}", "X-Amzn-RequestId: a b")) as server:
            ask(server.url)
        with counterpart(resets) as server:
            failing(server.url)
    assert [record.name for record in caplog.records] == ["sso_login.adapters.system.http"] * 3
    assert "CreateToken: 200 in " in caplog.messages[0]
    assert caplog.messages[0].endswith("request id 1-2-3")
    assert caplog.messages[1].endswith("request id none")
    assert caplog.messages[2].startswith("CreateToken: Unreachable after ")
    assert "canary" not in caplog.text


def test_an_error_has_no_cause_that_carries_the_query() -> None:
    """The exceptions of requests, whose texts hold the URL, are not drawn in a traceback of ours."""
    error: SsoLoginError = failing(f"http://127.0.0.1:{closed_port()}")
    assert error.__cause__ is None
    assert error.__suppress_context__
