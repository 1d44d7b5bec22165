"""Running a program in this one's place, as `env` and `nohup` do."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class CannotRun(Exception):
    """The program could not be started; `exit_code` is a shell's: 126 not executable, 127 not found."""

    def __init__(self, program: str, why: str, *, code: int) -> None:
        """Keep one line that says which program, and why."""
        super().__init__(f"{program}: {why}")
        self.exit_code = code


def become(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Run the command with that environment in place of this process; raise CannotRun.

    Signals, terminal and exit code are the command's own: on POSIX this never returns. Windows knows no such thing:
    there the command is a child, and its exit code is given.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()  # what is still in a buffer would be lost
    try:
        return _become(command, env)
    except (FileNotFoundError, ValueError) as error:  # an empty name is a ValueError
        raise CannotRun(command[0], "command not found", code=127) from error
    except OSError as error:
        raise CannotRun(command[0], f"cannot be executed ({error.strerror})", code=126) from error


if sys.platform == "win32":
    import subprocess

    from sso_login.adapters.system.programs import exit_code, startable

    def _become(command: Sequence[str], env: Mapping[str, str]) -> int:
        line = startable(command, env)
        # Ctrl-C and Ctrl-Break go to both; they are the child's business.
        before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGBREAK)}
        try:
            return exit_code(subprocess.run(line, env=dict(env), check=False).returncode)  # noqa: S603 - that is the job
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

else:

    def _become(command: Sequence[str], env: Mapping[str, str]) -> int:
        # Python ignores these two, and what is ignored stays so: `exec -- yes | head` would never end as it should.
        before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGPIPE, signal.SIGXFSZ)}
        try:
            os.execvpe(command[0], list(command), dict(env))  # noqa: S606 - to run what the user names is the job
        finally:  # only where it could not be
            for number, handler in before.items():
                signal.signal(number, handler)
