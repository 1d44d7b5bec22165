"""What botocore refuses whole is told, with its line; held to botocore itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from sso_login.adapters.aws_files.aws_check import refusal

configloader = pytest.importorskip("botocore.configloader", reason="botocore is not installed")
exceptions = pytest.importorskip("botocore.exceptions", reason="botocore is not installed")

REFUSED = {
    "a byte order mark": (b"\xef\xbb\xbf[default]\nregion = x\n", 1),
    "a nested line without =": (b"[default]\ns3 =\n  max_concurrent_requests = 5\n  use_accelerate\n", 4),
    "a nested comment is none, but a word is": (b"[default]\ns3 =\n  # fine\n  word\n", 4),
    "a section twice": (b"[default]\nregion = x\n[default]\n", 3),
    "a key twice": (b"[default]\nregion = x\nregion = y\n", 3),
    "a line that is nothing": (b"[default]\nnothing\n", 2),
    "a line before any section": (b"region = x\n", 1),
    "not UTF-8": (b"[default]\nregion = \xff\n", 2),
}
TAKEN = {
    "nothing": b"",
    "nested": b"[default]\ns3 =\n  max_concurrent_requests = 5\n  use_accelerate = true\n",
    "a value of several lines": b"[default]\nregion = x\n  y\n",
    "a key without a value": b"[default]\nregion =\noutput = json\n",
    "empty nested lines": b"[default]\ns3 =\n\n  a = b\n",
}


def botocore_takes(path: Path) -> bool:
    """Ask botocore's own reader."""
    try:
        configloader.load_config(str(path))
    except (exceptions.ConfigParseError, UnicodeDecodeError):
        return False
    return True


@pytest.mark.parametrize(("content", "line"), REFUSED.values(), ids=REFUSED)
def test_what_botocore_refuses_is_named_with_its_line(tmp_path: Path, content: bytes, line: int) -> None:
    """Config or credentials file alike."""
    path = tmp_path / "config"
    path.write_bytes(content)
    assert not botocore_takes(path)
    found = refusal(str(path))
    assert found is not None
    assert f", line {line}: " in found.message
    assert found.hint


@pytest.mark.parametrize("content", TAKEN.values(), ids=TAKEN)
def test_what_botocore_takes_is_fine(tmp_path: Path, content: bytes) -> None:
    """And a file that is not there is."""
    path = tmp_path / "config"
    assert refusal(str(path)) is None
    path.write_bytes(content)
    assert botocore_takes(path)
    assert refusal(str(path)) is None
