"""The hot path as a process: what it imports, starts and opens, and that nobody can tell it from the ordinary way."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.hot.conftest import Both
from tests.support.shell import COMMAND, Ran, clean
from tests.support.stores.keyring_host import KeyringHost, State, keyring_host, needs_keyring
from tests.support.strace import needs_strace

if sys.platform == "win32":
    pytest.skip("the hot path steps aside on Windows", allow_module_level=True)

Answer = TypeVar("Answer")
FORBIDDEN = {
    *("re", "json", "typing", "enum", "dataclasses", "datetime", "pathlib", "argparse", "logging", "socket"),
    *("subprocess", "importlib.metadata", "click", "requests", "urllib3", "rich", "keyring", "secretstorage"),
}
SHOW = "import sys, os; from sso_login import __main__ as m; sys.argv[1:] = ['token']; os._exit = lambda _: None; "
MODULES = SHOW + "m._answered() == 0 and sys.stderr.write(' '.join(sys.modules))"


def bare(env: dict[str, str]) -> dict[str, str]:
    """Leave coverage out: it would import what is counted here."""
    return {name: value for name, value in clean(env).items() if not name.startswith("COVERAGE_")}


def modules(code: str, env: dict[str, str]) -> set[str]:
    """List what a program has imported when it is done; it writes the names to stderr."""
    root = {"PYTHONPATH": bare(env)["PYTHONPATH"]}
    done = subprocess.run([sys.executable, "-c", code], env={**bare(env), **root}, capture_output=True, check=True)
    return set(done.stderr.decode().split())


def ran(*argv: str, env: dict[str, str]) -> Ran:
    """Run `token` as a process."""
    done = subprocess.run([*COMMAND, "token", *argv], env=bare(env), capture_output=True, text=True, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def host() -> Iterator[KeyringHost]:
    """Give a real keyring."""
    with keyring_host() as made:
        yield made


@pytest.fixture
def in_keyring(both: Both, host: KeyringHost, monkeypatch: pytest.MonkeyPatch) -> Both:
    """Give a login in a real keyring whose token the hot path may give."""
    del both.env["SSO_LOGIN_STORE"]
    both.card.unlink()
    bus = host.env["DBUS_SESSION_BUS_ADDRESS"]
    both.env["DBUS_SESSION_BUS_ADDRESS"] = bus
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus)
    both.env["SSO_LOGIN_STORE"] = "keyring"
    both.log_in()
    del both.env["SSO_LOGIN_STORE"]
    assert both.ordinary() == Ran(0, "the-token\n", "")
    return both


def answered(ask: Callable[[], Answer | None]) -> Answer:
    """Ask until there is an answer: stepping aside is right whenever a keyring is slow or fails for a moment."""
    for _ in range(50):
        answer = ask()
        if answer:
            return answer
    pytest.fail("the hot path never answered")


def test_it_imports_next_to_nothing(both: Both) -> None:
    """None of what is slow, and at most 8 names more than Python itself."""
    floor = modules("import sys; sys.stderr.write(' '.join(sys.modules))", both.env)
    hot = modules(MODULES, both.env)
    assert "sso_login.hot" in hot
    assert not hot & FORBIDDEN
    assert len(hot - floor) <= 8, hot - floor


@needs_keyring
def test_with_a_keyring_it_imports_next_to_nothing(in_keyring: Both) -> None:
    """The same on the Secret Service: `_socket` is all that comes on top."""
    floor = modules("import sys; sys.stderr.write(' '.join(sys.modules))", in_keyring.env)
    hot = answered(lambda: modules(MODULES, in_keyring.env))
    assert {"sso_login.hot_dbus", "_socket"} <= hot
    assert not hot & FORBIDDEN
    assert len(hot - floor) <= 8, hot - floor


def traced(both: Both, log: Path) -> str:
    """Trace what processes are started and sockets opened."""
    calls = "trace=execve,fork,vfork,clone,clone3,socket,connect"
    command = ["strace", "-f", "-qq", "-e", calls, "-o", str(log), *COMMAND, "token"]
    done = subprocess.run(command, env=bare(both.env), capture_output=True, text=True, check=True)
    assert done.stdout == "the-token\n"
    return log.read_text()


def once(calls: str) -> str | None:
    """Give the trace of a run in which the hot path answered: the ordinary way opens more than one socket."""
    return calls if calls.count("socket(") == 1 else None


@needs_strace
def test_it_starts_nothing_and_opens_no_socket(both: Both, tmp_path: Path) -> None:
    """One execve, which is Python's own; no process, no socket."""
    calls = traced(both, tmp_path / "trace")
    assert calls.count("execve(") == 1
    assert all(f"{call}(" not in calls for call in ("fork", "vfork", "clone", "clone3", "socket", "connect"))


@needs_strace
@needs_keyring
def test_with_a_keyring_it_opens_the_bus_and_nothing_else(in_keyring: Both, tmp_path: Path) -> None:
    """One execve, one socket, and that one to the session bus."""
    calls = answered(lambda: once(traced(in_keyring, tmp_path / "trace")))
    assert calls.count("execve(") == 1
    assert (calls.count("socket("), calls.count("socket(AF_UNIX"), calls.count("connect(")) == (1, 1, 1)


@needs_strace
@needs_keyring
def test_the_ordinary_way_with_a_keyring_starts_nothing_either(in_keyring: Both, tmp_path: Path) -> None:
    """The backend is loaded by name: no ldconfig, gcc or ld of a discovery that looks at every platform's."""
    shutil.rmtree(in_keyring.index)
    calls = traced(in_keyring, tmp_path / "trace")
    assert calls.count("execve(") == 1
    assert "socket(AF_INET" not in calls


@needs_keyring
@pytest.mark.parametrize("argv", [["status"], ["token", "--min-ttl=1.5"], ["refresh"]])
def test_every_way_reads_the_keyring_by_the_fast_reader(in_keyring: Both, argv: list[str]) -> None:
    """Off the hot path, too, `keyring` is not even imported where nobody is at a terminal and all is in order."""
    show = "sys.stdout.write('#' + ' '.join(sys.modules)); sys.exit(code)"
    program = f"import sys; from sso_login.cli.app import run; code = run(sys.argv[1:]); {show}"
    env = {**bare(in_keyring.env), "PYTHONPATH": bare(in_keyring.env)["PYTHONPATH"]}

    def found() -> set[str] | None:
        command = [sys.executable, "-c", program, *argv]
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
        seen = set(done.stdout.rpartition("#")[2].split())
        return None if "keyring" in seen else seen  # a keyring that failed for a moment is asked by `keyring`

    assert not answered(found) & {"keyring", "secretstorage", "jeepney", "cryptography"}


@needs_keyring
def test_under_cron_the_bus_is_found_where_it_always_is(in_keyring: Both, host: KeyringHost) -> None:
    """No variable tells of it: it is the socket `bus` in the runtime folder."""
    runtime = host.env["XDG_RUNTIME_DIR"]
    assert answered(lambda: in_keyring.hot(XDG_RUNTIME_DIR=runtime, DBUS_SESSION_BUS_ADDRESS="")) == "the-token\n"


def test_nobody_can_tell_the_two_apart(both: Both) -> None:
    """As processes: stdout, stderr and exit code are the same with the index and without it."""
    for argv in ([], ["my-sso", "--header"], ["--min-ttl", "1m"]):
        hot = ran(*argv, env=both.env)
        kept = both.index.rename(both.home / "kept")
        assert ran(*argv, env=both.env) == hot
        shutil.rmtree(both.index, ignore_errors=True)  # a process that began late enough has noted the question
        kept.rename(both.index)


@needs_keyring
def test_it_reads_a_keyring_as_the_ordinary_way_does(in_keyring: Both) -> None:
    """The Secret Service's own answer, also of a long record."""
    assert answered(in_keyring.hot) == "the-token\n"
    assert answered(lambda: in_keyring.hot("--header")) == "Authorization: Bearer the-token\n"
    in_keyring.log_in(access="long" * 4000)
    assert in_keyring.ordinary().out == "long" * 4000 + "\n"
    assert answered(in_keyring.hot) == "long" * 4000 + "\n"


@needs_keyring
@pytest.mark.parametrize("state", [State.LOCKED, State.NO_COLLECTION, State.NO_DAEMON])
def test_a_keyring_in_any_other_state_is_left_to_the_ordinary_way(in_keyring: Both, state: State) -> None:
    """Locked, empty, absent: None, and no prompt."""
    with keyring_host(state) as other:
        assert in_keyring.hot(DBUS_SESSION_BUS_ADDRESS=other.env["DBUS_SESSION_BUS_ADDRESS"]) is None


@needs_keyring
def test_a_frozen_keyring_is_left_to_the_ordinary_way(in_keyring: Both, host: KeyringHost) -> None:
    """It is seen to be stopped; the bound here only guards against a hang."""
    host.freeze()
    try:
        began = time.monotonic()
        assert in_keyring.hot() is None
        assert time.monotonic() - began < 30
    finally:
        host.thaw()
    assert answered(in_keyring.hot) == "the-token\n"


@needs_keyring
def test_two_items_of_one_name_are_left_to_the_ordinary_way(in_keyring: Both, host: KeyringHost) -> None:
    """Which of them is ours is not for the hot path to say."""
    attributes = ["service", "sso-login:sso:my-sso", "username", "sso-login", "more", "of it"]
    command = ["secret-tool", "store", "--label=another", *attributes]
    subprocess.run(command, env={**os.environ, **host.env}, input=b"another", check=True)
    assert in_keyring.hot() is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "unix:path=/nonexistent",
        "unix:abstract=nonexistent-of-sso-login",
        "tcp:host=127.0.0.1,port=9",
        "unix:path=/a;unix:path=/b",
        "unix:path=/with%20escape",
        "unix:tmpdir=/tmp",
        "nonsense",
        "unix:path=/x\x00y",
    ],
)
def test_a_bus_it_cannot_talk_to_is_left_to_the_ordinary_way(both: Both, address: str) -> None:
    """No such socket, another transport, an address it does not read."""
    both.each_question(lambda path: path.write_text(path.read_text().replace(" file ", " keyring ")))
    assert both.hot(DBUS_SESSION_BUS_ADDRESS=address) is None


def test_ctrl_c_is_130_with_a_clean_line_here_too(both: Both) -> None:
    """While the hot path waits for a bus that says nothing: a line of its own, no traceback."""
    bus = both.home / "bus"
    both.each_question(lambda path: path.write_text(path.read_text().replace(" file ", " keyring ")))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(bus))
        listening.listen()
        listening.settimeout(60)
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests may have been started with it ignored
        child = subprocess.Popen(
            [*COMMAND, "token"],
            env={**bare(both.env), "DBUS_SESSION_BUS_ADDRESS": f"unix:path={bus}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        signal.signal(signal.SIGINT, before)
        with listening.accept()[0]:
            child.send_signal(signal.SIGINT)
            assert child.communicate(timeout=60) == (b"", b"\nerror: interrupted\n")
    assert child.returncode == 130
