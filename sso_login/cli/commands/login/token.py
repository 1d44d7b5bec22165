"""`sso-login token`: the bearer token for a script."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from sso_login import layout
from sso_login.cli.options import Command, duration, json_flag, one_session
from sso_login.cli.output.render import out, rfc3339
from sso_login.core.errors import UsageProblem

if TYPE_CHECKING:
    from sso_login.cli.context import Context
    from sso_login.core.model import Secret
    from sso_login.flows.select.session import Chosen
    from sso_login.world import World

MIN_TTL: Final = 60.0
_EXAMPLE: Final = """\
curl -H @<(sso-login token --header) https://api.example.com/
sso-login token my-cluster --exec-credential     (what kubectl asks for)"""


class Given(NamedTuple):
    """A token to print; `expires_at` in epoch seconds, None where nobody knows it."""

    value: Secret
    expires_at: float | None


@click.command(cls=Command, epilog=_EXAMPLE)
@one_session
@click.option("--min-ttl", type=duration, help="Renew first if less than this is left (default 60s).")
@click.option("--header", is_flag=True, help="Print an Authorization header, for curl -H @<(...).")
@click.option("--id-token", is_flag=True, help="Print the ID token of an OAuth issuer instead.")
@click.option("--exec-credential", is_flag=True, help="Print an ExecCredential, as kubectl asks for it.")
@json_flag
@click.pass_obj
def token(  # noqa: PLR0913 - a parameter an option
    context: Context,
    *,
    session: str | None,
    profile: str | None,
    min_ttl: float | None,
    header: bool,
    id_token: bool,
    exec_credential: bool,
) -> None:
    """Print the bearer token of SESSION, renewed first if need be. Never asks anything."""
    from sso_login.adapters.secrets.hot_index import Noted
    from sso_login.cli.sessions import Sessions
    from sso_login.core.model import OAUTH, SSO

    if exec_credential and (header or context.render.as_json):
        raise UsageProblem("--exec-credential is a form of its own", hint="Leave --header and --json out.")
    world = context.world()
    indexes = {kind: world.of(kind).index for kind in (SSO, OAUTH)}  # before anything is read that goes into them
    chosen = Sessions(context).chosen(session, profile)
    given, sure = _identity(world, chosen, min_ttl) if id_token else _access(world, chosen, min_ttl)
    if sure:
        noted = Noted(chosen.name, chosen.instance.binding, layout.entry(chosen.instance.kind, chosen.name))
        indexes[chosen.instance.kind].note(("token", session or "", profile or ""), noted, config=world.config)
    if exec_credential:
        out(json.dumps(_exec_credential(given, world.env.get("KUBERNETES_EXEC_INFO", ""))) + "\n")
    elif context.render.as_json:
        name = "id_token" if id_token else "access_token"
        fact = {"session": chosen.name, name: given.value.reveal(), "token_type": "Bearer"}
        out(json.dumps({**fact, "expires_at": rfc3339(given.expires_at)}) + "\n")
    else:
        out(("Authorization: Bearer " if header else "") + given.value.reveal() + "\n")


def _access(world: World, chosen: Chosen, min_ttl: float | None) -> tuple[Given, bool]:
    """Give the access token, and whether nothing is wrong with it; that it could not be made fresher is told."""
    from sso_login.core.message import Notice
    from sso_login.flows.renewal import Want, ensured, stale_notice

    want = Want(min_ttl=MIN_TTL if min_ttl is None else min_ttl, keep_young=True)
    outcome = ensured(world.of(chosen.instance.kind), chosen, want)
    notice, bearer = stale_notice(outcome), outcome.session.token
    if notice:
        world.notify(notice)
    elif bearer.endless and min_ttl is not None:
        text = f"the issuer of {chosen.name} does not say when its token ends, so --min-ttl cannot be met"
        world.notify(Notice(text, warning=True))
    return Given(bearer.access, None if bearer.endless else bearer.expires_at), notice is None


def _identity(world: World, chosen: Chosen, min_ttl: float | None) -> tuple[Given, bool]:
    """Give the ID token, and whether nothing is wrong with the login."""
    from sso_login.core.model import OAUTH
    from sso_login.flows.renewal import stale_notice

    if chosen.instance.kind != OAUTH:
        raise UsageProblem(
            f"{chosen.name!r} is a session of AWS, which gives no ID token", hint="Leave --id-token out."
        )
    from sso_login.flows.id_token import ensured_identity

    found = ensured_identity(world.of(OAUTH), chosen, min_ttl=MIN_TTL if min_ttl is None else min_ttl)
    notice = stale_notice(found.outcome)
    if notice:
        world.notify(notice)
    return Given(found.id_token, found.expires_at), notice is None


def _exec_credential(given: Given, asked: str) -> dict[str, object]:
    """Write what kubectl reads, of the version that it asks for: client.authentication.k8s.io/v1 or v1beta1."""
    try:
        version = json.loads(asked)["apiVersion"] if asked else "v1"
    except (ValueError, LookupError, TypeError, RecursionError):
        raise UsageProblem(
            "KUBERNETES_EXEC_INFO is not what kubectl sets", hint="Unset it outside of kubectl."
        ) from None
    known = {f"client.authentication.k8s.io/{each}" for each in ("v1", "v1beta1")}
    status: dict[str, object] = {"token": given.value.reveal()}
    if given.expires_at is not None:
        status["expirationTimestamp"] = rfc3339(given.expires_at)
    chosen = version if version in known else "client.authentication.k8s.io/v1"
    return {"kind": "ExecCredential", "apiVersion": chosen, "status": status}
