"""The AWS config file, held to botocore's own reader."""

from __future__ import annotations

import configparser
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore import configloader
from botocore.exceptions import ConfigParseError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sso_login.adapters.aws_files.aws_config import IniFile, _text, config_path, read_config
from sso_login.core.config import AwsConfig
from sso_login.core.errors import ConfigError

MARK = "CANARY-0451"
BOM = b"\xef\xbb\xbf"
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")
REUSED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def read(folder: Path, content: bytes | str) -> AwsConfig:
    """Read a config file of that content."""
    path = folder / "config"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_config({"AWS_CONFIG_FILE": str(path), "HOME": str(folder)})


def refusal(folder: Path, content: bytes | str) -> ConfigError:
    """Read a config file that cannot be read, and give the error."""
    with pytest.raises(ConfigError) as caught:
        read(folder, content)
    return caught.value


def read_or_refusal(folder: Path, content: bytes | str) -> AwsConfig | ConfigError:
    """Read a config file, or give the error; any other exception fails the test."""
    try:
        return read(folder, content)
    except ConfigError as error:
        return error


def by_botocore(folder: Path, content: bytes | str) -> dict[str, Any]:
    """Read the same with botocore."""
    path = folder / "config"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    loaded: dict[str, Any] = configloader.load_config(str(path))
    return loaded


PROFILE_KEYS = {
    "sso_session": "sso_session",
    "sso_start_url": "start_url",
    "sso_region": "region",
    "sso_account_id": "account_id",
    "sso_role_name": "role_name",
    "endpoint_url": "endpoint_url",
    "services": "services",
}
SESSION_KEYS = {"sso_start_url": "start_url", "sso_region": "region"}


def told(values: dict[str, Any], keys: dict[str, str]) -> dict[str, Any]:
    """Keep of botocore's section what ours holds, under our names."""
    return {ours: values.get(theirs) for theirs, ours in keys.items()}


def agrees(config: AwsConfig, loaded: dict[str, Any]) -> bool:
    """Tell whether both readers found the same sessions, profiles and services with the same values."""
    profiles = {name: told(values, PROFILE_KEYS) for name, values in loaded["profiles"].items() if name}
    sessions = {name: told(values, SESSION_KEYS) for name, values in loaded["sso_sessions"].items() if name}
    services = {
        name: {service: nested for service, nested in values.items() if isinstance(nested, dict)}
        for name, values in loaded["services"].items()
        if name
    }
    return (
        {name: {ours: getattr(each, ours) for ours in PROFILE_KEYS.values()} for name, each in config.profiles.items()}
        == profiles
        and {name: {"start_url": each.start_url, "region": each.region} for name, each in config.sessions.items()}
        == sessions
        and {
            name: {
                service: nested for service, nested in each.items() if nested or loaded["services"][name][service] == {}
            }
            for name, each in config.services.items()
        }
        == services
    )


ORDINARY = """
# a comment
[default]
region = eu-west-1
sso_session = my-sso

; another
[profile dev]
sso_session=my-sso
sso_account_id = 111122223333
sso_role_name: Admin = yes
services = local
s3 =
  max_concurrent_requests = 20
  addressing_style = path

[profile "two words"]
sso_start_url = https://example.awsapps.com/start#/
SSO_Region = us-east-1

[profile 'single quotes']
endpoint_url = https://x.example   # part of the value

[sso-session my-sso]
sso_start_url = https://my-company.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access, codewhisperer:completions,,sso:account:access
sso_login_sdk_cache = True

[services local]
sso_oidc =
  endpoint_url = http://127.0.0.1:8080
sso =
    # a comment within
    endpoint_url = http://127.0.0.1:8081/a=b

    other = 1
empty =
[plugins]
cli_legacy_plugin_path = /x
[preview]
"""

TEXTS = {
    "ordinary": ORDINARY,
    "crlf": ORDINARY.replace("\n", "\r\n"),
    "cr": ORDINARY.replace("\n", "\r"),
    "indented": "  [profile a]\n  sso_region = x\n  sso_start_url = y\n[profile b]\nsso_region = x\n",
    "empty": "",
    "blank": " \n\t\n\n",
    "comments": "# nothing\n; at all",
    "no final newline": "[sso-session x]\nsso_region = eu-west-1",
    "default as a profile after": "[default]\nsso_region = a\n[profile default]\nsso_start_url = b\n",
    "default as a profile before": "[profile default]\nsso_start_url = b\n[default]\nsso_region = a\n",
    "one name, two spellings": '[profile a]\nsso_region = 1\n[profile "a"]\nsso_start_url = 2\n',
    "unicode": '[sso-session größe]\nsso_region = ü\n[profile "日本 語"]\nsso_region = \u2028é\u0085 \n',
    "blanks around the name": "[profile   a  ]\nsso_region = 1\n[ profile b]\nsso_region = 1\n[profile\tc]\n",
    "prefixes": "[profiles a]\nsso_region=1\n[profilex b]\nsso_region=1\n[sso-sessions c]\n[servicesx d]\n",
    "no name": "[profile]\nsso_region=1\n[sso-session]\n[services]\n[profile a b]\nsso_region=1\n",
    "open quote": "[profile \"a]\nsso_region=1\n[profile b'c]\nsso_region=1\n",
    "escapes": '[profile a\\ b]\nsso_region=1\n[profile "c\\"d"]\nsso_region=1\n[profile ""]\nsso_region=1\n',
    "brackets": "[profile a]b]\nsso_region=1\n[profile c] # note\nsso_region=1\n[profile d] junk\nsso_region=1",
    "only brackets": "[profile a]\n[]=x\nsso_region=1\n",
    "inherited": "[DEFAULT]\nsso_region = all\n[profile a]\n[sso-session b]\nsso_region=own\n[DEFAULT]\na=c\n",
    "inherited later": "[profile a]\nsso_region = own\n[DEFAULT]\nsso_region = all\nsso_start_url = u\n",
    "continued": "[profile a]\nsso_region = one\n two\n\n  three\n# note\n four\nsso_start_url = x\n",
    "colon first": "[profile a]\nsso_start_url: https://x.example/?a=b\nsso_region=a:b\n",
    "no value": "[profile a]\nsso_region =\nsso_start_url=\n\n\n",
    "case of keys": "[profile a]\nSSO_REGION = X\n",
    "unit separators": "[profile a]\nsso_region\x1c=\x1dx\x1f\n\x0csso_start_url = y\n",
    "nul": "[profile a\x00]\nsso_region = \x00\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_botocore_reads_the_same(tmp_path: Path, text: str) -> None:
    """Sessions, profiles and services, and every value we keep of them, are those botocore finds."""
    assert agrees(read(tmp_path, text), by_botocore(tmp_path, text))


def test_what_is_kept_of_the_file(tmp_path: Path) -> None:
    """Scopes are a list without doubles, switches are booleans, and sections know their titles."""
    config = read(tmp_path, ORDINARY)
    session = config.sessions["my-sso"]
    assert session.scopes == ("sso:account:access", "codewhisperer:completions")
    assert session.sdk_cache
    assert config.profiles["two words"].title == 'profile "two words"'
    assert config.services["local"]["sso"] == {"endpoint_url": "http://127.0.0.1:8081/a=b", "other": "1"}
    assert sorted(config.profiles) == ["default", "dev", "single quotes", "two words"]


def test_switches_of_a_profile_are_true_false_or_not_set(tmp_path: Path) -> None:
    """As in botocore `true` in any case is on, everything else off, and a missing key neither."""
    text = "[profile a]\nuse_fips_endpoint = TRUE\nuse_dualstack_endpoint = yes\n"
    profile = read(tmp_path, text).profiles["a"]
    assert (profile.fips, profile.dualstack, profile.ignore_endpoints, profile.sdk_cache) == (True, False, None, False)


def test_no_credentials_are_kept(tmp_path: Path) -> None:
    """Keys that are none of ours, secret access keys above all, are not in the value."""
    text = f"[default]\naws_access_key_id = {MARK}\naws_secret_access_key = {MARK}\naws_session_token = {MARK}\n"
    assert MARK not in repr(read(tmp_path, text))


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    """Botocore gives up at a byte order mark; we read what it reads without it."""
    with pytest.raises(ConfigParseError):
        by_botocore(tmp_path, BOM + ORDINARY.encode())
    assert agrees(read(tmp_path, BOM + ORDINARY.encode()), by_botocore(tmp_path, ORDINARY))


def test_a_broken_nested_block_is_no_trouble_until_it_is_asked_for(tmp_path: Path) -> None:
    """Where botocore refuses the whole file, only the broken block is marked as unreadable."""
    text = "[services x]\nsso =\n  endpoint_url\nsso_oidc = flat\n[profile a]\ns3 =\n  junk\nsso_region = r\n"
    with pytest.raises(ConfigParseError):
        by_botocore(tmp_path, text)
    config = read(tmp_path, text)
    assert config.services["x"] == {"sso": None, "sso_oidc": None}
    assert config.profiles["a"].region == "r"


# --- broken files

BROKEN = {
    "key before a section": (f"# x\n{MARK} = {MARK}\n[default]\n", 2),
    "neither key nor section": (f"[default]\nregion = x\naws_secret_access_key {MARK}\n", 3),
    "no key": (f"[default]\n= {MARK}\n", 2),
    "the same key again": (f"[default]\n{MARK} = {MARK}\n{MARK} = {MARK}\n", 3),
    "the same section again": (f"[profile {MARK}]\n[default]\n[profile {MARK}]\n", 3),
    "an open bracket": (f"[default]\n[profile {MARK}\n", 2),
    "an indented line after a section": (f"[default]\n  {MARK}\n", 2),
    "a key said again in DEFAULT": (f"[DEFAULT]\n{MARK}=1\n[a]\n[DEFAULT]\n{MARK}=2\n", 5),
    "binary": (b"\x7fELF\x02\x01\x01\x00" + bytes(range(127)) + MARK.encode(), 1),
    "latin-1": (f"[default]\nkey = {MARK}\nname = gr".encode() + b"\xf6\xdfe\n", 3),
    "utf-16": (f"[default]\nkey = {MARK}\n".encode("utf-16"), 1),
}


@pytest.mark.parametrize(("content", "line"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_one_line_that_names_file_and_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes | str, line: int
) -> None:
    """The error names file and line and has a hint; nothing of the file is in it, its causes or the log."""
    caplog.set_level(logging.DEBUG)
    error = refusal(tmp_path, content)
    assert f"{tmp_path / 'config'}, line {line}: " in error.message
    assert error.hint
    assert "\n" not in error.message + error.hint
    assert MARK not in "".join(traceback.format_exception(error)) + caplog.text
    assert error.__cause__ is None
    assert error.__context__ is None


@pytest.mark.parametrize("content", [content for content, _ in BROKEN.values()], ids=BROKEN.keys())
def test_botocore_refuses_what_we_refuse(tmp_path: Path, content: bytes | str) -> None:
    """None of the broken files is one the AWS tools would read."""
    with pytest.raises(ConfigParseError):
        by_botocore(tmp_path, content)


def test_a_file_of_more_than_16_mebibytes_is_refused(tmp_path: Path) -> None:
    """One byte more is the wrong file; 16 MiB are read."""
    comment = b"#" * ((16 << 20) - 1) + b"\n"
    assert read(tmp_path, comment).profiles == {}
    assert "larger than 16 MiB" in refusal(tmp_path, comment + b"\n").message


WIDE = {
    "bad lines": " a\n" * 300_000,
    "blanks within a line": "a" + " " * 900_000 + "b",
    "a long quoted title": f'[profile "{"a" * 900_000}"]',
    "many quoted titles": "".join(f'[profile "{number}"]\n' for number in range(40_000)),
    "many keys": "".join(f"{number}=\n" for number in range(80_000)),
    "a long value": "a =\n" + " b\n" * 300_000,
}


@pytest.mark.parametrize("text", WIDE.values(), ids=WIDE.keys())
def test_no_file_takes_long(tmp_path: Path, text: str) -> None:
    """Time grows with the size of the file only; configparser takes many minutes over some of these."""
    answer = read_or_refusal(tmp_path, f"[default]\n{text}")
    assert len(answer.message) < 300 + len(str(tmp_path)) if isinstance(answer, ConfigError) else answer.profiles


# --- files that are none


def test_a_missing_file_is_an_empty_config(tmp_path: Path) -> None:
    """As for botocore, no file means no sections, also where AWS_CONFIG_FILE names it."""
    for env in ({"HOME": str(tmp_path)}, {"AWS_CONFIG_FILE": str(tmp_path / "none")}):
        config = read_config(env)
        assert (config.sessions, config.profiles, config.stamp) == ({}, {}, None)
    (tmp_path / "file").touch()
    assert read_config({"AWS_CONFIG_FILE": str(tmp_path / "file" / "config")}).profiles == {}


@posix
def test_the_null_device_is_an_empty_config(tmp_path: Path) -> None:
    """AWS_CONFIG_FILE=/dev/null is how people ask for no config; a link to it is the same."""
    (tmp_path / "link").symlink_to(os.devnull)
    for path in (os.devnull, str(tmp_path / "link")):
        assert read_config({"AWS_CONFIG_FILE": path}).stamp is None


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """A folder where a file should be is a config error."""
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config({"AWS_CONFIG_FILE": str(tmp_path)})


@posix
def test_a_fifo_is_refused_at_once(tmp_path: Path) -> None:
    """A FIFO nobody writes to does not keep the program waiting."""
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "config")
    with pytest.raises(ConfigError, match="is not a regular file"):
        read_config({"AWS_CONFIG_FILE": str(tmp_path / "config")})


@contextmanager
def nobody() -> Iterator[None]:
    """Act as a user without rights where the tests run as root."""
    if sys.platform == "win32" or os.geteuid() != 0:
        yield
    else:
        os.seteuid(65_534)
        try:
            yield
        finally:
            os.seteuid(0)


@posix
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    """A file without the right to read it is a config error that points to its permissions."""
    (tmp_path / "config").write_text("[default]\n")
    (tmp_path / "config").chmod(0)
    with nobody(), pytest.raises(ConfigError, match="Permission denied") as caught:
        read_config({"AWS_CONFIG_FILE": str(tmp_path / "config")})
    assert "permissions" in caught.value.hint


@posix
def test_links_that_go_in_circles_are_refused(tmp_path: Path) -> None:
    """A loop of symbolic links is a config error; a link to a file is that file."""
    (tmp_path / "config").symlink_to(tmp_path / "config")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config({"AWS_CONFIG_FILE": str(tmp_path / "config")})
    (tmp_path / "real").write_text("[default]\n")
    (tmp_path / "good").symlink_to(tmp_path / "real")
    assert list(read_config({"AWS_CONFIG_FILE": str(tmp_path / "good")}).profiles) == ["default"]


def test_a_name_no_file_can_have_is_refused() -> None:
    """A NUL within the name is a config error."""
    with pytest.raises(ConfigError, match="is not a file name"):
        read_config({"AWS_CONFIG_FILE": "a\0b"})


def test_the_stamp_is_that_of_the_file_read(tmp_path: Path) -> None:
    """The config remembers device, inode, size and times of its file, and they change when it is edited."""
    before = read(tmp_path, "[default]\n").stamp
    found = (tmp_path / "config").stat()
    assert before == (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    assert read(tmp_path, "[default]\n\n").stamp != before


# --- where it is


def test_the_file_is_the_one_named_or_the_home_folders() -> None:
    """AWS_CONFIG_FILE wins, an empty one counts as unset, `~` and `$NAME` are those of the environment given."""
    user = {"HOME": "/home/me", "USERPROFILE": "/home/me", "DIR": "/etc"}
    assert config_path(user) == "/home/me/.aws/config"
    assert config_path({**user, "AWS_CONFIG_FILE": ""}) == "/home/me/.aws/config"
    assert config_path({**user, "AWS_CONFIG_FILE": "/x/y"}) == "/x/y"
    assert config_path({**user, "AWS_CONFIG_FILE": "~/y"}) == "/home/me/y"
    assert config_path({**user, "AWS_CONFIG_FILE": "$DIR/${DIR}$NONE"}) == "/etc//etc$NONE"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no passwd")
@pytest.mark.parametrize("env", [{}, {"HOME": ""}, {"HOME": "relative"}, {"HOME": "~"}])
def test_without_a_usable_home_variable_the_system_is_asked(env: dict[str, str]) -> None:
    """Where HOME is unset, empty or relative the passwd entry serves."""
    system = subprocess.run(["sh", "-c", "getent passwd $(id -u)"], capture_output=True, text=True, check=True).stdout
    assert config_path(env) == f"{system.split(':')[5]}/.aws/config"
    assert config_path({"AWS_CONFIG_FILE": "~nobody-has-this-name/x"}) == "~nobody-has-this-name/x"


# --- anything

LINES = st.sampled_from(
    [
        "[default]",
        "[DEFAULT]",
        "[profile a]",
        '[profile "a b"]',
        "[sso-session a]",
        "[services a]",
        "sso_region = x",
        "sso_start_url: y=z",
        "sso_session",
        "sso =",
        "  endpoint_url = u",
        " [profile c]",
        "\t# note",
        ";note",
        "",
        "   ",
        "= x",
        "[]",
        "[x",
        "services=a",
        "\x0cendpoint_url = v\x1f",
    ]
)


@given(st.lists(LINES | st.text(max_size=8), max_size=14), st.sampled_from(["\n", "\r\n", "\r"]))
@REUSED
def test_any_lines_are_read_as_botocore_reads_them(tmp_path: Path, lines: list[str], end: str) -> None:
    """Whatever the lines, both readers refuse the file, or both read it and agree."""
    content = end.join(lines).encode("utf-8", "replace")
    try:
        loaded = by_botocore(tmp_path, content)
    except ConfigParseError as error:
        nested = not isinstance(error.kwargs["error"], configparser.Error | UnicodeDecodeError)
        assert nested or isinstance(read_or_refusal(tmp_path, content), ConfigError)
        return
    assert agrees(read(tmp_path, content), loaded)


@given(st.binary(max_size=400))
@REUSED
def test_any_bytes_are_a_config_or_a_config_error(tmp_path: Path, content: bytes) -> None:
    """No file makes the reader fail in another way, and its errors are one line."""
    answer = read_or_refusal(tmp_path, content)
    assert isinstance(answer, AwsConfig) or "\n" not in answer.message


def test_what_windows_wrote_in_its_own_encoding_is_read_in_that() -> None:
    """As botocore reads it there; UTF-8 goes first, and what is neither is named with its line."""
    assert _text("name = caf\u00e9\r\n".encode("cp1252"), IniFile("config"), otherwise="cp1252") == "name = caf\u00e9\n"
    assert _text("name = caf\u00e9".encode(), IniFile("config"), otherwise="cp1252") == "name = caf\u00e9"
    for otherwise in ("utf-16", "no-such-encoding"):
        with pytest.raises(ConfigError, match=r"line 2: not UTF-8"):
            _text(b"a = b\nc = \xff", IniFile("config"), otherwise=otherwise)
