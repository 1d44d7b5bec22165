"""The entry point: the hot path first, else the command line; the only place that ends the process."""

import os
import sys


def main() -> None:
    """Run the command line and end with its exit code."""
    if sys.argv[1:2] == ["token"] and _answered():
        # Nothing is left to clean up, and the interpreter's own end costs a fifth of all this.
        os._exit(0)
    from sso_login.cli.app import run

    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding lacks must not end a command.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def _answered() -> bool:
    from sso_login import hot

    text = hot.answer(sys.argv[2:], os.environ)
    if text is None:
        return False
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, AttributeError):
        return False  # the ordinary way knows how to say it
    return True


if __name__ == "__main__":
    main()
