"""The access portal's lists: which accounts, and which roles in them, a signed-in user may use.

The API: https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from sso_login.aws import wire
from sso_login.aws.endpoint import portal_url
from sso_login.core.credentials import Account, Page, Role
from sso_login.core.message import Request, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.core.model import Instance, Token

ACCOUNTS: Final = "ListAccounts"
ROLES: Final = "ListAccountRoles"
PAGE: Final = 100  # as many as the API gives at once
DEADLINE: Final = 20.0  # seconds for a whole call, which may be made again
LONGEST_NAME: Final = 1024  # characters of a name or an e-mail address

# The next step for every error the API's model declares, and for the 403 it does not.
HINTS: Final[Mapping[str, str]] = {
    "invalid_request": "Check the region and any AWS_ENDPOINT_URL_SSO setting.",
    "unauthorized": "Log in again with `sso-login device --force`.",
    "resource_not_found": "The account is not assigned to you any more; `sso-login accounts` shows which are.",
    "forbidden": "Your assignment to this account may have been taken away a moment ago; ask your administrator.",
    "slow_down": "Too many requests at once; wait a minute and try again.",
}


def list_accounts(instance: Instance, token: Token, *, after: str | None = None) -> Request:
    """Build ListAccounts; `after` is the next token of the page before."""
    return _page(instance, token, ACCOUNTS, path="/assignment/accounts", query=_next(after))


def list_roles(instance: Instance, token: Token, account_id: str, *, after: str | None = None) -> Request:
    """Build ListAccountRoles for one account."""
    return _page(instance, token, ROLES, path="/assignment/roles", query={"account_id": account_id, **_next(after)})


def _next(after: str | None) -> dict[str, str]:
    return {} if after is None else {"next_token": after}


def _page(instance: Instance, token: Token, operation: str, *, path: str, query: Mapping[str, str]) -> Request:
    # It is max_result, in the singular, though the SDKs' parameter is maxResults.
    asked = urlencode({"max_result": str(PAGE), **query})
    return Request(
        operation=operation,
        method="GET",
        url=f"{portal_url(instance)}{path}?{asked}",
        headers={"x-amz-sso_bearer_token": token.access.reveal()},
        deadline=DEADLINE,
        keep_alive=True,
    )


def read_accounts(response: Response) -> Page[Account]:
    """Read ListAccounts' reply; names and e-mails may be missing. Raises Throttled, NotAnAnswer, ServiceError."""
    members = wire.answer(response, ACCOUNTS, HINTS)
    found = tuple(_account(item) for item in _items(members, "accountList", ACCOUNTS))
    return Page(found, wire.optional_token(members, "nextToken", ACCOUNTS))


def read_roles(response: Response, account: Account) -> Page[Role]:
    """Read ListAccountRoles' reply for that account. Raises Throttled, NotAnAnswer, ServiceError."""
    members = wire.answer(response, ROLES, HINTS)
    items = _items(members, "roleList", ROLES)
    found = tuple(Role(account, wire.text(item, "roleName", ROLES, longest=LONGEST_NAME)) for item in items)
    return Page(found, wire.optional_token(members, "nextToken", ROLES))


def _items(members: Mapping[str, object], member: str, operation: str) -> list[dict[str, object]]:
    value = members.get(member)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise wire.malformed(operation, member, "is not a list of objects")
    return value


def _account(item: Mapping[str, object]) -> Account:
    account_id = wire.text(item, "accountId", ACCOUNTS)
    if not (account_id.isascii() and account_id.isdigit() and len(account_id) == 12):
        raise wire.malformed(ACCOUNTS, "accountId", "is not a number of 12 digits")
    return Account(account_id, _words(item, "accountName"), _words(item, "emailAddress"))


def _words(item: Mapping[str, object], member: str) -> str | None:
    """Read what people wrote: anything that is text, None where there is none; made safe where it is shown."""
    value = item.get(member)
    if value is not None and (not isinstance(value, str) or len(value) > LONGEST_NAME):
        raise wire.malformed(ACCOUNTS, member, "is not a text, or too long")
    return value or None
