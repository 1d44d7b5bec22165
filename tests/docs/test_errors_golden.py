"""Every class of error once, as a person sees it in 80 columns: from the situation itself where that is cheap.

`WRITE_GOLDEN=1 pytest tests/docs/test_errors_golden.py` writes golden/errors.txt anew; read the difference then.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import Final

import pytest

from sso_login.cli.output.render import Render
from sso_login.core import errors
from sso_login.core.errors import SsoLoginError
from tests.support.shell import Ran, Shell, shell

GOLDEN: Final = Path(__file__).parent / "golden" / "errors.txt"
TREE: Final = [
    each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.SsoLoginError)
]
HOST: Final = "oidc.us-east-1.amazonaws.com"
KEYRING: Final = "or use SSO_LOGIN_STORE=file."


@pytest.fixture
def sh(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """Give a shell where a human approves every code."""
    with shell(home, capsys) as made:
        made.approve_while_waiting()
        yield made


# --- situations: what is done, and what the program says then


def _broken_config(sh: Shell) -> Ran:
    sh.config.write_text("[sso-session my-sso]\nsso_start_url = ftp://example.com\nsso_region = us-east-1\n")
    return sh("token", "--json")


def _session_over(sh: Shell) -> Ran:
    sh("device")
    sh.emulator.service.expire("sessions")
    sh.clock.wall += 4000
    return sh("token", "--json")


def _moved(sh: Shell) -> Ran:
    sh("device")
    sh.config.write_text(
        "[sso-session my-sso]\nsso_start_url = https://new.awsapps.com/start\nsso_region = eu-west-1\n"
    )
    return sh("token", "--json")


def _elsewhere(sh: Shell) -> Ran:
    sh("device")
    return sh("token", "--json", SSO_LOGIN_STORE="keyring")


def _denied(sh: Shell) -> Ran:
    sh.approve_while_waiting(approve=False)
    return sh("device", "--json")


def _ignored(sh: Shell, *words: str) -> Ran:
    sh.clock.asleep = None
    return sh("device", "--json", *words)


def _unreachable(sh: Shell) -> Ran:
    return sh("device", "--json", AWS_ENDPOINT_URL_SSO_OIDC="http://127.0.0.1:9")


def _corrupt(sh: Shell) -> Ran:
    sh("device")
    sh.record().write_text("nonsense")
    return sh("token", "--json")


def _newer(sh: Shell) -> Ran:
    sh("device")
    first, _, rest = sh.record().read_text().partition("\n")
    sh.record().write_text(f"{first.rpartition(' ')[0]} 99\n{rest}")
    return sh("token", "--json")


def _readable_by_all(sh: Shell) -> Ran:
    sh("device")
    sh.record().chmod(0o644)
    return sh("token", "--json")


def _two_sessions(sh: Shell) -> Ran:
    sh.config.write_text(sh.config.read_text() + sh.config.read_text().replace("my-sso", "other"))
    return sh("token", "--json")


SITUATIONS: Final[dict[type[SsoLoginError], Callable[[Shell], Ran]]] = {
    errors.UsageProblem: lambda sh: sh("token", "--min-tl", "15m", "--json"),
    errors.ConfigError: _broken_config,
    errors.SessionUnnamed: _two_sessions,
    errors.UnknownSession: lambda sh: sh("token", "my-ssso", "--json"),
    errors.NotLoggedIn: lambda sh: sh("token", "--json"),
    errors.RefreshRefused: _session_over,
    errors.BoundElsewhere: _moved,
    errors.StoredElsewhere: _elsewhere,
    errors.AccessDenied: _denied,
    errors.CodeExpired: _ignored,
    errors.LoginTimedOut: lambda sh: _ignored(sh, "--timeout", "30s"),
    errors.Unreachable: _unreachable,
    errors.BadRecord: _corrupt,
    errors.NewerRecord: _newer,
    errors.UnsafeFile: _readable_by_all,
}

# What takes another machine, or a service that misbehaves: the words are those of the place that raises it.
RAISED: Final = (
    SsoLoginError("cannot write to stdout: No space left on device", hint="Make room, or send the output elsewhere."),
    errors.HomeUnknown(
        "no home folder is known: HOME is not set, and user id 54321 has no home in the system's list of users"
    ),
    errors.LoginRequired("session 'my-sso' needs a login"),
    errors.LoginFailed("the login was not finished"),
    errors.CertificateRefused(
        f"the certificate of {HOST} is not trusted: self-signed certificate in certificate chain"
    ),
    errors.NotAnAnswer("CreateToken got no answer of the service: HTTP 503, trouble on its side"),
    errors.Throttled("ListAccounts got no answer of the service: HTTP 429, too many requests"),
    errors.RenewalDeferred("the last renewal of session 'my-sso' failed; the next try is in 15 s"),
    errors.ServiceError(
        "StartDeviceAuthorization was refused: invalid_request: the start URL is not known here "
        "(request id 0f7c1c9e-5a53-4c9e-9a0c-2f6a0a6f2f11)",
        code="invalid_request",
    ),
    errors.MalformedReply("the reply to CreateToken cannot be used: accessToken is missing"),
    errors.StorageError("the keyring is locked; the new tokens could not be kept anywhere"),
    errors.StoreUnusable("the keyring is locked", hint=f"Unlock it, log in to the desktop, {KEYRING}"),
    errors.StoreTimeout(
        "the Secret Service keyring did not answer within 3 s", hint=f"Unlock or restart it, {KEYRING}"
    ),
    errors.SaveUnknown(
        "the Secret Service keyring did not confirm a change in time; it may still land",
        hint=f"Unlock or restart the keyring, then see `sso-login status`, {KEYRING}",
    ),
    errors.LockTimeout("session 'my-sso' was locked by another process for 30 s"),
    errors.NotScheduled("no schedule is installed"),
    errors.SchedulerUnusable("the crontab cannot be read: you are not allowed to use this program (crontab)"),
    errors.Interrupted("interrupted"),
)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def seen(error: SsoLoginError) -> str:
    """Give the lines as they stand at a terminal."""
    terminal = _Terminal()
    with redirect_stderr(terminal):
        Render().error(error)
    return terminal.getvalue()


def told(sh: Shell, situation: Callable[[Shell], Ran]) -> tuple[str, SsoLoginError]:
    """Give the name of the class that a situation ends in, and its two lines, with home and port of everybody."""
    ran = situation(sh)
    said = json.loads(ran.err.splitlines()[-1])
    assert said["exit_code"] == ran.code
    lines = [
        said[key].replace(sh.env["HOME"], "/home/you").replace(sh.emulator.url, "http://127.0.0.1:8400")
        for key in ("message", "hint")
    ]
    return said["error"], SsoLoginError(lines[0], hint=lines[1])


def blocks() -> dict[str, str]:
    """Read the golden file: the text of each class by its name."""
    parts = GOLDEN.read_text(encoding="utf-8").split("# ")[1:]
    return {part.partition(" ")[0]: part.partition("\n")[2].rstrip("\n") + "\n" for part in parts}


@pytest.fixture(autouse=True)
def eighty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every terminal 80 columns wide, without colours."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")


def kept(name: str, text: str) -> str:
    """Give what the golden file has for a class; write it there first where that is asked for."""
    if os.environ.get("WRITE_GOLDEN"):
        known = (blocks() if GOLDEN.exists() else {}) | {name: text}
        classes = {each.__name__: each for each in TREE}
        whole = [
            f"# {each} (exit code {found.exit_code})\n{known[each]}" for each, found in classes.items() if each in known
        ]
        GOLDEN.write_text("\n".join(whole), encoding="utf-8")
    return blocks()[name]


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_an_error_reads_as_it_is_kept(error: SsoLoginError) -> None:
    """Message and hint, broken between words."""
    assert seen(error) == kept(type(error).__name__, seen(error))


@pytest.mark.parametrize(("kind", "situation"), SITUATIONS.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_a_situation_is_told_as_it_is_kept(
    sh: Shell, kind: type[SsoLoginError], situation: Callable[[Shell], Ran]
) -> None:
    """The program itself, brought into that situation, says these very lines."""
    name, error = told(sh, situation)
    assert name == kind.__name__
    assert seen(error) == kept(name, seen(error))


def test_every_class_has_its_row() -> None:
    """Each once, in the order of core/errors.py, with its exit code; a new class fails here until it has one."""
    names = [*(kind.__name__ for kind in SITUATIONS), *(type(error).__name__ for error in RAISED)]
    assert sorted(names) == sorted({each.__name__ for each in TREE})
    assert list(blocks()) == [each.__name__ for each in TREE]
    heads = [line for line in GOLDEN.read_text(encoding="utf-8").splitlines() if line.startswith("# ")]
    assert heads == [f"# {each.__name__} (exit code {each.exit_code})" for each in TREE]


def test_every_row_fits_and_says_what_to_do() -> None:
    """At most 80 columns but for one long word; an error and a hint, which only Ctrl-C does without."""
    for name, text in blocks().items():
        lines = text.splitlines()
        assert all(len(line) <= 80 or " " not in line for line in lines), name
        assert lines[0].startswith("error: ")
        assert any(line.startswith("hint: ") for line in lines) or name == "Interrupted"
