"""The entry point: the hot path first, else the command line; the only place that ends the process."""

import os
import sys

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> "NoReturn":
    """Run the command line and end with its exit code."""
    try:
        _begun()
    except KeyboardInterrupt:  # where the command line's own gate does not stand yet
        try:
            sys.stderr.write("\nerror: interrupted\n")
        finally:
            _end(130)


def _begun() -> "NoReturn":
    code = _answered()
    if code is not None:
        os._exit(code)
    import gc

    # Starting makes many objects and no garbage: looking for some meanwhile is a twentieth of all the time.
    gc.set_threshold(100_000)
    try:
        from sso_login.cli.app import run
    except Exception as error:
        if not _blamed(error):
            raise
        _end(1)

    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding lacks must not end a command.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace", newline="\n")  # on Windows, too, a line ends in LF alone
    _end(run(sys.argv[1:]))


def _answered() -> "int | None":
    answer = _hot()
    if answer is None:
        return None
    text, code = answer
    if not text:
        return code
    from sso_login import stdout

    error = None
    try:
        if sys.stdout is not None:  # else descriptor 1 may be a file of ours by now
            stdout.write(text.encode(), 1)
            return code
    except OSError as caught:
        error = caught
    # Some of it may be written: the ordinary way would write it again.
    said = stdout.explained(error)
    if said and "--json" in sys.argv:
        from sso_login.cli.output.render import Render
        from sso_login.core.errors import SsoLoginError

        Render(as_json=True).error(SsoLoginError(said, hint=stdout.HINT))
    elif said and sys.stderr is not None:
        try:
            stdout.write(f"error: {said}\nhint: {stdout.HINT}\n".encode(), 2)
        except OSError:
            return 1  # nobody is there to be told
    return 1


def _hot() -> "tuple[str, int] | None":
    """Ask the hot path, and once more after whoever is about to make fresh what was too old."""
    from sso_login import hot

    argv = sys.argv[1:]
    said = hot.parsed(argv)
    if said and said["command"] == "status":
        return _status(said)
    for last in (False, True):
        text = hot.answer(argv, os.environ)
        if text is None and "exec" in argv:
            from sso_login import hot_exec

            _become(hot_exec.program(argv, os.environ))
        turn = None if text is not None or last else hot.turn(argv, os.environ)
        if turn is None or sys.platform == "win32":
            return None if text is None else (text, 0)
        from sso_login import hot_turn

        try:
            hot_turn.wait(turn)
        except OSError:
            return None
    return None


def _status(said: "dict[str, str]") -> "tuple[str, int] | None":
    from sso_login import hot_status

    return hot_status.answer(said, os.environ, terminal=sys.stdout is None or sys.stdout.isatty())


def _become(program: "tuple[list[str], dict[str, str]] | None") -> None:
    """Run a program in this one's place; return where there is none, or where it cannot be: that is told elsewhere."""
    if program is None or sys.platform == "win32":
        return
    import _signal  # type: ignore[import-not-found] # signal itself imports enum

    command, env = program
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    # Python ignores these two, and what is ignored stays so: `exec -- yes | head` would never end as it should.
    before = [(number, _signal.signal(number, _signal.SIG_DFL)) for number in (_signal.SIGPIPE, _signal.SIGXFSZ)]
    try:
        os.execvpe(command[0], command, env)  # noqa: S606 - to run what the user names is the job
    except (OSError, ValueError):
        for number, handler in before:
            _signal.signal(number, handler)


def _blamed(error: Exception) -> bool:
    """Tell who stands in the way where not even the command line can be imported."""
    from sso_login import shadow, stdout

    said = shadow.explained(error)
    if said is None:
        return False
    if sys.stderr is not None:
        try:
            stdout.write(f"error: {said[0]}\nhint: {said[1]}\n".encode(errors="backslashreplace"), 2)
        except OSError:
            return True  # nobody is there to be told
    return True


def _end(code: int) -> "NoReturn":
    """End at once: what had to be cleaned up is, and taking the interpreter apart costs up to two bare starts.

    A thread that is still stuck in a keyring cannot hold up the end either.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue  # told already, or nobody is there to be told
    os._exit(code)


if __name__ == "__main__":
    main()
