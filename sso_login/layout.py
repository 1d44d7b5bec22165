"""Where things are and what they are called: state folder, entry names, the head of a record.

Imports os and sys only, so that the hot path and the adapters share it.
"""

import os
import sys

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping

MAGIC = "sso-login-record 2"
MAGIC_NAME = "sso-login-record "
USERNAME = "sso-login"
END_OF_TIME = 32_503_680_000  # the year 3000, in epoch seconds: what every platform can write as a date
ENDLESS = END_OF_TIME - 1  # the end of a token of which no end is known
SESSION = "sso"
SIGNIN = "signin"
OAUTH = "oauth"
CLIENT = "client"  # the client secret of an issuer
ROLE = "role"
NO_CARD = "-"  # in place of what a card says, where the index rests on there being none

# What has a say in which session or role is meant and where it is: the same strings, the same answer.
ASKED = (
    "HOME",
    "XDG_CONFIG_HOME",
    "SSO_LOGIN_CONFIG_FILE",
    "AWS_CONFIG_FILE",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "SSO_LOGIN_SESSION",
    "SSO_LOGIN_STORE",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SSO_OIDC",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_ENDPOINT_URL_SIGNIN",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)
# With these the file store is encrypted, which is no work for the hot path.
KEY_FILE = "SSO_LOGIN_KEY_FILE"
CREDENTIALS = "CREDENTIALS_DIRECTORY"  # set by systemd for LoadCredential= and its like; often with other things in it
CREDENTIAL = "sso-login.key"
KEYS = (KEY_FILE, CREDENTIALS)
# What else could give an SDK credentials, or say whose they are, goes: from the environment of `exec`, and from that of
# a shell. Where things are (AWS_CONFIG_FILE, AWS_ENDPOINT_URL, AWS_CA_BUNDLE and the like) stays.
CLEARED = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ACCOUNT_ID",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)
FROM_RECORD = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION")

_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")


class NoHome(LookupError):
    """Neither HOME nor the system's list of users says where the user's home is."""


def user_home(env: "Mapping[str, str]") -> str:
    """Name the user's home: HOME (USERPROFILE on Windows) if it is absolute, else the passwd entry's; raise NoHome."""
    named = env.get("USERPROFILE" if sys.platform == "win32" else "HOME", "")
    if os.path.isabs(named):
        return named
    if sys.platform == "win32":
        raise NoHome
    import pwd

    try:
        found = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        raise NoHome from None
    if not os.path.isabs(found):
        raise NoHome
    return found


def expanded(env: "Mapping[str, str]", path: str) -> str:
    """Put the user's home in place of a leading `~`; `~NAME` is for the system to know; raise NoHome."""
    if path == "~" or path.startswith(("~/", "~" + os.sep)):
        path = user_home(env) + path[1:]
    else:
        path = os.path.expanduser(path)
    return path.replace("/", "\\") if sys.platform == "win32" else path  # what is shown has separators of one kind


def home(env: "Mapping[str, str]") -> str:
    """Name the state folder: SSO_LOGIN_HOME (as it is said), else in the platform's state folder; raise NoHome."""
    ours = env.get("SSO_LOGIN_HOME")
    if ours:
        path = expanded(env, ours)
        return os.path.normpath(path) if os.path.isabs(path) else path
    return os.path.join(_state(env), "sso-login")


def _state(env: "Mapping[str, str]") -> str:
    # platformdirs says the same, but costs the hot path five times its budget to import.
    if sys.platform == "win32":
        return env.get("LOCALAPPDATA") or os.path.join(user_home(env), "AppData", "Local")
    if sys.platform == "darwin":
        return os.path.join(user_home(env), "Library", "Application Support")
    state = env.get("XDG_STATE_HOME", "")
    return state if os.path.isabs(state) else os.path.join(user_home(env), ".local", "state")


def config_file(env: "Mapping[str, str]") -> str:
    """Name our own config file: SSO_LOGIN_CONFIG_FILE, else `config` in the platform's config folder; raise NoHome."""
    ours = env.get("SSO_LOGIN_CONFIG_FILE")
    return expanded(env, ours) if ours else os.path.join(_config(env), "sso-login", "config")


def _config(env: "Mapping[str, str]") -> str:
    if sys.platform == "win32":
        return env.get("APPDATA") or os.path.join(user_home(env), "AppData", "Roaming")
    if sys.platform == "darwin":
        return os.path.join(user_home(env), "Library", "Application Support")
    named = env.get("XDG_CONFIG_HOME", "")
    return named if os.path.isabs(named) else os.path.join(user_home(env), ".config")


def quoted(part: str) -> str:
    """Percent-encode a name so that it is one safe part of an entry's or a file's name."""
    return "".join(chr(byte) if byte in _SAFE else f"%{byte:02X}" for byte in part.encode("utf-8", "surrogatepass"))


def entry(kind: str, *parts: str) -> str:
    """Name a secret: `sso-login:KIND:PART:...`, each part percent-encoded; a keyring's service name."""
    return ":".join(["sso-login", kind, *map(quoted, parts)])


def pack(entry: str, *, issued_at: int, expires_at: int, output: str, body: str) -> str:
    """Write a record: a head of four lines, then the JSON body; instants in epoch seconds.

    The head is the format and its version, the entry's name, `EXPIRES ISSUED CHECKSUM`, and the exact bytes to print.
    """
    times = f"{expires_at} {issued_at}"
    return f"{MAGIC}\n{entry}\n{times} {_checksum(entry, times, output, body)}\n{output}\n{body}"


def parse(text: str, entry: str) -> "tuple[int, int, str, str] | None":
    """Read a record back: when it expires, when it was issued, the bytes to print, the body.

    None for anything else than a record of this version and this entry as `pack` wrote it, whole and unchanged.
    """
    head = text.split("\n", 4)
    if len(head) != 5 or head[0] != MAGIC or head[1] != entry:
        return None
    times, _, checksum = head[2].rpartition(" ")
    if checksum != _checksum(entry, times, head[3], head[4]):
        return None
    expires_at, issued_at = map(_epoch, times.split(" "))
    return (expires_at, issued_at, head[3], head[4]) if max(expires_at, issued_at) < END_OF_TIME else None


def _checksum(*parts: str) -> str:
    """Sum up a record against damage: CRC-32 and length. Whoever may change a record may change its sum."""
    from zlib import crc32

    data = "\n".join([MAGIC, *parts]).encode("utf-8", "surrogatepass")
    return f"{crc32(data):08x}-{len(data)}"


def _epoch(digits: str) -> int:
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else END_OF_TIME


def index_folder(home: str) -> str:
    """Name the folder of the hot path's index: a file a question, so that no writer is in another's way."""
    return os.path.join(home, "questions")


def index_file(home: str, question: str) -> str:
    """Name the file of a question; two of one name would take turns, which is no harm."""
    from zlib import adler32, crc32

    data = question.encode("utf-8", "surrogatepass")
    return os.path.join(index_folder(home), f"{crc32(data):08x}{adler32(data):08x}")


def turn_file(home: str, record: str) -> str:
    """Name the lock of those that wait on the hot path until somebody has made a record fresh, by the record's file."""
    return os.path.join(home, "turns", os.path.basename(record))


HISTORY_MOST = 1 << 16  # bytes; beyond, the ordinary way makes room


def history_file(home: str) -> str:
    """Name the file that has a line for each run of `refresh`."""
    return os.path.join(home, "runs", "history")


def idle_line(now: float, entries: "list[str]", *, scheduled: bool) -> str:
    """Write the line of a run that found all of these fresh; an entry's name needs no escaping."""
    listed = ",".join(f'"{entry}"' for entry in entries)
    said = "true" if scheduled else "false"
    return f'\n{{"at":{int(now)},"exit_code":0,"scheduled":{said},"fresh":[{listed}]}}\n'


def names(folder: str) -> str:
    """Sum up which files are in a folder, hidden ones left out; "" where there is no folder."""
    from zlib import crc32

    try:
        found = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except FileNotFoundError:
        return ""
    return f"{crc32('/'.join(found).encode('utf-8', 'surrogateescape')):08x}-{len(found)}"


def all_names(home: str) -> str:
    """Sum up which logins have a card, of every kind; "" where there is no folder."""
    return "+".join(filter(None, [names(os.path.join(home, folder)) for folder in ("sessions", SIGNIN, OAUTH)]))


def card_facts(text: str, entry: str) -> str:
    """Sum up what a card says, but for when the login began and what else is kept of it; "" unless it lists that entry.

    A card is JSON, a member a line (adapters/secrets/cards.py), and no name of an entry has a bracket in it.
    """
    from zlib import crc32

    began = text.find('\n "began": ')
    if began >= 0:  # a new login is no reason to ask again where it lies
        text = text[:began] + text[text.find("\n", began + 1) :]
    head, _, rest = text.partition('\n "entries": [')
    listed, _, tail = rest.partition("]")
    data = f"{head}]{tail}".encode("utf-8", "surrogatepass")
    return f"{crc32(data):08x}-{len(data)}" if f'"{entry}"' in listed else ""


def question(env: "Mapping[str, str]", *words: str) -> str:
    """Write the question that a command is in that environment, as the index has it.

    `words` are the command's name, then as many as that command always has, "" for what was not said: SESSION and
    profile of `token`; session, profile, account and role of `credentials` and `exec`.
    """
    values = [env.get(name) for name in ASKED]
    return " ".join([*map(_field, words), *["" if value is None else "=" + _field(value) for value in values]])


def _field(value: str) -> str:
    # The same reading back as `quoted`, at a tenth of its time for what is usual.
    if value.isascii() and value.isprintable():
        return value.replace("%", "%25").replace(" ", "%20")
    return quoted(value)


def stamp(path: str) -> str:
    """Write what changes with a file's content: `dev-ino-size-mtime_ns-ctime_ns`.

    "" where there is no file, or a device (/dev/null): it never holds anything, but its times change.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return ""
    if found.st_mode & 0o170000 == 0o020000:
        return ""
    return f"{found.st_dev}-{found.st_ino}-{found.st_size}-{found.st_mtime_ns}-{found.st_ctime_ns}"


def unquoted(part: str) -> str:
    """Read a percent-encoded name back; ValueError for what is none."""
    head, *rest = part.split("%")
    data = head.encode() + b"".join(bytes.fromhex(piece[:2]) + piece[2:].encode() for piece in rest)
    return data.decode("utf-8", "surrogatepass")


def rescue_home(env: "Mapping[str, str]") -> str:
    """Name the folder for what a store did not take: `sso-login` in the user's runtime folder, which is memory.

    cron names none, but the system has made it all the same: /run/user/UID. Windows has none: there it is a folder of
    our own, in which everything is sealed for its user.
    """
    named = env.get("XDG_RUNTIME_DIR", "")
    if sys.platform == "win32":
        return os.path.join(home(env), "rescue")
    return os.path.join(named if os.path.isabs(named) else f"/run/user/{os.getuid()}", "sso-login")


def bus(env: "Mapping[str, str]") -> "str | bytes":
    """Name the socket of the session bus: that of the variable, else `bus_path`; ValueError for what is neither."""
    kind, _, rest = env.get("DBUS_SESSION_BUS_ADDRESS", "").partition(":")
    if not kind:
        found = bus_path(env)
        if not found:
            raise ValueError
        return found
    pairs = dict(pair.split("=", 1) for pair in rest.split(","))
    if kind != "unix" or ";" in rest or "%" in rest:
        raise ValueError
    return pairs["path"] if "path" in pairs else b"\0" + pairs["abstract"].encode()


def bus_path(env: "Mapping[str, str]", *, users: str = "/run/user") -> str:
    """Find the session bus that no variable tells of, as under cron and SSH: a socket of ours, "" where there is none.

    It is `bus` in XDG_RUNTIME_DIR or in our folder below `users`.
    """
    if sys.platform == "win32":
        return ""
    for folder in (env.get("XDG_RUNTIME_DIR"), f"{users}/{os.geteuid()}"):
        path = f"{folder}/bus" if folder else ""
        if path and our_socket(path):
            return path
    return ""


def our_socket(path: str) -> bool:
    """Tell whether a socket lies there that is ours."""
    if sys.platform == "win32":
        return False
    try:
        info = os.lstat(path)
    except OSError:
        return False
    return info.st_mode & 0o170000 == 0o140000 and info.st_uid == os.geteuid()
