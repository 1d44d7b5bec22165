"""An organization of any size as boto3 sees it: pages, limits and delays."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.organization import accounts
from sso_login.emulator.core.reply import Reply, portal_refusal
from sso_login.emulator.core.settings import ACCOUNTS, Settings
from sso_login.emulator.core.throttle import Throttle
from sso_login.emulator.server import running
from tests.emulator.conftest import Desk
from tests.support.terminal.plain import ask


def test_made_up_accounts_are_the_same_every_time() -> None:
    """A larger organization begins with the smaller one, and with the accounts there are anyway."""
    many = accounts(700)
    assert (len(many), many[:4], accounts(2)) == (700, ACCOUNTS, ACCOUNTS[:2])
    assert accounts(60) == many[:60]
    assert many[4].id == "256637061436"
    assert many[4].name == "Harbour Data Lake Staging 4"


def test_made_up_accounts_are_of_every_kind() -> None:
    """Ids are unique, in no order, some beginning with 0; some have no name, some no address, some many roles."""
    many = accounts(5000)
    ids = [account.id for account in many]
    assert len(set(ids)) == 5000
    assert all(len(found) == 12 and found.isdigit() for found in ids)
    assert ids != sorted(ids)
    assert any(found.startswith("0") for found in ids)
    for some in ([account.name for account in many[4:]], [account.email for account in many[4:]]):
        assert 100 < some.count(None) < 500
    assert {len(account.roles) for account in many[4:]} == {2, 3, 4, 5, 25}
    assert all(len(set(account.roles)) == len(account.roles) for account in many)


def test_seven_hundred_accounts_through_the_paginators(open_desk: Callable[..., Desk]) -> None:
    """boto3's paginators give every account and every role once, whatever they ask for at a time."""
    many = accounts(700)
    desk = open_desk(accounts=many, page_size=30)
    access = desk.login(desk.register())["accessToken"]
    listing, roles = (desk.portal.get_paginator(name) for name in ("list_accounts", "list_account_roles"))
    pages = list(listing.paginate(accessToken=access, PaginationConfig={"PageSize": 100}))
    found = [account for page in pages for account in page["accountList"]]
    assert [len(page["accountList"]) for page in pages] == [30] * 23 + [10]
    assert [account["accountId"] for account in found] == [account.id for account in many]
    assert [account.get("accountName") for account in found] == [account.name for account in many]
    assert [account.get("emailAddress") for account in found] == [account.email for account in many]
    for account in (many[50], many[699]):
        pages = roles.paginate(accessToken=access, accountId=account.id, PaginationConfig={"PageSize": 3})
        assert tuple(role["roleName"] for page in pages for role in page["roleList"]) == account.roles


@pytest.mark.parametrize(("page_size", "asked", "given"), [(100, None, 20), (5, None, 5), (5, 100, 5), (50, 7, 7)])
def test_page_size_is_a_bound(open_desk: Callable[..., Desk], page_size: int, asked: int | None, given: int) -> None:
    """A page holds what is asked for, twenty where nothing is, but never more than the setting lets it."""
    desk = open_desk(accounts=accounts(60), page_size=page_size)
    access = desk.login(desk.register())["accessToken"]
    reply = desk.portal.list_accounts(accessToken=access, **({"maxResults": asked} if asked else {}))
    assert len(reply["accountList"]) == given


def test_every_role_can_be_used(open_desk: Callable[..., Desk]) -> None:
    """Names with any character that a permission set's may have arrive unharmed."""
    many = accounts(12)
    desk = open_desk(accounts=many)
    access = desk.login(desk.register())["accessToken"]
    names = {role: account.id for account in many for role in account.roles}
    assert {"Data.Reader+eu@harbour", "On-Call_Night,Shift=2"} <= set(names)
    for role, account in names.items():
        assert desk.portal.get_role_credentials(accessToken=access, accountId=account, roleName=role)


@pytest.mark.parametrize("retry_after", [None, 2])
def test_rate_is_a_bound_on_all_calls_of_the_portal(open_desk: Callable[..., Desk], retry_after: int | None) -> None:
    """Beyond so many calls within a second the portal says TooManyRequestsException, with Retry-After if told to."""
    desk = open_desk(portal_rate=3, retry_after=retry_after)
    access = desk.login(desk.register())["accessToken"]
    for _ in range(2):
        for _ in range(2):
            desk.portal.list_accounts(accessToken=access)
        desk.portal.list_account_roles(accessToken=access, accountId=ACCOUNTS[0].id)
        for _ in range(4):
            with pytest.raises(desk.portal.exceptions.TooManyRequestsException) as caught:
                desk.portal.list_accounts(accessToken=access)
            headers = caught.value.response["ResponseMetadata"]["HTTPHeaders"]
            assert headers.get("retry-after") == (None if retry_after is None else "2")
        assert desk.service.log[-1].error == "TooManyRequestsException"
        desk.clock.advance(1)
    desk.register()
    desk.portal.logout(accessToken=access)


def test_rate_counts_any_second() -> None:
    """It is no second of the clock's that counts but any, and only calls let in; a clock set back forgets."""
    throttle = Throttle()
    assert [throttle.admits(2, at) for at in (10.0, 10.9, 10.99, 11.0, 11.5, 11.9, 5.0)] == [
        *(True, True, False),
        *(True, False, True),
        True,
    ]
    assert all(throttle.admits(0, 20.0) for _ in range(100))


def test_waiting_calls_are_in_nobodys_way() -> None:
    """Sixteen calls wait for their answers at once, meanwhile others are answered, and the server ends all the same."""
    with ExitStack() as stack, running(Settings(portal_delay=600)) as emulator:
        address = ("127.0.0.1", urlsplit(emulator.url).port)
        request = f"GET /assignment/accounts HTTP/1.1\r\nHost: 127.0.0.1:{address[1]}\r\n\r\n".encode()
        waiting = [stack.enter_context(socket.create_connection(address, timeout=30)) for _ in range(16)]
        for connection in waiting:
            connection.sendall(request)
        while emulator.service.calls["ListAccounts"] < 16:
            time.sleep(0.01)
        assert ask(f"{emulator.url}/device").status == 200
        stack.pop_all()
    for connection in waiting:
        with connection:
            assert connection.recv(1) == b""


def test_delayed_answer_comes_whole(open_desk: Callable[..., Desk]) -> None:
    """After its delay a call is answered as ever, on the same connection."""
    desk = open_desk(portal_delay=0.001)
    access = desk.login(desk.register())["accessToken"]
    for _ in range(3):
        assert desk.portal.list_accounts(accessToken=access)["accountList"]
    host = {"host": urlsplit(desk.emulator.url).netloc}
    assert desk.service.handle("GET", "/assignment/accounts", headers=host).delay == 0.001
    assert desk.service.handle("POST", "/client/register", headers=host).delay == 0


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("InvalidRequestException", 400),
        ("UnauthorizedException", 401),
        ("ResourceNotFoundException", 404),
        ("TooManyRequestsException", 429),
    ],
)
def test_every_refusal_of_credentials_is_the_models(desk: Desk, name: str, status: int) -> None:
    """Each exception that the model declares for GetRoleCredentials arrives typed, and is followed by an answer."""
    access = desk.login(desk.register())["accessToken"]
    asked = {"accessToken": access, "accountId": ACCOUNTS[0].id, "roleName": "Deployer"}
    desk.service.order(Fault("GetRoleCredentials", portal_refusal(name, "no").reply))
    with pytest.raises(getattr(desk.portal.exceptions, name)) as caught:
        desk.portal.get_role_credentials(**asked)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert desk.portal.get_role_credentials(**asked)["roleCredentials"]["secretAccessKey"]


def test_retry_after_may_be_a_date(desk: Desk) -> None:
    """A fault may answer with whatever headers a test likes, a Retry-After of the other form among them."""
    refusal = portal_refusal("TooManyRequestsException", "slower").reply
    when = {"Retry-After": "Fri, 15 Jan 2027 08:00:02 GMT"}
    desk.service.order(Fault("ListAccounts", Reply(refusal.status, {**refusal.headers, **when}, refusal.body)))
    with pytest.raises(ClientError) as caught:
        desk.portal.list_accounts(accessToken="any")
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == when["Retry-After"]
