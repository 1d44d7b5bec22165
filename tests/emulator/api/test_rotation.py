"""How refresh tokens age, in each of the three ways, and what ends them."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from tests.emulator.api.test_oidc import refused
from tests.emulator.conftest import Desk


def test_strict_gives_a_new_one_each_time(desk: Desk) -> None:
    """Every refresh brings a new access token and a new refresh token."""
    client = desk.register()
    tokens = [desk.login(client)]
    for _ in range(3):
        tokens.append(desk.refresh(client, tokens[-1]["refreshToken"]))
    assert len({token["refreshToken"] for token in tokens} | {token["accessToken"] for token in tokens}) == 8


def test_strict_takes_reuse_for_theft(desk: Desk) -> None:
    """A second use of a spent refresh token kills the whole login, its newest tokens included."""
    client = desk.register()
    first = desk.login(client)
    second = desk.refresh(client, first["refreshToken"])
    refused(desk, "InvalidGrantException", lambda: desk.refresh(client, first["refreshToken"]))
    refused(desk, "InvalidGrantException", lambda: desk.refresh(client, second["refreshToken"]))
    with pytest.raises(desk.portal.exceptions.UnauthorizedException):
        desk.portal.list_accounts(accessToken=second["accessToken"])


def test_reuse_leaves_other_logins_alone(desk: Desk) -> None:
    """Only the login whose token was copied is revoked."""
    client = desk.register()
    first, other = desk.login(client), desk.login(client)
    desk.refresh(client, first["refreshToken"])
    refused(desk, "InvalidGrantException", lambda: desk.refresh(client, first["refreshToken"]))
    assert desk.refresh(client, other["refreshToken"])["accessToken"]


def test_grace_forgives_a_lost_answer(open_desk: Callable[..., Desk]) -> None:
    """The previous refresh token works until one that came of it is used; after that its use is theft."""
    desk = open_desk(rotation="grace")
    client = desk.register()
    first = desk.login(client)["refreshToken"]
    lost = desk.refresh(client, first)["refreshToken"]
    second = desk.refresh(client, first)["refreshToken"]
    assert len({first, lost, second}) == 3
    third = desk.refresh(client, second)["refreshToken"]
    refused(desk, "InvalidGrantException", lambda: desk.refresh(client, first))
    refused(desk, "InvalidGrantException", lambda: desk.refresh(client, third))


def test_none_keeps_the_same_one(open_desk: Callable[..., Desk]) -> None:
    """Without rotation no refresh token comes back, and the old one goes on working."""
    desk = open_desk(rotation="none")
    client = desk.register()
    first = desk.login(client)
    for _ in range(3):
        assert "refreshToken" not in desk.refresh(client, first["refreshToken"])


@pytest.mark.parametrize("rotation", ["strict", "grace", "none"])
def test_refresh_token_belongs_to_its_client(open_desk: Callable[..., Desk], rotation: str) -> None:
    """Another client cannot use it, and its owner does not lose it by the attempt."""
    desk = open_desk(rotation=rotation)
    owner, thief = desk.register(), desk.register()
    token = desk.login(owner)["refreshToken"]
    refused(desk, "InvalidGrantException", lambda: desk.refresh(thief, token))
    assert desk.refresh(owner, token)["accessToken"]


def test_portal_session_ends_all_renewal(desk: Desk) -> None:
    """Eight hours after the sign-in a refresh is refused, however young the token."""
    client = desk.register()
    token = desk.login(client)["refreshToken"]
    desk.clock.advance(8 * 3600 - 1)
    fresh = desk.refresh(client, token)
    desk.clock.advance(1)
    refused(desk, "InvalidGrantException", lambda: desk.refresh(client, fresh["refreshToken"]))
    assert desk.portal.list_accounts(accessToken=fresh["accessToken"])["accountList"]


def test_new_login_inherits_the_portal_session(desk: Desk) -> None:
    """A login in a session that lives ends with it; only after a logout does a login start the clock anew."""
    client = desk.register()
    desk.login(client)
    desk.clock.advance(7 * 3600)
    second = desk.login(client)
    desk.clock.advance(3600)
    refused(desk, "InvalidGrantException", lambda: desk.refresh(client, second["refreshToken"]))
    third = desk.login(client)
    desk.clock.advance(8 * 3600 - 1)
    assert desk.refresh(client, third["refreshToken"])["accessToken"]


def test_logout_ends_everything(desk: Desk) -> None:
    """After a logout neither access nor refresh tokens of that portal session work, and a new login does."""
    client = desk.register()
    tokens, sibling = desk.login(client), desk.login(client)
    desk.portal.logout(accessToken=tokens["accessToken"])
    for token in (tokens, sibling):
        refused(desk, "InvalidGrantException", functools.partial(desk.refresh, client, token["refreshToken"]))
        with pytest.raises(desk.portal.exceptions.UnauthorizedException):
            desk.portal.logout(accessToken=token["accessToken"])
    assert desk.portal.list_accounts(accessToken=desk.login(client)["accessToken"])["accountList"]
