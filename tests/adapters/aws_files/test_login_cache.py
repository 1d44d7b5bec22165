"""The SDKs' login cache: botocore reads and renews what we write, and we follow what it wrote."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.credentials import LoginProvider, RefreshableCredentials
from botocore.utils import get_login_token_cache_directory
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from sso_login import layout
from sso_login.adapters.aws_files.login_cache import LoginForm, login_folder
from sso_login.adapters.aws_files.sdk_files import SdkFiles
from sso_login.core.message import Notice
from sso_login.core.model import REFRESH_GRANT, Client, Instance, Secret, Session, Token
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import running
from sso_login.storage import record
from sso_login.storage.record import Broken, Fields
from tests.emulator.conftest import CALLBACK, CODE, VERIFIER, Clock, Desk
from tests.emulator.signing import SAME, Signing, claims
from tests.support.modelled import Aws

ARN = "arn:aws:iam::111122223333:user/harbour-master"
NOW = 1_800_000_000
FORM = LoginForm()


def pem() -> str:
    """Make a key as SDKs keep it."""
    form = serialization.PrivateFormat.TraditionalOpenSSL
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


KEY, OTHER_KEY = pem(), pem()


def process(expires_at: int, **changed: str) -> Secret:
    """Write credentials as a record of a sign-in has them."""
    members = {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "sk-1", "SessionToken": "st-1"}
    when = datetime.fromtimestamp(expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    whole = {"Version": 1, **members, "Expiration": when, "AccountId": "111122223333", **changed}
    return Secret(json.dumps({key: value for key, value in whole.items() if value}, separators=(",", ":")))


def session(expires_at: int = NOW + 900, **changes: Any) -> Session:  # noqa: ANN401 - a session's fields
    """Make a login by AWS Sign-In."""
    whole: dict[str, Any] = {
        "name": "dev",
        "instance": Instance("https://us-east-1.signin.aws.amazon.com", "us-east-1", kind="signin"),
        "client": Client(SAME, Secret(KEY), NOW, layout.END_OF_TIME - 1, (REFRESH_GRANT,)),
        "token": Token(process(expires_at), Secret("refresh-1"), expires_at, NOW, Secret("header.payload.signature")),
        "scopes": ("openid",),
        "subject": ARN,
    }
    return Session(**{**whole, **changes})


@dataclass
class Cache:
    """A cache in a temporary home, whose clock can be set."""

    files: SdkFiles
    notices: list[Notice]

    @property
    def path(self) -> Path:
        """The file of the ARN."""
        return Path(self.files.path(ARN))

    def read(self) -> Any:  # noqa: ANN401 - JSON
        """Read the file."""
        return json.loads(self.path.read_text())

    def rewrite(self, **changed: object) -> None:
        """Change members as an SDK would; None takes one away, those of accessToken come under its own name."""
        members = self.read()
        access = {**members["accessToken"], **{key: value for key, value in changed.items() if key in ACCESS}}
        members |= {key: value for key, value in changed.items() if key not in ACCESS}
        members["accessToken"] = {key: value for key, value in access.items() if value is not None}
        self.path.write_text(json.dumps({key: value for key, value in members.items() if value is not None}))


ACCESS = {"accessKeyId", "secretAccessKey", "sessionToken", "accountId", "expiresAt"}


@pytest.fixture
def cache(home: Path) -> Cache:
    """Give an empty cache."""
    notices: list[Notice] = []
    folder = login_folder({"HOME": str(home), "USERPROFILE": str(home)})
    return Cache(SdkFiles(folder, FORM, lambda: NOW, notices.append), notices)


@pytest.mark.parametrize("named", [None, "$HOME/else where", "~/else where", "${HOME}/else where"])
def test_the_folder_is_that_of_botocore(home: Path, named: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_LOGIN_CACHE_DIRECTORY moves it, `~` and variables expanded."""
    if named:
        monkeypatch.setenv("AWS_LOGIN_CACHE_DIRECTORY", named)
    assert login_folder(os.environ) == get_login_token_cache_directory()
    assert login_folder({**os.environ, "AWS_LOGIN_CACHE_DIRECTORY": ""}) == str(home / ".aws/login/cache")


def test_what_is_written_is_what_the_sdks_read(cache: Cache) -> None:
    """Every member of the format, and the region, which botocore renews in."""
    cache.files.put(session(), ARN)
    access = {"accessKeyId": "ASIAEXAMPLE", "secretAccessKey": "sk-1", "sessionToken": "st-1"}
    assert cache.read() == {
        "accessToken": {**access, "accountId": "111122223333", "expiresAt": "2027-01-15T08:15:00Z"},
        "tokenType": "aws_sigv4",
        "clientId": SAME,
        "refreshToken": "refresh-1",
        "dpopKey": KEY,
        "signInRegion": "us-east-1",
        "idToken": "header.payload.signature",
    }
    assert cache.files.holds(session(), ARN)


def test_the_account_is_in_the_arn_too(cache: Cache) -> None:
    """Credentials that do not name it have that of whoever signed in."""
    bare = session(token=replace(session().token, access=process(NOW + 900, AccountId=""), id_token=None))
    cache.files.put(bare, ARN)
    assert cache.read()["accessToken"]["accountId"] == "111122223333"
    assert "idToken" not in cache.read()


def test_a_login_that_cannot_be_written_is_told(cache: Cache) -> None:
    """Nothing of it is shown, and the login does not fail."""
    cache.files.put(session(token=replace(session().token, access=Secret("no-json"))), ARN)
    assert "cannot be made of this login" in cache.notices[0].text
    assert "no-json" not in cache.notices[0].text
    assert not cache.path.exists()


LATER = "2027-01-15T08:20:00Z"


def test_a_renewal_is_followed(cache: Cache) -> None:
    """Credentials, refresh token and, after a new login by the SDK, its key; without an ID token ours stays."""
    mine = session()
    cache.files.put(mine, ARN)
    cache.rewrite(secretAccessKey="sk-2", refreshToken="refresh-2", expiresAt=LATER, idToken=None, signInRegion=None)
    found = cache.files.newer(mine, ARN)
    assert found is not None
    assert found.token.access == process(NOW + 1200, SecretAccessKey="sk-2")
    assert found.token.refresh == Secret("refresh-2")
    assert (found.client, found.token.id_token, found.subject) == (mine.client, mine.token.id_token, ARN)
    record.packed(found, where="a test", kind="signin")
    cache.rewrite(dpopKey=KEY.strip(), clientId="arn:aws:signin:::devtools/cross-device", idToken="a.b.c")
    found = cache.files.newer(mine, ARN)
    assert found is not None
    assert (found.client.secret, found.token.id_token) == (Secret(KEY), Secret("a.b.c"))
    assert found.client.id == "arn:aws:signin:::devtools/cross-device"
    cache.rewrite(dpopKey=OTHER_KEY)
    found = cache.files.newer(mine, ARN)
    assert found is not None
    assert found.client.secret == Secret(OTHER_KEY)


WRONG: dict[str, dict[str, object]] = {
    "no credentials": {"accessToken": None},
    "no secret key": {"secretAccessKey": None},
    "a secret key of two lines": {"secretAccessKey": "a\nb"},
    "no account": {"accountId": None},
    "no end": {"expiresAt": None},
    "the far future": {"expiresAt": "2029-01-15T08:20:00Z"},
    "another region": {"signInRegion": "eu-west-1"},
    "no refresh token": {"refreshToken": None},
    "no key": {"dpopKey": None},
    "a key that is none": {"dpopKey": "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"},
    "no client": {"clientId": None},
}


@pytest.mark.parametrize("changed", WRONG.values(), ids=WRONG)
def test_what_cannot_be_right_is_not_followed(cache: Cache, changed: dict[str, object]) -> None:
    """One member that is wrong is enough, and our own login goes on."""
    cache.files.put(session(), ARN)
    cache.rewrite(secretAccessKey="sk-2", expiresAt=LATER)
    assert cache.files.newer(session(), ARN)
    if "accessToken" in changed:
        cache.path.write_text(json.dumps({**cache.read(), **changed}))
    else:
        cache.rewrite(**changed)
    assert cache.files.newer(session(), ARN) is None


words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=200)


@given(secret=words, token=words, refresh=words, ends=st.integers(min_value=0, max_value=layout.END_OF_TIME - 1))
def test_what_is_written_is_read_back(secret: str, token: str, refresh: str, ends: int) -> None:
    """Any login comes back as it was, through JSON, to the very bytes of its record."""
    access = process(ends, SecretAccessKey=secret, SessionToken=token)
    mine = session(token=Token(access, Secret(refresh), ends, NOW))
    assert FORM.followed(mine, Fields.of(json.dumps(FORM.members(mine)))) == mine


@given(st.dictionaries(st.sampled_from(sorted(FORM.members(session()))), st.none() | st.integers() | words))
def test_any_members_are_read_or_refused(changed: dict[str, object]) -> None:
    """Whatever types they have, the answer is a login or Broken."""
    try:
        FORM.followed(session(), Fields({**FORM.members(session()), **changed}))
    except Broken:
        return


@pytest.fixture
def signing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:  # noqa: ANN401 - a generator of Signing
    """Start an emulator by the system's clock, which is botocore's."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    clock = Clock(datetime.now(UTC).timestamp())
    aws = boto3.Session(aws_access_key_id="none", aws_secret_access_key="none")
    with running(Settings(approve=True), now=clock) as emulator:
        desk = Desk(emulator, Aws(emulator.url), clock, aws)
        yield Signing(desk, aws)
        desk.oidc.close()
        desk.portal.close()


def signed_in(signing: Signing) -> Session:
    """Log in by hand, and make of the answer what the program keeps."""
    asked = {"clientId": SAME, "grantType": CODE, "redirectUri": CALLBACK, "codeVerifier": VERIFIER}
    reply = signing.aws.create_o_auth2_token(tokenInput={**asked, "code": signing.code()})["tokenOutput"]
    ends = int(signing.desk.clock()) + reply["expiresIn"]
    access = reply["accessToken"]
    given = {"AccessKeyId": access["accessKeyId"], "SecretAccessKey": access["secretAccessKey"]}
    process_json = process(ends, **given, SessionToken=access["sessionToken"])
    token = Token(process_json, Secret(reply["refreshToken"]), ends, 0, Secret(reply["idToken"]))
    body = b"".join(base64.encodebytes(signing.key.sec1).split())
    key = f"-----BEGIN EC PRIVATE KEY-----\n{body.decode()}\n-----END EC PRIVATE KEY-----\n"
    client = Client(SAME, Secret(key), 0, layout.END_OF_TIME - 1, (REFRESH_GRANT,))
    assert claims(reply["idToken"])["sub"] == ARN
    return session(token=token, client=client)


def test_botocore_renews_what_we_wrote_and_we_follow(cache: Cache, signing: Signing) -> None:
    """Its own provider takes the credentials, renews them with our key once they age, and we go on with what it got."""
    mine = signed_in(signing)
    cache.files.now = signing.desk.clock
    cache.files.put(mine, ARN)
    create: Callable[..., Any] = lambda name, **given: boto3.Session(  # noqa: E731 - what botocore wants
        aws_access_key_id="none", aws_secret_access_key="none"
    ).client(name, endpoint_url=signing.url, **given)
    config = {"profiles": {"dev": {"login_session": ARN}}}
    found: RefreshableCredentials = LoginProvider(lambda: config, create, "dev").load()
    frozen = found.get_frozen_credentials()
    assert json.loads(mine.token.access.reveal())["SecretAccessKey"] == frozen.secret_key
    assert cache.files.newer(mine, ARN) is None

    aged = replace(mine, token=replace(mine.token, expires_at=mine.token.expires_at - 840))
    cache.files.put(aged, ARN)
    signing.desk.clock.advance(2)
    again = LoginProvider(lambda: config, create, "dev").load().get_frozen_credentials()
    assert again.secret_key != frozen.secret_key
    theirs = cache.files.newer(aged, ARN)
    assert theirs is not None
    assert json.loads(theirs.token.access.reveal())["SecretAccessKey"] == again.secret_key
    assert theirs.token.refresh is not None
    assert theirs.token.expires_at >= signing.desk.clock() + timedelta(minutes=14).total_seconds()

    reply = signing.refresh(theirs.token.refresh.reveal())
    assert reply["refreshToken"]
