"""The keyring adapter over fakes: deadlines, limits, kills half-way, and every error a backend can raise."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import keyring.errors
import pytest

from sso_login.adapters.secrets import keyring_parts as parts
from sso_login.adapters.secrets import keyring_store, secret_service
from sso_login.adapters.secrets.keyring_store import KeyringEntries
from sso_login.adapters.secrets.platforms.vault import Vault, platform_vault
from sso_login.core.errors import BadRecord, NewerRecord, SaveUnknown, StorageError, StoreTimeout, StoreUnusable
from sso_login.core.message import Notice
from tests.support.stores.keyrings import Contents, FakeBackend, Killed, error, hanging, killed_at

ENTRY = "sso-login:sso:my-sso"
SHORT = 0.05  # seconds, for deadlines that are meant to pass


class Keyring:
    """A fake backend with an adapter over it."""

    def __init__(self, home: Path, *, limit: int | None = None, seconds: float = 120, attended: bool = False) -> None:
        """Make both; `seconds` is the deadline."""
        self.backend = FakeBackend(limit=limit)
        self.notices: list[Notice] = []
        vault = Vault("Fake", lambda: self.backend, limit=limit, unattended=seconds, attended=seconds)
        self.entries = KeyringEntries(
            env={}, interactive=attended, notify=self.notices.append, home=str(home), vault=vault
        )


@pytest.fixture
def windows(tmp_path: Path) -> Keyring:
    """Give a keyring that takes 1,280 UTF-16 code units a secret."""
    return Keyring(tmp_path, limit=1280)


def locked(*_arguments: object) -> None:
    """Be locked."""
    raise keyring.errors.KeyringLocked("marked-secret")


class TestDeadlines:
    """No keyring holds up the program."""

    def test_a_read_that_hangs_is_a_timeout(self, tmp_path: Path) -> None:
        """A read that does not answer in time changed nothing."""
        kept = Keyring(tmp_path, seconds=SHORT)
        release = threading.Event()
        kept.backend.before = hanging(release)
        with pytest.raises(StoreTimeout, match=r"within 0\.05 s"):
            kept.entries.read(ENTRY)
        release.set()

    def test_a_keyring_that_hung_once_is_not_waited_for_again(self, tmp_path: Path) -> None:
        """Many sessions in a keyring that hangs cost little more than one: the next are asked for but briefly."""
        kept = Keyring(tmp_path, seconds=0.5)
        release = threading.Event()
        kept.backend.before = hanging(release)
        for within in ("0.5 s", "0.3 s"):
            with pytest.raises(StoreTimeout, match=within):
                kept.entries.read(ENTRY)
        release.set()

    def test_loading_the_backend_is_not_under_the_deadline(self, tmp_path: Path) -> None:
        """Its imports take long on a busy machine, but never for ever: they are made before the clock starts."""
        threads: list[threading.Thread] = []

        def load() -> FakeBackend:
            threads.append(threading.current_thread())
            return FakeBackend()

        vault = Vault("Fake", load, unattended=120)
        entries = KeyringEntries(env={}, interactive=False, notify=print, home=str(tmp_path), vault=vault)
        assert entries.read(ENTRY) is None
        assert threads == [threading.current_thread()]

    @pytest.mark.parametrize("change", ["write", "delete"])
    def test_a_change_that_hangs_is_unknown_and_the_last_one(self, tmp_path: Path, change: str) -> None:
        """After a change that was not confirmed, nothing more is changed for that entry, but for others it is."""
        kept = Keyring(tmp_path, seconds=SHORT)
        release = threading.Event()
        kept.backend.before = hanging(release)
        with pytest.raises(SaveUnknown):
            _use(kept.entries, change)
        release.set()
        kept.backend.before = locked
        with pytest.raises(SaveUnknown, match="may still land"):
            kept.entries.write(ENTRY, "again")
        with pytest.raises(SaveUnknown):
            kept.entries.delete(ENTRY)
        with pytest.raises(StoreUnusable):
            kept.entries.write("sso-login:sso:other", "text")

    def test_a_person_is_told_what_is_waited_for(self, tmp_path: Path) -> None:
        """At a terminal a wait of more than a second is explained."""
        kept = Keyring(tmp_path, attended=True)
        release = threading.Event()
        kept.backend.before = hanging(release)
        kept.notices = _Releasing(release)
        kept.entries._notify = kept.notices.append
        assert kept.entries.read(ENTRY) is None
        (notice,) = kept.notices
        assert "waiting for the keyring" in notice.text


class _Releasing(list[Notice]):
    """Notices that, when the first arrives, let the hanging backend go on."""

    def __init__(self, release: threading.Event) -> None:
        super().__init__()
        self._release = release

    def append(self, notice: Notice) -> None:
        super().append(notice)
        self._release.set()


def _use(entries: KeyringEntries, operation: str) -> None:
    if operation == "read":
        entries.read(ENTRY)
    elif operation == "write":
        entries.write(ENTRY, "text")
    else:
        entries.delete(ENTRY)


class LockedException(Exception):
    """Named as secretstorage's is."""


@pytest.mark.parametrize(
    ("raised", "kind", "says"),
    [
        (keyring.errors.NoKeyringError("x"), StoreUnusable, "cannot be used: there is none (NoKeyringError)"),
        (keyring.errors.InitError("x"), StoreUnusable, "has no collection to keep secrets in (InitError)"),
        (keyring.errors.KeyringLocked("x"), StoreUnusable, "the keyring is locked"),
        (LockedException("x"), StoreUnusable, "the keyring is locked"),
        (keyring.errors.PasswordSetError("x"), StoreUnusable, "it did not take a secret (PasswordSetError)"),
        (RuntimeError("x"), StoreUnusable, "its library does not work here (RuntimeError)"),
        (OSError(5, "said by the system"), StoreUnusable, "said by the system (OSError)"),
        (error(1783, "CredWrite", "x"), StoreUnusable, "in a way that sso-login does not know (error)"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "x"), BadRecord, "is not text"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_every_error_becomes_ours(tmp_path: Path, raised: Exception, kind: type[StorageError], says: str) -> None:
    """Whatever the backend raises is one line and a hint of ours, caused by it, without its words."""
    kept = Keyring(tmp_path)

    def fail(_operation: str, _service: str) -> None:
        raise raised

    kept.backend.before = fail
    for operation in ("read", "write", "delete"):
        with pytest.raises(kind) as caught:
            _use(kept.entries, operation)
        assert says in caught.value.message
        assert caught.value.hint
        assert caught.value.__cause__ is raised


def test_a_backend_that_cannot_be_loaded_is_unusable(tmp_path: Path) -> None:
    """A platform without its library is storage trouble, not a crash."""
    entries = KeyringEntries(
        env={}, interactive=False, notify=print, home=str(tmp_path), vault=Vault("Fake", lambda: _raise(ImportError()))
    )
    with pytest.raises(StoreUnusable, match="ImportError"):
        entries.read(ENTRY)


def _raise(problem: Exception) -> FakeBackend:
    raise problem


class Duplicating(FakeBackend):
    """A backend that finds one more item under the same name at each deletion."""

    def __init__(self, copies: int) -> None:
        """Hide that many more items."""
        super().__init__()
        self.copies = copies

    def delete_password(self, service: str, username: str) -> None:
        """Delete the first, which uncovers the next."""
        super().delete_password(service, username)
        if self.copies:
            self.copies -= 1
            self.contents[service, username] = "older"


@pytest.mark.parametrize(("copies", "fits"), [(0, True), (5, True), (10_000, False)])
def test_duplicates_are_deleted_until_none_is_left(tmp_path: Path, copies: int, fits: bool) -> None:  # noqa: FBT001 - a column of the table
    """Logout leaves no older item behind, and says so when it cannot."""
    backend = Duplicating(copies)
    entries = KeyringEntries(
        env={},
        interactive=False,
        notify=print,
        home=str(tmp_path),
        vault=Vault("Fake", lambda: backend, unattended=120),
    )
    entries.write(ENTRY, "newest")
    if fits:
        assert entries.delete(ENTRY)
        assert entries.read(ENTRY) is None
    else:
        with pytest.raises(StoreUnusable, match="cannot be deleted"):
            entries.delete(ENTRY)


def test_a_refused_deletion_is_not_taken_for_a_missing_entry(tmp_path: Path) -> None:
    """The keychain of macOS says PasswordDeleteError also when it may not delete: what is still there is an error."""
    kept = Keyring(tmp_path)
    kept.entries.write(ENTRY, "text")

    def refuse(operation: str, _service: str) -> None:
        if operation == "delete":
            raise keyring.errors.PasswordDeleteError("denied")

    kept.backend.before = refuse
    with pytest.raises(StoreUnusable, match="cannot be deleted"):
        kept.entries.delete(ENTRY)


def test_an_entry_that_is_not_text_can_be_deleted(tmp_path: Path) -> None:
    """What cannot be read can still be forgotten, and is never called forgotten while it is there."""
    kept = Keyring(tmp_path)
    kept.entries.write(ENTRY, "text")

    def binary(operation: str, _service: str) -> None:
        if operation == "get":
            raise UnicodeDecodeError("utf-8", b"x", 0, 1, "x")

    kept.backend.before = binary
    with pytest.raises(StoreUnusable, match="cannot be deleted"):
        kept.entries.delete(ENTRY)
    assert kept.backend.contents == {}


def slots_over(contents: Contents) -> tuple[FakeBackend, parts.Slots]:
    """Give a limited backend over those contents, and the slots that the adapter makes of it."""
    backend = FakeBackend(contents, limit=1280)
    return backend, keyring_store._BackendSlots(backend, Vault("Fake", lambda: backend, limit=1280))


class TestParts:
    """Records longer than a slot."""

    def test_parts_are_named_after_the_entry(self, windows: Keyring) -> None:
        """A long text lies in ENTRY#1, ENTRY#2 and so on, its head in ENTRY; a short one in ENTRY alone."""
        windows.entries.write(ENTRY, "x" * 3_000)
        names = [service for service, username in windows.backend.contents if username == "sso-login"]
        assert sorted(names) == [ENTRY, f"{ENTRY}#1", f"{ENTRY}#2", f"{ENTRY}#3"]
        windows.entries.write(ENTRY, "x" * 1_280)
        assert windows.backend.contents == {(ENTRY, "sso-login"): "x" * 1_280}

    @pytest.mark.parametrize("text", ["\N{ROCKET}" * 700, "a" + "\N{ROCKET}" * 5_000, "ä" * 1_281])
    def test_the_limit_counts_utf_16(self, windows: Keyring, text: str) -> None:
        """Characters beyond the basic plane count two, and none is cut in two."""
        windows.entries.write(ENTRY, text)
        assert windows.entries.read(ENTRY) == text

    def test_a_text_that_looks_like_a_head_is_kept(self, windows: Keyring) -> None:
        """What begins as a head does comes back as it was."""
        windows.entries.write(ENTRY, "sso-login-parts 1\nodd")
        assert windows.entries.read(ENTRY) == "sso-login-parts 1\nodd"

    def test_a_text_far_too_long_is_refused(self, windows: Keyring) -> None:
        """There is an end to it, and the old text stays."""
        windows.entries.write(ENTRY, "old")
        with pytest.raises(StoreUnusable, match="too long"):
            windows.entries.write(ENTRY, "x" * 100_000)
        assert windows.entries.read(ENTRY) == "old"

    def test_deleting_takes_all_parts(self, windows: Keyring) -> None:
        """Nothing of a long text stays."""
        windows.entries.write(ENTRY, "x" * 5_000)
        assert windows.entries.delete(ENTRY)
        assert windows.backend.contents == {}

    @pytest.mark.parametrize("old", ["old", "o" * 4_000, "o" * 9_000])
    @pytest.mark.parametrize("new", ["new", "n" * 3_000, "n" * 16_000])
    def test_a_kill_at_any_point_leaves_the_old_text_or_the_new(self, old: str, new: str) -> None:
        """After each single change the process may die: what is read is whole, and the next write leaves no rest."""
        for step in range(100):
            contents: Contents = {}
            backend, slots = slots_over(contents)
            parts.write(slots, ENTRY, old)
            backend.before = killed_at(step)
            with contextlib.suppress(Killed):
                parts.write(slots, ENTRY, new)
            backend.before = lambda _operation, _service: None
            assert parts.read(slots, ENTRY) in {old, new}
            parts.write(slots, ENTRY, "z" * 2_000)
            assert parts.read(slots, ENTRY) == "z" * 2_000
            assert len(contents) == 3

    def test_a_kill_while_deleting_leaves_no_half(self) -> None:
        """A deletion that was cut off reads as the whole text or none, and the next one takes the rest."""
        for step in range(20):
            contents: Contents = {}
            backend, slots = slots_over(contents)
            parts.write(slots, ENTRY, "x" * 3_000)
            backend.before = killed_at(step)
            with pytest.raises(Killed):
                parts.delete(slots, ENTRY)
            backend.before = lambda _operation, _service: None
            assert parts.read(slots, ENTRY) in {"x" * 3_000, None}
            parts.delete(slots, ENTRY)
            assert contents == {}

    def test_a_mixture_is_never_given(self, windows: Keyring) -> None:
        """Parts of another generation, or a missing one, are a bad record."""
        windows.entries.write(ENTRY, "x" * 3_000)
        whole = dict(windows.backend.contents)
        windows.backend.contents[f"{ENTRY}#2", "sso-login"] = "y" * 1_280
        with pytest.raises(BadRecord, match="do not belong together"):
            windows.entries.read(ENTRY)
        windows.backend.contents.clear()
        windows.backend.contents.update(whole)
        del windows.backend.contents[f"{ENTRY}#3", "sso-login"]
        with pytest.raises(BadRecord, match="do not belong together"):
            windows.entries.read(ENTRY)

    def test_a_reader_that_meets_a_writer_reads_again(self, windows: Keyring) -> None:
        """When the parts are swept while they are read, the new head leads to the new ones."""
        windows.entries.write(ENTRY, "x" * 3_000)
        _other, slots = slots_over(windows.backend.contents)
        met: list[str] = []

        def write_once(operation: str, service: str) -> None:
            if operation == "get" and service.endswith("#2") and not met:
                met.append(service)
                parts.write(slots, ENTRY, "y" * 4_000)

        windows.backend.before = write_once
        assert windows.entries.read(ENTRY) == "y" * 4_000

    @pytest.mark.parametrize(
        ("head", "kind"),
        [
            ("sso-login-parts 1\n1,2\nnodigest\n", BadRecord),
            ("sso-login-parts 1\n\n" + "0" * 64 + "\n", BadRecord),
            ("sso-login-parts 2\nwhatever", NewerRecord),
        ],
    )
    def test_a_damaged_or_newer_head_is_refused_and_replaced(
        self, windows: Keyring, head: str, kind: type[StorageError]
    ) -> None:
        """A head that cannot be read is told apart from a later version's, and a new login replaces either."""
        windows.backend.contents[ENTRY, "sso-login"] = head
        with pytest.raises(kind):
            windows.entries.read(ENTRY)
        windows.entries.write(ENTRY, "x" * 2_000)
        assert windows.entries.read(ENTRY) == "x" * 2_000

    def test_a_sweep_that_fails_does_not_fail_the_save(self, windows: Keyring) -> None:
        """Once the head is written the text is kept, whatever happens to the old parts."""
        windows.entries.write(ENTRY, "x" * 3_000)

        def refuse(operation: str, _service: str) -> None:
            if operation == "delete":
                raise OSError

        windows.backend.before = refuse
        windows.entries.write(ENTRY, "y" * 3_000)
        assert windows.entries.read(ENTRY) == "y" * 3_000


class TestChoice:
    """Which keyring it is."""

    @pytest.mark.parametrize(
        ("platform", "label", "limit"),
        [
            ("linux", "SecretService", None),
            ("darwin", "macOS", None),
            ("win32", "WinVault", 1280),
            ("freebsd14", "SecretService", None),
        ],
    )
    def test_the_platform_decides(self, platform: str, label: str, limit: int | None) -> None:
        """Each platform has one keyring, and only Windows' has a limit."""
        vault = platform_vault(platform)
        assert (vault.label, vault.limit) == (label, limit)
        assert (vault.unattended, vault.attended) == (3, 60)

    @pytest.mark.skipif(sys.platform != "linux", reason="loads every platform's class, which Linux can")
    @pytest.mark.parametrize(
        ("platform", "name"),
        [
            ("linux", "keyring.backends.SecretService.Keyring"),
            ("darwin", "keyring.backends.macOS.Keyring"),  # within our Keychain
            ("win32", "keyring.backends.Windows.WinVaultKeyring"),
        ],
    )
    def test_no_setting_chooses_another(self, platform: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither PYTHON_KEYRING_BACKEND nor KEYRING_PROPERTY_* nor KEYCHAIN_PATH has a say."""
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        monkeypatch.setenv("KEYRING_PROPERTY_PREFERRED_COLLECTION", "/somewhere/else")
        loaded = platform_vault(platform).load()
        backend = getattr(loaded, "backend", loaded)
        assert f"{type(backend).__module__}.{type(backend).__name__}" == name
        assert {**vars(backend), "keychain": None} == {"keychain": None}

    def test_the_default_is_this_platform(self, tmp_path: Path) -> None:
        """Without a vault given it is the platform's."""
        entries = KeyringEntries(env={}, interactive=False, notify=print, home=str(tmp_path))
        assert (entries.kind, entries.backend) == ("keyring", platform_vault().label)


@pytest.mark.skipif(sys.platform != "linux", reason="D-Bus is for Linux")
class TestBus:
    """Where the session bus is."""

    @pytest.fixture(autouse=True)
    def put_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the variable back that the adapter sets."""
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")

    def test_a_given_address_is_taken(self) -> None:
        """The environment's own address comes first."""
        secret_service.adopt_bus({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/given"})
        assert os.environ["DBUS_SESSION_BUS_ADDRESS"] == "unix:path=/given"

    def bus(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
        """Make a socket `bus` in that folder, whose path may be longer than a socket's."""
        if sys.platform == "win32":
            pytest.skip("D-Bus is for Linux")
        folder.mkdir(parents=True)
        monkeypatch.chdir(folder)
        made = socket.socket(socket.AF_UNIX)
        made.bind("bus")
        return made

    def test_a_socket_of_ours_is_found(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without an address it is the socket `bus` in the runtime folder."""
        folder = tmp_path / "run, time"
        with self.bus(folder, monkeypatch):
            found = secret_service.adopt_bus({"XDG_RUNTIME_DIR": str(folder)}, users="/nowhere")
        assert found == os.environ["DBUS_SESSION_BUS_ADDRESS"] == f"unix:path={tmp_path}/run%2C%20time/bus"

    @pytest.mark.parametrize("runtime", [None, "", "/nowhere"])
    def test_the_usual_place_comes_next(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str | None
    ) -> None:
        """Where cron names no runtime folder, or `su` left another's, it is our own below /run/user."""
        if sys.platform == "win32":
            pytest.skip("D-Bus is for Linux")
        env = {} if runtime is None else {"XDG_RUNTIME_DIR": runtime}
        folder = tmp_path / str(os.geteuid())
        with self.bus(folder, monkeypatch):
            assert secret_service.adopt_bus(env, users=str(tmp_path)) == f"unix:path={folder}/bus"

    def test_no_bus_at_all_is_unusable(self, tmp_path: Path) -> None:
        """Without a bus there is no keyring, and the hint names the way without one; a file or a link is no bus."""
        env = {"XDG_RUNTIME_DIR": str(tmp_path)}
        for make in (Path.touch, lambda path: path.symlink_to("/run/dbus/system_bus_socket"), lambda _path: None):
            make(tmp_path / "bus")
            with pytest.raises(StoreUnusable, match="no D-Bus session bus") as caught:
                secret_service.adopt_bus(env, users="/nowhere")
            assert "SSO_LOGIN_STORE=file" in caught.value.hint
            (tmp_path / "bus").unlink(missing_ok=True)

    def test_the_bus_of_another_is_none_of_ours(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A socket that belongs to another user is not spoken to."""
        if sys.platform == "win32" or os.geteuid() != 0:
            pytest.skip("only root can make a file that belongs to another")
        with self.bus(tmp_path / "run", monkeypatch):
            os.chown("bus", 12345, -1)
            with pytest.raises(StoreUnusable, match="no D-Bus session bus"):
                secret_service.adopt_bus({"XDG_RUNTIME_DIR": str(tmp_path / "run")}, users="/nowhere")

    def test_a_dead_bus_is_unusable(self, tmp_path: Path) -> None:
        """An address nobody listens at is storage trouble; so is one that makes no sense."""
        for address in (f"unix:path={tmp_path}/bus", "nonsense"):
            env = {"DBUS_SESSION_BUS_ADDRESS": address}
            entries = KeyringEntries(env=env, interactive=False, notify=print, home=str(tmp_path))
            with pytest.raises(StoreUnusable) as caught:
                entries.read(ENTRY)
            assert caught.value.message == f"no keyring: no D-Bus session bus answers at {address}"


def test_the_module_imports_no_keyring_before_it_is_needed() -> None:
    """Importing the adapter loads neither keyring nor secretstorage: other platforms and other stores need none."""
    program = (
        "import sys, sso_login.adapters.secrets.keyring_store\n"
        "print({'keyring', 'secretstorage', 'jeepney'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
