"""How often a command opens what is kept: what was read is handed on, not read again."""

from __future__ import annotations

import os
import sys
from collections import Counter

from tests.support.shell import Shell

WATCHED: list[Counter[str]] = []  # an audit hook stays for as long as the process lives
KEPT = {"sso+my-sso": "record", "my-sso": "card"}  # opened below their folders, by name alone


def _watch(event: str, args: tuple[object, ...]) -> None:
    reads = event == "open" and isinstance(args[2], int) and not args[2] & (os.O_RDWR | os.O_CREAT)  # a lock's does not
    if reads and WATCHED and args[0] in KEPT:
        WATCHED[-1][KEPT[str(args[0])]] += 1


sys.addaudithook(_watch)


def opened(sh: Shell, *argv: str, code: int = 0) -> dict[str, int]:
    """Run a command and count what it opens of the login of my-sso."""
    WATCHED.append(Counter())
    try:
        assert sh(*argv).code == code
    finally:
        counts = WATCHED.pop()
    return {"record": counts["record"], "card": counts["card"]}


def test_a_login_that_is_there_is_read_once(sh: Shell) -> None:
    """One record; the card once to find the session, once with the record."""
    sh("device")
    assert opened(sh, "device") == {"record": 1, "card": 2}
    assert opened(sh, "browser") == {"record": 1, "card": 2}


def test_a_login_that_is_renewed_on_the_way_is_read_once_more_under_the_lock(sh: Shell) -> None:
    """And not again after that."""
    sh("device")
    sh.clock.sleep(3000)
    assert opened(sh, "device") == {"record": 2, "card": 3}


def test_a_token_is_read_once(sh: Shell) -> None:
    """The card once to find the session, once with the record."""
    sh("device")
    assert opened(sh, "token", "--json") == {"record": 1, "card": 2}
    assert opened(sh, "status") == {"record": 1, "card": 3}  # and as it is then, for the index


def test_a_renewal_reads_twice(sh: Shell) -> None:
    """Before the lock and under it; and the card as it is then, for when the login ends and for the index."""
    sh("device")
    sh.clock.sleep(3590)
    assert opened(sh, "refresh") == {"record": 2, "card": 5}
