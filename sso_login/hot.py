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


# What may be said, as data: options with a value, flags, and how many names may stand alone. Each has its name here, ""
# where it changes nothing of the answer. Any other word steps aside, however right it may be.
_COMMANDS: "dict[str, tuple[dict[str, str], dict[str, str], int]]" = {
    "token": (
        {"--profile": "profile", "--min-ttl": "min_ttl"},
        {"--header": "header", "--json": "json", "--no-input": ""},
        1,
    ),
    "credentials": (
        {
            "--session": "session",
            "--profile": "profile",
            "--account": "account",
            "--role": "role",
            "--format": "format",
        },
        {"--no-input": ""},
        0,
    ),
}
_PROCESS = "process"


def answer(argv: "Sequence[str]", env: "Mapping[str, str]") -> "str | None":
    """Give what `sso-login ARGV` prints (`token`, or `credentials` from the cache), or None to step aside."""
    said = parsed(argv)
    asked = _asked(said) if said else None
    if said is None or asked is None:
        return None
    try:
        found = None if _keyed(env) else _found(env, asked[0])
        record = _record(found, env, min_ttl=asked[1]) if found else None
    except (OSError, ValueError, LookupError):
        return None
    if record is None or found is None:
        return None
    if "json" in said:
        return _json(found[1], record)
    return ("Authorization: Bearer " if "header" in said else "") + record[2] + "\n"


def _record(found: "list[str]", env: "Mapping[str, str]", *, min_ttl: float) -> "tuple[int, int, str, str] | None":
    """Read the record, None where it is not to be given."""
    text = _text(found, env)
    record = layout.parse(text, found[1]) if text else None
    if record is None:
        return None
    now = time.time()
    # AWS itself says when a role's credentials end; of a token it says how long it lives, from now on.
    misdated = record[1] - now > _MISDATED and not found[1].startswith(_ROLE)
    return record if _sound(record[2]) and record[0] - now > min_ttl and not misdated else None


def parsed(argv: "Sequence[str]") -> "dict[str, str] | None":
    """Read a command line as click does, by the table: what is said, by its name; None for anything else.

    `command` is the command, `name` the name that stands alone. The last of several is meant.
    """
    words = list(argv)
    while words[:1] == ["--no-input"]:
        words.pop(0)
    command = words.pop(0) if words else ""
    if command not in _COMMANDS:
        return None
    options, flags, names = _COMMANDS[command]
    said, plain = {"command": command}, False
    while words:
        word = words.pop(0)
        option, joined, value = word.partition("=")
        if word == "--" and not plain:
            plain = True
        elif not plain and word in flags:
            said[flags[word]] = word
        elif not plain and option in options:
            value = value if joined else words.pop(0) if words else ""
            if not value or value.startswith("-"):
                return None
            said[options[option]] = value
        elif word and not word.startswith("-") and names:
            names -= 1
            said["name"] = word
        else:
            return None
    return said


def _asked(said: "Mapping[str, str]") -> "tuple[tuple[str, ...], float] | None":
    """Give the words as the index has them, and the seconds that must be left."""
    if said["command"] == "token":
        seconds = _seconds(said.get("min_ttl", str(_MIN_TTL)))
        return None if seconds is None else (("token", said.get("name", ""), said.get("profile", "")), seconds)
    if said.get("format", _PROCESS) != _PROCESS:
        return None
    return ("credentials", *(said.get(each, "") for each in ("session", "profile", "account", "role"))), _ROLE_TTL


def _json(entry: str, record: "tuple[int, int, str, str]") -> "str | None":
    """Write what `token --json` does; None where a letter would have to be escaped."""
    expires_at, _, output, _ = record
    name = layout.unquoted(entry.rpartition(":")[2])
    if not all(text.isascii() and text.isprintable() and not {'"', "\\"} & {*text} for text in (name, output)):
        return None
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires_at))
    return f'{{"session": "{name}", "access_token": "{output}", "token_type": "Bearer", "expires_at": "{at}"}}\n'


def _seconds(text: str) -> "float | None":
    number, unit = (text[:-1], _UNITS[text[-1]]) if text[-1:] in _UNITS else (text, 1)
    return float(int(number) * unit) if number.isascii() and number.isdigit() and len(number) < 7 else None


def _keyed(env: "Mapping[str, str]") -> bool:
    """Tell whether a key is given, which is no work for the hot path; systemd's folder may hold anything else, too."""
    if layout.KEY_FILE in env:
        return True
    folder = env.get(layout.CREDENTIALS, "")
    try:
        return bool(folder) and bool(os.lstat(os.path.join(folder, layout.CREDENTIAL)))
    except (FileNotFoundError, NotADirectoryError):
        return False


def _found(env: "Mapping[str, str]", words: "tuple[str, ...]") -> "list[str] | None":
    """Find the index's line for this very question, and see that config and card are as they were then.

    Gives the kind of store, the entry's name and its file; all that is ours lies below the home that was asked.
    """
    home = layout.home(env)
    if not os.path.isabs(home) or not _ours(home, 0o022) or not _ours(layout.index_folder(home)):
        return None
    question = layout.question(env, *words)
    line = _private(layout.index_file(home, question))
    if not line.startswith(question + " ") or line[-1] != "\n" or os.path.lexists(layout.rescue_home(env)):
        return None
    config, config_stamp, names, *login = line[len(question) + 1 : -1].split(" ")
    card, facts, sdk, sdk_stamp, kind, entry, file = login
    card, entry = os.path.join(home, layout.unquoted(card)), layout.unquoted(entry)
    cards = os.path.dirname(card)
    same = (
        layout.stamp(layout.unquoted(config)) == config_stamp
        and _ours(cards)
        and (not names or layout.names(cards) == names)
        and layout.card_facts(_private(card), entry) == facts != ""
        and (not sdk or layout.stamp(layout.unquoted(sdk)) == sdk_stamp)
    )
    return [kind, entry, os.path.join(home, layout.unquoted(file))] if same else None


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
