"""The index for the hot path: which record answers a command, as the ordinary way has just found out.

A question (the command and what was typed behind it, and every variable that has a say in it) has a file of its own,
with one line: the question, what the answer rests on, and where the record lies. It rests on the stamp of the config
file, on what the card says (but for the list of what else is kept of that login: a new role is no reason), on that of
the SDKs' copy where there is one, and, where the only session known need not be named, on which cards there are. Any
change of any of these makes the line worthless, so nothing has to be removed from it, and nothing else makes it so:
neither other sessions' logins nor a renewal. What is ours is named relative to the state folder: a copied folder
answers for itself.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from sso_login import layout
from sso_login.adapters.secrets import files, folders
from sso_login.adapters.secrets.file_store import secret_path
from sso_login.core.config import named_by_environment
from sso_login.core.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sso_login.adapters.secrets.cards import FileCards
    from sso_login.core.config import AwsConfig
    from sso_login.core.model import Session

MOST: Final = 10_000  # questions; beyond, the older half goes
SETTLED: Final = 1.0  # seconds: a file changed more recently could change again and keep its stamp
NOTHING: Final[Mapping[str, str]] = {}
_ROLE: Final = f"sso-login:{layout.ROLE}:"


class Noted(NamedTuple):
    """What a question was answered from: a login's name and binding, and the entry that has the answer in its head."""

    name: str
    binding: tuple[str, str, str]
    entry: str


class Row(NamedTuple):
    """What `status` says of a login beside what the head of its record does; cells are as they are printed.

    `head` is the line of the record's head that has its times and checksum, "" where there is no login; `promised`
    says that it can be renewed while its `registration` lasts, `shown` that this is told, `asked` that `--check` is
    about it. `portal` is when the portal session ends as far as is known, 1 where it has ended, else 0.
    """

    asked: bool
    label: str
    store: str
    instance: str
    head: str = ""
    promised: bool = False
    registration: int = 0
    shown: bool = False
    portal: int = 0

    def written(self) -> str:
        """Write it as one line."""
        flags = "".join("01"[flag] for flag in (self.promised, self.shown, self.asked))
        return "\0".join(
            [self.head, flags, str(self.registration), str(self.portal), self.label, self.store, self.instance]
        )


class Index:
    """Writes the index of one state folder."""

    def __init__(self, home: str, env: Mapping[str, str], cards: FileCards, sdk_file: Callable[[str], str]) -> None:
        """Keep it in that folder; `began` is when config and cards are taken to have been read, at the latest."""
        self._home = home
        self._env = env
        self._sdk_file = sdk_file
        self._cards = cards
        self._names = _names(home)
        self.began = time.time()

    def note(self, asked: Sequence[str], noted: Noted, *, config: AwsConfig, more: Mapping[str, str] = NOTHING) -> None:
        """Note what that question was answered from, and `more` variables that `exec` sets.

        An index that cannot be written is done without.
        """
        with contextlib.suppress(StorageError):
            if self._settled(config) and (self._names or self._named(asked, config)):
                names = "" if self._named(asked, config) else self._names
                login = self.login(noted)
                said = "\0".join(f"{name}={value}" for name, value in more.items())
                self._add(asked, config, names, said, [login] if login else [])

    def note_all(self, asked: Sequence[str], logins: Sequence[str | None], *, until: float, config: AwsConfig) -> None:
        """Note that a question was answered from every login there is, `until` somebody must be told something."""
        with contextlib.suppress(StorageError):
            if self._settled(config) and self._names and all(logins):
                said = str(int(until)) if until else ""
                self._add(asked, config, self._names, said, sorted(filter(None, logins)))

    def note_rows(self, asked: Sequence[str], rows: Sequence[tuple[str | None, Row]], *, config: AwsConfig) -> None:
        """Note how logins stand, each with what that rests on."""
        with contextlib.suppress(StorageError):
            logins = [login for login, _ in rows if login]
            if self._settled(config) and len(logins) == len(rows) and self._names:
                names = "" if any(asked[1:]) else self._names
                self._add(asked, config, names, "\n".join(row.written() for _, row in rows), logins)

    def head(self, session: Session) -> str:
        """Write the line of its record's head that tells it from any other; "" where there is no such record."""
        from sso_login.storage.record import packed

        with contextlib.suppress(StorageError):
            return packed(session, where="", kind=session.instance.kind).split("\n", 3)[2]
        return ""

    def none(self, name: str, kind: str, store: str) -> str:
        """Write that an answer rests on nobody having logged in: no card, and no record in that store."""
        entry = layout.entry(kind, name)
        card, place = self._ours(self._cards.path(name)), self._ours(secret_path(self._home, entry))
        return " ".join([card, layout.NO_CARD, "", "", store, layout.quoted(entry), place])

    def login(self, noted: Noted) -> str | None:
        """Write what the answer rests on of one login; None where it could change unseen, or cannot be seen."""
        with contextlib.suppress(StorageError):
            return self._login(noted)
        return None

    def _login(self, noted: Noted) -> str | None:
        path = self._cards.path(noted.name)
        content = files.read(path)
        if content is None:
            return None
        card, facts = self._cards.parsed(noted.name, content), layout.card_facts(content.decode(), noted.entry)
        if card.instance.binding != noted.binding or not facts:
            return None
        copy = self._sdk_file(card.sdk_cache) if card.sdk_cache and not noted.entry.startswith(_ROLE) else ""
        seen = layout.stamp(copy) if copy else ""
        if seen and not self._at_rest(int(seen.rpartition("-")[2])):
            return None
        place = self._ours(secret_path(self._home, noted.entry))
        return " ".join(
            [self._ours(path), facts, layout.quoted(copy), seen, card.store, layout.quoted(noted.entry), place]
        )

    def _named(self, asked: Sequence[str], config: AwsConfig) -> bool:
        """Tell whether the session is named by the command line (its first two words), a variable or a profile."""
        variable, _ = named_by_environment(self._env)
        profiles = [config.profiles.get(name) for name in (variable, "default") if name]
        said = any(asked[1:3]) or bool(self._env.get("SSO_LOGIN_SESSION"))
        return said or any(profile.has_session for profile in profiles if profile)

    def _ours(self, path: str) -> str:
        return layout.quoted(os.path.relpath(path, self._home))

    def _at_rest(self, changed_ns: int) -> bool:
        return changed_ns / 1e9 + SETTLED <= self.began

    def _settled(self, config: AwsConfig) -> bool:
        """Tell whether the question says all there is to say of where the config is, and the file is at rest."""
        named = [self._env.get(name, "") for name in ("AWS_CONFIG_FILE", "SSO_LOGIN_CONFIG_FILE")]
        plain = (
            os.path.isabs(self._env.get("HOME", ""))
            and "$" not in named[0]
            and all(not each.startswith("~") or each[:2] == "~/" for each in named)
        )
        return (
            sys.platform != "win32"
            and plain
            and not config.elsewhere
            and all(os.path.isabs(each.path) for each in (config, config.issuers))
            and all(self._at_rest(each.stamp[4] if each.stamp else 0) for each in (config, config.issuers))
        )

    def _add(
        self,
        asked: Sequence[str],
        config: AwsConfig,
        names: str,
        extra: str,
        logins: Sequence[str],
    ) -> None:
        if not logins:
            return
        question = layout.question(self._env, *asked)
        read = (config, config.issuers)
        files_read = [word for each in read for word in (layout.quoted(each.path), _stamp(each.stamp))]
        line = " ".join([question, *files_read, names, layout.quoted(extra), *logins]) + "\n"
        path = layout.index_file(self._home, question)
        before = files.read(path)
        if before != line.encode():
            files.write(path, line.encode())
        if before is None:
            folders.make(os.path.dirname(layout.turn_file(self._home, "")))
            _thin_out(os.path.dirname(path))


def _thin_out(folder: str) -> None:
    """Remove the older half of too many questions; what stands in the way of that is met again the next time."""
    names = files.names(folder)
    if len(names) <= MOST:
        return
    with contextlib.suppress(OSError):
        paths = [os.path.join(folder, name) for name in names]
        for path in sorted(paths, key=os.path.getmtime)[: len(paths) // 2]:
            os.unlink(path)


def _stamp(found: tuple[int, ...] | None) -> str:
    return "-".join(map(str, found)) if found else ""


def _names(home: str) -> str:
    try:
        return layout.all_names(home)
    except OSError:
        return ""  # what is wrong with it is for the cards to say
