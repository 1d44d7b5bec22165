"""`status` on the hot path: how logins stand by the heads of their records, and what was noted of the rest."""

import os
import sys
import time

from sso_login import hot, layout, wording

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST = 366 * 86_400  # seconds, as durations have it
_COLOURED = ("CLICOLOR_FORCE", "FORCE_COLOR")
_ENDLESS = layout.END_OF_TIME - 1
_LOGIN_REQUIRED = 3  # exit code


def answer(said: "Mapping[str, str]", env: "Mapping[str, str]", *, terminal: bool) -> "tuple[str, int] | None":
    """Give what `sso-login status` prints and its exit code, None to step aside; `terminal` tells what stdout is."""
    within = hot.seconds(said["within"]) if "within" in said else -1.0
    drawn = any(env.get(name) for name in _COLOURED) if "short" in said else terminal
    if within is None or within > _LONGEST or drawn or ("within" in said and "check" not in said):
        return None
    try:
        standings = _standings(hot.words_of(said) or (), env)
    except (OSError, ValueError, LookupError):
        return None
    if not standings:
        return None
    now = time.time()
    asked = [standing for standing in standings if standing.asked]
    if "short" in said:
        text = wording.line([each.brief(now) for each in asked])
    elif any(each.remarkable(now) for each in standings):
        return None
    else:
        text = wording.plain([each.cells(now) for each in standings])
    ended = "check" in said and any(each.needs_login(now, within) for each in asked)
    return (text, _LOGIN_REQUIRED if ended else 0) if text.isascii() else None


class _Standing:
    """How one login stands: `token` is when that ends, None where nobody knows."""

    def __init__(self, row: "list[str]", times: "tuple[int, int] | None") -> None:
        _, flags, registration, portal, self.label, *self.where = row
        self.promised, self.shown, self.asked = [flag == "1" for flag in flags]
        self.registration, self.portal = int(registration), int(portal)
        self.there, self.issued_at = times is not None, times[1] if times else 0
        self.ends = times[0] if times else 0
        self.token = self.ends if self.there and self.ends != _ENDLESS else None

    def renewable(self, now: float) -> bool:
        return self.promised and now < self.registration

    def state(self, now: float) -> str:
        valid = now < self.ends and self.issued_at - now <= hot.MISDATED
        return wording.VALID if valid else wording.RENEWABLE if self.renewable(now) else wording.LOGIN_REQUIRED

    def end(self, now: float) -> float:
        until = min(self.registration, self.portal or self.registration)
        return wording.end(self.ends, until, renewable=self.renewable(now))

    def needs_login(self, now: float, within: float) -> bool:
        return self.state(now) == wording.LOGIN_REQUIRED or self.end(now) - now <= within

    def remarkable(self, now: float) -> bool:
        return self.there and bool(self.portal) and 0 < self.end(now) - now <= wording.REMARKED

    def brief(self, now: float) -> str:
        end = self.end(now) if self.there else 0
        sure = not self.renewable(now)
        return wording.brief(self.label, self.state(now), (self.token, end), now, sure=sure)

    def cells(self, now: float) -> "list[str]":
        times = wording.remaining(self.token, now), wording.remaining(self.registration if self.shown else None, now)
        renewable = "-" if not self.there else "yes" if self.renewable(now) else "no"
        store, instance = self.where
        return wording.cells(self.label, self.state(now), times, renewable, (store, instance))


def _standings(words: "tuple[str, ...]", env: "Mapping[str, str]") -> "list[_Standing]":
    found = None if hot.keyed(env) else hot.noted(env, words)
    if found is None:
        return []
    rows = [row.split("\0") for row in layout.unquoted(found[0]).split("\n")]
    return [_standing(row, login, env) for row, login in zip(rows, found[1], strict=True)]


def _standing(row: "list[str]", login: "tuple[str, str, str]", env: "Mapping[str, str]") -> _Standing:
    """Read the head of a login's record; ValueError unless it is the one that was noted, or still none at all."""
    kind, entry, file = login
    if not row[0]:
        if not (_none_in_keyring(entry, env) if kind == "keyring" else not os.path.lexists(file)):
            raise ValueError
        return _Standing(row, None)
    text = hot.record_text(kind, entry, file, env) or ""
    record = layout.parse(text, entry)
    if record is None or text.split("\n", 3)[2] != row[0]:
        raise ValueError
    return _Standing(row, record[:2])


def _none_in_keyring(entry: str, env: "Mapping[str, str]") -> bool:
    """Tell whether the Secret Service is sure to have no such secret: one that is locked may not say what it has."""
    if sys.platform != "linux":
        return False
    from sso_login import hot_dbus

    bus = hot_dbus.Bus(layout.bus(env), None, time.monotonic() + hot_dbus.LONGEST)
    try:
        bus.call(hot_dbus.DRIVER, "Hello", to=hot_dbus.BUS)
        wanted = {"service": entry, "username": layout.USERNAME}
        path, interface = hot_dbus.default(bus)
        found = bus.call((path, interface), "SearchItems", "a{ss}", hot_dbus.attributes(wanted))
        asked = hot_dbus.string(interface)
        asked += b"\0" * (-len(asked) % 4) + hot_dbus.string("Locked")
        locked = bus.call((path, "org.freedesktop.DBus.Properties"), "Get", "ss", asked)
        nothing, variant = not bus.reply(found).strings(), bus.reply(locked)
        return nothing and variant.signature() == b"b" and not variant.number()
    finally:
        bus.close()
