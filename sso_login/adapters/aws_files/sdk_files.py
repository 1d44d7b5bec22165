"""The AWS SDKs' own caches: files in plaintext that they read, renew and rewrite by themselves, kept in step with ours.

They know no lock of ours, so what is read is judged as a stranger's, and what they wrote meanwhile is not written over.
"""

from __future__ import annotations

import calendar
import contextlib
import json
import logging
import os
import re
import stat
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from sso_login import layout
from sso_login.adapters.secrets import files, folders, safety
from sso_login.adapters.system.home import refuse_for_root
from sso_login.core.errors import BadRecord, StorageError, StoreUnusable, UnsafeFile
from sso_login.core.message import Notice
from sso_login.core.model import fingerprint
from sso_login.storage.record import Broken, Fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sso_login.core.model import Session

LONGEST: Final = 86_400.0  # seconds: no token of AWS lives longer, so one that says so is not believed

_FORM: Final = "%Y-%m-%dT%H:%M:%S"
_INSTANT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?(?:Z|UTC|\+00:00)"
)
_log = logging.getLogger(__name__)


class Form(Protocol):
    """How one of the caches names its files, and how a login is written in them."""

    def file_name(self, named: str) -> str:
        """Name the file of what is cached under that name."""

    def members(self, session: Session) -> Mapping[str, object]:
        """Write a login as the SDKs read it."""

    def followed(self, session: Session, fields: Fields) -> Session:
        """Read the login back as an SDK left it; raise Broken, also where it is one of another instance."""


@dataclass(slots=True)
class SdkFiles:
    """The port SdkCache over the files of one folder; `now` is the wall clock in epoch seconds."""

    folder: str
    form: Form
    now: Callable[[], float]
    notify: Callable[[Notice], None]

    def path(self, named: str) -> str:
        """Name the file of what is cached under that name."""
        return os.path.join(self.folder, self.form.file_name(named))

    def read(self, session: Session, named: str) -> Session | None:
        """Give the login that an SDK keeps under that name, for the instance of that session; None where none is."""
        return self._found(session, self.path(named))

    def newer(self, session: Session, named: str) -> Session | None:
        """Give the login as an SDK has renewed it meanwhile, None where none has; what is no good is passed over."""
        found = self._found(session, self.path(named))
        return found if found and _ahead(found, session, self.now()) else None

    def behind(self, session: Session, named: str) -> bool:
        """Tell whether the file holds a login that was spent for this one: of no use, and in an SDK's way."""
        found = self._found(session, self.path(named))
        return found is not None and not _same(found, session) and session.came_after(found.token)

    def put(self, session: Session, named: str, *, unless_newer: bool = False) -> None:
        """Keep a login there, too; `unless_newer` lets stay what an SDK has renewed meanwhile.

        What fails is told, never raised: the login itself is safe where it belongs.
        """
        try:
            with _explained("write", self.path(named)):
                self._put(session, self.path(named), unless_newer=unless_newer)
        except StorageError as error:
            self.notify(Notice(f"the AWS SDKs' cache was not written: {error.message}. {error.hint}", warning=True))

    def remove(self, named: str) -> bool:
        """Remove the file, whatever it is; tell whether there was one; raise StorageError."""
        path = self.path(named)
        with _explained("remove", path):
            if not os.path.isdir(self.folder):
                return False
            self._refuse_folder()
            files.sweep(path)
            try:
                os.unlink(path)
            except FileNotFoundError:
                return False
        return True

    def holds(self, session: Session, named: str) -> bool:
        """Tell whether the file holds that login with these tokens."""
        found = self._found(session, self.path(named))
        return found is not None and _same(found, session)

    def _put(self, session: Session, path: str, *, unless_newer: bool) -> None:
        if not os.path.isdir(self.folder):
            refuse_for_root(self.folder)
            folders.make(self.folder)
        self._refuse_folder()
        _refuse_file(path)
        found = self._found(session, path)
        done = found and _same(found, session) and found.token.expires_at == session.token.expires_at
        if done and _narrow(path):
            return
        if found and unless_newer and _ahead(found, session, self.now()):
            return
        files.put(path, json.dumps(self.form.members(session)).encode())

    def _refuse_folder(self) -> None:
        """Refuse a folder that is a link or somebody else's; take away the right of others to write in it.

        It is the SDKs' folder as well as ours, and they make it readable by all: that shows no more than which files
        there are, since these are 0600. But whoever may write there could put another login in the place of ours.
        """
        info = os.lstat(self.folder)
        wrong = safety.fault(info, folder=True)
        if wrong in {"kind", "owner"}:
            raise safety.unsafe(self.folder, wrong, folder=True)
        if sys.platform != "win32" and info.st_mode & 0o022:
            os.chmod(self.folder, stat.S_IMODE(info.st_mode) & ~0o022)

    def _found(self, session: Session, path: str) -> Session | None:
        try:
            content = self._read(path)
            if content is None:
                return None
            text, changed = content
            found = self.form.followed(session, Fields.of(text))
        except (Broken, StorageError, OSError, UnicodeDecodeError) as reason:
            _log.info("%s is left alone: %s", path, _worded(reason))
            return None
        return replace(found, token=replace(found.token, issued_at=changed))

    def _read(self, path: str) -> tuple[str, int] | None:
        """Give the file's text and when it was changed, by its own word; None where there is none."""
        try:
            if safety.fault(os.lstat(self.folder), folder=True) in {"kind", "owner"}:
                raise UnsafeFile("its folder is a link or belongs to another user")
            descriptor = files.open_plain(path)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            info = os.fstat(descriptor)
            if safety.fault(info, folder=False) in {"kind", "owner"} or _writable_by_others(info):
                raise UnsafeFile("it is no file that only its owner, this user, may write")
            content = file.read(files.LIMIT + 1)
        if len(content) > files.LIMIT:
            raise Broken("it is too large")
        return content.decode(), min(max(0, int(info.st_mtime)), layout.END_OF_TIME - 1)


@contextlib.contextmanager
def _explained(doing: str, path: str) -> Iterator[None]:
    """Word what goes wrong for this place: nothing of it is in SSO_LOGIN_HOME."""
    try:
        with safety.explained(doing, path):
            yield
    except StoreUnusable as error:
        raise StoreUnusable(error.message, hint="Fix that, or log in without the AWS SDKs' cache.") from error
    except Broken as broken:
        raise BadRecord(f"{path} cannot be made of this login: {broken}") from broken


def _refuse_file(path: str) -> None:
    """Refuse to put a file in the place of a link or of somebody else's: whoever put it there has a reason."""
    try:
        wrong = safety.fault(os.lstat(path), folder=False)
    except FileNotFoundError:
        return
    if wrong in {"kind", "owner"}:
        raise safety.unsafe(path, wrong, folder=False)


def _worded(reason: Exception) -> str:
    if isinstance(reason, UnicodeDecodeError):
        return "it is not text"  # its own words quote the content
    return reason.strerror or "it cannot be read" if isinstance(reason, OSError) else str(reason)


def _writable_by_others(info: os.stat_result) -> bool:
    return sys.platform != "win32" and bool(info.st_mode & 0o022)


def _narrow(path: str) -> bool:
    return not safety.fault(os.lstat(path), folder=False)


def _same(found: Session, session: Session) -> bool:
    return (found.token.access, found.token.refresh) == (session.token.access, session.token.refresh)


def _ahead(found: Session, session: Session, now: float) -> bool:
    """Tell whether an SDK has renewed our login: what was spent for ours is behind it, however late it ends.

    A file that was written after our token was issued is newer even where its token ends sooner.
    """
    if _same(found, session) or session.came_after(found.token) or found.token.expires_at > now + LONGEST:
        return False
    written_since = found.token.issued_at > session.token.issued_at and found.token.usable(now)
    other = fingerprint(found.token) != fingerprint(session.token)
    return found.token.expires_at > session.token.expires_at or (other and bool(session.spent) and written_since)


def read_instant(text: str) -> int:
    """Read an instant as one of the SDKs wrote it, also with fractions of a second; raise Broken."""
    match = _INSTANT.fullmatch(text)
    try:
        epoch = calendar.timegm(time.strptime(match[1], _FORM)) if match else -1
    except ValueError:
        epoch = -1
    if not 0 <= epoch < layout.END_OF_TIME:
        raise Broken("it holds a time that is none")
    return epoch


def token_text(fields: Fields, key: str) -> str:
    """Give a member that can be a token: printable ASCII without blanks (RFC 6749 appendix A.12)."""
    value = fields.text(key)
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        message = f"{key} is no token"
        raise Broken(message)
    return value
