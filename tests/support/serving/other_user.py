"""Another user of the same machine, who asks a port of ours; root alone can be one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

import pytest

only_root = pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can be another user")
OTHER: Final = 54321
# Asks as another user: PORT, the request, and whether by IPv6's way to IPv4; prints the status line.
ASK: Final = """
import os, socket, sys
if len(sys.argv) > 4:
    os.setuid(int(sys.argv[4]))
family, host = (socket.AF_INET6, "::ffff:127.0.0.1") if sys.argv[3] == "6" else (socket.AF_INET, "127.0.0.1")
with socket.socket(family) as connection:
    connection.connect((host, int(sys.argv[1])))
    connection.sendall(sys.argv[2].encode())
    text = b""
    while chunk := connection.recv(65536):
        text += chunk
print(text.split(b"\\r\\n")[0].decode())
"""


def asked(port: int, request: str, *, family: str = "4", uid: int | None = None) -> str:
    """Ask from a process of its own, as that user; give the status line."""
    command = [sys.executable, "-c", ASK, str(port), request, family, *([] if uid is None else [str(uid)])]
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.strip()
