"""Asks a portal for 200 accounts' roles, side by side and one by one in turns: `python3 roles.py PORT ROUNDS`.

To be run where sso-login is installed; prints a line a round: seconds of both, then connections and requests at once.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from functools import partial

from sso_login.adapters.system.clock import SystemClock
from sso_login.adapters.system.http import Http
from sso_login.adapters.system.signals import side_by_side
from sso_login.aws.identity_center import IdentityCenter
from sso_login.aws.pace import Pace
from sso_login.core.credentials import Account
from sso_login.core.model import Instance, Secret, Token
from sso_login.flows.list_roles import AT_ONCE

CALLS = 200
TOKEN = Token(Secret("none"), None, expires_at=2**31, issued_at=0)


def took(url: str, at_once: int) -> float:
    """Ask for all, so many at once, over connections of its own; seconds."""
    clock = SystemClock()
    portal = IdentityCenter(Instance(url, "us-east-1", portal_endpoint=url), Http({}), clock, print)
    pace = Pace(clock)
    roles = [partial(portal.roles, TOKEN, Account(f"{number:012}")) for number in range(CALLS)]

    def ask(number: int) -> None:
        pace.made(roles[number])

    begun = time.perf_counter()
    side_by_side([partial(ask, number) for number in range(CALLS)], at_once=at_once)
    return time.perf_counter() - begun


def counted(url: str) -> list[int]:
    """Ask how many connections and requests at once there were since the last time."""
    with urllib.request.urlopen(f"{url}/counted") as reply:  # noqa: S310 - 127.0.0.1
        found: list[int] = json.load(reply)
    return found


def main() -> None:
    """Measure so many rounds."""
    url = f"http://127.0.0.1:{sys.argv[1]}"
    counted(url)
    for _ in range(int(sys.argv[2])):
        together = took(url, AT_ONCE)
        connections, most = counted(url)
        alone = took(url, 1)
        counted(url)
        print(together, alone, connections, most, flush=True)


if __name__ == "__main__":
    main()
