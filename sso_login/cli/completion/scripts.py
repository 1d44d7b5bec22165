"""The completion scripts: each asks the program itself what may come next, so none has a word of it to fall behind.

They lie in completions/, for packagers; the wheel has them in data/ beside this file. What the program answers is text
to the shell, never code: no script evaluates it. The first line says what follows: `values` (one a line, in fish and
zsh with a description behind a tab), `files` for the shell's own file names, `command` for a command line of another
program.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

FILES: Final = {"bash": "sso-login.bash", "zsh": "_sso-login", "fish": "sso-login.fish", "powershell": "sso-login.ps1"}


def script(shell: str) -> str:
    """Read the completion script of a shell that FILES names."""
    return _folder().joinpath(FILES[shell]).read_text(encoding="utf-8")


def _folder() -> Traversable:
    package = files("sso_login")
    installed = package.joinpath("cli", "completion", "data")
    return installed if installed.is_dir() else package.joinpath("..", "completions")
