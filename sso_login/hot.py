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
# What must be left where a command line does not say it; credentials with less are fetched again.
_MIN_TTL = {"token": "60", "credentials": "300", "exec": "900", "refresh": "900"}
_MARGIN = 300.0  # seconds: as much as is ever wanted of what lives for 15 minutes
MISDATED = 60.0  # seconds that a clock may be set back
_ROLE = f"sso-login:{layout.ROLE}:"
_SIGNIN = f"sso-login:{layout.SIGNIN}:"


# What may be said, as data: options with a value, flags, and how many names may stand alone. Each has its name here, ""
# where it changes nothing of the answer. Any other word steps aside, however right it may be.
_FIRST = ("--no-input", "-q", "--quiet")  # what may stand before the command, too
_REST = -1  # names: what stands alone, and all behind it, is a command line of its own
_ANY = 1 << 16  # names: as many as are said
_COMMANDS: "dict[str, tuple[dict[str, str], dict[str, str], int]]" = {
    "token": (
        {"--profile": "profile", "--min-ttl": "min_ttl"},
        {
            "--header": "header",
            "--json": "json",
            "--exec-credential": "exec_credential",
            "--id-token": "id_token",
            "--no-input": "",
            "-q": "",
            "--quiet": "",
        },
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
        {"--no-input": "", "-q": "", "--quiet": ""},
        1,
    ),
    "exec": (
        {"--session": "session", "--profile": "profile", "--account": "account", "--role": "role"},
        {"--no-input": "", "-q": "", "--quiet": ""},
        _REST,
    ),
    "refresh": (
        {"--min-ttl": "min_ttl"},
        {"--all": "", "--quiet": "quiet", "-q": "quiet", "--scheduled": "scheduled", "--no-input": ""},
        0,
    ),
    "status": (
        {"--profile": "profile", "--within": "within"},
        {"--check": "check", "--short": "short", "--no-input": "", "-q": "", "--quiet": ""},
        _ANY,
    ),
}
_PROCESS = "process"
_KUBERNETES = "client.authentication.k8s.io/"
_TARGET = ("session", "profile", "account", "role")


def answer(argv: "Sequence[str]", env: "Mapping[str, str]") -> "str | None":
    """Give what `sso-login ARGV` prints (`token`, `credentials`, idle `refresh`), or None to step aside."""
    said = parsed(argv)
    found = asked(said, env) if said and said["command"] not in {"exec", "status"} else None
    if said is None or found is None:
        return None
    extra, entries, record = found
    if said["command"] == "refresh":
        from sso_login import hot_idle

        return hot_idle.idle(extra, entries, env, scheduled="scheduled" in said, opened=opened)
    if "id_token" in said:
        from sso_login import hot_identity

        identity = hot_identity.of(record, seconds(said.get("min_ttl", _MIN_TTL["token"])) or 0)
        return _printed(said, entries[-1], identity, env) if identity else None
    return _printed(said, entries[-1], record, env)


def _printed(
    said: "Mapping[str, str]", entry: str, record: "tuple[int, int, str, str]", env: "Mapping[str, str]"
) -> "str | None":
    """Write a token in the form that is asked for."""
    if "exec_credential" in said:
        return _exec_credential(record, env) if not {"json", "header"} & {*said} else None
    if "json" in said:
        return _json(entry, record, "id_token" if "id_token" in said else "access_token")
    return ("Authorization: Bearer " if "header" in said else "") + record[2] + "\n"


def turn(argv: "Sequence[str]", env: "Mapping[str, str]") -> "str | None":
    """Name the lock of all that want the record which this command line was not given; None to step aside at once."""
    said = parsed(argv)
    words = words_of(said) if said and said["command"] not in {"refresh", "status"} else None
    try:
        found = noted(env, words) if words and not keyed(env) else None
        path = layout.turn_file(layout.home(env), found[1][0][2]) if found else ""
        if path:
            _refuse(os.lstat(os.path.dirname(path)), 0o040000, 0o077)
    except (OSError, ValueError, LookupError):
        return None
    return path or None


def asked(
    said: "Mapping[str, str]", env: "Mapping[str, str]"
) -> "tuple[str, list[str], tuple[int, int, str, str]] | None":
    """Find what was noted of this question, and read the records: what else was noted, and the last entry's record."""
    words = words_of(said)
    least = seconds(said.get("min_ttl", _MIN_TTL[said["command"]]))
    if words is None or least is None:
        return None
    record, entries = None, []
    try:
        found = None if keyed(env) else noted(env, words)
        for kind, entry, file in found[1] if found else ():
            record = _record(record_text(kind, entry, file, env), entry, min_ttl=least)
            entries.append(entry)
            if record is None:
                return None
    except (OSError, ValueError, LookupError):
        return None
    if record and record[0] == layout.ENDLESS and "min_ttl" in said:
        return None  # which cannot be met, and that is said
    return (found[0], entries, record) if record and found else None


def _record(text: "str | None", entry: str, *, min_ttl: float) -> "tuple[int, int, str, str] | None":
    """Read a record, None where it is not to be given."""
    record = layout.parse(text, entry) if text else None
    if record is None:
        return None
    now = time.time()
    # AWS itself says when a role's credentials end; of a token it says how long it lives, from now on.
    misdated = record[1] - now > MISDATED and not entry.startswith(_ROLE)
    least = min(min_ttl, _MARGIN) if entry.startswith(_SIGNIN) else min_ttl
    return record if _sound(record[2]) and record[0] - now > least and not misdated else None


def parsed(argv: "Sequence[str]") -> "dict[str, str] | None":
    """Read a command line as click does, by the table: what is said, by its name; None for anything else.

    `command` is the command, `name` what stands alone, several parted by NUL. The last of several options is meant.
    """
    words = list(argv)
    first = []
    while words[:1] and words[0] in _FIRST:
        first.append(words.pop(0))
    command = words.pop(0) if words else ""
    if command not in _COMMANDS:
        return None
    options, flags, names = _COMMANDS[command]
    said, plain = {"command": command, **{flags[word]: word for word in first}}, False
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
        elif not names or not _alone(said, word, words, plain=plain, rest=names == _REST):
            return None
        elif "rest" in said:
            return said
        else:
            names -= names != _REST
    return said


def _alone(said: "dict[str, str]", word: str, words: "list[str]", *, plain: bool, rest: bool) -> bool:
    """Take a word that stands alone, and tell whether it may.

    For `exec` (`rest`) it is a profile before `--`, else the command's begin where it is said whose credentials are
    meant; without either it is for the config to say which.
    """
    if not word or (word.startswith("-") and not (plain and rest)):
        return False
    if not rest:
        said["name"] = said["name"] + "\0" + word if "name" in said else word
    elif plain or not said.keys().isdisjoint(_TARGET):
        said["rest"] = str(len(words) + 1)
    elif words[:1] == ["--"]:
        said["profile"] = word
    return not rest or "rest" in said or "profile" in said


def words_of(said: "Mapping[str, str]") -> "tuple[str, ...] | None":
    """Give the words of a question as the index has them; None where it is none of ours."""
    command = said["command"]
    if command in {"token", "status"}:
        return (command, said.get("name", ""), said.get("profile", ""))
    if command == "refresh":
        return ("refresh",) if "quiet" in said else None
    if said.get("format", _PROCESS) != _PROCESS or (command == "exec" and "rest" not in said):
        return None
    if "name" in said and "profile" in said:
        return None
    target = {"profile": said["name"], **said} if "name" in said else said
    return (command, *(target.get(each, "") for each in _TARGET))


def _json(entry: str, record: "tuple[int, int, str, str]", kind: str) -> "str | None":
    """Write what `token --json` does; None where a letter would have to be escaped."""
    expires_at, _, output, _ = record
    if expires_at == layout.ENDLESS:
        return None
    name = layout.unquoted(entry.rpartition(":")[2])
    if not all(text.isascii() and text.isprintable() and not {'"', "\\"} & {*text} for text in (name, output)):
        return None
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires_at))
    return f'{{"session": "{name}", "{kind}": "{output}", "token_type": "Bearer", "expires_at": "{at}"}}\n'


def _exec_credential(record: "tuple[int, int, str, str]", env: "Mapping[str, str]") -> "str | None":
    """Write what kubectl reads, of the version that it asks for in its own letters; None for any others."""
    expires_at, _, output, _ = record
    asked, versions = env.get("KUBERNETES_EXEC_INFO", ""), [_KUBERNETES + each for each in ("v1", "v1beta1")]
    found = [
        each for each in versions if asked.startswith(f'{{"kind":"ExecCredential","apiVersion":"{each}","spec":{{')
    ]
    if expires_at == layout.ENDLESS or (asked and not found) or {'"', "\\"} & {*output}:
        return None
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires_at))
    status = f'{{"token": "{output}", "expirationTimestamp": "{at}"}}'
    return f'{{"kind": "ExecCredential", "apiVersion": "{(found or versions)[0]}", "status": {status}}}\n'


def seconds(text: str) -> "float | None":
    """Read a duration in whole units; None for any other, however right it may be."""
    number, unit = (text[:-1], _UNITS[text[-1]]) if text[-1:] in _UNITS else (text, 1)
    return float(int(number) * unit) if number.isascii() and number.isdigit() and len(number) < 7 else None


def keyed(env: "Mapping[str, str]") -> bool:
    """Tell whether a key is given, which is no work for the hot path; systemd's folder may hold anything else, too."""
    if layout.KEY_FILE in env:
        return True
    folder = env.get(layout.CREDENTIALS, "")
    try:
        return bool(folder) and bool(os.lstat(os.path.join(folder, layout.CREDENTIAL)))
    except (FileNotFoundError, NotADirectoryError):
        return False


def noted(env: "Mapping[str, str]", words: "tuple[str, ...]") -> "tuple[str, list[tuple[str, str, str]]] | None":
    """Find the index's line for this very question, and see that config and cards are as they were then.

    Gives what else was noted, and for each login the kind of store, the entry's name and its file; all that is ours
    lies below the home that was asked.
    """
    home = layout.home(env)
    if not os.path.isabs(home):
        return None
    question = layout.question(env, *words)
    line = _private(home, layout.index_file(home, question))
    if not line.startswith(question + " ") or line[-1] != "\n" or os.path.lexists(layout.rescue_home(env)):
        return None
    config, config_stamp, ours, our_stamp, names, extra, *rest = line[len(question) + 1 : -1].split(" ")
    logins = [rest[at : at + 7] for at in range(0, len(rest), 7)]
    if layout.stamp(layout.unquoted(config)) != config_stamp or layout.stamp(layout.unquoted(ours)) != our_stamp:
        return None
    if names and layout.all_names(home) != names:
        return None
    return (extra, [_login(home, *login) for login in logins]) if logins else None


def _login(home: str, *noted: str) -> "tuple[str, str, str]":
    """Read what the index says of a login; ValueError where card or SDKs' copy are not as they were then."""
    card, facts, sdk, sdk_stamp, kind, entry, file = noted
    card, entry = os.path.join(home, layout.unquoted(card)), layout.unquoted(entry)
    known = facts != layout.NO_CARD
    if known and (layout.card_facts(_private(home, card), entry) != facts or not facts):
        raise ValueError
    if not known and os.path.lexists(card):
        raise ValueError
    if sdk and layout.stamp(layout.unquoted(sdk)) != sdk_stamp:
        raise ValueError
    return kind, entry, os.path.join(home, layout.unquoted(file))


def record_text(kind: str, entry: str, file: str, env: "Mapping[str, str]") -> "str | None":
    """Read a record from its store; None where that is not for the hot path."""
    if kind == "file":
        return _private(layout.home(env), file)
    if kind == "keyring" and sys.platform == "linux":
        from sso_login import hot_dbus

        return hot_dbus.secret(entry, env)
    return None


def _private(home: str, path: str) -> str:
    """Read a file of ours as strictly as adapters/secrets/files.py does; OSError for any doubt."""
    descriptor = opened(home, path, os.O_RDONLY)
    try:
        if os.fstat(descriptor).st_size > _MOST:
            raise OSError
        return os.read(descriptor, _MOST).decode()
    finally:
        os.close(descriptor)


def opened(home: str, path: str, flags: int) -> int:
    """Open a private file in a folder of the state folder, each below the one just seen to be ours; else OSError."""
    if sys.platform == "win32":
        raise OSError
    folder, name = os.path.split(path)
    directory = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    last = os.open(home, directory)
    try:
        _refuse(os.fstat(last), 0o040000, 0o022)
        for step, how, kind, barred in (
            (os.path.relpath(folder, home), directory | os.O_NOFOLLOW, 0o040000, 0o077),
            (name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o100000, 0o177),
        ):
            above, last = last, os.open(step, how, dir_fd=last)
            os.close(above)
            _refuse(os.fstat(last), kind, barred)
    except BaseException:
        os.close(last)
        raise
    return last


def _refuse(info: os.stat_result, kind: int, barred: int) -> None:
    """Raise OSError unless it is of that kind, ours, and closed to others by these bits."""
    if sys.platform == "win32" or info.st_mode & (0o170000 | barred) != kind or info.st_uid != os.geteuid():
        raise OSError


def _sound(output: str) -> bool:
    return output.isascii() and output.isprintable() and bool(output) and " " not in output
