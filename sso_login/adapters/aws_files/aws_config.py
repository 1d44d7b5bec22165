"""Reads the AWS config file as botocore does, and keeps of it only what concerns us: no credentials.

Source: botocore/configloader.py; tests hold the two together.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from sso_login.adapters.aws_files.aws_lines import (
    BROKEN,
    DEFAULTS,
    EMPTY,
    KEY,
    MORE,
    SECTION,
    STRAY,
    Lexer,
    meaning,
    value_at,
)
from sso_login.adapters.system import home
from sso_login.core.config import AwsConfig, Named, Profile, SsoSection, is_true, named_by_environment
from sso_login.core.errors import ConfigError, HomeUnknown

_USUAL: Final = "~/.aws/config"
LARGEST: Final = 16 << 20  # bytes; 9,000 profiles are 1.4 MB
_VARIABLE: Final = re.compile(r"\$(?:(\w+)|\{([^}]*)\})", re.ASCII)

Values = Mapping[str, str]
Stamp = tuple[int, int, int, int, int]


class IniFile(NamedTuple):
    """A file in the syntax of the AWS config file, and what people call it."""

    path: str
    called: str = "the AWS config file"
    named_by: str = "AWS_CONFIG_FILE (else ~/.aws/config)"

    def broken(self, what: str, *, hint: str | None = None) -> ConfigError:
        """Say what is wrong with the whole file."""
        remedy = f"Check what {self.named_by} names, and its permissions." if hint is None else hint
        return ConfigError(f"{self.called} {self.path} {what}", hint=remedy)

    def wrong_at(self, line: int, what: str, *, hint: str) -> ConfigError:
        """Say what is wrong in one line; nothing of the line itself is told: it may hold a secret access key."""
        return ConfigError(f"{self.called} {self.path}, line {line}: {what}", hint=hint)


def config_path(env: Mapping[str, str]) -> str:
    """Name the config file: AWS_CONFIG_FILE with `~` and `$NAME` expanded, else `~/.aws/config`."""
    return expanded(env, env.get("AWS_CONFIG_FILE") or _USUAL)


def credentials_path(env: Mapping[str, str]) -> str:
    """Name the credentials file: AWS_SHARED_CREDENTIALS_FILE expanded in the same way, else `~/.aws/credentials`."""
    return expanded(env, env.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials")


def expanded(env: Mapping[str, str], named: str) -> str:
    """Expand `~` and `$NAME` in a path as the SDKs do; raise HomeUnknown."""
    path = _VARIABLE.sub(lambda found: env.get(found[1] or found[2], found[0]), named)
    return home.expanded(env, path)


def read_config(env: Mapping[str, str]) -> AwsConfig:
    """Read the config file; a missing one is empty; ConfigError, which never quotes the file, where it cannot be."""
    try:
        path = config_path(env)
    except HomeUnknown:
        return AwsConfig(_USUAL)  # where nobody has a home, nobody has put a config
    sections, stamp = read_sections(IniFile(path))
    found = AwsConfig(path) if stamp is None else _sorted(sections, path=path, stamp=stamp)
    name, _ = named_by_environment(env)
    missing = bool(name) and name not in found.profiles
    return found._replace(elsewhere=_titles(credentials_path(env))) if missing else found


def read_sections(file: IniFile) -> tuple[dict[str, Values], Stamp | None]:
    """Read a file's sections by their titles, and its stamp; nothing of a missing one; raise ConfigError."""
    data, stamp = _bytes(file)
    return ({} if stamp is None else _sections(_text(data, file), file)), stamp


def _titles(path: str) -> frozenset[str]:
    """List the sections of the credentials file, whose content is nothing to us; none where it cannot be read."""
    try:
        data, _ = _bytes(IniFile(path))
    except ConfigError:
        return frozenset()
    found = re.findall(r"^\[([^\]\n]*)\]", data.decode("utf-8", "replace"), re.MULTILINE)
    return frozenset(title.strip() for title in found)


def file_bytes(path: str) -> bytes:
    """Give a config or credentials file's bytes, none where there is no file; raise ConfigError."""
    return _bytes(IniFile(path))[0]


def read_text(data: bytes, path: str) -> str:
    """Give the text of an AWS file that can be read whole, by configparser's rules; raise ConfigError at its line."""
    text = _text(data, IniFile(path))
    _sections(text, IniFile(path))
    return text


def _open_at_once(path: str, flags: int) -> int:
    # Without O_NONBLOCK a FIFO would keep us waiting for somebody to write into it.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _bytes(file: IniFile) -> tuple[bytes, Stamp | None]:
    try:
        with open(file.path, "rb", opener=_open_at_once) as opened:
            found = os.fstat(opened.fileno())
            if stat.S_ISCHR(found.st_mode):
                return b"", None  # AWS_CONFIG_FILE=/dev/null is the usual way to ask for no config
            if not stat.S_ISREG(found.st_mode):
                raise file.broken("is not a regular file")
            data = opened.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return b"", None
    except OSError as error:
        raise file.broken(f"cannot be read: {error.strerror}") from error
    except ValueError as error:  # a NUL within the name
        raise file._replace(path=repr(file.path)).broken("is not a file name") from error
    if len(data) > LARGEST:
        raise file.broken("is larger than 16 MiB", hint=f"Name the right file in {file.named_by.partition(' ')[0]}.")
    return data, (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _text(data: bytes, file: IniFile, *, otherwise: str | None = None) -> str:
    """Decode; a byte order mark, at which botocore gives up, is what Windows editors leave and does no harm.

    On Windows botocore reads the file in the encoding of the system's region: what is not UTF-8 is read so there, too
    (`otherwise`).
    """
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode().replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    encoding = otherwise or _windows_encoding()
    if encoding:
        with suppress(UnicodeDecodeError, LookupError):
            return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    # Raised here, not above: the decoder's error would carry the file's whole content along.
    raise file.wrong_at(line, "not UTF-8 text", hint="Save the file as UTF-8.")


def _windows_encoding() -> str:
    if sys.platform != "win32":
        return ""
    import locale

    return locale.getencoding()


class _Reader:
    """Takes the lines one by one and stops at the first bad one."""

    def __init__(self, file: IniFile) -> None:
        self.sections: dict[str, dict[str, list[str]]] = {}
        self._file = file
        self._lexer = Lexer()
        self._keys: dict[str, list[str]] = {}
        self._value: list[str] | None = None

    def take(self, number: int, text: str) -> None:
        kind, name = self._lexer.take(text)
        if kind in {MORE, EMPTY}:
            if self._value is not None:
                self._value.append(text.strip())
        elif kind == KEY:
            self._key(number, name, text)
        elif kind == SECTION:
            self._section(number, name)
        elif kind == STRAY:
            hint = "A section begins with a line such as [sso-session my-sso]."
            raise self._file.wrong_at(number, "this stands before any section", hint=hint)
        elif kind == BROKEN:
            hint = "Fix or remove that line."
            raise self._file.wrong_at(number, "neither a section nor `key = value`", hint=hint)

    def _section(self, number: int, title: str) -> None:
        if title in self.sections and title != DEFAULTS:
            hint = "Join the two sections of that name."
            raise self._file.wrong_at(number, "this section is there already", hint=hint)
        self._keys = self.sections.setdefault(title, {})
        self._value = None

    def _key(self, number: int, key: str, text: str) -> None:
        if key in self._keys:
            hint = "Remove one of the two lines."
            raise self._file.wrong_at(number, "this key is in its section already", hint=hint)
        self._keys[key] = self._value = [text[value_at(text) :].strip()]


def _sections(text: str, file: IniFile) -> dict[str, Values]:
    reader = _Reader(file)
    for number, line in enumerate(text.split("\n"), 1):
        reader.take(number, line)
    written = {
        title: {key: "\n".join(lines).rstrip() for key, lines in keys.items()}
        for title, keys in reader.sections.items()
    }
    everywhere = written.pop(DEFAULTS, {})
    return {title: {**everywhere, **values} for title, values in written.items()}


def _sorted(sections: Mapping[str, Values], *, path: str, stamp: Stamp) -> AwsConfig:
    """Tell sections apart by their titles."""
    sessions: dict[str, SsoSection] = Named()
    profiles: dict[str, Profile] = Named()
    services: dict[str, Mapping[str, Mapping[str, str] | None]] = {}
    for title, values in sections.items():
        kind, name = meaning(title) or ("", "")
        if kind == "profile":
            profiles[name] = _profile(name, title, values)
        elif kind == "sso-session":
            sessions[name] = _session(name, title, values)
        elif kind == "services":
            services[name] = {service: _nested(value) for service, value in values.items()}
    return AwsConfig(path, sessions, profiles, services, stamp)


def _session(name: str, title: str, values: Values) -> SsoSection:
    return SsoSection(
        name,
        title,
        start_url=values.get("sso_start_url"),
        region=values.get("sso_region"),
        scopes=_scopes(values),
        sdk_cache=is_true(values.get("sso_login_sdk_cache", "")),
    )


def _profile(name: str, title: str, values: Values) -> Profile:
    return Profile(
        name,
        title,
        sso_session=values.get("sso_session"),
        start_url=values.get("sso_start_url"),
        region=values.get("sso_region"),
        scopes=_scopes(values),
        sdk_cache=is_true(values.get("sso_login_sdk_cache", "")),
        account_id=values.get("sso_account_id"),
        role_name=values.get("sso_role_name"),
        endpoint_url=values.get("endpoint_url"),
        services=values.get("services"),
        ignore_endpoints=_switch(values, "ignore_configured_endpoint_urls"),
        fips=_switch(values, "use_fips_endpoint"),
        dualstack=_switch(values, "use_dualstack_endpoint"),
        default_region=values.get("region"),
        credential_process=values.get("credential_process"),
        role_arn=values.get("role_arn"),
        source_profile=values.get("source_profile"),
        login_session=values.get("login_session"),
        external_id=values.get("external_id"),
        role_session_name=values.get("role_session_name"),
        duration_seconds=values.get("duration_seconds"),
        mfa_serial=values.get("mfa_serial"),
        credential_source=values.get("credential_source"),
        ca_bundle=values.get("ca_bundle"),
    )


def _scopes(values: Values) -> tuple[str, ...]:
    listed = values.get("sso_registration_scopes", "").split(",")
    return tuple(dict.fromkeys(scope.strip() for scope in listed if scope.strip()))


def _switch(values: Values, key: str) -> bool | None:
    return is_true(values[key]) if key in values else None


def _nested(value: str) -> Mapping[str, str] | None:
    """Read the indented block of a key without a value of its own; None where it is no such block."""
    if value and not value.startswith("\n"):
        return None
    pairs = [line.partition("=") for line in value.splitlines() if line.strip()]
    if not all(equals for _, equals, _ in pairs):
        return None
    return {key.strip(): setting.strip() for key, _, setting in pairs}
