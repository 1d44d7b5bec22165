"""What a simulated process asks beside its stores: the SDKs' copy, the issuer, the portal."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from sso_login.adapters.aws_files import sdk_files
from sso_login.core.credentials import Credentials
from sso_login.core.errors import ServiceError, SsoLoginError, StorageError
from sso_login.core.model import Secret, Session, Token
from tests.support.fakes import NoPortal

if TYPE_CHECKING:
    from tests.simulation.process import Process


class SimSdk:
    """The port SdkCache, with the very rule by which files are judged; a write that fails is not raised."""

    def __init__(self, process: Process) -> None:
        """Show the machine's cache."""
        self._process = process

    def _found(self, session: Session, named: str) -> Session | None:
        self._process.step("read sdk")
        kept = self._process.disk.sdk.get(named)
        if kept is None:
            return None
        return replace(session, token=replace(kept[0].token, issued_at=int(kept[1])), client=kept[0].client)

    def newer(self, session: Session, named: str) -> Session | None:
        """Give what an SDK has renewed."""
        found = self._found(session, named)
        return found if found and sdk_files._ahead(found, session, self._process.disk.wall) else None

    def behind(self, session: Session, named: str) -> bool:
        """Tell what was spent."""
        found = self._found(session, named)
        return found is not None and not sdk_files._same(found, session) and session.came_after(found.token)

    def put(self, session: Session, named: str, *, unless_newer: bool = False) -> None:
        """Write, unless that fails."""
        found = self._found(session, named)
        if found and unless_newer and sdk_files._ahead(found, session, self._process.disk.wall):
            return
        with suppress(StorageError):
            self._process.step("write sdk")
            self._process.disk.sdk[named] = session, self._process.disk.wall
            self._process.disk.sdk_is_ours = True

    def remove(self, named: str) -> bool:
        """Remove."""
        self._process.step("delete sdk")
        return self._process.disk.sdk.pop(named, None) is not None

    def holds(self, session: Session, named: str) -> bool:
        """Tell whether it is there."""
        kept = self._process.disk.sdk.get(named)
        return kept is not None and kept[0].token == session.token


class SimIssuer:
    """Renews: one step until the request leaves, one until the answer is there."""

    def __init__(self, process: Process) -> None:
        """Ask nothing."""
        self._process = process

    def renew(self, session: Session) -> Token:
        """Spend the refresh token."""
        process = self._process
        process.step("send")
        sent = process.disk.sends(process, session)
        token = process.disk.exchanged(session)
        process.unstored = token is not None
        process.login = process.disk.login_of(session)
        try:
            process.step("answer")
        except SsoLoginError:
            sent.outcome = "lost"
            process.unstored = False
            process.disk.lost(process.login)
            raise
        if token is None:
            sent.outcome = "refused"
            process.outrun = process.disk.newest(session) and session.token.refresh is not None
            raise ServiceError("refused", code="invalid_grant")
        sent.outcome = "answered"
        return token

    def end(self, _token: Token) -> None:
        """End the session."""
        self._process.step("end")


class SimPortal(NoPortal):
    """Gives credentials of a role for a token that was ever issued."""

    def __init__(self, process: Process) -> None:
        """Ask nothing."""
        self._process = process

    def role_credentials(self, token: Token, *, account: str, role: str) -> Credentials:
        """Ask once."""
        del role
        self._process.step("portal")
        self._process.disk.hands_out(token)
        ends = int(self._process.disk.wall) + 3600
        return Credentials("ASIA", Secret("secret"), Secret("token"), expires_at=ends, account_id=account)
