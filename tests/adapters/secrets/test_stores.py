"""One contract for every store: files, keyrings with and without a limit, the fake, and a real gnome-keyring."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sso_login import layout
from sso_login.adapters.secrets.file_store import FileEntries, secret_path
from sso_login.adapters.secrets.keyring_store import KeyringEntries
from sso_login.adapters.secrets.platforms.vault import Vault
from sso_login.core.errors import BadRecord, NewerRecord, StorageError
from sso_login.core.message import Notice
from sso_login.core.model import Client, Instance, Secret, Session, Token
from sso_login.core.ports import Entries
from sso_login.storage import record
from sso_login.storage.session_store import SessionStore
from tests.support.stores.key_files import key_file
from tests.support.stores.keyring_host import keyring_host, needs_keyring
from tests.support.stores.keyrings import FakeBackend
from tests.support.stores.memory import MemoryEntries

MARK = "marked-secret"


def session(
    name: str = "my-sso", *, access: str = f"{MARK}-access", refresh: str | None = f"{MARK}-refresh"
) -> Session:
    """Make a login."""
    return Session(
        name=name,
        instance=Instance("https://example.awsapps.com/start", "us-east-1"),
        client=Client("client", Secret(f"{MARK}-client"), 1_000, 9_000, ("device", "refresh_token")),
        token=Token(Secret(access), Secret(refresh) if refresh is not None else None, 4_600, 1_000),
        scopes=("sso:account:access",),
    )


def silent(_notice: Notice) -> None:
    """Say nothing."""


def fake_keyring(home: Path, limit: int | None) -> KeyringEntries:
    """Make a keyring in memory; its deadline is far beyond any machine's slowness."""
    vault = Vault("Fake", lambda: FakeBackend(limit=limit), limit=limit, unattended=120)
    return KeyringEntries(env={}, interactive=False, notify=silent, home=str(home), vault=vault)


@pytest.fixture(scope="module")
def real_keyring() -> Iterator[dict[str, str]]:
    """Run one gnome-keyring for all tests here, and give its environment."""
    with keyring_host() as host:
        yield host.env


MAKERS: dict[str, Callable[[Path], Entries]] = {
    "memory": lambda _home: MemoryEntries(),
    "file": lambda home: FileEntries(str(home)),
    "file-encrypted": lambda home: FileEntries(str(home), env=key_file(home)),
    "keyring": lambda home: fake_keyring(home, None),
    "keyring-1280": lambda home: fake_keyring(home, 1280),
}


@pytest.fixture(params=[*MAKERS, pytest.param("gnome-keyring", marks=needs_keyring)])
def entries(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Entries:
    """Give an empty store of each kind."""
    if request.param != "gnome-keyring":
        return MAKERS[request.param](tmp_path)
    env: dict[str, str] = request.getfixturevalue("real_keyring")
    # The store makes the bus known to the libraries by this variable; so it is put back afterwards.
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", env["DBUS_SESSION_BUS_ADDRESS"])
    real = KeyringEntries(env=env, interactive=False, notify=silent, home=str(tmp_path))
    for name in NAMES:
        real.delete(layout.entry(layout.SESSION, name))
    return real


@pytest.fixture
def store(entries: Entries) -> SessionStore:
    """Give a session store over it."""
    return SessionStore(entries)


NAMES = [
    "my-sso",
    "other",
    "a/b",
    "..",
    ".hidden",
    "100%",
    "a:b",
    "a+b",
    "a b",
    "käse",
    "\N{ROCKET}\N{FAMILY}",
    "-x",
    "con",
    "n" * 200,
    "\N{ROCKET}" * 90,
]


class TestEveryStore:
    """What each of them must do."""

    @pytest.mark.parametrize("name", NAMES)
    def test_a_session_comes_back(self, store: SessionStore, name: str) -> None:
        """What was saved is loaded, equal in every part, whatever its name."""
        store.save(session(name))
        assert store.load(name) == session(name)
        assert store.delete(name)
        assert store.load(name) is None

    def test_a_missing_session_is_none(self, store: SessionStore) -> None:
        """A session never saved is none, and there is nothing to forget."""
        assert store.load("my-sso") is None
        assert not store.delete("my-sso")

    def test_the_last_save_wins(self, store: SessionStore) -> None:
        """A shorter and a longer record replace the one before."""
        for size in (10, 16_000, 3_000, 20, 16_000):
            store.save(session(access="t" * size))
            loaded = store.load("my-sso")
            assert loaded is not None
            assert len(loaded.token.access.reveal()) == size

    def test_long_records_come_back(self, store: SessionStore) -> None:
        """A record of 16 kB and one with characters beyond ASCII come back whole."""
        long = replace(session(refresh="r" * 8_000, access="a" * 8_000), scopes=("ä\N{ROCKET}" * 20,))
        store.save(long)
        assert store.load("my-sso") == long

    def test_two_names_are_apart(self, store: SessionStore) -> None:
        """Changing or forgetting one session leaves the other."""
        store.save(session("my-sso"))
        store.save(session("other", access="t" * 5_000))
        assert store.delete("my-sso")
        assert store.load("my-sso") is None
        assert store.load("other") == session("other", access="t" * 5_000)

    def test_deleting_twice_tells(self, store: SessionStore) -> None:
        """The first deletion finds something, the second does not."""
        store.save(session())
        assert store.delete("my-sso")
        assert not store.delete("my-sso")

    def test_a_login_without_refresh_token_comes_back(self, store: SessionStore) -> None:
        """A token that cannot be renewed is kept as it is."""
        store.save(session(refresh=None))
        assert store.load("my-sso") == session(refresh=None)

    def test_checking_leaves_no_trace(self, store: SessionStore, entries: Entries) -> None:
        """A usable store passes its check before and after use, and what it holds is untouched."""
        store.check()
        store.save(session())
        store.check()
        assert store.load("my-sso") == session()
        assert entries.read(layout.entry("check")) is None

    @pytest.mark.parametrize(
        "text", ["", "\n", "hunter2", "sso-login-record", '{"json": 1}', "x" * 5_000, "ä\N{ROCKET}"]
    )
    def test_foreign_text_is_a_bad_record(self, store: SessionStore, entries: Entries, text: str) -> None:
        """Somebody else's text under our name is refused by session and store, and can be replaced or removed."""
        entries.write(store.entry("my-sso"), text)
        with pytest.raises(BadRecord, match=r"'my-sso' in the .* not written by sso-login") as caught:
            store.load("my-sso")
        assert "sso-login device my-sso --force" in caught.value.hint
        assert "sso-login logout my-sso" in caught.value.hint
        assert not text or text == "\n" or text not in str(caught.value)
        store.save(session())
        assert store.load("my-sso") == session()

    def test_a_cut_record_is_a_bad_record(self, store: SessionStore, entries: Entries) -> None:
        """A record cut off anywhere is refused without a word of it, and can be removed."""
        text = record.packed(session(), where="here")
        for at in (19, 24, 30, 60, len(text) // 2, len(text) - 1):
            entries.write(store.entry("my-sso"), text[:at])
            with pytest.raises(BadRecord) as caught:
                store.load("my-sso")
            assert MARK not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"
        assert store.delete("my-sso")
        assert store.load("my-sso") is None

    def test_a_newer_record_is_told_apart(self, store: SessionStore, entries: Entries) -> None:
        """A record of a later version is not called corrupt: the program wants an upgrade."""
        entries.write(store.entry("my-sso"), "sso-login-record 3\nwhatever\n")
        with pytest.raises(NewerRecord) as caught:
            store.load("my-sso")
        assert "Upgrade" in caught.value.hint

    def test_a_record_of_another_name_is_refused(self, store: SessionStore, entries: Entries) -> None:
        """A record copied under another session's name is not that session's."""
        entries.write(store.entry("other"), record.packed(session("my-sso"), where="here"))
        with pytest.raises(BadRecord, match="another session"):
            store.load("other")

    def test_nothing_shows_a_secret(self, store: SessionStore, entries: Entries) -> None:
        """No repr of store, entries or session holds a secret."""
        store.save(session())
        assert MARK not in f"{store!r} {entries!r} {store.load('my-sso')!r}"

    def test_an_unstorable_token_is_refused_before_it_is_stored(self, store: SessionStore) -> None:
        """A token that would break the record's lines never replaces a good record."""
        store.save(session())
        for access in ("", "two\nlines", "a\rb", "a b", "\x1b[2J", "ä", "\udc80"):
            with pytest.raises(BadRecord):
                store.save(session(access=access))
        assert store.load("my-sso") == session()

    def test_it_says_what_it_is(self, store: SessionStore, entries: Entries) -> None:
        """Kind, backend and entry are the ones a card pins."""
        assert store.kind in {"file", "keyring"}
        assert (store.kind, store.backend) == (entries.kind, entries.backend)
        assert store.entry("a/b") == "sso-login:sso:a%2Fb"


def test_a_damaged_file_is_a_bad_record(tmp_path: Path) -> None:
    """A file that is not even text is refused, and can be removed."""
    store = SessionStore(FileEntries(str(tmp_path)))
    store.save(session())
    Path(secret_path(str(tmp_path), store.entry("my-sso"))).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadRecord, match="sso\\+my-sso"):
        store.load("my-sso")
    assert store.delete("my-sso")


ENTRY = "sso-login:sso:my-sso"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
INSTANT = st.integers(0, 32_503_680_000 - 1)  # up to the year 3000
SESSIONS = st.builds(
    Session,
    name=TEXT,
    instance=st.sampled_from(
        [
            Instance("https://example.awsapps.com/start#/", "eu-west-1", fips=True, dualstack=True),
            Instance("http://127.0.0.1:1/start", "us-east-1", "http://127.0.0.1:1", "http://127.0.0.1:2"),
        ]
    ),
    client=st.builds(Client, TEXT, TEXT.map(Secret), INSTANT, INSTANT, st.lists(TEXT, max_size=3).map(tuple)),
    token=st.builds(Token, VISIBLE.map(Secret), st.none() | TEXT.map(Secret), INSTANT, INSTANT),
    scopes=st.lists(TEXT, max_size=3).map(tuple),
)


@given(SESSIONS)
def test_any_session_comes_back_from_its_record(any_session: Session) -> None:
    """Whatever can be in a session survives being written down."""
    text = record.packed(any_session, where="here")
    assert record.unpacked(text, name=any_session.name, where="here") == any_session
    assert layout.parse(text, layout.entry("sso", any_session.name)) is not None


@given(st.text() | st.text().map(lambda body: layout.pack(ENTRY, issued_at=1, expires_at=1, output="token", body=body)))
def test_any_text_is_a_session_or_our_error(text: str) -> None:
    """No text makes reading fail in any way but ours."""
    with pytest.raises((BadRecord, NewerRecord)):
        record.unpacked(text, name="my-sso", where="here")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
GOOD = record.packed(session(), where="here")


def written(body: str) -> str:
    """Write a record as sound as ours, with that body."""
    return layout.pack(ENTRY, issued_at=1000, expires_at=4600, output=session().token.access.reveal(), body=body)


def format_1() -> str:
    """Write the record as the version before this format did."""
    access, body = GOOD.split("\n")[3:]
    return f"{layout.MAGIC_NAME}1\n4600\n{access}\n" + body.replace('"refresh"', '"issued_at":1000,"refresh"')


@pytest.mark.parametrize(
    "path", ["name", "instance", "instance.region", "instance.fips", "scopes", "client", "client.id"]
)
@given(wrong=JSON)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_members_of_a_wrong_type_are_our_error(path: str, wrong: object) -> None:
    """A member of any other shape gives a session or our error, never anything else."""
    import json  # noqa: PLC0415 - the one test that takes a record apart

    members = json.loads(GOOD.rsplit("\n", 1)[1])
    target = members
    *outer, last = path.split(".")
    for key in outer:
        target = target[key]
    target[last] = wrong
    try:
        record.unpacked(written(json.dumps(members)), name="my-sso", where="here")
    except StorageError as error:
        assert isinstance(error, BadRecord)  # noqa: PT017 - an error is allowed here, not demanded


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"issued_at":1000', '"issued_at":NaN'),
        ('"issued_at":1000', '"issued_at":true'),
        ('"issued_at":1000', '"issued_at":-1'),
        ('"issued_at":1000', '"issued_at":1e3'),
        ('"issued_at":1000', f'"issued_at":{"9" * 5000}'),
        ('"us-east-1"', '"moon"'),
        ('"https://example.awsapps.com/start"', '"http://example.com"'),
        ('["sso:account:access"]', '"sso:account:access"'),
        ('["sso:account:access"]', "[" * 100_000),
        (f'"{MARK}-refresh"', '"\\ud800"'),
        (f'"{MARK}-refresh"', "7"),
        ("\n4600\n", "\nsoon\n"),
    ],
)
def test_damage_is_named_without_content(old: str, new: str) -> None:
    """Numbers that are none, wrong types, nested floods and lone surrogates are refused, quoting nothing."""
    damaged = format_1().replace(old, new)
    assert damaged != format_1()
    with pytest.raises(BadRecord) as caught:
        record.unpacked(damaged, name="my-sso", where="here")
    assert MARK not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"


def test_unknown_members_are_left_alone() -> None:
    """A program of the same format version may add members."""
    more = written(GOOD.split("\n")[4].replace('{"name"', '{"later":[1],"name"'))
    assert record.unpacked(more, name="my-sso", where="here") == session()


def test_a_record_of_format_1_is_read_and_written_as_format_2() -> None:
    """Nobody has to log in again after an upgrade."""
    found = record.unpacked(format_1(), name="my-sso", where="here")
    assert found == session()
    assert record.packed(found, where="here") == GOOD


@given(st.integers(0, len(GOOD.encode()) * 8 - 1))
@settings(max_examples=300)
def test_no_bit_of_a_record_can_change_unseen(bit: int) -> None:
    """The checksum covers all of it, the checksum itself included."""
    damaged = bytearray(GOOD.encode())
    damaged[bit // 8] ^= 1 << bit % 8
    with pytest.raises((BadRecord, NewerRecord)):
        record.unpacked(damaged.decode("latin-1"), name="my-sso", where="here")


def test_reading_a_record_takes_no_time_worth_naming() -> None:
    """A record of the largest size allowed is refused or read, not churned on."""
    started = time.process_time()
    with pytest.raises(BadRecord):
        record.unpacked(
            layout.pack(ENTRY, issued_at=1, expires_at=1, output="t", body="[" * (1 << 20)), name="my-sso", where="h"
        )
    assert time.process_time() - started < 60
