"""The entry point, and the only place that ends the process."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end with its exit code."""
    from sso_login.cli.app import run

    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding lacks must not end a command.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
