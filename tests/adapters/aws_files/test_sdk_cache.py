"""The SDKs' SSO cache: what we write is theirs to read, what they write is ours, and nothing else is believed."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.utils import JSONFileCache, SSOTokenLoader
from hypothesis import given
from hypothesis import strategies as st

from sso_login.adapters.aws_files import sdk_files
from sso_login.adapters.aws_files.sdk_cache import SsoForm, sso_folder
from sso_login.adapters.aws_files.sdk_files import SdkFiles
from sso_login.core.errors import StorageError, UnsafeFile
from sso_login.core.message import Notice
from sso_login.core.model import Instance, Secret, Session
from sso_login.core.times import rfc3339
from sso_login.flows.rescue import SPENT, spending
from sso_login.storage.record import Broken, Fields
from tests.support import fakes
from tests.support.fakes import NOW

NAMED = "my-sso"
posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and links as POSIX has them")


@dataclass
class Cache:
    """A cache in a temporary home, and what it had to say."""

    files: SdkFiles
    notices: list[Notice] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """The file of my-sso."""
        return Path(self.files.path(NAMED))

    def rewrite(self, **changed: object) -> None:
        """Change members as an SDK would; None takes one away."""
        members = {**json.loads(self.path.read_text()), **changed}
        self.path.write_text(json.dumps({key: value for key, value in members.items() if value is not None}))


@pytest.fixture
def cache(home: Path) -> Cache:
    """Give an empty cache."""
    notices: list[Notice] = []
    return Cache(
        SdkFiles(sso_folder({"HOME": str(home), "USERPROFILE": str(home)}), SsoForm(), _now, notices.append), notices
    )


def _now() -> float:
    return NOW


def renewed(session: Session, *, left: float = 7200) -> Session:
    """Renew a login as an SDK would."""
    return replace(session, token=fakes.token("access-2", "refresh-2", left=left))


def instant(epoch: float) -> str:
    """Write an instant."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_names_are_those_of_the_sdks(cache: Cache, home: Path) -> None:
    """The documented check values; also the folder is theirs, which no variable moves."""
    assert cache.path == home / ".aws/sso/cache/0ad374308c5a4e22f723adf10145eafad7c4031c.json"
    legacy = SsoForm().file_name("https://example.awsapps.com/start")
    assert legacy == "e8be5486177c5b5392bd9aa76563515b29358e6e.json"


def test_botocore_reads_what_we_write(cache: Cache) -> None:
    """Every member that it refreshes with, and nothing but those of the format."""
    cache.files.put(fakes.session(), NAMED)
    found = SSOTokenLoader(JSONFileCache(str(cache.path.parent)))("ignored", session_name=NAMED)
    assert found == {
        "startUrl": "https://example.awsapps.com/start",
        "region": "us-east-1",
        "accessToken": "access-1",
        "expiresAt": instant(NOW + 3600),
        "clientId": "client",
        "clientSecret": "client-secret",
        "registrationExpiresAt": instant(NOW + 90 * 86400),
        "refreshToken": "refresh-1",
    }


def test_a_start_url_stays_as_configured(cache: Cache) -> None:
    """Slash and fragment are part of what the SDKs compare; a login without a refresh token has none there."""
    odd = fakes.session(instance=Instance("https://Example.awsapps.com/start/#/", "us-east-1"))
    cache.files.put(replace(odd, token=fakes.token(refresh=None)), NAMED)
    found = json.loads(cache.path.read_text())
    assert found["startUrl"] == "https://Example.awsapps.com/start/#/"
    assert "refreshToken" not in found
    assert cache.files.holds(replace(odd, token=fakes.token(refresh=None)), NAMED)


@posix
def test_files_and_folders_are_private(cache: Cache, home: Path) -> None:
    """0600 and 0700 from the start, under any umask, with nothing temporary left."""
    before = os.umask(0)
    try:
        cache.files.put(fakes.session(), NAMED)
    finally:
        os.umask(before)
    assert stat.S_IMODE(cache.path.stat().st_mode) == 0o600
    assert {stat.S_IMODE((home / each).stat().st_mode) for each in (".aws", ".aws/sso", ".aws/sso/cache")} == {0o700}
    assert list(cache.path.parent.iterdir()) == [cache.path]


@posix
@pytest.mark.parametrize(("before", "after"), [(0o755, 0o755), (0o775, 0o755), (0o777, 0o755), (0o700, 0o700)])
def test_a_folder_of_the_sdks_is_taken_as_it_is(cache: Cache, before: int, after: int) -> None:
    """Others may list it, but lose the right to write into it."""
    cache.path.parent.mkdir(parents=True)
    cache.path.parent.chmod(before)
    cache.files.put(fakes.session(), NAMED)
    assert stat.S_IMODE(cache.path.parent.stat().st_mode) == after
    assert cache.files.holds(fakes.session(), NAMED)


@posix
def test_a_file_that_others_may_read_is_narrowed(cache: Cache) -> None:
    """Some SDKs write 0644: what is there is believed, and the next save makes it 0600."""
    cache.files.put(fakes.session(), NAMED)
    cache.path.chmod(0o644)
    assert cache.files.holds(fakes.session(), NAMED)
    cache.files.put(fakes.session(), NAMED)
    assert stat.S_IMODE(cache.path.stat().st_mode) == 0o600


def test_what_is_there_already_is_not_written_again(cache: Cache) -> None:
    """The same tokens leave the very file, whatever an SDK added to it."""
    cache.files.put(fakes.session(), NAMED)
    cache.rewrite(theirs="something")
    cache.files.put(fakes.session(), NAMED)
    assert json.loads(cache.path.read_text())["theirs"] == "something"
    assert cache.files.newer(fakes.session(), NAMED) is None


@pytest.mark.parametrize("ending", ["Z", ".5Z", ".123456789Z", "+00:00", ".25+00:00", "UTC"])
def test_a_renewal_by_an_sdk_is_followed(cache: Cache, ending: str) -> None:
    """Its tokens are taken over, with fractions of a second or without; they were issued when the file was written."""
    mine = fakes.session()
    cache.files.put(mine, NAMED)
    cache.rewrite(accessToken="a-2", refreshToken="r-2", expiresAt=instant(NOW + 4000).removesuffix("Z") + ending)
    os.utime(cache.path, (NOW, NOW))
    token = cache.files.newer(mine, NAMED)
    assert token is not None
    assert token.token.access == Secret("a-2")
    assert token.token.refresh == Secret("r-2")
    assert (token.token.expires_at, token.token.issued_at) == (NOW + 4000, NOW)
    assert (token.client, token.instance) == (mine.client, mine.instance)


def test_without_a_new_refresh_token_the_old_one_stays(cache: Cache) -> None:
    """Then botocore leaves it out (RFC 6749 section 6)."""
    cache.files.put(fakes.session(), NAMED)
    cache.rewrite(accessToken="a-2", refreshToken=None, expiresAt=instant(NOW + 4000))
    found = cache.files.newer(fakes.session(), NAMED)
    assert found is not None
    assert found.token.refresh == Secret("refresh-1")


def test_another_registration_comes_along(cache: Cache) -> None:
    """It renews, but no new login is made with it: what it may be used for is not known. Without one, ours stays."""
    mine = fakes.session()
    cache.files.put(mine, NAMED)
    later = instant(NOW + 4000)
    cache.rewrite(accessToken="a-2", expiresAt=later, clientId="c-2", clientSecret="s-2", registrationExpiresAt=later)
    found = cache.files.newer(mine, NAMED)
    assert found is not None
    assert (found.client.id, found.client.secret, found.client.expires_at) == ("c-2", Secret("s-2"), NOW + 4000)
    assert not found.client.reusable(NOW, mine.client.grants)
    cache.rewrite(clientId=None, clientSecret=None, registrationExpiresAt=None)
    found = cache.files.newer(mine, NAMED)
    assert found is not None
    assert found.client == mine.client


def test_a_renewal_by_an_sdk_is_not_written_over(cache: Cache) -> None:
    """Only by a new login; or by a renewal of it, even one that ends earlier."""
    mine = spending(fakes.session(), renewed(fakes.session(), left=3700))
    theirs = replace(fakes.session(), token=fakes.token("access-3", "refresh-3", left=3800))
    cache.files.put(theirs, NAMED)
    cache.files.put(mine, NAMED, unless_newer=True)
    assert cache.files.holds(theirs, NAMED)
    mine = spending(theirs, mine)
    cache.files.put(mine, NAMED, unless_newer=True)
    assert cache.files.holds(mine, NAMED)
    assert cache.files.newer(mine, NAMED) is None
    cache.files.put(theirs, NAMED)
    cache.files.put(mine, NAMED)
    assert cache.files.holds(mine, NAMED)


def test_what_was_spent_never_comes_back(cache: Cache) -> None:
    """A copy out of a backup, or one that could not be written, is behind, however late it ends."""
    first = replace(fakes.session(), token=fakes.token("access-0", "refresh-0", left=9 * 3600))
    cache.files.put(first, NAMED)
    mine = first
    for turn in range(1, SPENT + 1):
        mine = spending(mine, replace(mine, token=fakes.token(f"access-{turn}", f"refresh-{turn}", left=60 * turn)))
        assert cache.files.newer(mine, NAMED) is None
        assert cache.files.behind(mine, NAMED)
    cache.files.put(mine, NAMED, unless_newer=True)
    assert cache.files.holds(mine, NAMED)
    assert not cache.files.behind(mine, NAMED)


def test_what_an_sdk_wrote_since_is_newer_even_where_it_ends_sooner(cache: Cache) -> None:
    """Its refresh token is one that we never had; ours may be spent."""
    mine = spending(fakes.session(), renewed(fakes.session(), left=3700))
    theirs = replace(fakes.session(), token=fakes.token("access-3", "refresh-3", left=1800))
    cache.files.put(theirs, NAMED)
    os.utime(cache.path, (mine.token.issued_at + 1, mine.token.issued_at + 1))
    found = cache.files.newer(mine, NAMED)
    assert found
    assert found.token.refresh == theirs.token.refresh
    os.utime(cache.path, (mine.token.issued_at - 1, mine.token.issued_at - 1))
    assert cache.files.newer(mine, NAMED) is None


def fifo(path: Path) -> None:
    """Make a FIFO, where there are any."""
    if sys.platform != "win32":
        os.mkfifo(path)


HOSTILE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_text(""),
    "not JSON": lambda path: path.write_text("{'accessToken': secret}"),
    "a list": lambda path: path.write_text("[]"),
    "deep": lambda path: path.write_text("[" * 100_000),
    "deep within": lambda path: path.write_text('{"accessToken":' * 50_000),
    "NaN": lambda path: path.write_text('{"expiresAt": NaN}'),
    "not text": lambda path: path.write_bytes(b"\xff\xfe\x00{}"),
    "huge": lambda path: path.write_bytes(b" " * ((1 << 20) + 1)),
    "a folder": lambda path: path.mkdir(),
    **(
        {}
        if sys.platform == "win32"
        else {
            "a FIFO": fifo,
            "a link": lambda path: path.symlink_to("/dev/zero"),
            "a link to nothing": lambda path: path.symlink_to("nowhere"),
        }
    ),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_left_alone(cache: Cache, make: Callable[[Path], object]) -> None:
    """Reading answers at once and without a word; logging out removes what is no folder."""
    cache.path.parent.mkdir(parents=True)
    make(cache.path)
    assert cache.files.newer(fakes.session(), NAMED) is None
    assert not cache.files.holds(fakes.session(), NAMED)
    assert cache.notices == []
    if not cache.path.is_dir():
        assert cache.files.remove(NAMED)
        assert not cache.files.remove(NAMED)


WRONG: dict[str, dict[str, object]] = {
    "another start URL": {"startUrl": "https://evil.awsapps.com/start"},
    "another region": {"region": "eu-west-1"},
    "no start URL": {"startUrl": None},
    "no region": {"region": None},
    "no token": {"accessToken": None},
    "an empty token": {"accessToken": ""},
    "a token of two lines": {"accessToken": "a\nb"},
    "a token with a blank": {"accessToken": "a b"},
    "a token that is no text": {"accessToken": ["a"]},
    "a surrogate": {"accessToken": "\ud800"},
    "an empty refresh token": {"refreshToken": ""},
    "a refresh token that is a number": {"refreshToken": 7},
    "a client without a secret": {"clientId": "c-2", "clientSecret": None},
    "a client without an end": {"clientId": "c-2", "registrationExpiresAt": None},
    "no end": {"expiresAt": None},
    "an end in seconds": {"expiresAt": NOW + 4000},
    "no instant": {"expiresAt": "tomorrow"},
    "no such day": {"expiresAt": "2027-02-30T00:00:00Z"},
    "another zone": {"expiresAt": "2027-01-15T12:00:00+02:00"},
    "before 1970": {"expiresAt": "1960-01-15T12:00:00Z"},
    "the year 9999": {"expiresAt": "9999-01-15T12:00:00Z"},
    "two days from now": {"expiresAt": instant(NOW + 2 * 86400)},
    "earlier than ours": {"expiresAt": instant(NOW + 3599)},
    "as late as ours": {"expiresAt": instant(NOW + 3600)},
}


@pytest.mark.parametrize("changed", WRONG.values(), ids=WRONG)
def test_what_cannot_be_right_is_not_followed(cache: Cache, changed: dict[str, object]) -> None:
    """One member that is wrong is enough, and our own login goes on."""
    cache.files.put(fakes.session(), NAMED)
    cache.rewrite(accessToken="a-2", refreshToken="r-2", expiresAt=instant(NOW + 4000))
    assert cache.files.newer(fakes.session(), NAMED)
    cache.rewrite(**changed)
    assert cache.files.newer(fakes.session(), NAMED) is None


def test_nothing_of_a_file_is_logged(cache: Cache, caplog: pytest.LogCaptureFixture) -> None:
    """-v says which file is left alone, and why, in words of ours."""
    caplog.set_level("INFO")
    cache.path.parent.mkdir(parents=True)
    for text in (
        b"MARK",
        b'{"startUrl": "MARK", "region": "MARK"}',
        b"MARK\xff",
        b'{"startUrl": "https://example.awsapps.com/start", "region": "us-east-1", "accessToken": "MARK x"}',
    ):
        cache.path.write_bytes(text)
        cache.files.newer(fakes.session(), NAMED)
    assert caplog.text.count("is left alone") == 4
    assert "MARK" not in caplog.text


@posix
@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_a_file_that_is_none_is_not_replaced(cache: Cache, kind: str) -> None:
    """It is told, and the login that is being saved does not fail."""
    cache.path.parent.mkdir(parents=True)
    cache.path.symlink_to(cache.path.parent / "elsewhere") if kind == "link" else fifo(cache.path)
    cache.files.put(fakes.session(), NAMED)
    (notice,) = cache.notices
    assert notice.warning
    assert "the AWS SDKs' cache was not written" in notice.text
    assert "link or no regular file" in notice.text
    assert list(cache.path.parent.iterdir()) == [cache.path]


@posix
def test_a_folder_that_is_a_link_is_refused(cache: Cache, tmp_path: Path) -> None:
    """Nothing is written or removed through it, and what lies behind it is not believed."""
    cache.files.put(fakes.session(), NAMED)
    there = tmp_path / "there"
    cache.path.parent.rename(there)
    cache.path.parent.symlink_to(there)
    cache.files.put(renewed(fakes.session()), NAMED)
    assert "access-1" in (there / cache.path.name).read_text()
    assert "is a link" in cache.notices[0].text
    assert not cache.files.holds(fakes.session(), NAMED)
    with pytest.raises(UnsafeFile, match="is a link"):
        cache.files.remove(NAMED)


@posix
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_not_believed(cache: Cache, mode: int) -> None:
    """Anybody could have put a login of theirs there; a save takes its place."""
    cache.files.put(renewed(fakes.session()), NAMED)
    cache.path.chmod(mode)
    assert cache.files.newer(fakes.session(), NAMED) is None
    cache.files.put(fakes.session(), NAMED)
    assert cache.files.holds(fakes.session(), NAMED)


def test_a_place_that_cannot_be_written_is_told(cache: Cache, home: Path) -> None:
    """Saving does not fail, removing finds nothing, and the hint is about this place."""
    (home / ".aws").write_text("a file")
    cache.files.put(fakes.session(), NAMED)
    assert "log in without the AWS SDKs' cache" in cache.notices[0].text
    assert not cache.files.remove(NAMED)


def test_removing_fails_loudly(cache: Cache) -> None:
    """What cannot be removed is an error."""
    cache.path.mkdir(parents=True)
    with pytest.raises(StorageError, match="cannot remove"):
        cache.files.remove(NAMED)


def test_removing_takes_nothing_else(cache: Cache) -> None:
    """Files of other sessions and of the SDKs stay."""
    cache.files.put(fakes.session(), NAMED)
    cache.files.put(fakes.session(), "other")
    (cache.path.parent / "botocore-client-id.json").write_text("{}")
    assert cache.files.remove(NAMED)
    names = {"botocore-client-id.json", Path(cache.files.path("other")).name}
    assert {each.name for each in cache.path.parent.iterdir()} == names


def test_a_file_that_is_replaced_meanwhile_is_whole(cache: Cache) -> None:
    """While an SDK replaces it again and again, what is read is one state or the other, and no save fails."""
    mine, theirs = fakes.session(), renewed(fakes.session())
    members = [SsoForm().members(each) for each in (mine, theirs)]
    cache.files.put(mine, NAMED)
    sdk = JSONFileCache(str(cache.path.parent))
    done = threading.Event()

    def replace_it() -> None:
        for turn in range(100):
            sdk[cache.path.stem] = members[turn % 2]
        done.set()

    thread = threading.Thread(target=replace_it)
    thread.start()
    seen = set()
    while not done.is_set():
        found = cache.files.newer(mine, NAMED)
        seen.add(found and found.token.access)
        cache.files.put(mine, NAMED)
    thread.join()
    assert seen <= {None, Secret("access-2")}
    assert cache.notices == []


tokens = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=300)
instants = st.integers(min_value=0, max_value=32_503_679_999)


@given(access=tokens, refresh=st.none() | tokens, ends=instants, registered=instants)
def test_what_is_written_is_read_back(access: str, refresh: str | None, ends: int, registered: int) -> None:
    """Any login comes back as it was, through JSON; another registration's instants as well."""
    token = replace(fakes.token(access, refresh), expires_at=ends)
    mine = fakes.session(token=token, client=fakes.client(expires_at=registered))
    fields = Fields.of(json.dumps(SsoForm().members(mine)))
    assert SsoForm().followed(mine, fields) == mine
    other = SsoForm().followed(replace(mine, client=fakes.client(id="other")), fields)
    assert (other.token, other.client.id, other.client.expires_at) == (token, "client", registered)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(SsoForm().members(fakes.session()))), json_values))
def test_any_members_are_read_or_refused(changed: dict[str, Any]) -> None:
    """Whatever types they have, the answer is a login or Broken."""
    fields = Fields({**SsoForm().members(fakes.session()), **changed})
    try:
        SsoForm().followed(fakes.session(), fields)
    except Broken:
        return


@given(st.text(max_size=40))
def test_any_text_is_an_instant_or_none(text: str) -> None:
    """What is read as an instant is written back as one."""
    try:
        epoch = sdk_files.read_instant(text)
    except Broken:
        return
    assert sdk_files.read_instant(rfc3339(epoch)) == epoch


def test_any_name_has_a_file() -> None:
    """Also one that is not Unicode."""
    assert SsoForm().file_name("a\udcff") == hashlib.sha1(b"a\xed\xb3\xbf").hexdigest() + ".json"
