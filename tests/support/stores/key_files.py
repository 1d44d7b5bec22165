"""Key files for the encrypted file store."""

from __future__ import annotations

from pathlib import Path

SECRET = b"a key file's secret, which no test may ever show"


def key_file(folder: Path, *, name: str = "key", secret: bytes = SECRET, mode: int = 0o600) -> dict[str, str]:
    """Write a key file of that mode, and give the environment that names it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(secret)
    path.chmod(mode)
    return {"SSO_LOGIN_KEY_FILE": str(path)}
