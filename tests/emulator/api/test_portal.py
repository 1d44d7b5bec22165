"""The access portal as boto3 sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import portal_refusal
from sso_login.emulator.core.settings import ACCOUNTS, Account
from tests.emulator.conftest import Desk


@pytest.fixture
def token(desk: Desk) -> str:
    """Log in and give the access token."""
    access: str = desk.login(desk.register())["accessToken"]
    return access


def test_accounts_may_lack_name_and_address(desk: Desk, token: str) -> None:
    """Every account is listed; the one without a name and an address has no such members."""
    accounts = desk.portal.list_accounts(accessToken=token)["accountList"]
    assert [account["accountId"] for account in accounts] == [account.id for account in ACCOUNTS]
    assert set(accounts[0]) == {"accountId", "accountName", "emailAddress"}
    assert set(accounts[-1]) == {"accountId"}


def test_roles_of_an_account(desk: Desk, token: str) -> None:
    """The roles of one account are listed with its id."""
    account = ACCOUNTS[0]
    roles = desk.portal.list_account_roles(accessToken=token, accountId=account.id)["roleList"]
    assert roles == [{"roleName": role, "accountId": account.id} for role in account.roles]


@pytest.mark.parametrize("size", [1, 7, 100])
def test_paging_gives_everything_once(open_desk: Callable[..., Desk], size: int) -> None:
    """Whatever the page size, the pages together are the whole list."""
    many = tuple(Account(f"{number:012}", f"Account {number}", None, ("Role",)) for number in range(23))
    desk = open_desk(accounts=many)
    access = desk.login(desk.register())["accessToken"]
    pages = desk.portal.get_paginator("list_accounts").paginate(accessToken=access, PaginationConfig={"PageSize": size})
    listed = [account["accountId"] for page in pages for account in page["accountList"]]
    assert listed == [account.id for account in many]
    first = desk.portal.list_accounts(accessToken=access)
    assert len(first["accountList"]) == 20
    assert first["nextToken"]


@pytest.mark.parametrize(
    "asked", [{"maxResults": 0}, {"maxResults": 101}, {"maxResults": -1}, {"nextToken": "!"}, {"nextToken": "LTU="}]
)
def test_paging_refuses_what_it_did_not_give(desk: Desk, token: str, asked: dict[str, Any]) -> None:
    """A page size out of bounds or a made-up page token is an invalid request."""
    query = {"max_result": str(asked.get("maxResults", 5)), "next_token": asked.get("nextToken", "")}
    headers = {"host": desk.emulator.url.removeprefix("http://"), "x-amz-sso_bearer_token": token}
    raw = "&".join(f"{name}={value}" for name, value in query.items() if value)
    reply = desk.service.handle("GET", "/assignment/accounts", headers=headers, query=raw)
    assert reply.status == 400
    assert reply.headers["x-amzn-ErrorType"].startswith("InvalidRequestException:")


def test_role_credentials_expire_in_milliseconds(desk: Desk, token: str) -> None:
    """Role credentials last an hour, and say so in milliseconds."""
    asked = {"accessToken": token, "accountId": ACCOUNTS[0].id, "roleName": ACCOUNTS[0].roles[0]}
    credentials = desk.portal.get_role_credentials(**asked)["roleCredentials"]
    assert credentials["expiration"] == int((desk.clock.at + 3600) * 1000)
    assert credentials["accessKeyId"].startswith("ASIA")
    assert len(credentials["accessKeyId"]) == 20


@pytest.mark.parametrize(("account", "role"), [("999999999999", "Deployer"), (ACCOUNTS[0].id, "Nobody")])
def test_no_access_is_the_403_that_no_model_has(desk: Desk, token: str, account: str, role: str) -> None:
    """A role that is not assigned is answered as AWS does: 403, ForbiddenException, No access."""
    with pytest.raises(ClientError) as caught:
        desk.portal.get_role_credentials(accessToken=token, accountId=account, roleName=role)
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert response["Error"] == {"Code": "ForbiddenException", "Message": "No access"}


def test_every_modelled_exception_is_met(desk: Desk, token: str) -> None:
    """All four modelled exceptions of the portal arrive typed."""
    with pytest.raises(desk.portal.exceptions.ResourceNotFoundException):
        desk.portal.list_account_roles(accessToken=token, accountId="999999999999")
    with pytest.raises(desk.portal.exceptions.UnauthorizedException):
        desk.portal.list_accounts(accessToken="unknown")
    with pytest.raises(desk.portal.exceptions.InvalidRequestException):
        desk.portal.get_role_credentials(accessToken=token, accountId="", roleName="")
    desk.service.order(Fault("ListAccounts", portal_refusal("TooManyRequestsException", "slower").reply))
    with pytest.raises(desk.portal.exceptions.TooManyRequestsException):
        desk.portal.list_accounts(accessToken=token)


def test_access_token_expires(desk: Desk, token: str) -> None:
    """After its hour an access token is unauthorized."""
    desk.clock.advance(3599)
    desk.portal.list_accounts(accessToken=token)
    desk.clock.advance(1)
    with pytest.raises(desk.portal.exceptions.UnauthorizedException):
        desk.portal.list_accounts(accessToken=token)


@pytest.mark.parametrize(("scopes", "allowed"), [([], True), (["sso:account:access"], True), (["openid"], False)])
def test_accounts_need_their_scope(desk: Desk, scopes: list[str], *, allowed: bool) -> None:
    """A token without scopes may list accounts, one of other scopes may not."""
    access = desk.login(desk.register(scopes=scopes))["accessToken"]
    if allowed:
        desk.portal.list_accounts(accessToken=access)
    else:
        with pytest.raises(desk.portal.exceptions.UnauthorizedException):
            desk.portal.list_accounts(accessToken=access)
