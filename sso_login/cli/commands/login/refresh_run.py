"""One run of `refresh` as it is remembered: how each login fared, and what of that is news."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sso_login.adapters.schedule.history import FRESH, OUTCOMES, RENEWED, Ended, History, Run
from sso_login.cli.context import EXIT_ORDER
from sso_login.cli.sessions import kind_of, name_of
from sso_login.core.errors import CertificateRefused, SsoLoginError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sso_login.cli.context import Context
    from sso_login.cli.sessions import Found

_PASSES: Final = Unreachable.exit_code


class RefreshRun:
    """Remembers a run; `scheduled` by the system, it has nobody to tell the same thing twice."""

    def __init__(self, context: Context, *, scheduled: bool) -> None:
        """Begin a run."""
        self._context = context
        self._scheduled = scheduled
        self._history = History(context.world().home)
        self._ended: list[Ended] = []

    def went_well(self, found: Found, *, renewed: bool) -> None:
        """Remember that a login is fresh."""
        self._ended.append(Ended(name_of(found), kind_of(found), RENEWED if renewed else FRESH, 0))

    def failed(self, found: Found, error: SsoLoginError) -> bool:
        """Remember an error, and tell whether it is to be said."""
        known = self._before(found) if self._scheduled else None
        self._ended.append(
            Ended(name_of(found), kind_of(found), OUTCOMES.get(error.exit_code, "error"), error.exit_code)
        )
        if not self._scheduled:
            return True
        # An issuer that cannot be reached is tried again by itself; a certificate does not go away by itself.
        passes = error.exit_code == _PASSES and not isinstance(error, CertificateRefused)
        return not passes and known != error.exit_code

    def _before(self, found: Found) -> int | None:
        """Give how this login fared the last time, what passes by itself left out."""
        for run in reversed(self._history.runs()):
            for ended in run.sessions:
                if (ended.session, ended.kind) == (name_of(found), kind_of(found)) and ended.exit_code != _PASSES:
                    return ended.exit_code
        return None

    @contextmanager
    def remembered(self) -> Iterator[None]:
        """Write the run down when the block is done, however it ends."""
        try:
            yield
        except SsoLoginError as error:
            self._add(error.exit_code)
            raise
        self._add(next((code for code in EXIT_ORDER if code in self._context.codes), 0))

    def _add(self, code: int) -> None:
        if self._ended or self._scheduled:
            at = int(self._context.world().clock.now())
            self._history.add(Run(at, code, self._scheduled, tuple(self._ended)))
