"""The device authorization grant (RFC 8628): start, then polls until a human has decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sso_login.core.errors import AccessDenied, CodeExpired, LoginTimedOut, ServiceError, Unreachable
from sso_login.core.granting import DeviceCode, Granted, Pending
from sso_login.core.message import Notice, Waiting
from sso_login.core.model import DEVICE_GRANT, REFRESH_GRANT, Client, Session, Token
from sso_login.flows.login import Patience, patience, session_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sso_login.core.ports import Clock, Issuer
    from sso_login.flows.select.session import Chosen

GRANTS: Final = (DEVICE_GRANT, REFRESH_GRANT)
SLOW_DOWN_STEP: Final = 5.0  # seconds, RFC 8628 section 3.5
LONGEST_WAIT: Final = 60.0  # seconds between two polls while the network is in trouble


@dataclass(frozen=True, slots=True)
class DeviceLogin:
    """A device authorization in flight; `deadline` is by the monotonic clock, `timed` when it is the user's own."""

    chosen: Chosen
    client: Client
    code: DeviceCode
    deadline: float
    timed: bool


def start_device(
    issuer: Issuer,
    clock: Clock,
    chosen: Chosen,
    *,
    registered: Client | None = None,
    timeout: float | None = None,
    notify: Callable[[Notice], None] = lambda _: None,
) -> DeviceLogin:
    """Start a device authorization, with the registration at hand if it may be reused.

    Call it only because a human asked for a login (RFC 8628 section 3.1). `timeout` is in seconds.
    Raises Unreachable, ServiceError.
    """
    began = clock.monotonic()
    known = registered if registered and registered.reusable(clock.now(), GRANTS) else None
    client, code = _started(issuer, patience(clock, notify, timeout), chosen, known=known)
    deadline = clock.monotonic() + code.expires_at - clock.now()
    if timeout is not None and began + timeout < deadline:
        return DeviceLogin(chosen=chosen, client=client, code=code, deadline=began + timeout, timed=True)
    return DeviceLogin(chosen=chosen, client=client, code=code, deadline=deadline, timed=False)


def _started(
    issuer: Issuer, patience: Patience, chosen: Chosen, *, known: Client | None, tries: int = 2
) -> tuple[Client, DeviceCode]:
    client = known or patience.asked(lambda: issuer.register(chosen.scopes, GRANTS))
    try:
        return client, patience.asked(lambda: issuer.start(client))
    except ServiceError as error:
        left = tries if known else tries - 1
        if error.code != "invalid_client" or left == 0:
            raise
    # The issuer does not know the registration: a cached one any more, or a fresh one yet. Register again, once.
    return _started(issuer, patience, chosen, known=None, tries=left)


def polls(login: DeviceLogin, issuer: Issuer, clock: Clock) -> Iterator[Waiting | Session]:
    """Poll until the code is decided: yields a Waiting before each wait, last the Session.

    Raises AccessDenied, CodeExpired, LoginTimedOut, or the ServiceError that stops polling. Connection
    trouble never does: the wait doubles, up to a bound, until the code expires.
    """
    interval, backoff, reason, trouble = login.code.interval, 0.0, "waiting for approval", None
    while True:
        # A long wait after trouble is cut short, so that one more poll falls before the deadline.
        wait = max(interval, min(backoff, _left(login, clock) - 1))
        yield Waiting(until=clock.now() + wait, reason=reason, trouble=trouble)
        _wait(login, clock, wait)
        try:
            answer = _asked(login, issuer)
        except Unreachable as error:
            backoff = min(LONGEST_WAIT, max(2 * wait, error.wait or 0))
            reason, trouble = f"network trouble, still trying ({error.message})", error.message
            continue
        if isinstance(answer, Session):
            yield answer
            return
        interval = max(interval + (SLOW_DOWN_STEP if answer.slow_down else 0), answer.interval)
        backoff, trouble = 0.0, None
        reason = "asked to slow down, still waiting for approval" if answer.slow_down else "waiting for approval"


def _left(login: DeviceLogin, clock: Clock) -> float:
    # A laptop sleeps (the monotonic clock stands still), a wall clock is set: whichever says so first.
    return min(login.deadline - clock.monotonic(), login.code.expires_at - clock.now())


def _wait(login: DeviceLogin, clock: Clock, wait: float) -> None:
    clock.sleep(max(0.0, min(wait, _left(login, clock))))
    if _left(login, clock) > 0:
        return
    if login.timed and clock.now() < login.code.expires_at:
        raise LoginTimedOut("the code was not approved within --timeout")
    raise CodeExpired("the code expired before it was approved")


def _asked(login: DeviceLogin, issuer: Issuer) -> Session | Pending:
    try:
        answer = issuer.poll(login.client, login.code)
    except ServiceError as error:
        if error.code == "access_denied":
            raise AccessDenied("the request was denied in the browser") from error
        if error.code == "expired_token":
            raise CodeExpired("the code expired before it was approved") from error
        raise
    if isinstance(answer, Token):
        return session_of(login.chosen, login.client, Granted(answer))
    return answer
