"""`sso-login exec --server`: a command beside a credential server of its own, which ends with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sso_login.cli.commands.roles.serving import TOKEN, TOKEN_FILE, URI, fetched, serving
from sso_login.cli.output.credential_formats import CLEARED
from sso_login.core.errors import SsoLoginError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sso_login.adapters.system.private_files import PrivateFiles
    from sso_login.cli.commands.roles.serving import Asked, Served
    from sso_login.cli.context import Context
    from sso_login.flows.role_cache import Given


@dataclass(frozen=True, slots=True)
class Beside:
    """Credentials that are at hand, and how a command is to find them."""

    context: Context
    pair: tuple[Asked, Given]
    token_file: bool
    seconds: float | None

    def run(self, command: Sequence[str], shell: Sequence[str]) -> int:
        """Run the command, or the shell where there is none, and give its exit code; raises SsoLoginError."""
        from sso_login.adapters.aws_files.private_copies import copies
        from sso_login.adapters.system import child
        from sso_login.adapters.system.private_files import PrivateFiles

        render, env = self.context.render, self.context.world().env
        hidden = copies(env)
        served = serving(self.context, [self.pair], seconds=self.seconds, quiet=True)
        with child.held(), served as [served_one], PrivateFiles() as files:
            environment = {
                **{name: value for name, value in env.items() if name not in CLEARED},
                **{variable: files.put(variable.lower(), content) for variable, content in hidden.items()},
                **added_by(served_one, files if self.token_file else None),
                **direct(env),
            }
            if not command:
                whose = self.pair[0].source.name
                render.say(f"Shell with credentials of {whose} that renew by themselves; `exit` leaves it.")
            try:
                return child.run(command or shell, environment)
            except child.CannotRun as error:
                render.error(SsoLoginError(str(error), hint="Name a program that is on PATH after `--`."))
                return error.exit_code


def beside(context: Context, find: Callable[[], Asked], *, token_file: bool, seconds: float | None) -> Beside:
    """Have the credentials at hand; raises SsoLoginError where that cannot be."""
    [pair] = fetched(context, [find])
    return Beside(context, pair, token_file, seconds)


def direct(env: Mapping[str, str]) -> dict[str, str]:
    """Let no proxy of the environment come between the command and 127.0.0.1: some SDKs would give it the token."""
    if not any(name.lower() in {"http_proxy", "all_proxy"} and value for name, value in env.items()):
        return {}
    others = env.get("no_proxy") or env.get("NO_PROXY") or ""
    value = others if others == "*" else ",".join(filter(None, ["127.0.0.1", "localhost", others]))
    return {"NO_PROXY": value, "no_proxy": value}


def added_by(served: Served, files: PrivateFiles | None) -> Mapping[str, str]:
    """Give what the command finds in its environment besides; the token in one of `files`, where there are some."""
    token = served.token.reveal()
    account = {"AWS_ACCOUNT_ID": served.account} if served.account else {}
    regions = {"AWS_REGION": served.region, "AWS_DEFAULT_REGION": served.region} if served.region else {}
    return {
        URI: served.uri,
        **({TOKEN_FILE: files.put("token", token.encode())} if files else {TOKEN: token}),
        "AWS_SSO_PROFILE": served.label,
        **account,
        **regions,
    }
