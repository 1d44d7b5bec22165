"""Redirect URIs and PKCE: which are taken, and which belong together."""

from __future__ import annotations

import pytest

from sso_login.emulator.core import pkce
from sso_login.emulator.pages import redirect
from tests.emulator.conftest import CHALLENGE, VERIFIER


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1/oauth/callback",
        "http://127.0.0.1:65535/oauth/callback?from=here",
        "http://127.0.0.1",
        "http://localhost:8400/",
        "http://[::1]/oauth/callback",
        "HTTP://LOCALHOST/",
        "https://tool.example/callback",
    ],
)
def test_loopback_and_https_are_allowed(uri: str) -> None:
    """A public client may be redirected to its own computer, or over TLS."""
    assert redirect.allowed(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "http://tool.example/callback",
        "http://127.0.0.2/",
        "http://127.1/",
        "http://0.0.0.0/",
        "http://localhost.evil.example/",
        "http://127.0.0.1@evil.example/",
        "http://user:password@127.0.0.1/",
        "http://127.0.0.1\\@evil.example/",
        "http://127.0.0.1/#fragment",
        "http://127.0.0.1/#",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:65536/",
        "http://127.0.0.1:port/",
        "http://[broken",
        "http://[::2]/",
        "https://[::2]/",
        "https:///callback",
        "https://-tool.example/",
        "https://tool.example;script-src/",
        "http://127.0.0.1/two words",
        "http://127.0.0.1/\r\nSet-Cookie: a=b",
        "http://127.0.0.1/\t",
        "http://127.0.0.1/é",
        "http://127.0.0.1/" + "a" * 2032,
        "//127.0.0.1/",
        "/oauth/callback",
        "javascript:alert(1)",
        "tool://callback",
        "urn:ietf:wg:oauth:2.0:oob",
    ],
)
def test_all_else_is_not(uri: str) -> None:
    """Plain http elsewhere, other schemes, users, fragments, and what is no URI are refused."""
    assert not redirect.allowed(uri)


def test_port_may_differ_on_loopback_only() -> None:
    """RFC 8252 section 7.3: the client learns its port only when it listens; all else must be equal."""
    registered = ["http://127.0.0.1/oauth/callback", "https://tool.example/callback"]
    assert redirect.fits("http://127.0.0.1:8400/oauth/callback", registered)
    assert redirect.fits("http://127.0.0.1/oauth/callback", registered)
    assert redirect.fits("https://tool.example/callback", registered)
    for other in (
        "http://127.0.0.1:8400/oauth/callback/",
        "http://127.0.0.1:8400/oauth/callback?a=b",
        "http://127.0.0.1:8400/oauth/callback#a",
        "http://localhost:8400/oauth/callback",
        "http://user@127.0.0.1:8400/oauth/callback",
        "https://127.0.0.1:8400/oauth/callback",
        "https://tool.example:8400/callback",
        "http://127.0.0.1:x/oauth/callback",
    ):
        assert not redirect.fits(other, registered)


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        ("http://127.0.0.1:8400/oauth/callback?a=b", "http://127.0.0.1:8400"),
        ("http://localhost/", "http://localhost"),
        ("https://Tool.Example/callback", "https://tool.example"),
        ("http://[::1]:8400/", "http:"),
    ],
)
def test_policy_source_is_the_origin(uri: str, source: str) -> None:
    """A page's policy names the origin its form leads to; IPv6 cannot be named there."""
    assert redirect.source(uri) == source


def test_answer_is_added_to_a_query() -> None:
    """What the redirect URI has in its query stays, and the answer's members are encoded; an empty one is left out."""
    reply = redirect.leading("http://127.0.0.1/?a=b", {"code": "c&d", "state": ""})
    assert reply.headers["Location"] == "http://127.0.0.1/?a=b&code=c%26d"
    assert (reply.status, reply.headers["Referrer-Policy"]) == (303, "no-referrer")


def test_challenge_of_the_standard() -> None:
    """The example of RFC 7636 appendix B holds, and no other verifier proves its challenge."""
    assert pkce.proves(VERIFIER, CHALLENGE)
    assert not pkce.proves(VERIFIER[:-1] + "l", CHALLENGE)
    assert not pkce.proves(CHALLENGE, CHALLENGE)


@pytest.mark.parametrize(
    ("verifier", "good"),
    [
        ("a" * 43, True),
        ("Az09-._~" * 16, True),
        ("a" * 42, False),
        ("a" * 129, False),
        ("a" * 42 + "+", False),
        ("a" * 43 + "\n", False),
        ("é" * 43, False),
        ("\u0661" * 43, False),
    ],
)
def test_verifier_has_a_shape(verifier: str, good: bool) -> None:  # noqa: FBT001 - a table's column
    """43 to 128 unreserved characters (RFC 7636 section 4.1)."""
    assert pkce.is_verifier(verifier) is good


@pytest.mark.parametrize("challenge", ["", CHALLENGE + "=", CHALLENGE[:-1], CHALLENGE.replace("-", "+"), VERIFIER * 2])
def test_challenge_has_a_shape(challenge: str) -> None:
    """43 characters of base64url, without padding."""
    assert pkce.is_challenge(CHALLENGE)
    assert not pkce.is_challenge(challenge)
