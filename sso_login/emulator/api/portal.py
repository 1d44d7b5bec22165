"""The access portal's operations: ListAccounts, ListAccountRoles, GetRoleCredentials, Logout.

Members, errors and status codes are those of the API's service model (sso, 2019-06-10).
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from sso_login.emulator.core import credentials
from sso_login.emulator.core.reply import Reply, json_reply, portal_refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sso_login.emulator.core.settings import Account
    from sso_login.emulator.core.state import Ask, Context, Login

OPERATIONS: Final = frozenset({"ListAccounts", "ListAccountRoles", "GetRoleCredentials", "Logout"})
ACCOUNT_SCOPE: Final = "sso:account:access"
_PAGE: Final = 20


def list_accounts(context: Context, ask: Ask) -> Reply:
    """List the accounts, a page at a time."""
    _login(context, ask)
    return _page(context, ask, accountList=[_account_info(account) for account in context.settings.accounts])


def list_account_roles(context: Context, ask: Ask) -> Reply:
    """List the roles of one account, a page at a time."""
    _login(context, ask)
    account = _account(context, _required(ask, "account_id"))
    if account is None:
        raise portal_refusal("ResourceNotFoundException", "the account is not assigned")
    return _page(context, ask, roleList=[{"roleName": role, "accountId": account.id} for role in account.roles])


def get_role_credentials(context: Context, ask: Ask) -> Reply:
    """Give short-lived credentials of a role; their expiration is in milliseconds, as nowhere else."""
    _login(context, ask)
    role, account = _required(ask, "role_name"), _account(context, _required(ask, "account_id"))
    if account is None or role not in account.roles:
        raise portal_refusal("ForbiddenException", "No access")
    lifetime = context.settings.role_lifetime
    issued = credentials.issue(context, credentials.of_role(context, account=account.id, role=role), lifetime=lifetime)
    expiration = int((context.now + lifetime) * 1000)
    return json_reply(200, {"roleCredentials": {**issued, "expiration": expiration}})


def logout(context: Context, ask: Ask) -> Reply:
    """End the portal session: every token of every login approved in it is dead."""
    sign_in = _login(context, ask).sign_in
    sign_in.ended, sign_in.expires_at = True, context.now
    return Reply(200, {"Content-Type": "application/json"})


def _login(context: Context, ask: Ask) -> Login:
    settings = context.settings
    if not context.state.portal.admits(settings.portal_rate, context.now):
        raise portal_refusal("TooManyRequestsException", "Too many requests", retry_after=settings.retry_after)
    access = context.state.access.get(ask.headers.get("x-amz-sso_bearer_token", ""))
    if access is None or context.now >= access.expires_at or access.login.dead:
        raise portal_refusal("UnauthorizedException", "Session token not found or invalid")
    scopes = access.login.client.scopes
    if scopes and ACCOUNT_SCOPE not in scopes:
        raise portal_refusal("UnauthorizedException", "Session token not found or invalid")
    return access.login


def _account(context: Context, account_id: str) -> Account | None:
    return next((account for account in context.settings.accounts if account.id == account_id), None)


def _account_info(account: Account) -> dict[str, str]:
    found = {"accountId": account.id, "accountName": account.name, "emailAddress": account.email}
    return {name: value for name, value in found.items() if value is not None}


def _required(ask: Ask, name: str) -> str:
    if not ask.query.get(name):
        raise portal_refusal("InvalidRequestException", f"{name} is missing")
    return ask.query[name]


def _page(context: Context, ask: Ask, **lists: Sequence[dict[str, str]]) -> Reply:
    ((name, whole),) = lists.items()
    size, start = ask.query.get("max_result", str(_PAGE)), _offset(ask.query.get("next_token", ""))
    if not (size.isascii() and size.isdigit() and len(size) <= 3 and 1 <= int(size) <= 100):
        raise portal_refusal("InvalidRequestException", "max_result must be 1 to 100")
    end = start + min(int(size), context.settings.page_size)
    more = {"nextToken": base64.urlsafe_b64encode(b"%d" % end).decode()} if end < len(whole) else {}
    return json_reply(200, {name: whole[start:end], **more})


def _offset(token: str) -> int:
    try:
        return _counted(base64.b64decode(token, altchars=b"-_", validate=True) or b"0")
    except ValueError as error:
        raise portal_refusal("InvalidRequestException", "next_token is not valid") from error


def _counted(digits: bytes) -> int:
    if not digits.isdigit():
        raise ValueError
    return int(digits)
