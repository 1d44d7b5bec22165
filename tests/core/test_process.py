"""The JSON of a credential_process: what boto3 reads, and what we read back."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_login.core import process
from sso_login.core.credentials import Credentials
from sso_login.core.model import Secret

END = 1_893_456_000  # 2030-01-01
GIVEN = Credentials("ASIAEXAMPLE", Secret("sec/ret+"), Secret("tok=en"), expires_at=END, account_id="111122223333")
visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)


@given(visible, visible, visible, st.integers(0, 32_503_679_999))
@settings(deadline=None)
def test_what_is_written_is_read_back(key: str, secret: str, token: str, expires_at: int) -> None:
    """Whatever visible characters they hold, on one line without a blank, as a record's head wants it."""
    credentials = Credentials(key, Secret(secret), Secret(token), expires_at=expires_at)
    line = process.written(credentials)
    assert process.read(line) == credentials
    assert line.isascii()
    assert line.isprintable()
    assert " " not in line


def test_boto3_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, token, expiry and account, through a profile with a credential_process."""
    printer, config = tmp_path / "printer.py", tmp_path / "config"
    printer.write_text(f"print({process.written(GIVEN)!r})")
    config.write_text(f"[profile p]\ncredential_process = {Path(sys.executable).as_posix()} {printer.as_posix()}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    found = botocore.session.Session(profile="p").get_credentials()
    assert found.access_key == "ASIAEXAMPLE"
    assert found.get_frozen_credentials()[:4] == ("ASIAEXAMPLE", "sec/ret+", "tok=en", "111122223333")
    assert found._expiry_time.timestamp() == END


@pytest.mark.parametrize(
    "edit",
    [
        {"Version": 2},
        {"Version": "1"},
        {"AccessKeyId": ""},
        {"AccessKeyId": None},
        {"SecretAccessKey": 7},
        {"SessionToken": "a b"},
        {"SessionToken": "a\nb"},
        {"SessionToken": "\u00e9"},
        {"Expiration": "soon"},
        {"Expiration": "2030-13-01T00:00:00Z"},
        {"Expiration": "2030-01-01T00:00:00+00:00"},
        {"AccountId": ""},
    ],
)
def test_anything_else_is_refused_without_a_word_of_it(edit: dict[str, object]) -> None:
    """A cache that is not exactly ours is none."""
    line = json.dumps({**json.loads(process.written(GIVEN)), **edit})
    with pytest.raises(ValueError, match=r"what it should be|no instant|version 1") as caught:
        process.read(line)
    assert "ASIAEXAMPLE" not in str(caught.value)


@pytest.mark.parametrize("line", ["", "null", "[]", "{", "[" * 100_000, '{"Version":1}'])
def test_what_is_no_such_json_is_refused(line: str) -> None:
    """Nothing, another shape, half of it, bottomless nesting."""
    with pytest.raises(ValueError, match=r"version 1|AccessKeyId"):
        process.read(line)
