"""Makes up an organization of any size, the same one every time."""

from __future__ import annotations

from typing import Final

from sso_login.emulator.core.settings import ACCOUNTS, Account

_STEP: Final = 314_159_265_359  # has no factor in common with 10^12, so no id comes twice; a tenth begin with 0
_TEAMS: Final = ("Payments", "Search", "Billing", "Identity", "Data Lake", "Logistics", "Website")
_STAGES: Final = ("Production", "Staging", "Development")
_ROLES: Final = (
    "AdministratorAccess",
    "ReadOnlyAccess",
    "Developer",
    "Billing",
    "Auditor",
    "PowerUserAccess",
    "Data.Reader+eu@harbour",  # every kind of character that the name of a permission set may have
    "On-Call_Night,Shift=2",
)
_MANY: Final = tuple(f"Team-{number:02}" for number in range(25))  # more than the service lists at a time


def accounts(count: int) -> tuple[Account, ...]:
    """Give that many accounts, first those there are anyway.

    In no order, with two to five roles each, every fiftieth with 25; some have no name, some no e-mail address.
    """
    return (*ACCOUNTS[:count], *map(_account, range(len(ACCOUNTS), count)))


def _account(number: int) -> Account:
    team, stage = _TEAMS[number % len(_TEAMS)], _STAGES[number % len(_STAGES)]
    return Account(
        id=f"{number * _STEP % 10**12:012}",
        name=None if number % 23 == 0 else f"Harbour {team} {stage} {number}",
        email=None if number % 17 == 0 else f"aws+{number}@harbour.example",
        roles=_MANY if number % 50 == 0 else _some(number),
    )


def _some(number: int) -> tuple[str, ...]:
    return tuple(_ROLES[(number + place) % len(_ROLES)] for place in range(2 + number % 4))
