"""What the commands of `configure` share: their options, and writing or showing a change of the AWS config file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import click

from sso_login.cli.output.render import out, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sso_login.adapters.aws_files.aws_ini import Change
    from sso_login.cli.context import Context

_SECRETS: Final = re.compile(r"^([ +-]\s*(?:aws_secret_access_key|aws_session_token|\S*(?:secret|token|password)\S*)"
                             r"\s*[=:]\s*)\S.*", re.IGNORECASE)  # fmt: skip


def writes(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take --force and --dry-run."""
    command = click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")(command)
    return click.option("--force", is_flag=True, help="Change even what was not written for this.")(command)


def carried_out(context: Context, changes: Sequence[Change], *, dry_run: bool) -> bool:
    """Change the config file, or show what would change; tell whether anything was written."""
    world = context.world()
    if not dry_run:
        return world.edit_aws_file(world.config.path, changes, private=False)
    from sso_login.adapters.aws_files.aws_edit import planned

    out(_diff(world.config.path, *planned(world.config.path, changes)))
    return False


def _diff(path: str, before: bytes, after: bytes) -> str:
    """Show what would change; secrets in the lines around are not shown, nor is what a terminal would obey."""
    import difflib

    old, new = (content.decode().splitlines() for content in (before, after))
    lines = difflib.unified_diff(old, new, fromfile=path, tofile=path, lineterm="")
    shown = (_SECRETS.sub(r"\1***", printable(line.replace("\t", "    "))) for line in lines)
    return "".join(f"{line}\n" for line in shown)
