"""Whatever an issuer answers: our own errors alone, and nothing that a terminal or a wait could be harmed by.

Hypothesis looks for counterexamples in the same order every time, so a run that was green stays green.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_login.core.errors import ServiceError, SsoLoginError, Unreachable
from sso_login.core.granting import DeviceCode, Pending
from sso_login.core.message import Response
from sso_login.core.model import ENDLESS, Application, Secret, Token
from sso_login.oauth import discovery, token_reply
from tests.support.fakes import NOW

tried: Final = settings(max_examples=300, derandomize=True, deadline=None, database=None)
ISSUER: Final = "https://issuer.example"
GOOD: Final = {
    "device_code": "device",
    "user_code": "WDJB-MJHT",
    "verification_uri": f"{ISSUER}/activate",
    "verification_uri_complete": f"{ISSUER}/activate?code=1",
    "expires_in": 600,
    "interval": 5,
    "access_token": "access",
    "refresh_token": "refresh",
    "id_token": "e30.e30.c2ln",
    "token_type": "bearer",
    "issuer": ISSUER,
    "token_endpoint": f"{ISSUER}/token",
    "device_authorization_endpoint": f"{ISSUER}/device",
    "authorization_endpoint": f"{ISSUER}/authorize",
    "revocation_endpoint": f"{ISSUER}/revoke",
    "scopes_supported": ["openid", "offline_access"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic"],
}
CODES: Final = (
    "authorization_pending",
    "slow_down",
    "access_denied",
    "invalid_grant",
    "server_error",
    "a b",
    "\x1b[2J",
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=40),
    st.sampled_from(
        [*CODES, "http://evil.example/", "javascript:alert(1)", "x" * 20_000, "-1", "9" * 400, 10**400, -1]
    ),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
nearly = st.dictionaries(st.sampled_from([*GOOD, "error", "error_description"]), values, max_size=3).map(
    lambda odd: json.dumps({**GOOD, **odd}).encode()
)
bodies = st.one_of(nearly, nearly, values.map(json.dumps).map(str.encode), st.binary(max_size=300))
statuses = st.sampled_from([200, 200, 200, 200, 400, 401, 403, 404, 408, 428, 429, 204, 302, 500, 503, 100, 599])
headers = st.sampled_from(
    [
        {},
        {"content-type": "application/json"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"retry-after": "9"},
    ]
)
responses = st.builds(Response, statuses, headers, bodies)
READERS: Final[dict[str, Callable[[Response], object]]] = {
    "device code": lambda response: token_reply.read_device_code(response, NOW),
    "poll": lambda response: token_reply.read_poll(response, NOW),
    "exchange": lambda response: token_reply.read_exchange(response, NOW),
    "refresh": lambda response: token_reply.read_renewed(response, NOW),
    "revocation": token_reply.read_revoked,
    "metadata": lambda response: discovery.read_metadata(response, ISSUER),
}


def harmless(text: str) -> bool:
    """Tell whether a terminal may have it, and a person read it."""
    return text.isprintable() and len(text) < 20_000


def came_of(reader: Callable[[Response], object], response: Response) -> object:
    """Read an answer; one of our own errors is a value here."""
    try:
        return reader(response)
    except SsoLoginError as error:
        return error


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_any_answer(reader: Callable[[Response], object]) -> None:
    """An answer that can be used, a refusal, or no answer at all: exit code 5 or 6 in one printable line."""

    @tried
    @given(responses)
    def check(response: Response) -> None:
        found = came_of(reader, response)
        if isinstance(found, SsoLoginError):
            assert isinstance(found, ServiceError | Unreachable)
            assert harmless(found.message)
        elif isinstance(found, DeviceCode):
            assert harmless(found.user_code + found.url + (found.url_complete or ""))
            assert found.url.startswith("https://")
            assert 1 <= found.interval <= 300
            assert NOW < found.expires_at <= NOW + 86_400
        elif isinstance(found, Token):
            assert found.expires_at == ENDLESS or NOW <= found.expires_at < NOW + 11 * 366 * 86_400
            assert found.access.reveal().isprintable()
        elif isinstance(found, Pending):
            assert 0 <= found.interval <= 300
        elif isinstance(found, discovery.Metadata):
            ends = [found.token, found.device, found.authorize, found.revocation]
            assert all(not each or each.startswith(("https://", "http://127.0.0.1")) for each in ends)
            assert discovery.completed(Application("cli"), found).token

    check()


@tried
@given(st.text(max_size=200) | st.binary(max_size=100).map(lambda raw: f"a.{raw.hex()}.c"))
def test_any_id_token(text: str) -> None:
    """Its end is a number that is not negative, or nobody knows it."""
    end = token_reply.ends_at(Secret(text))
    assert end is None or end >= 0
