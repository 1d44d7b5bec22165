"""`token` and cached `credentials` straight from the store, at the cost of starting Python.

It answers only what it is sure of; for everything else (renewal, errors, other flags, a locked keyring, an encrypted
file) it steps aside for the ordinary way, whose behaviour is the reference. What it may trust is the index, which
adapters/secrets/hot_index.py writes after the ordinary way has answered the very same question: same words, same
environment, same config file, same cards. It imports nothing that starting Python has not loaded already.
"""

import os
import sys
import time

from sso_login import layout

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MOST = 1 << 20  # bytes of any file of ours
_MIN_TTL = 60
_MISDATED = 60.0  # seconds that a clock may be set back
_ROLE = f"sso-login:{layout.ROLE}:"
_ROLE_TTL = 300.0  # seconds: credentials with less left are fetched anew


def answer(argv: "Sequence[str]", env: "Mapping[str, str]") -> "str | None":
    """Give what `sso-login ARGV` prints (`token`, or `credentials` from the cache), or None to step aside."""
    asked = _asked(argv)
    if asked is None or any(name in env for name in layout.KEYS):
        return None
    words, min_ttl, prefix = asked
    try:
        found = _found(env, words)
        text = _text(found, env) if found else None
        record = layout.parse(text, found[1]) if text and found else None
    except (OSError, ValueError, LookupError):
        return None
    if record is None or found is None:
        return None
    expires_at, issued_at, output, _ = record
    now = time.time()
    if not _sound(output) or expires_at - now <= min_ttl:
        return None
    # AWS itself says when a role's credentials end; of a token it says how long it lives, from now on.
    if issued_at - now > _MISDATED and not found[1].startswith(_ROLE):
        return None
    return prefix + output + "\n"


def _asked(argv: "Sequence[str]") -> "tuple[tuple[str, ...], float, str] | None":
    """Read a command line as the index has its words, the seconds that must be left, and what to print first.

    None for anything else than what is known here, however right it may be.
    """
    if not argv:
        return None
    if argv[0] == "token":
        return _token(argv[1:])
    return _credentials(argv[1:]) if argv[0] == "credentials" else None


def _token(argv: "Sequence[str]") -> "tuple[tuple[str, ...], float, str] | None":
    """Read `[SESSION] [--min-ttl D] [--header]`."""
    session, min_ttl, header = "", float(_MIN_TTL), False
    words = list(argv)
    while words:
        word = words.pop(0)
        if word == "--header":
            header = True
        elif word == "--min-ttl" and words:
            seconds = _seconds(words.pop(0))
            if seconds is None:
                return None
            min_ttl = seconds
        elif word and not word.startswith("-") and not session:
            session = word
        else:
            return None
    return ("token", session), min_ttl, "Authorization: Bearer " if header else ""


def _credentials(argv: "Sequence[str]") -> "tuple[tuple[str, ...], float, str] | None":
    """Read `[--session S] [--profile P] [--account A] [--role R] [--format process]`, each once at most."""
    said = {"--session": "", "--profile": "", "--account": "", "--role": "", "--format": ""}
    words = list(argv)
    while words:
        option = words.pop(0)
        value = words.pop(0) if words else ""
        if said.get(option) != "" or not value or value.startswith("-"):
            return None
        said[option] = value
    if said.pop("--format") not in ("", "process"):
        return None
    return ("credentials", *said.values()), _ROLE_TTL, ""


def _seconds(text: str) -> "float | None":
    number, unit = (text[:-1], _UNITS[text[-1]]) if text[-1:] in _UNITS else (text, 1)
    return float(int(number) * unit) if number.isascii() and number.isdigit() and len(number) < 7 else None


def _found(env: "Mapping[str, str]", words: "tuple[str, ...]") -> "list[str] | None":
    """Find the index's line for this very question, and see that config and card are as they were then.

    Gives the kind of store, the entry's name and its file; all that is ours lies below the home that was asked.
    """
    home = layout.home(env)
    if not os.path.isabs(home) or not _ours(home, 0o022):
        return None
    prefix = layout.question(env, *words) + " "
    lines = _private(layout.index_path(home)).split("\n")[:-1]  # what has no line break behind it is cut short
    line = next((line for line in lines if line.startswith(prefix)), None)
    if line is None or os.path.lexists(layout.rescue_home(env)):
        return None
    config, config_stamp, cards_stamp, card, card_stamp, sdk, sdk_stamp, kind, entry, file = line[len(prefix) :].split(
        " "
    )
    card = os.path.join(home, layout.unquoted(card))
    seen = [layout.stamp(path) for path in (layout.unquoted(config), os.path.dirname(card), card)]
    if seen != [config_stamp, cards_stamp, card_stamp] or (sdk and layout.stamp(layout.unquoted(sdk)) != sdk_stamp):
        return None
    return [kind, layout.unquoted(entry), os.path.join(home, layout.unquoted(file))]


def _text(found: "list[str]", env: "Mapping[str, str]") -> "str | None":
    kind, entry, file = found
    if kind == "file":
        return _private(file) if _ours(os.path.dirname(file)) else None
    if kind == "keyring" and sys.platform == "linux":
        from sso_login import hot_dbus

        return hot_dbus.secret(entry, env)
    return None


def _private(path: str) -> str:
    """Read a file of ours as strictly as adapters/secrets/files.py does; OSError for any doubt."""
    if sys.platform == "win32":
        raise OSError
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        info = os.fstat(descriptor)
        if info.st_mode & 0o170177 != 0o100000 or info.st_uid != os.geteuid() or info.st_size > _MOST:
            raise OSError
        return os.read(descriptor, _MOST).decode()
    finally:
        os.close(descriptor)


def _ours(folder: str, barred: int = 0o077) -> bool:
    if sys.platform == "win32":
        raise OSError
    info = os.stat(folder) if barred == 0o022 else os.lstat(folder)
    return info.st_mode & (0o170000 | barred) == 0o040000 and info.st_uid == os.geteuid()


def _sound(output: str) -> bool:
    return output.isascii() and output.isprintable() and bool(output) and " " not in output
