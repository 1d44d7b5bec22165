"""Running a program as a child beside a server of ours: its signals, its terminal, its stops and its end are its own.

Signals are taken one by one while they are blocked everywhere else, so that none comes unseen between two lines.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sso_login.adapters.system.exec_program import CannotRun, become

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["CannotRun", "first_signal", "held", "run"]

if sys.platform == "win32":
    import time

    @contextmanager
    def held() -> Iterator[None]:
        """Windows has no signals to hold."""
        yield

    def run(command: Sequence[str], env: Mapping[str, str]) -> int:
        """Run the command with that environment, and give its exit code; raise CannotRun."""
        return become(command, env)

    def first_signal() -> int:
        """Wait for an interrupt."""
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(1)
        return int(signal.SIGINT)

else:
    # What ends us, what programs tell each other, what a terminal sends, and what tells of the child.
    _PASSED = {signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2}
    _STOPS = {signal.SIGTSTP, signal.SIGCONT}
    _ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    _FOR_CHILD = (signal.SIGPIPE, signal.SIGXFSZ)  # Python ignores these two, and what is ignored stays so

    @contextmanager
    def held() -> Iterator[None]:
        """Block the signals that `run` and `first_signal` take: in this thread, and in all that it starts meanwhile.

        What is ignored (nohup, a shell's background) is left alone, and stays ignored in the child.
        """
        heard = {each for each in _PASSED | _STOPS if signal.getsignal(each) != signal.SIG_IGN}
        child = signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where it is ignored, the system keeps no exit code
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {*heard, signal.SIGCHLD})
        try:
            yield
        finally:
            _drain()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL if child is None else child)

    def run(command: Sequence[str], env: Mapping[str, str]) -> int:
        """Run the command with that environment, within `held`, and give its exit code, 128+n after signal n.

        Raises CannotRun. What a process sends us is sent on to the child; what the terminal sends, it gets by itself.
        """
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        free = signal.pthread_sigmask(signal.SIG_BLOCK, ()) - _PASSED - _STOPS - {signal.SIGCHLD}
        try:
            pid = os.posix_spawnp(command[0], list(command), dict(env), setsigmask=free, setsigdef=_FOR_CHILD)
        except (FileNotFoundError, ValueError) as error:  # an empty name is a ValueError
            raise CannotRun(command[0], "command not found", code=127) from error
        except OSError as error:
            raise CannotRun(command[0], f"cannot be executed ({error.strerror})", code=126) from error
        while True:
            number, sent = _next()
            if number == signal.SIGCHLD:
                code = _looked_after(pid)
                if code is not None:
                    return code
            elif number == signal.SIGCONT or (sent and number in _PASSED):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)

    def first_signal() -> int:
        """Wait, within `held`, for one of the signals that end a program, and give its number."""
        while True:
            number, _ = _next()
            if number in _ENDS:
                return number

    def _next() -> tuple[int, bool]:
        """Wait for a signal, and tell whether a process sent it, rather than the kernel for a terminal."""
        awaited = {*_PASSED, *_STOPS, signal.SIGCHLD} & signal.pthread_sigmask(signal.SIG_BLOCK, ())
        if sys.platform == "linux":
            found = signal.sigwaitinfo(awaited)
            return found.si_signo, found.si_code <= 0
        number = signal.sigwait(awaited)
        return number, number not in {signal.SIGINT, signal.SIGQUIT} or not _in_front()

    def _looked_after(pid: int) -> int | None:
        """Give the child's exit code, None while it lives; stop where it was stopped at the terminal, until `fg`."""
        while True:
            found, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
            if not found:
                return None
            if not os.WIFSTOPPED(status):
                code = os.waitstatus_to_exitcode(status)
                return 128 - code if code < 0 else code
            if _in_front(pid):  # else the shell that waits for us would never learn of it
                os.kill(os.getpid(), signal.SIGSTOP)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _in_front(child: int = 0) -> bool:
        """Tell whether the terminal's keys reach us, or a child that leads a group of its own, as a shell does."""
        try:
            terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
        except OSError:
            return False
        try:
            return os.tcgetpgrp(terminal) in {os.getpgrp(), os.getpgid(child)}
        except OSError:
            return False
        finally:
            os.close(terminal)

    def _drain() -> None:
        """Take what came too late, so that it does not end us once the child's exit code is known."""
        waiting = signal.sigpending() & {*_PASSED, *_STOPS, signal.SIGCHLD}
        while waiting:
            signal.sigwait(waiting)
            waiting = signal.sigpending() & waiting
