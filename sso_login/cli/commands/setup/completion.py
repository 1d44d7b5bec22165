"""`sso-login completion`: the completion script of a shell."""

from __future__ import annotations

import click

from sso_login.cli.completion.scripts import FILES, script
from sso_login.cli.options import Command, OneOf
from sso_login.cli.output.render import out


@click.command(cls=Command, epilog='eval "$(sso-login completion bash)"     (in ~/.bashrc)')
@click.argument("shell", type=OneOf(list(FILES)))
def completion(shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    bash        eval "$(sso-login completion bash)"    in ~/.bashrc
    zsh         eval "$(sso-login completion zsh)"     in ~/.zshrc, after compinit
    fish        sso-login completion fish > ~/.config/fish/completions/sso-login.fish
    powershell  sso-login completion powershell | Out-String | Invoke-Expression    in $PROFILE
    """  # noqa: D301 - click's own sign for lines that stay as they are
    out(script(shell))
