"""Private files: modes, owners, kinds, and what a kill leaves behind."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_login import layout
from sso_login.adapters.secrets import files, folders, safety
from sso_login.core.errors import BadRecord, StoreUnusable, UnsafeFile

if sys.platform == "win32":
    pytest.skip("modes, links and FIFOs are POSIX", allow_module_level=True)

# A child that is killed or may write no large file would leave coverage's own data damaged.
UNCOVERED = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a file in a private folder that does not exist yet, below a parent that does not either."""
    return tmp_path / "state" / "secrets" / "sso+name"


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """Run under that umask."""
    before = os.umask(request.param)
    try:
        yield request.param
    finally:
        os.umask(before)


def listed(folder: Path) -> list[str]:
    """Give the names of all files in a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    """Give a file's permission bits."""
    return stat.S_IMODE(path.lstat().st_mode)


def test_files_and_folders_are_private_under_any_umask(path: Path, umask: int) -> None:
    """Files are 0600, folders and the parents made for them 0700, whatever the umask adds or takes away."""
    del umask
    files.write(str(path), b"secret")
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    assert mode(path.parent.parent) == 0o700
    assert files.read(str(path)) == b"secret"


def test_modes_are_private_from_the_first_moment(tmp_path: Path) -> None:
    """Python's audit events show that a folder is asked for with 0700 and a file as a new one, never through a link."""
    asked: list[tuple[str, int]] = []

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        if not watching or event not in {"open", "os.mkdir"}:
            return  # a hook stays for good, and what it raises would end what others do
        name = arguments[0]  # below the folder that is open, by name alone; a number where a descriptor becomes a file
        if isinstance(name, str) and ("/" not in name or "made" in name):
            flags = arguments[2] if event == "open" else arguments[1]
            assert isinstance(flags, int)
            asked.append((event, flags))

    watching = True
    sys.addaudithook(audit)
    files.write(str(tmp_path / "made" / "file"), b"x")
    watching = False
    (made,) = [flags for event, flags in asked if event == "os.mkdir"]
    assert made == 0o700
    creating = [flags for event, flags in asked if event == "open" and flags & os.O_CREAT]
    assert creating
    wanted = os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    assert all(flags & wanted == wanted for flags in creating)


def test_a_folder_that_is_swapped_meanwhile_is_not_the_one_that_is_read(path: Path) -> None:
    """What was checked is what is opened: a name is looked up below the folder that is open, and in no other."""
    files.write(str(path), b"ours")
    with folders.private(str(path.parent)) as folder:
        assert folder is not None
        path.parent.rename(path.parent.with_name("moved"))
        path.parent.mkdir(mode=0o700)
        path.write_bytes(b"theirs")
        with os.fdopen(folder.open(path.name, os.O_RDONLY), "rb") as file:
            assert file.read() == b"ours"


@pytest.mark.parametrize("wide", [0o720, 0o702, 0o777])
def test_a_folder_that_others_may_write_in_is_refused_with_all_below_it(path: Path, wide: int) -> None:
    """Who can put another folder in the place of ours is not trusted with one."""
    files.write(str(path), b"secret")
    path.parent.parent.chmod(wide)
    for act in (
        lambda: files.read(str(path)),
        lambda: files.write(str(path), b"x"),
        lambda: files.names(str(path.parent)),
    ):
        with pytest.raises(UnsafeFile, match="others may write in the state folder"):
            act()


def test_a_write_replaces_and_leaves_nothing_else(path: Path) -> None:
    """After two writes there is one file with the second content, and no temporary one."""
    files.write(str(path), b"old")
    files.write(str(path), b"new")
    assert files.read(str(path)) == b"new"
    assert listed(path.parent) == ["sso+name"]


def test_what_is_not_there_is_none(path: Path) -> None:
    """Neither a missing folder nor a missing file is an error; there is nothing to remove or list either."""
    assert files.read(str(path)) is None
    assert not files.remove(str(path))
    assert files.names(str(path.parent)) == []
    folders.make(str(path.parent))
    assert files.read(str(path)) is None
    assert not files.remove(str(path))


def test_removing_tells_once(path: Path) -> None:
    """A file is removed once; the second time there is none."""
    files.write(str(path), b"x")
    assert files.remove(str(path))
    assert not files.remove(str(path))


@pytest.mark.parametrize("wide", [0o640, 0o604, 0o620, 0o700])
def test_a_wider_mode_is_refused(path: Path, wide: int) -> None:
    """A file others may read or write is refused, and the hint is the command that mends it."""
    files.write(str(path), b"x")
    path.chmod(wide)
    with pytest.raises(UnsafeFile) as caught:
        files.read(str(path))
    assert f"chmod 600 {path}" in caught.value.hint


@pytest.mark.parametrize("wide", [0o755, 0o770, 0o701])
def test_a_wider_folder_is_refused(path: Path, wide: int) -> None:
    """A folder others may enter is refused for reading, writing, listing and removing."""
    files.write(str(path), b"x")
    path.parent.chmod(wide)
    for use in (
        lambda: files.read(str(path)),
        lambda: files.write(str(path), b"y"),
        lambda: files.names(str(path.parent)),
        lambda: files.remove(str(path)),
        lambda: files.prove_writable(str(path.parent)),
    ):
        with pytest.raises(UnsafeFile) as caught:
            use()
        assert f"chmod 700 {path.parent}" in caught.value.hint


def test_a_link_is_refused(path: Path, tmp_path: Path) -> None:
    """A symbolic link is neither followed for reading nor written through."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"other")
    elsewhere.chmod(0o600)
    folders.make(str(path.parent))
    path.symlink_to(elsewhere)
    with pytest.raises(UnsafeFile, match="is a link or no regular file"):
        files.read(str(path))
    files.write(str(path), b"mine")
    assert elsewhere.read_bytes() == b"other"
    assert not path.is_symlink()


def test_a_linked_folder_is_refused(tmp_path: Path) -> None:
    """A folder that is a link is refused, even when it leads to a private one."""
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(UnsafeFile, match="is a link or no folder"):
        files.write(str(tmp_path / "link" / "file"), b"x")


def test_a_fifo_is_refused_at_once(path: Path) -> None:
    """A FIFO is refused without waiting for anybody to write to it."""
    folders.make(str(path.parent))
    os.mkfifo(path, 0o600)
    with pytest.raises(UnsafeFile):
        files.read(str(path))


def test_a_folder_or_socket_in_place_of_a_file_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no regular file is refused by its kind."""
    folders.make(str(path.parent))
    path.mkdir(mode=0o700)
    with pytest.raises(UnsafeFile):
        files.read(str(path))
    with pytest.raises(StoreUnusable):
        files.write(str(path), b"x")
    monkeypatch.chdir(path.parent)  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
        (path.parent / "socket").chmod(0o600)
        with pytest.raises(UnsafeFile):
            files.read(str(path.parent / "socket"))


def test_another_owner_is_refused(path: Path) -> None:
    """A file or folder of another user is refused whatever its mode."""
    files.write(str(path), b"x")
    stranger = os.geteuid() + 1
    assert safety.fault(path.lstat(), folder=False, mine=stranger) == "owner"
    assert safety.fault(path.parent.lstat(), folder=True, mine=stranger) == "owner"
    assert safety.fault(path.lstat(), folder=False) == ""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_given_away_is_refused(path: Path) -> None:
    """The owner of the very file that was opened is looked at."""
    files.write(str(path), b"x")
    os.chown(path, 12345, -1)
    with pytest.raises(UnsafeFile, match=r"belongs to #12345$"):
        files.read(str(path))


def test_a_file_beyond_the_cap_is_not_read_whole(path: Path) -> None:
    """A file larger than any record is refused as no record of ours."""
    files.write(str(path), b"x" * files.LIMIT)
    assert len(files.read(str(path)) or b"") == files.LIMIT
    files.write(str(path), b"x" * (files.LIMIT + 1))
    with pytest.raises(BadRecord, match="too large"):
        files.read(str(path))


def test_trouble_with_the_disk_is_worded(tmp_path: Path) -> None:
    """What the system refuses becomes one line with its reason and path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnusable, match=f"^{tmp_path}/file is not a folder"):
        files.write(str(tmp_path / "file" / "sub" / "x"), b"secret")


def test_a_full_disk_keeps_the_old_file_and_no_temporary_one(path: Path) -> None:
    """When the new content does not fit, the old one stays, whole, and nothing else stays."""
    files.write(str(path), b"old")
    program = (
        "import resource, signal, sys\n"
        "from sso_login.adapters.secrets import files\n"
        "from sso_login.core.errors import StoreUnusable\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    files.write(sys.argv[1], b'x' * 5000)\n"
        "except StoreUnusable as error:\n"
        "    print(error.message)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, check=True, env=UNCOVERED
    )
    assert "File too large" in done.stdout
    assert files.read(str(path)) == b"old"
    assert listed(path.parent) == ["sso+name"]


def test_a_kill_leaves_the_old_content_or_the_new_and_the_next_write_sweeps(path: Path) -> None:
    """A writer killed at any moment leaves one whole content; its temporary file goes at the next write or removal."""
    old, new = b"o" * 16000, b"n" * 16000
    files.write(str(path), old)
    program = (
        "import sys\n"
        "from sso_login.adapters.secrets import files\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    files.write(sys.argv[1], b'n' * 16000)\n"
        "    files.write(sys.argv[1], b'o' * 16000)\n"
    )
    for pause in range(8):
        child = subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE, env=UNCOVERED)
        assert child.stdout is not None
        child.stdout.readline()
        for _ in range(pause * 5):
            assert files.read(str(path)) in {old, new}
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        assert files.read(str(path)) in {old, new}
    files.write(str(path), new)
    assert listed(path.parent) == ["sso+name"]


def test_only_orphans_of_the_same_file_are_swept(path: Path) -> None:
    """Sweeping leaves another session's temporary file alone: its writer may be at work."""
    other = path.with_name("sso+other")
    folders.make(str(path.parent))
    for victim in (path, other):
        orphan = files._orphan_prefix(victim.name) + "0123456789abcdef"
        (path.parent / orphan).touch(0o600)
    assert files.names(str(path.parent)) == []
    assert not files.remove(str(path))
    (left,) = listed(path.parent)
    assert left.startswith(files._orphan_prefix(other.name))


def test_proving_leaves_nothing(path: Path) -> None:
    """A folder is proved writable by a file that is gone again."""
    files.prove_writable(str(path.parent))
    assert listed(path.parent) == []


def test_proving_removes_what_a_killed_proof_left(path: Path) -> None:
    """The empty file of a process that was killed while it proved goes at the next proof; all others stay."""
    files.write(str(path), b"kept")
    writing = path.parent / f"{files._orphan_prefix(path.name)}0123456789abcdef"
    writing.touch(0o600)
    for orphan in ("0123456789abcdef", "fedcba9876543210"):
        (path.parent / f"{files._PROBE}{orphan}").touch(0o600)
    files.prove_writable(str(path.parent))
    assert listed(path.parent) == sorted([writing.name, "sso+name"])


def test_the_beginning_of_a_file_is_told_whatever_its_mode(path: Path) -> None:
    """A file's first bytes are compared whoever may read it; a link, a FIFO and a missing file begin with nothing."""
    assert not files.begins(str(path), b"magic")
    files.write(str(path), b"magic and more")
    path.chmod(0o644)
    assert files.begins(str(path), b"magic")
    assert not files.begins(str(path), b"more")
    link, fifo = path.with_name("link"), path.with_name("fifo")
    link.symlink_to(path)
    os.mkfifo(fifo, 0o600)
    assert not files.begins(str(link), b"magic")
    assert not files.begins(str(fifo), b"")
    with pytest.raises(StoreUnusable, match="is not a folder"):
        files.begins(str(path / "below"), b"magic")


def test_a_lock_file_is_kept_and_checked(path: Path) -> None:
    """A file opened for good is made 0600, opened again as it is, and refused when it is a link or too open."""
    os.close(files.open_kept(str(path)))
    assert mode(path) == 0o600
    inode = path.stat().st_ino
    os.close(files.open_kept(str(path)))
    assert path.stat().st_ino == inode
    path.chmod(0o666)
    with pytest.raises(UnsafeFile):
        files.open_kept(str(path))
    path.unlink()
    path.symlink_to("elsewhere")
    with pytest.raises(UnsafeFile):
        files.open_kept(str(path))
    assert not (path.parent / "elsewhere").exists()


NAMES = st.text(max_size=300).map(layout.quoted)


@given(one=NAMES, other=NAMES)
def test_file_names_are_one_to_one(one: str, other: str) -> None:
    """Two names never share a file, nor do they where `A` and `a` are the same file; no file is hidden or too long."""
    for folding in (False, True):
        first, second = (files.file_name(name, folding=folding) for name in (one, other))
        assert 0 < len(first) <= 255
        assert not first.startswith(".")
        assert (first.lower() == second.lower() if folding else first == second) == (one == other)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Prod", "%50rod"),
        ("con", "%63on"),
        ("NUL.x", "%4E%55%4C.x"),
        ("a.", "a%2E"),
        ("%2Fx", "%2Fx"),
        ("..", "%2E%2E"),
    ],
)
def test_names_fit_windows_and_macos(name: str, file: str) -> None:
    """Capitals, DOS devices and trailing dots are encoded where the file system would take them for something else."""
    assert files.file_name(name, folding=True) == file


def test_where_there_is_a_full_sync_it_is_asked_for(path: Path) -> None:
    """What macOS calls F_FULLFSYNC reaches the disk's own cache; where a file system refuses it, fsync is enough."""
    asked: list[int] = []

    def refuse(descriptor: int) -> None:
        asked.append(descriptor)
        raise OSError

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        folders.sync(file.fileno(), full=asked.append)
        folders.sync(file.fileno(), full=refuse)
        folders.sync(file.fileno())
        assert asked == [file.fileno()] * 2
