"""Both ways over a long life: after random changes of config, environment, files and logins the answer is the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from sso_login.cli.app import run
from sso_login.core.errors import SsoLoginError
from sso_login.core.message import Notice
from sso_login.world import World
from tests.hot.conftest import START_URL, Both

STEPS: Final = 500
NAMES: Final = ("my-sso", "two", "three")
ASKED: Final[tuple[tuple[str, ...], ...]] = (
    (),
    ("my-sso",),
    ("two",),
    ("three",),
    ("my-sso", "--header"),
    ("--header",),
    ("--json", "two"),
    ("--profile", "dev"),
    ("--profile=dev", "--min-ttl=2m"),
    ("--min-ttl", "1h", "two"),
    ("my-sso", "--min-ttl=5m"),
    ("nobody",),
)
ENVIRONMENTS: Final[tuple[dict[str, str], ...]] = (
    {},
    {},
    {"SSO_LOGIN_SESSION": "two"},
    {"SSO_LOGIN_SESSION": "nobody"},
    {"AWS_PROFILE": "dev"},
    {"AWS_PROFILE": "nobody"},
    {"AWS_DEFAULT_PROFILE": "dev"},
    {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
    {"AWS_ENDPOINT_URL_SSO_OIDC": "https://other.example"},
    {"SSO_LOGIN_STORE": "keyring"},
)


def written(both: Both, draw: random.Random) -> None:
    """Write another config: some of the sessions, at one of two places, and a profile or two."""
    lines = []
    for name in draw.sample(NAMES, draw.randint(1, 3)):
        url = draw.choice([START_URL, START_URL, START_URL, "https://other.awsapps.com/start"])
        lines += [f"[sso-session {name}]", f"sso_start_url = {url}", "sso_region = us-east-1"]
    for profile in draw.sample(["profile dev", "default", "profile old"], draw.randint(0, 2)):
        lines += [f"[{profile}]", f"sso_session = {draw.choice(NAMES)}"]
    both.config.write_text("\n".join(lines) + "\n")


def logged_in(both: Both, draw: random.Random) -> None:
    """Log in again, with little time left or much; what has little cannot be renewed, so nobody is asked for more."""
    left = draw.choice([3600.0, 3600.0, 200.0, 90.0, -5.0])
    with suppress(SsoLoginError):  # where what was damaged stands in the way
        both.log_in(draw.choice(NAMES), access=f"token-{draw.randrange(10**6)}", left=left, renewable=left > 3000)


def logged_out(both: Both, draw: random.Random) -> None:
    """Log out."""

    def build(*, attended: bool, notify: Callable[[Notice], None]) -> World:
        del attended
        return both.world(both.env, notify)

    run(["logout", "--local", draw.choice(NAMES)], build=build)


def damaged(both: Both, draw: random.Random) -> None:
    """Change one byte, or cut something off, of any file of ours."""
    path = draw.choice(_files(both))
    content = bytearray(path.read_bytes())
    if content and draw.random() < 0.7:
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    else:
        del content[draw.randrange(len(content) + 1) :]
    path.write_bytes(content)


def swapped(both: Both, draw: random.Random) -> None:
    """Put one file of ours in the place of another."""
    one, other = draw.choice(_files(both)), draw.choice(_files(both))
    other.write_bytes(one.read_bytes())


def removed(both: Both, draw: random.Random) -> None:
    """Remove one."""
    draw.choice(_files(both)).unlink()


def widened(both: Both, draw: random.Random) -> None:
    """Let others read one, or its folder, or not."""
    path = draw.choice(_files(both))
    path.chmod(draw.choice([0o600, 0o644]))
    path.parent.chmod(draw.choice([0o700, 0o700, 0o755]))


def _files(both: Both) -> list[Path]:
    found = [path for folder in ("questions", "sessions", "secrets") for path in (both.home / folder).glob("*")]
    return [path for path in found if path.is_file()] or [both.config]


CHANGES: Final[tuple[Callable[[Both, random.Random], None], ...]] = (
    written,
    logged_in,
    logged_in,
    logged_out,
    damaged,
    swapped,
    removed,
    widened,
)


def repaired(both: Both, draw: random.Random) -> None:
    """Begin again with logins that are whole, so that there is something to answer."""
    for folder in ("questions", "sessions", "secrets"):
        for path in (both.home / folder).glob("*"):
            path.unlink()
        (both.home / folder).chmod(0o700)
    both.config.unlink(missing_ok=True)
    written(both, draw)
    for name in NAMES:
        both.log_in(name, access=f"token-{draw.randrange(10**6)}")


@pytest.mark.parametrize("seed", range(4))
def test_the_hot_path_answers_as_the_ordinary_way_does_or_not_at_all(both: Both, seed: int) -> None:
    """Two thousand steps, each a change and then a question; and it does answer most of what it may."""
    draw, answered = random.Random(seed), 0
    for step in range(STEPS):
        if step % 10 == 0:
            repaired(both, draw)
        elif draw.random() < 0.4:
            draw.choice(CHANGES)(both, draw)
        argv, env = draw.choice(ASKED), draw.choice(ENVIRONMENTS)
        for _ in range(2):  # the second time the first has noted what it found
            hot = both.hot(*argv, **env)
            ran = both.ordinary(*argv, **env)
            if hot is not None:
                answered += 1
                assert (0, hot, "") == (ran.code, ran.out, ran.err), (seed, step, argv, env)
    assert answered > STEPS / 10
