"""Faults that this program had once, or could have: each is put back to see that the simulation finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import chain
from typing import Any, Final

from sso_login.adapters.aws_files import sdk_files
from sso_login.core.errors import BoundElsewhere, NotLoggedIn
from sso_login.core.model import Card, Session, Token
from sso_login.flows import renewal, rescue, stored_login
from sso_login.flows.stored_login import Held, StoredLogin
from tests.simulation.enumerated import FEW, failing, violated
from tests.simulation.process import SimLocks
from tests.simulation.schedule import verdict

Undo = tuple[object, str, object]
Put = Callable[[object, str, object], None]


def _save_after_print(put: Put) -> None:
    save = StoredLogin.save

    def later(self: StoredLogin, held: Held, token: Token) -> Any:  # noqa: ANN401 - what save gives
        session = rescue.spending(held.session, replace(held.session, token=token))
        self._ports.disk.hands_out(token)  # type: ignore[attr-defined]  # the simulated machine
        save(self, held, token)
        return session, None

    put(StoredLogin, "save", later)


def _no_second_look(put: Put) -> None:
    put(renewal, "_newest", lambda _ports, _login, *, spent: spent)


def _record_before_card(put: Put) -> None:
    sign_in = StoredLogin.sign_in

    def backwards(self: StoredLogin, session: Session, store: Any, *, sdk_cache: str = "") -> None:  # noqa: ANN401
        store.save(session)
        sign_in(self, session, store, sdk_cache=sdk_cache)

    put(StoredLogin, "sign_in", backwards)


def _old_store_forgotten_by_the_card(put: Put) -> None:
    write = replace

    def without(value: Any, **changes: Any) -> Any:  # noqa: ANN401 - dataclasses.replace
        gone = {key: changes[key] for key in changes if key not in {"also", "also_entries"}}
        return write(value, **(gone if isinstance(value, Card) else changes))

    put(stored_login, "replace", without)


def _facts_of_any_token(put: Put) -> None:
    put(Card, "facts_of", lambda self, _token: self)


def _erased_on_refusal(put: Put) -> None:
    refuse = StoredLogin.refuse

    def erase(self: StoredLogin, held: Held) -> None:
        held.store.delete(held.session.name)
        refuse(self, held)

    put(StoredLogin, "refuse", erase)


def _no_proof_of_the_store(put: Put) -> None:
    exchanged = renewal._exchanged

    def unproved(ports: Any, login: StoredLogin, current: Held) -> Any:  # noqa: ANN401 - a simulated process
        ports.proved = False
        return exchanged(ports, login, current)

    put(renewal, "_exchanged", unproved)


def _no_lock(put: Put) -> None:
    put(SimLocks, "hold", lambda _self, _name: nullcontext())


def _nothing_read_under_the_lock(put: Put) -> None:
    load = StoredLogin.load

    def once(self: StoredLogin) -> Held:
        kept = self._ports.__dict__.setdefault("kept", [])
        if not kept:
            kept.append(load(self))
        return kept[0]  # type: ignore[no-any-return]  # a Held, as load gives it

    put(StoredLogin, "load", once)


def _no_back_off_before_sending(put: Put) -> None:
    put(renewal, "_postpone", lambda *_, **__: None)


def _expiry_tells_which_is_newer(put: Put) -> None:
    put(sdk_files, "_ahead", lambda found, session, _now: found.token.expires_at > session.token.expires_at)


def _rescued_is_always_newer(put: Put) -> None:
    put(
        stored_login,
        "newer",
        lambda stored, spare: (spare, True) if spare else (stored, False),
    )
    put(stored_login, "unrescue", lambda _ports, _name: False)


def _logged_out_meanwhile_is_nothing(put: Put) -> None:
    renewed = renewal._renewed

    def careless(ports: Any, chosen: Any, *, before: Session, want: Any) -> Any:  # noqa: ANN401 - as it is called
        try:
            return renewed(ports, chosen, before=before, want=want)
        except (NotLoggedIn, BoundElsewhere):
            ports.store("file").save(before)
            raise

    put(renewal, "_renewed", careless)


def _roles_before_their_card(put: Put) -> None:
    keep_role = StoredLogin.keep_role

    def backwards(self: StoredLogin, roles: Any, kept: Any) -> None:  # noqa: ANN401 - as it is called
        roles(self.load().store.kind).save(kept)
        keep_role(self, roles, kept)

    put(StoredLogin, "keep_role", backwards)


def _unreadable_rescue_passed_over(put: Put) -> None:
    rescued = rescue.rescued
    put(stored_login, "rescued", lambda ports, name: (rescued(ports, name)[0], None))


FAULTS: Final[dict[str, Callable[[Put], None]]] = {
    "a token is given away before it is saved": _save_after_print,
    "no second look at the store after invalid_grant": _no_second_look,
    "the record is written before the card": _record_before_card,
    "the card forgets the store that a login moves out of": _old_store_forgotten_by_the_card,
    "facts on a card mean whatever token is stored": _facts_of_any_token,
    "a refused record is erased": _erased_on_refusal,
    "the store is not proved before a refresh token is sent": _no_proof_of_the_store,
    "no lock": _no_lock,
    "nothing is read again under the lock": _nothing_read_under_the_lock,
    "no back-off before the request leaves": _no_back_off_before_sending,
    "expiry tells which copy is newer": _expiry_tells_which_is_newer,
    "what was rescued always wins": _rescued_is_always_newer,
    "a logout meanwhile is undone": _logged_out_meanwhile_is_nothing,
    "role credentials are saved before their card lists them": _roles_before_their_card,
    "a rescue that cannot be read is passed over": _unreadable_rescue_passed_over,
}


def found(name: str, *, seeds: int) -> tuple[str, str] | None:
    """Put a fault back and look for it by so many seeds and by the small cases; give where it shows, and how."""
    with put_back(name):
        for where, how in chain(_by_seeds(0, seeds // 10), _by_failures(), _by_seeds(seeds // 10, seeds)):
            if how:
                return where, how
    return None


def _by_seeds(first: int, last: int) -> Iterator[tuple[str, str]]:
    return ((f"seed {seed}", verdict(seed)) for seed in range(first, last))


def _by_failures() -> Iterator[tuple[str, str]]:
    """Run the small cases in which two steps fail."""
    for case in failing(FEW, failures=2):
        yield f"{' then '.join(case.kinds)}, steps {' and '.join(map(str, case.failing))} fail", violated(case)


@contextmanager
def put_back(name: str) -> Iterator[None]:
    """Let the program have that fault for a while."""
    undo: list[Undo] = []

    def put(owner: object, attribute: str, value: object) -> None:
        undo.append((owner, attribute, owner.__dict__[attribute]))
        setattr(owner, attribute, value)

    FAULTS[name](put)
    try:
        yield
    finally:
        for owner, attribute, value in reversed(undo):
            setattr(owner, attribute, value)
