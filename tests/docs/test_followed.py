"""README followed line by line: each block of shell is run in order, in a home that nobody has used before."""

from __future__ import annotations

import http.server
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from tests.support.shell import COMMAND, clean

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="README's blocks are for a POSIX shell"),
    pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]

README: Final = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS: Final = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
# Whatever cannot be run here, by its first words, and who holds it instead.
NOT_RUN: Final = {
    "python3 -m venv .venv && .venv/bin/pip install -q --upgrade pip && .venv/bin/pip install -q . ": (
        "installs from the package index: .ci/run does it in a clean clone"
    ),
    "pipx install .": "installs from the package index: tests/packaging holds wheel and sdist",
    "sso-login schedule install": "changes this user's own schedule: tests/cli/schedule/test_schedule.py runs it",
    "sso-login configure issuer": "two logins would leave none meant by itself: tests/cli/issuers runs it",
    "import requests": "Python: tests/api runs it",
    "python3 -m venv .venv && .venv/bin/pip install -q --upgrade pip && .venv/bin/pip install -q -e ": (
        "runs these very tests: .ci/run does it"
    ),
}
# The first words of what is run, and what must be in its output.
RUN: Final = {
    "sso-login configure session": (
        "Wrote [sso-session my-sso]",
        "Signed in: session my-sso",
        "Wrote profiles to",
        "aws s3 ls, as ASIA",
    ),
    "curl -H @<(sso-login token --header)": ("welcome, bearer", '"accountName": "Harbour Sandbox"'),
    "sso-login exec Sandbox-AdministratorAccess --server": ("terraform apply, by http://127.0.0.1",),
    "sso-login doctor": ("ok    session      my-sso", " 0 failed"),
}
# An AWS CLI that only tells whose credentials it was given.
AWS: Final = '#!/bin/sh\necho "aws $*, as $AWS_ACCESS_KEY_ID"\n'
# One that only tells where it would ask for them.
TERRAFORM: Final = '#!/bin/sh\necho "terraform $*, by ${AWS_CONTAINER_CREDENTIALS_FULL_URI%:*}"\n'


class _Api(http.server.BaseHTTPRequestHandler):
    """Some API that takes a bearer token."""

    def do_GET(self) -> None:
        """Welcome whoever brings one."""
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        welcome = kind == "Bearer" and len(token) > 20
        self.send_response(200 if welcome else 401)
        self.end_headers()
        self.wfile.write(b"welcome, bearer\n" if welcome else b"who are you?\n")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def api() -> Iterator[str]:
    """Serve it on a port of 127.0.0.1, and give its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


@dataclass(frozen=True)
class Reader:
    """Somebody who follows README, with addresses and roles of their own in the place of README's."""

    folder: Path
    env: dict[str, str]
    own: dict[str, str]

    def runs(self, block: str) -> str:
        """Run a block as a newcomer would paste it, stopping at the first failure; give all that it says."""
        for example, mine in self.own.items():
            block = block.replace(example, mine)
        command = ["bash", "--noprofile", "--norc", "-euo", "pipefail", "-c", block]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}"
        return done.stdout


def programs(folder: Path) -> Path:
    """Make a folder for PATH with our program, and an AWS CLI and a terraform that are none."""
    folder.mkdir()
    ours = f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n'
    for name, text in {"sso-login": ours, "aws": AWS, "terraform": TERRAFORM}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


def environment(tmp_path: Path, emulator: Emulator) -> dict[str, str]:
    """Give a newcomer's environment: home, PATH, and what leads to the emulator in the place of AWS."""
    home = tmp_path / "new"
    home.mkdir()
    there = {"HOME": str(home), "AWS_ENDPOINT_URL": emulator.url, "SSO_LOGIN_STORE": "file", "NO_PROXY": "127.0.0.1"}
    env = clean(there)
    return {**env, "PATH": f"{programs(tmp_path / 'bin')}:{env['PATH']}"}


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """Give a newcomer with an Identity Center, where every code is approved after a moment."""
    with running(Settings(interval=1, approve=True)) as emulator, api() as some_api:
        own = {
            "https://my-company.awsapps.com/start": emulator.start_url,
            "https://portal.sso.us-east-1.amazonaws.com": emulator.url,
            "https://api.example.com/": some_api,
            "Sandbox-AdministratorAccess": "Harbour-Sandbox-AdministratorAccess",
        }
        yield Reader(tmp_path, environment(tmp_path, emulator), own)


def known(block: str) -> str | None:
    """Give the first words by which a block is known here, None where it is not."""
    return next((words for words in (*NOT_RUN, *RUN) if block.startswith(words)), None)


def test_every_block_has_its_row() -> None:
    """A new block in README fails here until it is said that it is run, or why not; so does a row without a block."""
    assert [block for _, block in BLOCKS if known(block) is None] == []
    assert {known(block) for _, block in BLOCKS} == {*NOT_RUN, *RUN}
    assert all(language in {"sh", "crontab", "python"} for language, _ in BLOCKS)


def test_the_blocks_work_in_their_order(reader: Reader) -> None:
    """From an empty home to a login, profiles, a role's credentials and an API's answer; no token is ever shown."""
    whole = ""
    for _, block in BLOCKS:
        words = known(block)
        if words in RUN:
            said = reader.runs(block)
            assert [part for part in RUN[words] if part not in said] == [], said
            whole += said
    assert reader.runs("sso-login token").strip() not in whole
    records = [path for path in Path(reader.env["HOME"]).rglob("*") if path.is_file()]
    assert records
    assert all(path.stat().st_mode & 0o077 == 0 for path in records)
