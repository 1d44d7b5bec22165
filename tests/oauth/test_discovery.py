"""Discovery: three places, one issuer, endpoints that may be spoken to."""

from __future__ import annotations

import pytest

from sso_login.core.errors import MalformedReply, NotAnAnswer, ServiceError, Unreachable
from sso_login.core.message import Response
from sso_login.core.model import Application
from sso_login.oauth import discovery
from tests.support.oauth_server import ISSUER, OAuthServer, bare, issuer, said

METADATA: dict[str, object] = {
    "issuer": ISSUER,
    "token_endpoint": "https://tokens.example/token",
    "device_authorization_endpoint": f"{ISSUER}/device",
    "authorization_endpoint": f"{ISSUER}/authorize",
    "revocation_endpoint": f"{ISSUER}/revoke",
    "scopes_supported": ["profile", "offline_access", "openid", 7],
}
BARE = Application("client-1")


def test_the_three_places_in_their_order() -> None:
    """RFC 8414 with the path inserted, OpenID's with the path inserted, then appended."""
    assert [request.url for request in discovery.requests(f"{ISSUER}/")] == [
        "https://issuer.example/.well-known/oauth-authorization-server/realms/acme",
        "https://issuer.example/.well-known/openid-configuration/realms/acme",
        "https://issuer.example/realms/acme/.well-known/openid-configuration",
    ]


def test_an_issuer_without_a_path_has_two_places() -> None:
    """The last two are the same then."""
    assert [request.url for request in discovery.requests("https://issuer.example")] == [
        "https://issuer.example/.well-known/oauth-authorization-server",
        "https://issuer.example/.well-known/openid-configuration",
    ]


@pytest.mark.parametrize(
    "before",
    [
        bare(404),
        bare(403, b"<html>"),
        bare(302),
        bare(500),
        said({}),
        said({**METADATA, "issuer": "https://x.example"}),
    ],
)
def test_the_next_place_is_asked_where_one_has_nothing(before: Response) -> None:
    """Whatever stands in its way: gateways answer unknown paths in every way there is."""
    server = OAuthServer([before, before, said(METADATA)])
    instance, scopes = issuer(server, app=BARE).discovered()
    assert instance.application == Application(
        "client-1",
        token="https://tokens.example/token",
        device=f"{ISSUER}/device",
        authorize=f"{ISSUER}/authorize",
        revocation=f"{ISSUER}/revoke",
    )
    assert scopes == ("openid", "offline_access")
    assert len(server.requests) == 3


def test_what_is_configured_by_hand_is_not_replaced() -> None:
    """An endpoint of the config goes before that of the metadata."""
    app = Application("client-1", device="https://by.hand/device")
    instance, _ = issuer(OAuthServer([said(METADATA)]), app=app).discovered()
    assert instance.application
    assert instance.application.device == "https://by.hand/device"
    assert instance.application.revocation == f"{ISSUER}/revoke"


@pytest.mark.parametrize(
    ("methods", "basic"),
    [
        (["client_secret_basic"], True),
        (["client_secret_basic", "private_key_jwt"], True),
        (["client_secret_basic", "client_secret_post"], False),
        ([], False),
        (None, False),
        ("client_secret_basic", False),
    ],
)
def test_the_header_is_used_only_where_nothing_else_is_offered(methods: object, basic: bool) -> None:  # noqa: FBT001 - a column
    """By token_endpoint_auth_methods_supported."""
    found = discovery.read_metadata(said({**METADATA, "token_endpoint_auth_methods_supported": methods}), ISSUER)
    assert found
    assert found.basic is basic


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"issuer": "https://other.example"}, "another issuer"),
        ({"issuer": ISSUER + "/"}, "another issuer"),
        ({"issuer": None}, "another issuer"),
        ({"issuer": 7}, "another issuer"),
        ({"token_endpoint": None}, "token_endpoint is missing"),
        ({"token_endpoint": "http://tokens.example/token"}, "token_endpoint is not an https URL"),
        ({"device_authorization_endpoint": "http://10.0.0.1/device"}, "device_authorization_endpoint is not"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint is not"),
        ({"revocation_endpoint": "https://user:password@issuer.example/"}, "revocation_endpoint is not"),
        ({"revocation_endpoint": ["https://issuer.example"]}, "revocation_endpoint is not a text"),
    ],
)
def test_metadata_that_lies_is_refused(changed: dict[str, object], why: str) -> None:
    """Another issuer's, or with endpoints that must not be spoken to: exit code 6."""
    server = OAuthServer([said({**METADATA, **changed})] * 3)
    with pytest.raises(MalformedReply, match=why):
        issuer(server, app=BARE).discovered()


def test_a_slash_too_few_is_told() -> None:
    """Auth0's issuer ends with one."""
    server = OAuthServer([said({**METADATA, "issuer": ISSUER + "/"})] * 3)
    with pytest.raises(MalformedReply) as caught:
        issuer(server, app=BARE).discovered()
    assert f"{ISSUER}/." in caught.value.hint


def test_an_issuer_without_metadata() -> None:
    """It is no such issuer: the service said so."""
    with pytest.raises(ServiceError, match="has no metadata"):
        issuer(OAuthServer([bare(404)] * 3), app=BARE).discovered()


def test_trouble_is_told_where_no_place_has_anything() -> None:
    """A server that is busy has not said that it is no issuer."""
    with pytest.raises(NotAnAnswer, match="HTTP 503"):
        issuer(OAuthServer([bare(404), bare(503), bare(404)]), app=BARE).discovered()


def test_no_other_place_is_asked_without_a_network() -> None:
    """One silence is enough to wait for."""
    server = OAuthServer([Unreachable("no connection", sent=False)])
    with pytest.raises(Unreachable):
        issuer(server, app=BARE).discovered()
    assert len(server.requests) == 1
