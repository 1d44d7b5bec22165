"""macOS's keychain over a fake: in place, without questions where nobody is there, and in words."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from sso_login.adapters.secrets.keyring_store import KeyringEntries
from sso_login.adapters.secrets.platforms import keychain
from sso_login.adapters.secrets.platforms.keychain import DUPLICATE, NOT_FOUND, Keychain, Status
from sso_login.adapters.secrets.platforms.vault import Vault
from sso_login.core.errors import StoreUnusable
from tests.support.stores.keychain import FakeKeychain
from tests.support.stores.keyrings import Killed

ENTRY = "sso-login:sso:my-sso"
KEY = (ENTRY, "sso-login")


def entries(fake: FakeKeychain, home: Path, *, attended: bool = False) -> KeyringEntries:
    """Make the adapter over a keychain, as macOS has it."""
    vault = Vault(
        "macOS",
        lambda: Keychain(fake, lambda: fake),
        ready=partial(keychain.ready, load=lambda: fake),
        unattended=120,
        attended=120,
    )
    return KeyringEntries(env={}, interactive=attended, notify=print, home=str(home), vault=vault)


def test_a_save_is_read_back_and_replaced_in_place(tmp_path: Path) -> None:
    """First added, then updated: the item, and what other programs may do with it, stays."""
    fake, calls = FakeKeychain(), list[str]()
    fake.before = calls.append
    kept = entries(fake, tmp_path)
    kept.write(ENTRY, "one")
    kept.write(ENTRY, "two, grün")
    assert kept.read(ENTRY) == "two, grün"
    assert calls == ["update", "add", "update", "get"]
    assert kept.delete(ENTRY)
    assert kept.read(ENTRY) is None


@pytest.mark.parametrize("step", range(3))
def test_a_kill_at_any_call_leaves_the_old_secret_or_the_new(tmp_path: Path, step: int) -> None:
    """Nothing is deleted on the way."""
    fake = FakeKeychain({KEY: b"old"})
    left = [step]

    def before(_call: str) -> None:
        if not left[0]:
            raise Killed
        left[0] -= 1

    fake.before = before
    try:
        entries(fake, tmp_path).write(ENTRY, "new")
    except Killed:
        assert step == 0
    fake.before = lambda _call: None
    assert entries(fake, tmp_path).read(ENTRY) == ("old" if step == 0 else "new")


def test_another_process_may_add_the_item_first(tmp_path: Path) -> None:
    """Then it is updated after all: the last to save wins, and nothing is an error."""
    fake = FakeKeychain()

    def before(call: str) -> None:
        if call == "add":
            fake.items[KEY] = b"theirs"

    fake.before = before
    entries(fake, tmp_path).write(ENTRY, "ours")
    assert fake.items == {KEY: b"ours"}


def test_unattended_nobody_is_asked(tmp_path: Path) -> None:
    """A locked keychain is exit 7 with the command that unlocks it, and no window pops up on anybody's desktop."""
    fake = FakeKeychain({KEY: b"x"}, locked=True)
    kept = entries(fake, tmp_path)
    uses: list[Callable[[], object]] = [lambda: kept.read(ENTRY), lambda: kept.write(ENTRY, "y"), kept.look]
    for use in uses:
        with pytest.raises(StoreUnusable, match="nobody may be asked") as caught:
            use()
        assert "`security unlock-keychain`" in caught.value.hint
        assert "-25308" in caught.value.message
    with pytest.raises(StoreUnusable, match="nobody may be asked"):
        kept.delete(ENTRY)
    assert fake.asked == 0
    assert fake.items == {KEY: b"x"}


def test_at_a_terminal_a_question_may_be_asked_and_cancelled(tmp_path: Path) -> None:
    """That is called by its name: cancelled is not locked."""
    fake = FakeKeychain({KEY: b"x"}, locked=True, questions=False)
    kept = entries(fake, tmp_path, attended=True)
    uses: list[Callable[[], object]] = [lambda: kept.read(ENTRY), lambda: kept.write(ENTRY, "y")]
    for use in uses:
        with pytest.raises(StoreUnusable, match="was cancelled") as caught:
            use()
        assert "locked" not in caught.value.message
    assert fake.asked == 2


@pytest.mark.parametrize(
    ("status", "says", "remedy"),
    [
        (-25308, "nobody may be asked", "security unlock-keychain"),
        (-128, "cancelled", "Run it again"),
        (-25293, "does not let this program in", "Keychain Access"),
        (-67030, "does not let this program in", "Keychain Access"),
        (-25307, "no default keychain", "security default-keychain"),
        (-34018, "does not allow", "signed"),
        (-99999, "refused (macOS status -99999)", "security error -99999"),
    ],
)
def test_a_status_becomes_words_with_the_way_out(tmp_path: Path, status: int, says: str, remedy: str) -> None:
    """Each of those that people meet; of any other the command that explains it."""

    class Refusing(FakeKeychain):
        def update(self, service: str, account: str, secret: bytes) -> int:
            del service, account, secret
            return status

    fake = Refusing()
    with pytest.raises(StoreUnusable) as caught:
        entries(fake, tmp_path).write(ENTRY, "x")
    assert says in caught.value.message
    assert remedy in caught.value.hint


def test_what_cannot_be_switched_off_stops_an_unattended_run_alone() -> None:
    """Without it a question could pop up; somebody at a terminal may be asked anyway."""

    class Odd(FakeKeychain):
        def allow_interaction(self, *, allowed: bool) -> int:
            del allowed
            return -50

    with pytest.raises(Status):
        keychain.ready({}, interactive=False, load=Odd)
    keychain.ready({}, interactive=True, load=Odd)


def test_the_numbers_are_apples() -> None:
    """They are errSecItemNotFound and errSecDuplicateItem of SecBase.h."""
    assert (NOT_FOUND, DUPLICATE) == (-25300, -25299)


@pytest.mark.skipif(sys.platform == "darwin", reason="there it is the real one")
def test_elsewhere_there_is_no_framework() -> None:
    """It is RuntimeError, which the adapter puts into words."""
    with pytest.raises(RuntimeError):
        keychain.framework()
