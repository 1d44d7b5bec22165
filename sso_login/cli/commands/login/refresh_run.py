"""One run of `refresh` as it is remembered: how each login fared, and what a human must hear of it."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Final

from sso_login import layout, wording
from sso_login.adapters.schedule.history import FRESH, OUTCOMES, RENEWED, Ended, History, Run
from sso_login.adapters.schedule.told import Told
from sso_login.cli.context import EXIT_ORDER
from sso_login.cli.sessions import kind_of, label_of, name_of, ports_of
from sso_login.core import commands
from sso_login.core.errors import CertificateRefused, RefreshRefused, SsoLoginError, Unreachable
from sso_login.core.portal_end import portal_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sso_login.cli.context import Context
    from sso_login.cli.sessions import Found
    from sso_login.core.model import Card
    from sso_login.flows.renewal import Outcome

_PASSES: Final = Unreachable.exit_code
SOON: Final = "soon"
OVER: Final = "over"
_PRINTED: Final = "-printed"


class RefreshRun:
    """Remembers a run; `scheduled` by the system, it has nobody to tell the same thing twice."""

    def __init__(self, context: Context, *, scheduled: bool) -> None:
        """Begin a run."""
        self._context = context
        self._world = context.world()
        self._scheduled = scheduled
        self._history = History(self._world.home)
        self._told = Told(self._world.home)
        self._ended: list[Ended] = []
        self._one = Lock()  # a login at a time shows its notice
        self.until = 0.0  # when the next word is due for a login that is fresh, 0 for never

    def went_well(self, found: Found, outcome: Outcome) -> None:
        """Remember that a login is fresh; where it ends soon as earlier ones did, its human hears of it."""
        self._ended.append(Ended(name_of(found), kind_of(found), RENEWED if outcome.renewed else FRESH, 0))
        card = self._card(found) if self._speaks else None
        end, now = portal_end(card, outcome.session.token) if card else 0, self._world.clock.now()
        if not card or end <= now or self._told.was(_entry(found), began=card.began, what=SOON):
            return
        due = end - wording.SOON
        if due > now:
            with self._one:
                self.until = min(self.until or due, due)
            return
        anew = commands.log_in_anew(name_of(found), kind_of(found))
        self._show(found, card, SOON, f"ends at {wording.clock(end, now, sure=False)}. Log in again before: {anew}")

    def failed(self, found: Found, error: SsoLoginError, *, usable_until: int | None) -> SsoLoginError | None:
        """Remember an error, and give it as it is to be said, None where it was; `usable_until` its token's end."""
        code = error.exit_code
        known = self._before(found) if self._scheduled else None
        self._ended.append(Ended(name_of(found), kind_of(found), OUTCOMES.get(code, "error"), code))
        if isinstance(error, RefreshRefused):
            return self._refused(found, error, usable_until)
        if not self._scheduled:
            return error
        # An issuer that cannot be reached is tried again by itself; a certificate does not go away by itself.
        passes = code == _PASSES and not isinstance(error, CertificateRefused)
        return None if passes or known == code else error

    def _refused(self, found: Found, error: RefreshRefused, usable_until: int | None) -> RefreshRefused | None:
        """Tell that a human must log in: once while there is time, and once when it is over."""
        card, what = self._card(found), SOON if usable_until else OVER
        # While the token is good, `device` alone would say that somebody is signed in already.
        log_in = commands.log_in(name_of(found), kind_of(found), force=bool(usable_until))
        if usable_until:
            before = wording.clock(usable_until, self._world.clock.now(), sure=True)
            error = RefreshRefused(error.message, hint=f"Log in again before {before}: `{log_in}`.")
            word = f"ends at {before}. Log in again before: {log_in}"
        else:
            word = f"is over. Log in again: {log_in}"
        if card and self._speaks:
            self._show(found, card, what, word)
        if not card or not self._scheduled:
            return error
        news = self._told.first(_entry(found), began=card.began, what=what + _PRINTED, unsure=True)
        return error if news else None

    @cached_property
    def _speaks(self) -> bool:
        """Tell whether a desktop is to be asked: somebody at a terminal is told there."""
        from sso_login.adapters.schedule import desktop

        return (self._scheduled or not self._context.human) and desktop.wanted(self._world.env)

    def _show(self, found: Found, card: Card, what: str, word: str) -> None:
        from sso_login.adapters.schedule import desktop

        with self._one:
            if self._told.first(_entry(found), began=card.began, what=what):
                desktop.show(self._world.env, "sso-login", f"The login {label_of(found)} {word}")

    def _card(self, found: Found) -> Card | None:
        with suppress(SsoLoginError):
            return ports_of(self._world, found).cards.read(name_of(found))
        return None

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
            at = int(self._world.clock.now())
            self._history.add(Run(at, code, self._scheduled, tuple(self._ended)))


def _entry(found: Found) -> str:
    return layout.entry(kind_of(found), name_of(found))
