"""`BearerAuth` as requests' `auth=`: a header for each request, and never one without TLS."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from sso_login.api import BearerAuth, UsageProblem
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import running
from tests.api.conftest import Provide
from tests.support.shell import Shell, clean, environment, process

ROOT = Path(__file__).parents[2]
WITHOUT_A_HUMAN = """
import sys
sys.modules.update(dict.fromkeys(["click", "rich", "segno"]))
import sso_login.api
heavy = {"requests", "keyring", "cryptography", "urllib3", "sso_login.cli", "sso_login.world"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
print(sso_login.api.TokenProvider().token())
"""


@dataclass
class Api:
    """An API on this machine that wants a bearer token, and the Authorization headers it got."""

    url: str = ""
    got: list[str | None] = field(default_factory=list)


@contextmanager
def served() -> Iterator[Api]:
    """Serve it."""
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            api.got.append(self.headers["Authorization"])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"hello": "you"}')

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has there
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        api.url = f"http://127.0.0.1:{server.server_port}/"
        yield api
        server.shutdown()
        thread.join()


def prepared(url: str | None) -> requests.PreparedRequest:
    """Make a request that is about to be sent."""
    request = requests.PreparedRequest()
    request.url, request.headers = url, requests.structures.CaseInsensitiveDict()
    return request


def test_each_request_has_the_token_of_its_time(sh: Shell, provide: Provide) -> None:
    """A session that lives for longer than a token sends the new one by itself."""
    sh("device")
    with served() as api, requests.Session() as session:
        session.auth = BearerAuth(provide("my-sso"))
        sent = []
        for _ in range(2):
            assert session.get(api.url, timeout=30).json() == {"hello": "you"}
            sent.append(f"Bearer {sh('token').out.strip()}")
            sh.clock.sleep(3590)
    assert api.got == sent
    assert len(set(sent)) == 2


@pytest.mark.parametrize("url", ["https://api.example.com/", "http://localhost:8080/a?b", "http://[::1]/"])
def test_it_goes_over_tls_or_stays_on_this_machine(sh: Shell, provide: Provide, url: str) -> None:
    """The request comes back as it was, with the header added."""
    sh("device")
    request = prepared(url)
    assert BearerAuth(provide())(request) is request
    assert (request.url, dict(request.headers)) == (url, {"Authorization": f"Bearer {sh('token').out.strip()}"})


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/?key=hush",
        "http://localhost.example.com/?key=hush",
        "http://localhost@example.com/?key=hush",
        "HTTP://example.com?key=hush",
        "ftp://127.0.0.1/hush",
        "https:///hush",
        "https://[hush",
        "http://127.0.0.1:hush/",
        "hush",
        None,
    ],
)
def test_it_never_travels_without_tls(sh: Shell, provide: Provide, url: str | None) -> None:
    """Nothing is added and the token not even asked for; the error says where to, but no path and no query."""
    sh("device")
    request = prepared(url)
    with pytest.raises(UsageProblem) as caught:
        BearerAuth(provide("no-such-session"))(request)
    assert "token is" in caught.value.message
    assert "hush" not in caught.value.message + caught.value.hint
    assert "Authorization" not in request.headers


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_does_not_get_it_either(
    sh: Shell, provide: Provide, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """Requests sends even loopback through a proxy, unless NO_PROXY names it."""
    sh("device")
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    auth = BearerAuth(provide())
    with served() as api:
        with pytest.raises(UsageProblem, match="through the proxy") as caught:
            requests.get(api.url, auth=auth, timeout=30)
        assert caught.value.hint == "Add 127.0.0.1 to NO_PROXY."
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert requests.get(api.url, auth=auth, timeout=30).ok
        assert api.got == [f"Bearer {sh('token').out.strip()}"]


def ran(script: str, *, env: dict[str, str]) -> str:
    """Run a script as somebody else's program, give what it prints; a warning fails it."""
    whole = {**clean(env), "NO_PROXY": "127.0.0.1"}
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, env=whole, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def examples() -> list[str]:
    """Give every block of Python in the README and what it links to."""
    told = [path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))]
    return [block for text in told for block in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]


def test_the_documented_example_runs(home: Path) -> None:
    """As it stands there, but for the address; and importing needs nothing of the command line, or of requests."""
    [example] = examples()
    with running(Settings(approve=True, interval=1)) as emulator, served() as api:
        env = environment(home, emulator)
        assert process("device", env=env).code == 0
        assert ran(example.replace("https://api.example.com/", api.url), env=env) == "{'hello': 'you'}\n"
        token = process("token", env=env).out
        assert api.got == [f"Bearer {token.strip()}"]
        assert ran(WITHOUT_A_HUMAN, env=env) == token
