"""Held to npm's `oidc-provider`: certified, rotates, and takes reuse of a refresh token for theft."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.issuers import held
from tests.support.issuers.oidc_provider import oidc_provider
from tests.support.issuers.person import visit
from tests.support.issuers.real import Real, age, configured, environment, logged_in, waiting
from tests.support.shell import process


@pytest.fixture(scope="module")
def real() -> Iterator[Real]:
    """Run one for all tests."""
    with oidc_provider() as made:
        yield made


def test_never_polls_too_early(real: Real, home: Path) -> None:
    """It names no interval, so it is 5 s."""
    held.never_polls_too_early(real, home, interval=5)


def test_one_refresh_for_a_hundred_processes(real: Real, home: Path) -> None:
    """A second use of the refresh token would end the login there."""
    held.renews_once_for_all(real, home)


def test_logout_is_seen_by_the_issuer(real: Real, home: Path) -> None:
    """Revoked with its whole grant."""
    held.logs_out_there_too(real, home)


def test_a_browser_logs_in(real: Real, home: Path) -> None:
    """PKCE is required of a client without a secret."""
    held.logs_in_by_browser(real, home)


def test_a_client_with_a_secret(real: Real, home: Path) -> None:
    """In the form, with letters that a form must encode; both ways to log in."""
    env = environment(home)
    assert configured(real, env, client_id="post").code == 0
    assert "secret+of" not in (home / "issuers").read_text()
    with waiting(env) as (child, url):
        real.approve(url)
        assert child.wait(120) == 0
    logged_in(real, env, "--force")
    assert process("refresh", "--force", env=env).code == 0
    assert process("logout", env=env).code == 0


def test_a_client_with_a_secret_in_the_header(home: Path) -> None:
    """Where the metadata offers client_secret_basic alone."""
    with oidc_provider(only_basic=True) as real:
        env = environment(home)
        assert configured(real, env, client_id="basic").code == 0
        logged_in(real, env)
        assert process("refresh", "--force", env=env).code == 0
        assert process("logout", env=env).code == 0


def test_the_id_token_is_for_this_client(real: Real, home: Path) -> None:
    """As kubectl wants it."""
    env = environment(home)
    configured(real, env)
    logged_in(real, env)
    credential = json.loads(process("token", "--id-token", "--exec-credential", env=env).out)
    found = held.claims(credential["status"]["token"])
    assert (found["iss"], found["aud"], found["sub"]) == (real.url, "cli", "alice")


def test_a_login_that_was_ended_elsewhere_asks_for_a_new_one(real: Real, home: Path) -> None:
    """The refresh token was used by somebody else: exit 3, one request, none after that."""
    env = environment(home)
    configured(real, env)
    logged_in(real, env)
    copy = (home / "state" / "secrets" / "oauth+real").read_bytes()
    assert process("refresh", "--force", env=env).code == 0
    (home / "state" / "secrets" / "oauth+real").write_bytes(copy)
    age(env)
    spent = len(real.renewals())
    assert [process("token", env=env).code for _ in range(3)] == [3, 3, 3]
    assert len(real.renewals()) == spent + 1


def test_a_code_that_is_denied_is_exit_code_4(real: Real, home: Path) -> None:
    """Said by the issuer at the next poll."""
    env = environment(home)
    configured(real, env)
    with waiting(env) as (child, url):
        visit(url, deny=True)
        assert child.wait(120) == 4


def test_an_unknown_client_is_told(real: Real, home: Path) -> None:
    """Exit 6 with what to compare."""
    env = environment(home)
    configured(real, env, client_id="nobody")
    ran = process("device", env=env)
    assert ran.code == 6
    assert "invalid_client" in ran.err
