"""A server of ours that runs as a process, and who asks it."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Final
from urllib.parse import urlsplit

from tests.support.shell import COMMAND, clean

PATIENCE: Final = 60.0  # seconds; only a machine in trouble comes near it
_SET: Final = re.compile(r"export (\w+)='([^']*)'")

# In a child: what it was given, and what the server gives for it.
ASK: Final = """
import json, os, sys, urllib.request
name = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
token = os.environ.get(name) or open(os.environ[name + "_FILE"]).read()
request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers={"Authorization": token})
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
print(json.dumps([dict(os.environ), json.loads(opener.open(request, timeout=60).read())]))
"""
ASKING: Final = (sys.executable, "-c", ASK)


def eventually(true: Callable[[], object], what: str) -> None:
    """Wait until something is true, a minute at most."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def get(uri: str, token: str) -> tuple[int, dict[str, str | None]]:
    """Ask for credentials as an SDK does; give status and body."""
    parts = urlsplit(uri)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        connection.request("GET", parts.path, headers={"Authorization": token})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@dataclass
class Running:
    """A process of ours whose output is read as it comes."""

    process: subprocess.Popen[str]
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read both streams."""
        pairs: list[tuple[IO[str] | None, list[str]]] = [
            (self.process.stdout, self.out),
            (self.process.stderr, self.err),
        ]
        self.readers = [threading.Thread(target=self._read, args=pair, daemon=True) for pair in pairs]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def _read(stream: IO[str] | None, lines: list[str]) -> None:
        lines.extend(stream or ())

    def said(self, words: str) -> bool:
        """Tell whether a line with these words has come, on either stream."""
        return any(words in line for line in [*self.out, *self.err])

    def ended(self) -> int:
        """Wait for its end, and for the last of what it says; give its return code."""
        code = self.process.wait(PATIENCE)
        for reader in self.readers:
            reader.join(PATIENCE)
        return code

    @property
    def variables(self) -> dict[str, str]:
        """Read the lines that a shell would, once they are there."""
        eventually(lambda: any("AUTHORIZATION_TOKEN=" in line for line in self.out), self.text)
        return dict(_SET.findall("".join(line for line in self.out if not line.startswith("#"))))

    @property
    def text(self) -> str:
        """Give all that it said."""
        return "".join([*self.out, *self.err])


@contextmanager
def started(*argv: str, env: Mapping[str, str], ready: str = "") -> Iterator[Running]:
    """Run a command line of ours while the block runs, once it has said that."""
    with subprocess.Popen(
        [*COMMAND, *argv],
        env=clean(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        running = Running(process)
        try:
            eventually(lambda: running.said(ready) or process.poll() is not None, running.text)
            yield running
        finally:
            process.kill()
