"""Debian's `glewlwyd` on loopback with a database of its own: strict, and every refresh token is good once."""

from __future__ import annotations

import gzip
import http.client
import json
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.support.issuers.real import Real
from tests.support.issuers.recorder import Recorder, recorder
from tests.support.terminal.desk import until

NEEDS: Final = "not installed: glewlwyd (Debian: glewlwyd)"
SECRETS: Final = {"post": "the secret+of/post"}
INTERVAL: Final = 2  # seconds
_SCHEMA: Final = Path("/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz")
_PASSWORD: Final = "made-up-for-a-test"
_MODULES: Final = "/usr/lib/glewlwyd"
_CONFIG: Final = f"""
port={{port}}
bind_address="127.0.0.1"
external_url="{{url}}"
login_url="login.html"
api_prefix="api"
static_files_path="/usr/share/glewlwyd/webapp/"
log_mode="file"
log_level="ERROR"
log_file="{{folder}}/log"
cookie_domain="127.0.0.1"
cookie_secure=0
session_expiration=3600
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="{_MODULES}/user"
user_middleware_module_path="{_MODULES}/user_middleware"
client_module_path="{_MODULES}/client"
user_auth_scheme_module_path="{_MODULES}/scheme"
plugin_module_path="{_MODULES}/plugin"
use_secure_connection=false
secure_connection_key_file="/nowhere"
secure_connection_pem_file="/nowhere"
secure_connection_ca_file="/nowhere"
hash_algorithm="SHA512"
database = {{{{ type = "sqlite3"; path = "{{folder}}/db" }}}};
"""
_PLUGIN: Final[dict[str, object]] = {
    "jwt-type": "sha",
    "jwt-key-size": "256",
    "key": "a key of a test, which has to be long enough for it",
    "access-token-duration": 3600,
    "refresh-token-duration": 86400,
    "refresh-token-rolling": True,
    "refresh-token-one-use": "always",
    "code-duration": 600,
    "allow-non-oidc": True,
    "auth-type-code-enabled": True,
    "auth-type-code-revoke-replayed": True,
    "auth-type-id-token-enabled": True,
    "auth-type-device-enabled": True,
    "auth-type-refresh-enabled": True,
    "device-authorization-expiration": 600,
    "device-authorization-interval": INTERVAL,
    "jwks-show": True,
    "pkce-allowed": True,
    "pkce-required": True,
    "introspection-revocation-allowed": True,
    "introspection-revocation-allow-target-client": True,
    "subject-type": "public",
}
_CLIENT: Final[dict[str, object]] = {
    "name": "sso-login",
    "enabled": True,
    "authorization_type": ["code", "refresh_token", "device_authorization"],
    "scope": [],
}


class _Person:
    """Somebody with a session cookie at its API, as its pages use it."""

    def __init__(self, port: int, name: str, password: str) -> None:
        self._port, self._cookie = port, ""
        self.ask("POST", "/api/auth/", {"username": name, "password": password})

    def ask(self, method: str, path: str, body: object = None) -> str:
        """Ask for something; where it leads to; AssertionError where it is refused."""
        headers = {"Content-Type": "application/json", "Cookie": self._cookie}
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)) as connection:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            reply = connection.getresponse()
            text = reply.read().decode()
        assert reply.status < 400, (method, path, reply.status, text)
        self._cookie = reply.headers.get("Set-Cookie", self._cookie).partition(";")[0]
        return reply.headers.get("Location", "")

    def approve(self, url: str) -> None:
        """Go on at a page that asks for consent, which was given before; follow where a code leads back to."""
        path = url.partition("/api/")[2]
        back = self.ask("GET", f"/api/{path}&g_continue")
        if "/oauth/callback" in back:
            where, _, query = back.removeprefix("http://").partition("/")
            with closing(http.client.HTTPConnection(where, timeout=60)) as connection:
                connection.request("GET", f"/{query}")
                assert connection.getresponse().status == 200


@contextmanager
def glewlwyd(folder: Path) -> Iterator[Real]:
    """Run it; skip by name where it is not installed."""
    program = shutil.which("glewlwyd")
    if program is None or not _SCHEMA.exists():
        pytest.skip(NEEDS)
    with recorder() as front:
        front.behind = _free_port()
        config = folder / "config"
        config.write_text(_CONFIG.format(port=front.behind, url=front.url, folder=folder))
        with closing(sqlite3.connect(folder / "db")) as database:
            database.executescript(gzip.decompress(_SCHEMA.read_bytes()).decode())
        with subprocess.Popen(
            [program, "--config-file", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as server:
            try:
                until(lambda: _answers(front.behind))
                port = _free_port()  # it compares the whole redirect URI, the port included
                person = _set_up(front, f"http://127.0.0.1:{port}/oauth/callback")
                yield Real(
                    f"{front.url}/api/oidc",
                    "cli",
                    person.approve,
                    lambda: front.calls,
                    f"{front.url}/api/oidc/userinfo",
                    SECRETS,
                    ("--port", str(port)),
                )
            finally:
                server.terminate()


def _set_up(front: Recorder, redirect: str) -> _Person:
    """Make the issuer, its clients and a user who has given consent."""
    admin = _Person(front.behind, "admin", "password")
    client = {**_CLIENT, "redirect_uri": [redirect]}
    issuer = {**_PLUGIN, "iss": f"{front.url}/api/oidc"}
    admin.ask(
        "POST", "/api/mod/plugin/", {"module": "oidc", "name": "oidc", "display_name": "oidc", "parameters": issuer}
    )
    admin.ask("POST", "/api/client/?source=database", {**client, "client_id": "cli", "confidential": False})
    secret = {
        "confidential": True,
        "client_secret": SECRETS["post"],
        "token_endpoint_auth_method": ["client_secret_post"],
    }
    admin.ask("POST", "/api/client/?source=database", {**client, **secret, "client_id": "post"})
    user = {"username": "alice", "password": _PASSWORD, "name": "Alice", "enabled": True}
    admin.ask("POST", "/api/user/?source=database", {**user, "scope": ["openid", "g_profile"]})
    person = _Person(front.behind, "alice", _PASSWORD)
    for name in ("cli", "post"):
        person.ask("PUT", f"/api/auth/grant/{name}", {"scope": "openid"})
    return person


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
