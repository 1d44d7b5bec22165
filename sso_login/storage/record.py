"""What is stored, as text: layout's head, then JSON; read strictly, worded without content."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from sso_login import layout
from sso_login.core import commands
from sso_login.core.errors import BadRecord, NewerRecord, UsageProblem
from sso_login.core.model import SSO, Application, Client, Instance, Secret, Session, Token

if TYPE_CHECKING:
    from collections.abc import Mapping


_FORMAT_1: Final = f"{layout.MAGIC_NAME}1"  # read as ever; the next save writes the format of today


class Broken(ValueError):
    """A reason why something stored cannot be used; never holds any of it."""


class Newer(ValueError):
    """What is stored carries a later version than this program knows."""


class Fields:
    """Strict readers for the members of a stored JSON object; every one raises Broken."""

    def __init__(self, members: Mapping[str, object]) -> None:
        """Wrap a parsed object; unknown members are left alone, newer programs may add some."""
        self._members = members

    @classmethod
    def of(cls, text: str) -> Fields:
        """Parse a JSON object: no NaN, depth bounded, no lone surrogates."""
        try:
            parsed = json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise Broken("its JSON cannot be read") from None  # the parser's own error quotes the text
        return cls._within(parsed, "its JSON")

    @classmethod
    def _within(cls, value: object, what: str) -> Fields:
        if not isinstance(value, dict):
            message = f"{what} is not an object"
            raise Broken(message)
        return cls(value)

    def has(self, key: str) -> bool:
        """Tell whether there is such a member that is not null."""
        return self._members.get(key) is not None

    def fields(self, key: str) -> Fields:
        """Give a member that is an object."""
        return self._within(self._members.get(key), key)

    def text(self, key: str, default: str | None = None) -> str:
        """Give a member that is a string, or `default` where it is absent."""
        return _text(self._members.get(key, default), key)

    def texts(self, key: str) -> tuple[str, ...]:
        """Give a member that is a list of strings."""
        value = self._members.get(key)
        if not isinstance(value, list):
            raise _wrong(key, "a list")
        return tuple(_text(item, key) for item in value)

    def secret(self, key: str) -> Secret:
        """Give a member that is a secret string."""
        return Secret(self.text(key))

    def optional_secret(self, key: str) -> Secret | None:
        """Give a member that is a secret string or null."""
        return None if self._members.get(key) is None else self.secret(key)

    def seconds(self, key: str) -> int:
        """Give a member that is an instant in whole epoch seconds."""
        value = self._members.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < layout.END_OF_TIME:
            raise _wrong(key, "an instant in whole seconds")
        return value

    def number(self, key: str) -> float:
        """Give a member that is a number of seconds, 0 where it is absent."""
        value = self._members.get(key, 0)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < layout.END_OF_TIME:
            raise _wrong(key, "a number of seconds")
        return value

    def flag(self, key: str) -> bool:
        """Give a member that is true or false, false where it is absent."""
        value = self._members.get(key, False)
        if not isinstance(value, bool):
            raise _wrong(key, "true or false")
        return value


def _no_constant(_name: str) -> NoReturn:
    raise Broken("its JSON holds a number that is none")


def _wrong(key: str, wanted: str) -> Broken:
    return Broken(f"{key} is not {wanted}")


def _text(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise _wrong(key, "a string")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _wrong(key, "text") from None  # the codec's own error quotes the text
    return value


def instance_members(instance: Instance) -> dict[str, object]:
    """Give an instance as JSON members."""
    return {
        "start_url": instance.start_url,
        "region": instance.region,
        "oidc_endpoint": instance.oidc_endpoint,
        "portal_endpoint": instance.portal_endpoint,
        "fips": instance.fips,
        "dualstack": instance.dualstack,
        **({} if instance.kind == SSO else {"kind": instance.kind}),
        **({"application": _application_members(instance.application)} if instance.application else {}),
    }


def _application_members(app: Application) -> dict[str, object]:
    whole = {
        "client_id": app.client_id,
        "audience": app.audience,
        "resources": list(app.resources),
        "device": app.device,
        "token": app.token,
        "authorize": app.authorize,
        "revocation": app.revocation,
        "secret": app.secret,
        "basic": app.basic,
    }
    return {key: value for key, value in whole.items() if value}


def _application(fields: Fields) -> Application:
    return Application(
        client_id=fields.text("client_id"),
        audience=fields.text("audience", ""),
        resources=fields.texts("resources") if fields.has("resources") else (),
        device=fields.text("device", ""),
        token=fields.text("token", ""),
        authorize=fields.text("authorize", ""),
        revocation=fields.text("revocation", ""),
        secret=fields.text("secret", ""),
        basic=fields.flag("basic"),
    )


def read_instance(fields: Fields) -> Instance:
    """Read an instance back; raise Broken, also where its URLs or region could not be spoken to."""
    try:
        return Instance(
            start_url=fields.text("start_url"),
            region=fields.text("region"),
            oidc_endpoint=fields.text("oidc_endpoint", ""),
            portal_endpoint=fields.text("portal_endpoint", ""),
            fips=fields.flag("fips"),
            dualstack=fields.flag("dualstack"),
            kind=fields.text("kind", SSO),
            application=_application(fields.fields("application")) if fields.has("application") else None,
        )
    except UsageProblem:
        raise Broken("its instance names no usable URL or region") from None  # the error quotes what was stored


def packed(session: Session, *, where: str, kind: str = SSO) -> str:
    """Write a session as a record; raise BadRecord for one that could not be read again, so that none is stored."""
    body = {
        "name": session.name,
        "instance": instance_members(session.instance),
        "scopes": list(session.scopes),
        "client": _client_members(session.client),
        "refresh": session.token.refresh.reveal() if session.token.refresh is not None else None,
        **_where_known(session),
    }
    text = layout.pack(
        layout.entry(kind, session.name),
        issued_at=session.token.issued_at,
        expires_at=session.token.expires_at,
        output=session.token.access.reveal(),
        body=json.dumps(body, separators=(",", ":")),
    )
    unpacked(text, name=session.name, where=where, kind=kind)
    return text


def _where_known(session: Session) -> dict[str, object]:
    known = {
        "id_token": session.token.id_token.reveal() if session.token.id_token else None,
        "subject": session.subject,
        "spent": list(session.spent),
    }
    return {key: value for key, value in known.items() if value}


def unpacked(text: str, *, name: str, where: str, kind: str = SSO) -> Session:
    """Read a record back; raise BadRecord or NewerRecord naming the session and `where` the record lies."""
    try:
        return _session(text, name, kind)
    except Newer:
        message = f"the record of session {name!r} in {where} was written by a newer sso-login"
        raise NewerRecord(message) from None
    except Broken as broken:
        raise bad_record(name, where, str(broken), kind=kind) from broken


def bad_record(name: str, where: str, reason: str, *, kind: str = SSO) -> BadRecord:
    """Word that a session's record cannot be used, and how to replace or remove it."""
    return BadRecord(
        f"the record of session {name!r} in {where} cannot be used: {reason}",
        hint=f"`{commands.log_in(name, kind, force=True)}` logs in again and replaces it, "
        f"`{commands.log_out(name, kind)}` removes it.",
    )


def _session(text: str, name: str, kind: str) -> Session:
    found = head(text, layout.entry(kind, name))
    fields = Fields.of(found.body)
    if fields.text("name") != name:
        raise Broken("it belongs to another session")
    instance = read_instance(fields.fields("instance"))
    if instance.kind != kind:
        raise Broken("it is a login of another kind")
    return Session(
        name=name,
        instance=instance,
        client=_client(fields.fields("client")),
        token=Token(
            access=Secret(found.output),
            refresh=fields.optional_secret("refresh"),
            expires_at=found.expires_at,
            issued_at=fields.seconds("issued_at") if found.issued_at is None else found.issued_at,
            id_token=fields.optional_secret("id_token"),
        ),
        scopes=fields.texts("scopes"),
        subject=fields.text("subject", ""),
        spent=fields.texts("spent") if fields.has("spent") else (),
    )


class Head(NamedTuple):
    """What a record's head says, and the body behind it; instants in epoch seconds.

    `issued_at` is None in a record of format 1, whose body has it.
    """

    expires_at: int
    issued_at: int | None
    output: str
    body: str


def head(text: str, entry: str) -> Head:
    """Read a record of that entry, of either format; raise Broken, Newer."""
    magic, _, rest = text.partition("\n")
    if not magic.startswith(layout.MAGIC_NAME):
        raise Broken("it was not written by sso-login")
    if _version(magic.removeprefix(layout.MAGIC_NAME)) > _version(layout.MAGIC.removeprefix(layout.MAGIC_NAME)):
        raise Newer
    if magic == _FORMAT_1:
        found = _head_1(rest)
    else:
        parts = layout.parse(text, entry)
        if parts is None:
            raise Broken("it is damaged, or belongs to another session")
        found = Head(*parts)
    # VSCHAR (RFC 6749 appendix A.12): anything else is not a token, and could break out of the head's line.
    if not (found.output and found.output.isascii() and found.output.isprintable() and " " not in found.output):
        raise Broken("its head is damaged")
    return found


def _head_1(rest: str) -> Head:
    """Read what is behind the first line of a record of format 1: expiry, the bytes to print, the body."""
    parts = rest.split("\n", 2)
    if len(parts) != 3 or not 0 < len(parts[0]) < 12 or not (parts[0].isascii() and parts[0].isdigit()):
        raise Broken("its head is damaged")
    expires_at = int(parts[0])
    if expires_at >= layout.END_OF_TIME:
        raise Broken("its head is damaged")
    return Head(expires_at, None, parts[1], parts[2])


def _version(digits: str) -> int:
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else 0


def _client_members(client: Client) -> dict[str, object]:
    return {
        "id": client.id,
        "secret": client.secret.reveal(),
        "issued_at": client.issued_at,
        "expires_at": client.expires_at,
        "grants": list(client.grants),
    }


def _client(fields: Fields) -> Client:
    return Client(
        id=fields.text("id"),
        secret=fields.secret("secret"),
        issued_at=fields.seconds("issued_at"),
        expires_at=fields.seconds("expires_at"),
        grants=fields.texts("grants"),
    )
