"""The service in memory: (method, path, query, headers, body) -> Reply, with injected time and randomness.

Beside what AWS has it answers two paths of its own, for tests and the curious:
`GET /emulator/calls` gives {"calls": {operation: count}, "log": [...]}, without secrets, and
`POST /emulator/expire` takes {"tokens"|"registrations"|"sessions"|"codes"|"passwords"|"credentials": true} and lets
those be over at once: for `passwords` that means that the user's is changed, which ends logins by AWS Sign-In;
`credentials` are those of roles and of AWS Sign-In.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from sso_login.emulator.api import authorize, federation, oidc, portal, registration, signin, signin_token, sts
from sso_login.emulator.core.faults import Fault, Faults
from sso_login.emulator.core.mint import Mint
from sso_login.emulator.core.reply import Refusal, Reply, json_reply
from sso_login.emulator.core.state import Ask, Context, State
from sso_login.emulator.issuer import form, grants
from sso_login.emulator.issuer import operations as issuer
from sso_login.emulator.pages import approval

if TYPE_CHECKING:
    from sso_login.emulator.core.issued import Assumed
    from sso_login.emulator.core.settings import Settings
    from sso_login.emulator.core.state import Expiring

Operation = Callable[[Context, Ask], Reply]

_SIGN_IN: Final = federation.PATH + "?Action=login"  # the two share a path
_ASSUME: Final = sts.PATH + "?Action=AssumeRole"
_OPERATIONS: Final[Mapping[tuple[str, str], tuple[str, Operation]]] = {
    ("POST", "/client/register"): ("RegisterClient", registration.register_client),
    ("POST", "/device_authorization"): ("StartDeviceAuthorization", oidc.start_device_authorization),
    ("POST", "/token"): ("CreateToken", oidc.create_token),
    ("GET", "/assignment/accounts"): ("ListAccounts", portal.list_accounts),
    ("GET", "/assignment/roles"): ("ListAccountRoles", portal.list_account_roles),
    ("GET", "/federation/credentials"): ("GetRoleCredentials", portal.get_role_credentials),
    ("POST", "/logout"): ("Logout", portal.logout),
    ("GET", approval.PATH): ("ShowApproval", approval.show),
    ("POST", approval.PATH): ("DecideApproval", approval.decide),
    ("GET", authorize.PATH): ("Authorize", authorize.show),
    ("POST", authorize.PATH): ("DecideAuthorization", authorize.decide),
    ("GET", signin.PATH): ("AuthorizeSignIn", signin.show),
    ("POST", signin.PATH): ("DecideSignIn", signin.decide),
    ("GET", signin.CONFIRMATION): ("ConfirmSignIn", signin.confirm),
    ("POST", signin_token.PATH): ("CreateOAuth2Token", signin_token.create_token),
    ("GET", federation.PATH): ("GetSigninToken", federation.get_signin_token),
    ("POST", federation.PATH): ("GetSigninToken", federation.get_signin_token),
    ("GET", _SIGN_IN): ("FederatedSignIn", federation.sign_in),
    ("POST", sts.PATH): ("GetCallerIdentity", sts.get_caller_identity),
    ("POST", _ASSUME): ("AssumeRole", sts.assume_role),
    ("GET", "/"): ("Start", approval.start),
}
_KINDS: Final = frozenset({"tokens", "registrations", "sessions", "codes", "passwords", "credentials"})
_GRANTS: Final = {"CreateToken": oidc.grant_of, "CreateOAuth2Token": oidc.grant_of, "Token": grants.grant_of}
_LOG_SIZE: Final = 1000


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it is logged, without secrets; `grant` for both CreateTokens, `error` where it was refused."""

    at: float
    operation: str
    grant: str
    status: int
    error: str
    request_id: str


class Service:
    """The emulated IAM Identity Center, or issuer; safe to call from many threads."""

    def __init__(
        self,
        settings: Settings,
        *,
        url: str,
        now: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Serve under `url` (http://127.0.0.1:PORT); `now` gives epoch seconds, `random` that many random bytes."""
        self.calls: Counter[str] = Counter()
        self.log: deque[Call] = deque(maxlen=_LOG_SIZE)
        self._settings, self._url, self._now = settings, url, now
        self._mint, self._state, self._faults = Mint(random, settings.marker), State(), Faults()
        self._key = random(32)
        self._operations = issuer.OPERATIONS if settings.issuer else _OPERATIONS
        self._state.clients = form.clients(settings) if settings.issuer else {}
        self._lock = threading.Lock()
        own = urlsplit(url).netloc
        self._hosts = {own, own.replace("127.0.0.1", "localhost")}

    @property
    def settings(self) -> Settings:
        """The settings it was made with."""
        return self._settings

    def now(self) -> float:
        """Tell the service's own time, in epoch seconds."""
        return self._now()

    @property
    def assumed(self) -> list[Assumed]:
        """List every AssumeRole that was granted, as it was asked for."""
        with self._lock:
            return list(self._state.assumed)

    @property
    def url(self) -> str:
        """Where it serves, and the endpoint of both services for a client."""
        return self._url

    @property
    def start_url(self) -> str:
        """The start URL of the emulated instance; an issuer's own URL."""
        return self._url + self._settings.path

    def handle(
        self, method: str, path: str, *, headers: Mapping[str, str], query: str = "", body: bytes = b""
    ) -> Reply:
        """Answer one request; header names in lower case, the query as it was sent."""
        ask = _ask(query, headers, body)
        with self._lock:
            request_id = self._mint.request_id()
            if headers.get("host", "") not in self._hosts:  # DNS rebinding: another site's name that leads to us
                reply = json_reply(421, {"message": "this host is not served here"})
            else:
                reply = self._answer(method, path, ask=ask, request_id=request_id)
        named = "X-Request-Id" if self._settings.issuer else "x-amzn-RequestId"
        return replace(reply, headers={named: request_id, **reply.headers})

    def order(self, fault: Fault) -> None:
        """Let the next calls of an operation meet trouble."""
        with self._lock:
            self._faults.add(fault)

    def waiting(self) -> list[str]:
        """List the user codes that wait for a decision."""
        with self._lock:
            codes, now = self._state.codes.values(), self._now()
            return [code.user_code for code in codes if code.decision == "pending" and now < code.expires_at]

    def decide(self, user_code: str, *, approve: bool) -> None:
        """Approve or deny without a browser; KeyError where no such code was issued."""
        with self._lock:
            found = self._state.by_user_code(user_code)
            if found is None:
                raise KeyError(user_code)
            self._context().decide(found, approve=approve)

    def expire(self, *kinds: str) -> None:
        """Let be over at once: access `tokens`, `registrations`, `sessions` (no more refresh), `codes`, `passwords`.

        And `credentials`, of roles and of AWS Sign-In.
        """
        with self._lock:
            self._expire(set(kinds))

    def _expire(self, kinds: set[str]) -> None:
        now, state = self._now(), self._state
        console = state.console
        keepers: tuple[Mapping[str, Expiring], ...] = (
            *(state.codes, state.requests, state.authorizations),
            *(console.requests, console.codes, state.signin_tokens),
        )
        aged: dict[str, Iterable[Expiring]] = {
            "tokens": state.access.values(),
            "registrations": state.clients.values(),
            "sessions": [state.sign_in, *(login.sign_in for login in state.logins.values()), *console.logins.values()],
            "credentials": state.credentials.values(),
            "codes": chain(*(kept.values() for kept in keepers)),
        }
        for kind in kinds - {"passwords"}:
            for thing in aged[kind]:
                thing.expires_at = min(thing.expires_at, now)
        for login in console.logins.values() if "passwords" in kinds else ():
            login.outdated = True

    def _context(self, request_id: str = "") -> Context:
        return Context(self._settings, self._state, self._mint, self._url, self._key, self._now(), request_id)

    def _answer(self, method: str, path: str, *, ask: Ask, request_id: str) -> Reply:
        if path.startswith("/emulator/"):
            return self._own(method, path, ask=ask)
        operation, act = self._operations.get((method, self._place(method, path, ask=ask)), ("Unknown", _unknown))
        context, error = self._context(request_id), ""

        def carry_out() -> Reply:
            nonlocal error
            try:
                return act(context, ask)
            except Refusal as refusal:
                error = refusal.error
                return refusal.reply

        reply = self._faults.answer(operation, carry_out)
        grant = _GRANTS[operation](ask) if operation in _GRANTS else ""
        self.calls[operation] += 1
        self.log.append(Call(context.now, operation, grant, reply.status, error, request_id))
        return replace(reply, delay=self._settings.portal_delay) if operation in portal.OPERATIONS else reply

    def _place(self, method: str, path: str, *, ask: Ask) -> str:
        if method == "GET" and path.rstrip("/") == self._settings.start_path:
            return "/"
        if (method, path) == ("POST", sts.PATH) and sts.asks_to_assume(ask):
            return _ASSUME
        return _SIGN_IN if path == federation.PATH and federation.asks_to_sign_in(ask) else path

    def _own(self, method: str, path: str, *, ask: Ask) -> Reply:
        if (method, path) == ("GET", "/emulator/calls"):
            return json_reply(200, {"calls": self.calls, "log": [asdict(call) for call in self.log]})
        if (method, path) != ("POST", "/emulator/expire"):
            return json_reply(404, {"message": "nothing here"})
        # A page of another site cannot send this content type without a preflight, which is never answered.
        if ask.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return json_reply(415, {"message": "send application/json"})
        kinds = _expirable(ask.body)
        if kinds is None:
            return json_reply(400, {"message": f"send an object with {', '.join(sorted(_KINDS))}: true or false"})
        self._expire(kinds)
        return json_reply(200, {"expired": sorted(kinds)})


def _ask(query: str, headers: Mapping[str, str], body: bytes) -> Ask:
    pairs = parse_qsl(query, keep_blank_values=True)
    count = Counter(name for name, _ in pairs)
    return Ask(dict(reversed(pairs)), headers, body, frozenset(name for name in count if count[name] > 1))


def _expirable(body: bytes) -> set[str] | None:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if (
        not isinstance(asked, dict)
        or not set(asked) <= _KINDS
        or not all(isinstance(on, bool) for on in asked.values())
    ):
        return None
    return {kind for kind, on in asked.items() if on}


def _unknown(_context: Context, _ask: Ask) -> Reply:
    kind = "UnknownOperationException:http://internal.amazon.com/coral/com.amazon.coral.service/"
    return json_reply(404, {"message": "no such operation"}, headers={"x-amzn-ErrorType": kind})
