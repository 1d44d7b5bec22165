"""How often a command opens what is kept: what was read is handed on, not read again."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

from tests.support.shell import Shell

WATCHED: dict[str, Counter[str]] = {}  # by folder; an audit hook stays for as long as the process lives


def _watch(event: str, args: tuple[object, ...]) -> None:
    if event == "open" and WATCHED and isinstance(args[0], str):
        for folder, counts in WATCHED.items():
            if args[0].startswith(f"{folder}/") and ".tmp-" not in args[0]:
                counts[Path(args[0]).relative_to(folder).as_posix()] += 1


sys.addaudithook(_watch)


def opened(sh: Shell, *argv: str, code: int = 0) -> dict[str, int]:
    """Run a command and count what it opens of the login of my-sso."""
    home = os.path.realpath(sh.env["SSO_LOGIN_HOME"])
    sh.env["SSO_LOGIN_HOME"] = home
    counts: Counter[str] = Counter()
    WATCHED[home] = counts
    try:
        assert sh(*argv).code == code
    finally:
        del WATCHED[home]
    return {kind: counts[path] for kind, path in (("record", "secrets/sso+my-sso"), ("card", "sessions/my-sso"))}


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
    """Before the lock and under it; and the card as it is then, for the index that the next run rests on."""
    sh("device")
    sh.clock.sleep(3590)
    assert opened(sh, "refresh") == {"record": 2, "card": 4}
