"""The session cards: one small file a session that says who is known and where the login lies, without any secret."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from sso_login import layout
from sso_login.adapters.secrets import files
from sso_login.core import commands
from sso_login.core.errors import BadRecord, NewerRecord, StorageError

if TYPE_CHECKING:
    from sso_login.core.model import Card

_VERSION: Final = 1


class FileCards:
    """The port Cards over JSON files in `HOME/sessions`."""

    def __init__(self, home: str, kind: str = layout.SESSION) -> None:
        """Keep the cards of that kind of login below that state folder."""
        self.folder = os.path.join(home, "sessions" if kind == layout.SESSION else kind)
        self._kind = kind

    def names(self) -> list[str]:
        """List the names of all cards, sorted; a card that cannot be read counts by its file's name."""
        return sorted(self._name(file) for file in files.names(self.folder))

    def read(self, name: str) -> Card | None:
        """Give a card, None where there is none; raise BadRecord, NewerRecord, UnsafeFile."""
        content = files.read(self.path(name))
        return None if content is None else self.parsed(name, content)

    def parsed(self, name: str, content: bytes) -> Card:
        """Give the card that a file holds; raise BadRecord, NewerRecord."""
        from sso_login.storage import record

        path = self.path(name)
        try:
            card = _card(content)
        except record.Newer:
            message = f"the card {path} was written by a newer sso-login"
            raise NewerRecord(message) from None
        except record.Broken as broken:
            raise self._bad_card(path, name, str(broken)) from broken
        if card.name != name:
            raise self._bad_card(path, name, "it belongs to another session")
        return card

    def write(self, card: Card) -> None:
        """Keep a card; call under the session's lock; raise StorageError."""
        files.write(self.path(card.name), json.dumps(_members(card), indent=1).encode())

    def delete(self, name: str) -> bool:
        """Forget a card, readable or not; call under the session's lock; tell whether there was one."""
        return files.remove(self.path(name))

    def path(self, name: str) -> str:
        """Name the file of a card."""
        return os.path.join(self.folder, files.file_name(layout.quoted(name)))

    def _name(self, file: str) -> str:
        """Read a session's name from that of the file, or in the card where the file has a digest for a name."""
        if "=" not in file:
            return unquote(file, errors="replace")
        from sso_login.storage import record

        path = os.path.join(self.folder, file)
        try:
            name = _card(files.read(path) or b"").name
        except (record.Broken, record.Newer, StorageError):
            return unquote(file, errors="replace")
        return name if self.path(name) == path else unquote(file, errors="replace")

    def _bad_card(self, path: str, name: str, reason: str) -> BadRecord:
        anew, gone = commands.log_in(name, self._kind, force=True), commands.log_out(name, self._kind)
        return BadRecord(
            f"the card {path} cannot be used: {reason}",
            hint=f"`{anew}` writes it again, `{gone}` removes it.",
        )


def _members(card: Card) -> dict[str, object]:
    from sso_login.storage import record

    return {
        "version": _VERSION,
        "name": card.name,
        "instance": record.instance_members(card.instance),
        "scopes": list(card.scopes),
        "store": card.store,
        "backend": card.backend,
        "entries": list(card.entries),
        "sdk_cache": card.sdk_cache,
        "refused": card.refused,
        "retry_after": card.retry_after,
        "retry_delay": card.retry_delay,
        "about": card.about,
        **({"began": card.began} if card.began else {}),
        **({"lasted": [f"{least}-{most}" for least, most in card.lasted]} if card.lasted else {}),
        **({"written": card.written} if card.written else {}),
        **({"also": card.also, "also_entries": list(card.also_entries)} if card.also else {}),
    }


def _card(content: bytes) -> Card:
    from sso_login.core.model import Card
    from sso_login.storage import record

    try:
        fields = record.Fields.of(content.decode())
    except UnicodeDecodeError:
        raise record.Broken("it is not text") from None
    version = fields.seconds("version")
    if version > _VERSION:
        raise record.Newer
    if version != _VERSION:
        raise record.Broken("it was not written by sso-login")
    return Card(
        name=fields.text("name"),
        instance=record.read_instance(fields.fields("instance")),
        scopes=fields.texts("scopes"),
        store=fields.text("store"),
        backend=fields.text("backend"),
        entries=fields.texts("entries"),
        sdk_cache=fields.text("sdk_cache", ""),
        refused=fields.flag("refused"),
        retry_after=fields.number("retry_after"),
        retry_delay=fields.number("retry_delay"),
        about=fields.text("about", ""),
        began=fields.seconds("began") if fields.has("began") else 0,
        lasted=tuple(map(_span, fields.texts("lasted"))) if fields.has("lasted") else (),
        also=fields.text("also", ""),
        written=fields.text("written", ""),
        also_entries=fields.texts("also_entries") if fields.has("also_entries") else (),
    )


def _span(text: str) -> tuple[int, int]:
    from sso_login.storage import record

    least, _, most = text.partition("-")
    if not (least.isascii() and least.isdigit() and most.isascii() and most.isdigit() and len(text) < 24):
        raise record.Broken("lasted is not a list of spans")
    return int(least), int(most)
