"""Editing AWS files: golden files, every byte that is not meant kept, and what botocore then reads."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore import configloader
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sso_login.adapters.aws_files import aws_ini
from sso_login.adapters.aws_files.aws_config import credentials_path, read_config
from sso_login.adapters.aws_files.aws_edit import LOCKS, Change, edit_file, planned, read_keys, title_of
from sso_login.adapters.aws_files.aws_ini import edited
from sso_login.adapters.secrets.lock import FileLocks
from sso_login.core.errors import ConfigError, LockTimeout, StoreUnusable, UnsafeFile, UsageProblem
from tests.support.stores.memory import MemoryLocks

GOLDEN = Path(__file__).parent / "golden"
REUSED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")
SECRET = "CANARY-0451"

EDITS: Mapping[str, tuple[Change, ...]] = {
    "everyday": (
        Change("sso-session corp", {"sso_region": "eu-west-1", "sso_login_sdk_cache": "true"}),
        Change("profile dev", {"sso_account_id": "999900001111", "sso_role_name": "Reader", "sso_session": "corp"}),
        Change("profile 'legacy one'", {"region": "us-west-2"}, remove=("duration_seconds", "not_there")),
        Change("default", remove=("s3",)),
        Change("profile new", {"region": "us-east-1"}),
        Change("profile new", {"output": "json"}),
        Change("profile never", remove=("region",)),
    ),
    "windows": (
        Change("profile a", {"region": "eu-west-3", "output": "json"}),
        Change("sso-session corp", {"sso_region": "us-east-1"}),
    ),
    "notepad": (Change("default", {"region": "eu-west-2"}),),
    "unfinished": (
        Change("profile a", {"region": "eu-west-2"}),
        Change("profile b", {"region": "us-east-1"}),
        Change("profile c", {"region": "us-east-2"}),
    ),
    "unicode": (Change("profile 東京", {"region": "ap-northeast-3", "output": "json"}),),
    "duplicates": (Change("profile once", {"region": "us-east-2"}),),
    "indented": (Change("profile a", {"output": "json"}), Change("profile b", {"region": "us-west-1"})),
    "credentials": (
        Change(
            "dev",
            {"aws_access_key_id": "ASIANEW", "aws_secret_access_key": "new/+=", "aws_session_token": "new=="},
            remove=("aws_security_token",),
        ),
    ),
}


@pytest.fixture
def locks(tmp_path: Path) -> FileLocks:
    """Give the locks of these files, in a state folder."""
    return FileLocks(str(tmp_path / "state"), notify=lambda _: None, folder=LOCKS)


@pytest.mark.parametrize("name", EDITS)
def test_a_real_file_is_edited_as_a_careful_person_would(name: str) -> None:
    """Comments, order, blanks, nested blocks, line ends, byte order mark and other sections stay as they were."""
    before, after = (GOLDEN.joinpath(f"{name}.{when}").read_bytes() for when in ("before", "after"))
    assert edited(before, EDITS[name], path="config") == after


@pytest.mark.parametrize("name", EDITS)
def test_the_same_edit_again_changes_nothing(name: str) -> None:
    """What is there already is left alone, to the byte."""
    after = GOLDEN.joinpath(f"{name}.after").read_bytes()
    assert edited(after, EDITS[name], path="config") is after


def test_every_golden_file_has_its_edit() -> None:
    """No fixture lies around unused."""
    assert {path.stem for path in GOLDEN.iterdir()} == set(EDITS)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"[profile x]\nregion = r\n"),
        (b"\n", b"\n[profile x]\nregion = r\n"),
        (b"# only this", b"# only this\n\n[profile x]\nregion = r\n"),
        (b"[profile x]", b"[profile x]\nregion = r\n"),
        (b"[profile x]\n\n[default]\n", b"[profile x]\nregion = r\n\n[default]\n"),
        (b"[profile x]\nregion =\n", b"[profile x]\nregion = r\n"),
        (b"[profile x]\nregion=\n", b"[profile x]\nregion=r\n"),
        (b"[profile x]\nregion =\n  a = b\n", b"[profile x]\nregion = r\n"),
        (b"[profile x]\nregion = a\n # c\n  b\n", b"[profile x]\nregion = r\n # c\n"),
        (b"a\r[profile x]\rb = c", b"a\r[profile x]\rb = c\rregion = r\r"),
        (b"\xef\xbb\xbf", b"\xef\xbb\xbf[profile x]\nregion = r\n"),
        (b"[profile x ]\n", b"[profile x ]\nregion = r\n"),
        (b'[profile "x" y]\n[profile "x]\n', b'[profile "x" y]\n[profile "x]\n\n[profile x]\nregion = r\n'),
    ],
)
def test_a_key_comes_into_every_kind_of_file(before: bytes, after: bytes) -> None:
    """Empty, without an end, with only a head, with a nested block in the key's place."""
    assert edited(before, [Change("profile x", {"region": "r"})], path="config") == after


def test_a_cleared_value_is_an_empty_one() -> None:
    """An empty value is a value."""
    assert edited(b"[a]\nk = v\n", [Change("a", {"k": ""})], path="config") == b"[a]\nk =\n"
    assert edited(b"[a]\nk =\n", [Change("a", {"k": ""})], path="config") == b"[a]\nk =\n"


def test_default_by_its_two_names_is_one_profile() -> None:
    """`[profile default]` is what botocore takes for the default profile, too."""
    after = edited(b"[profile default]\nregion = a\n", [Change("default", {"region": "b"})], path="config")
    assert after == b"[profile default]\nregion = b\n"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (f"[profile x]\nk = {SECRET}\n\n[profile x]\n", 4),
        (f'[profile x]\nk = {SECRET}\n[profile "x"]\n', 3),
        (f"[profile x]\nregion = a\nk = {SECRET}\nRegion = b\n", 4),
        (f"[profile x]\nk = {SECRET}\n\udcff\n", 3),
        (f"[profile x]\n  {SECRET}\n", 2),
    ],
)
def test_what_cannot_be_edited_is_refused_by_its_line(content: str, line: int) -> None:
    """The target twice, its key twice, no UTF-8: nothing of the file is quoted."""
    with pytest.raises(ConfigError, match=rf"^config, line {line}: ") as caught:
        edited(content.encode(errors="surrogateescape"), [Change("profile x", {"region": "r"})], path="config")
    assert SECRET not in repr([caught.value, caught.value.hint, caught.value.__context__])


@pytest.mark.parametrize(
    ("section", "values", "remove"),
    [
        ("", {}, ()),
        ("a\nb", {}, ()),
        ("DEFAULT", {}, ()),
        ("a", {"": "v"}, ()),
        ("a", {"k = 1": "v"}, ()),
        ("a", {"[b]": "v"}, ()),
        ("a", {}, ("#k",)),
        ("a", {"k": f"{SECRET}\n[b]"}, ()),
        ("a", {"k": f"{SECRET}\x1b[2J"}, ()),
        ("a", {"k": f"{SECRET}\u2028"}, ()),
        ("a", {"k": f"{SECRET}\udcff"}, ()),
        ("a", {"k": f" {SECRET}"}, ()),
    ],
)
def test_what_would_not_be_read_back_is_refused(
    section: str, values: Mapping[str, str], remove: tuple[str, ...]
) -> None:
    """Titles, keys and values that could become lines of their own; the value is not shown."""
    with pytest.raises(UsageProblem) as caught:
        Change(section, values, remove)
    assert SECRET not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    ("kind", "name", "title"),
    [
        ("profile", "dev", "profile dev"),
        ("profile", "default", "default"),
        ("profile", "two words", "profile 'two words'"),
        ("sso-session", "default", "sso-session default"),
        ("sso-session", "東京", "sso-session 東京"),
    ],
)
def test_a_title_is_written_as_the_aws_cli_writes_it(kind: str, name: str, title: str) -> None:
    """Quoted only where it must be; the default profile has a section without a kind."""
    assert title_of(kind, name) == title


# --- against botocore, on whatever files there may be

WORDS = st.text("abc#;=:[]'\"\\é \t", min_size=1, max_size=8)
TITLES = st.sampled_from(["default", "profile a", 'profile "a"', "profile b", "sso-session c", "services d", "x"])
LINES = st.one_of(
    TITLES.map("[{}]".format),
    TITLES.map("  [{}]".format),
    st.builds("{}{} = {}".format, st.sampled_from(["", " ", "    "]), st.sampled_from(["k", "s3", "Region"]), WORDS),
    st.builds("{}{}:".format, st.sampled_from(["", "  "]), st.sampled_from(["k", "region", "l"])),
    WORDS.map("  {}".format),
    WORDS.map("# {}".format),
    st.sampled_from(["", "   ", "; c", "  # d", "  e = f"]),
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
FILES = st.builds(
    lambda lines, end, last: end.join(lines) + last, st.lists(LINES, max_size=14), ENDS, st.sampled_from(["", "\n"])
)
CHANGES = st.builds(
    Change,
    st.sampled_from(["default", "profile a", "profile b", "sso-session c", "profile new"]),
    st.dictionaries(
        st.sampled_from(["k", "region", "s3", "n"]), st.text("ab#;=:[]'\"é ", max_size=8).map(str.strip), max_size=3
    ),
    st.lists(st.sampled_from(["k", "l", "s3"]), max_size=2).map(tuple),
)


def raw(folder: Path, content: bytes) -> dict[str, Any] | None:
    """Read a file with botocore section by section, None where it refuses."""
    path = folder / "raw"
    path.write_bytes(content)
    with contextlib.suppress(Exception):
        loaded: dict[str, Any] = configloader.raw_config_parse(str(path), parse_subsections=False)
        return loaded
    return None


def names(titles: Mapping[str, Any], meant: str) -> list[str]:
    """Give the title under which a section is there, by botocore's own reading of titles."""
    mapped = {title: configloader.build_profile_map({title: {"mark": title}}) for title in titles}
    wanted = configloader.build_profile_map({meant: {"mark": meant}})

    def bare(found: Any) -> Any:  # noqa: ANN401 - botocore's nested dictionaries
        return {kind: set(value) for kind, value in found.items()}

    return [title for title, found in mapped.items() if bare(found) == bare(wanted)]


@REUSED
@given(content=FILES, change=CHANGES)
def test_botocore_reads_the_old_content_plus_the_change(tmp_path: Path, content: str, change: Change) -> None:
    """Every other section and key has the values it had; those of the change have the new ones."""
    data = content.encode()
    before = raw(tmp_path, data)
    assume(before is not None)
    assert before is not None
    titles = names(before, change.section)
    if len(titles) > 1:
        with pytest.raises(ConfigError):
            edited(data, [change], path="config")
        return
    after = raw(tmp_path, edited(data, [change], path="config"))
    title = titles[0] if titles else change.section
    wanted = {key: value for key, value in before.get(title, {}).items() if key not in change.remove}
    expected = {**before, title: {**wanted, **change.set}}
    if not titles and not change.set:
        del expected[title]
    assert after == expected


def others(data: bytes, meant: str) -> list[str]:
    """Give every section but that one, whole, without the line ends at its end."""
    names_it = {meant, meant.replace("profile a", 'profile "a"')}
    every = aws_ini._sections(data.decode())
    return [
        "".join(line.text + line.end for line in [*([each.head] if each.head else []), *each.lines]).rstrip("\r\n")
        for each in every
        if each.title not in names_it
    ]


@REUSED
@given(content=FILES, change=CHANGES)
def test_every_other_section_keeps_its_bytes(content: str, change: Change) -> None:
    """Comments, blanks and line ends of what is not edited stay, and so does the order."""
    data = content.encode()
    with contextlib.suppress(ConfigError):
        after = edited(data, [change], path="config")
        assert others(after, change.section) == others(data, change.section)
        assert after.startswith(data[: data.find(b"[")] if b"[" in data else data)


@REUSED
@given(content=FILES, change=CHANGES)
def test_an_edit_made_twice_is_made_once(content: str, change: Change) -> None:
    """Idempotent, on whatever file."""
    with contextlib.suppress(ConfigError):
        once = edited(content.encode(), [change], path="config")
        assert edited(once, [change], path="config") == once


@REUSED
@given(content=FILES, change=CHANGES)
def test_our_own_reader_reads_what_it_read_before(tmp_path: Path, content: str, change: Change) -> None:
    """A file that read_config takes is one that it takes afterwards."""
    path = tmp_path / "config"
    env = {"AWS_CONFIG_FILE": str(path)}
    path.write_text(content, newline="")
    with contextlib.suppress(ConfigError):
        read_config(env)
        path.write_bytes(edited(path.read_bytes(), [change], path="config"))
        config = read_config(env)
        name = change.section.rpartition(" ")[2]
        if change.section.startswith("sso-session") and change.set:
            assert name in config.sessions


# --- the file itself


def test_a_file_and_its_folder_are_made_for_the_owner_alone(tmp_path: Path, locks: FileLocks) -> None:
    """0700 and 0600, whatever the umask."""
    path = tmp_path / ".aws" / "config"
    assert edit_file(str(path), [Change("default", {"region": "r"})], private=False, locks=locks)
    assert path.read_bytes() == b"[default]\nregion = r\n"
    if sys.platform != "win32":
        assert [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)] == [0o600, 0o700]


@posix
@pytest.mark.parametrize(
    ("mode", "private", "after"),
    [(0o644, False, 0o644), (0o640, False, 0o640), (0o600, False, 0o600), (0o644, True, 0o600), (0o600, True, 0o600)],
)
def test_a_mode_is_kept_and_credentials_are_shut(
    tmp_path: Path,
    locks: FileLocks,
    mode: int,
    private: bool,  # noqa: FBT001 - a parametrized case
    after: int,
) -> None:
    """The config file stays as open as its owner made it; a credentials file is never open to others."""
    path = tmp_path / "file"
    path.write_bytes(b"[default]\n")
    path.chmod(mode)
    edit_file(str(path), [Change("default", {"region": "r"})], private=private, locks=locks)
    assert stat.S_IMODE(path.stat().st_mode) == after


def test_nothing_is_written_where_nothing_changes(tmp_path: Path, locks: FileLocks) -> None:
    """The very same file, with its times; and a missing one is not made for nothing."""
    path = tmp_path / "config"
    path.write_bytes(b"[default]\nregion = r\n")
    stamp = path.stat()
    assert not edit_file(str(path), [Change("default", {"region": "r"})], private=False, locks=locks)
    assert path.stat() == stamp
    assert not edit_file(str(tmp_path / "no" / "file"), [Change("a", remove=("b",))], private=False, locks=locks)
    assert not (tmp_path / "no").exists()


@posix
def test_a_link_stays_and_its_target_is_edited(tmp_path: Path, locks: FileLocks) -> None:
    """As dotfiles managers have it: the link is not cut off, and no temporary file stays beside either."""
    dotfiles, aws = tmp_path / "dotfiles", tmp_path / ".aws"
    dotfiles.mkdir()
    aws.mkdir()
    (dotfiles / "aws-config").write_bytes(b"# mine\n")
    (aws / "config").symlink_to("../dotfiles/aws-config")
    edit_file(str(aws / "config"), [Change("default", {"region": "r"})], private=False, locks=locks)
    assert (aws / "config").is_symlink()
    assert (dotfiles / "aws-config").read_bytes() == b"# mine\n\n[default]\nregion = r\n"
    assert [path.name for folder in (dotfiles, aws) for path in folder.iterdir()] == ["aws-config", "config"]


@posix
def test_what_is_no_file_of_ours_is_refused(tmp_path: Path, locks: FileLocks) -> None:
    """A device, a FIFO, a folder, a name that is none, too large a file: each with its own word, none is harmed."""
    fifo, folder, large = tmp_path / "fifo", tmp_path / "folder", tmp_path / "large"
    if sys.platform != "win32":
        os.mkfifo(fifo)
    folder.mkdir()
    large.write_bytes(b"#" * (16 << 20) + b"\n")
    for path, word in (("/dev/null", "regular"), (fifo, "regular"), (folder, "cannot read"), (large, "16 MiB")):
        with pytest.raises(ConfigError, match=word):
            edit_file(str(path), [Change("a", {"b": "c"})], private=False, locks=locks)
    with pytest.raises(ConfigError, match="not a file name"):
        planned("a\0b", [])


@posix
def test_somebody_elses_file_is_refused(tmp_path: Path, locks: FileLocks) -> None:
    """Root, with a user's home, must not put a file there that the user can no longer read."""
    path = Path("/etc/passwd")  # root's
    if sys.platform != "win32" and os.geteuid() == 0:
        path = tmp_path / "config"
        path.touch()
        os.chown(path, 12345, 12345)
    with pytest.raises(UnsafeFile, match=r"belongs to (root|#12345)"):
        edit_file(str(path), [Change("a", {"b": "c"})], private=False, locks=locks)


@posix
def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path, locks: FileLocks) -> None:
    """Exit code 7, with a hint that speaks of this file."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot read"):
        edit_file(str(tmp_path / "file" / "config"), [Change("a", {"b": "c"})], private=False, locks=locks)
    (tmp_path / "gone").symlink_to(tmp_path / "gone")
    with pytest.raises(ConfigError, match="cannot read"):
        edit_file(str(tmp_path / "gone"), [Change("a", {"b": "c"})], private=False, locks=locks)
    long = tmp_path / ("n" * 250) / ("m" * 300)
    with pytest.raises((ConfigError, StoreUnusable)):
        edit_file(str(long / "config"), [Change("a", {"b": "c"})], private=False, locks=locks)


def test_a_lock_that_is_not_given_names_the_file(tmp_path: Path) -> None:
    """The message is about the file, not about a session."""

    class Taken(MemoryLocks):
        @contextlib.contextmanager
        def hold(self, name: str) -> Iterator[None]:
            raise LockTimeout(name)
            yield

    with pytest.raises(LockTimeout, match="config was locked") as caught:
        edit_file(str(tmp_path / "config"), [], private=False, locks=Taken())
    assert "writing this file" in caught.value.hint


WRITER = """
import sys
from sso_login.adapters.aws_files.aws_edit import LOCKS, Change, edit_file
from sso_login.adapters.secrets.lock import FileLocks
locks = FileLocks(sys.argv[1], notify=print, folder=LOCKS)
for number in range(5):
    edit_file(sys.argv[2], [Change(f"{sys.argv[3]}-{number}", {"k": "v"})], private=True, locks=locks)
"""


def test_processes_do_not_lose_each_others_edits(tmp_path: Path) -> None:
    """Six at once, five edits each: thirty sections, and one whole file."""
    path = tmp_path / "credentials"
    command = [sys.executable, "-c", WRITER, str(tmp_path / "state"), str(path)]
    children = [subprocess.Popen([*command, str(number)]) for number in range(6)]
    assert [child.wait() for child in children] == [0] * 6
    assert path.read_text().count("[") == 30


def test_keys_are_read_without_values_that_are_not_asked_for(tmp_path: Path) -> None:
    """What else is in a section is known to be there; sections of another kind are not told."""
    path = tmp_path / "config"
    path.write_text(
        f"[default]\nregion: r\naws_secret_access_key = {SECRET}\n[profile 'a b']\n[sso-session c]\n[d]\nk=v\n"
    )
    found = read_keys(str(path), "profile", values=["region"])
    assert found == {"default": {"region": "r", "aws_secret_access_key": ""}, "a b": {}}


def test_a_plan_writes_nothing(tmp_path: Path) -> None:
    """Before and after, as `edit_file` would have it."""
    path = tmp_path / "config"
    assert planned(str(path), [Change("a", {"b": "c"})]) == (b"", b"[a]\nb = c\n")
    assert not path.exists()


def test_the_credentials_file_is_found_as_botocore_finds_it() -> None:
    """AWS_SHARED_CREDENTIALS_FILE with `~` and variables, else the usual place."""
    home = {"HOME": "/home/me", "USERPROFILE": "/home/me"}
    assert credentials_path(home) == "/home/me/.aws/credentials"
    assert credentials_path({**home, "AWS_SHARED_CREDENTIALS_FILE": "~/$X/c", "X": "y"}) == "/home/me/y/c"


@posix
def test_a_hard_link_stays_one(tmp_path: Path, locks: FileLocks) -> None:
    """Both names still lead to the same file, with its mode, and nothing is left beside it."""
    path, other = tmp_path / "config", tmp_path / "dotfiles"
    path.write_bytes(b"[default]\nregion = eu-west-1\n# a longer line that goes away is cut off\n" * 1)
    path.chmod(0o640)
    os.link(path, other)
    assert edit_file(str(path), [Change("default", {"region": "r"})], private=False, locks=locks)
    assert path.samefile(other)
    assert b"region = r\n" in other.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(each.name for each in tmp_path.iterdir() if each.name != "home") == ["config", "dotfiles", "state"]


@posix
def test_what_is_shorter_afterwards_has_no_old_end(tmp_path: Path, locks: FileLocks) -> None:
    """Writing through a hard link cuts the file where the new content ends."""
    path = tmp_path / "config"
    path.write_bytes(b"[a]\nregion = a-very-long-value-indeed\n[b]\nx = y\n")
    os.link(path, tmp_path / "other")
    edit_file(str(path), [Change("a", {"region": "r"})], private=False, locks=locks)
    assert path.read_bytes() == b"[a]\nregion = r\n[b]\nx = y\n"


@posix
@pytest.mark.parametrize("mode", [0o444, 0o400, 0o555])
def test_a_file_that_its_owner_made_read_only_is_refused(tmp_path: Path, locks: FileLocks, mode: int) -> None:
    """It is not replaced behind the owner's back: exit 7, and the command that allows it."""
    path = tmp_path / "config"
    path.write_bytes(b"[default]\n")
    path.chmod(mode)
    with pytest.raises(StoreUnusable, match="is read-only") as caught:
        edit_file(str(path), [Change("default", {"region": "r"})], private=False, locks=locks)
    assert caught.value.hint == f"Allow it: `chmod u+w {path}`."
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"[default]\n", mode)
    assert not edit_file(str(path), [Change("default", {})], private=False, locks=locks)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give a file a foreign group")
def test_owner_and_group_are_kept(tmp_path: Path, locks: FileLocks) -> None:
    """A config that a group may read goes on being read by it."""
    path = tmp_path / "config"
    path.write_bytes(b"[default]\n")
    if sys.platform != "win32":
        os.chown(path, 0, 4711)
    path.chmod(0o640)
    edit_file(str(path), [Change("default", {"region": "r"})], private=False, locks=locks)
    found = path.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (0, 4711, 0o640)


def test_a_section_whose_words_are_parted_by_a_tab_is_edited(tmp_path: Path, locks: FileLocks) -> None:
    """The reader takes it, so the editor does."""
    path = tmp_path / "config"
    path.write_bytes(b"[sso-session\tcorp2]\nsso_region = us-east-1\n")
    edit_file(str(path), [Change("sso-session corp2", {"sso_region": "eu-west-1"})], private=False, locks=locks)
    edit_file(str(path), [Change("sso-session\tcorp2", {"sso_start_url": "x"})], private=False, locks=locks)
    assert path.read_bytes() == b"[sso-session\tcorp2]\nsso_region = eu-west-1\nsso_start_url = x\n"
