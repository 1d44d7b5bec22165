"""What the processes of a schedule do: the commands as the flows have them, and an SDK's own renewal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from sso_login.flows.login import already, ground
from sso_login.flows.logout import forget
from sso_login.flows.renewal import Want, ensured
from sso_login.flows.role_credentials import RoleAsked, role_credentials
from sso_login.flows.select.session import Chosen
from sso_login.flows.stored_login import StoredLogin
from tests.simulation.disk import INSTANCE, NAME, SCOPES, Disk
from tests.simulation.process import Process
from tests.simulation.services import SimIssuer


def chosen(*, shared: bool) -> Chosen:
    """Choose the one session there is."""
    return Chosen(NAME, INSTANCE, SCOPES, None, sdk_cache=shared, source="the config")


def token(process: Process, *, shared: bool, want: Want) -> None:
    """`token` and `refresh`."""
    outcome = ensured(process, chosen(shared=shared), want)
    process.disk.hands_out(outcome.session.token)


def credentials(process: Process, *, shared: bool) -> None:
    """`credentials`."""
    role_credentials(process, RoleAsked(chosen(shared=shared), "111122223333", "Admin"))


def device(process: Process, *, shared: bool, force: bool) -> None:
    """`device`: a human approves at once."""
    one = chosen(shared=shared)
    basis = ground(process, one, force=force)
    if already(process, one, basis):
        return
    process.step("approve")
    made = process.disk.granted()
    StoredLogin(process, one).sign_in(made, basis.store, sdk_cache=one.cached_as if shared else "")


def logout(process: Process, *, shared: bool) -> None:
    """`logout`."""
    forget(process, chosen(shared=shared), local=False)


def sdk(process: Process) -> None:
    """Renew as botocore does: read the file, spend its refresh token, write the file; no lock, no second look."""
    process.step("read sdk")
    kept = process.disk.sdk.get(NAME)
    if kept is None or kept[0].token.usable(process.disk.wall, 900):
        return
    session = kept[0]
    token = SimIssuer(process).renew(session)
    process.step("write sdk")
    if NAME in process.disk.sdk:  # a logout meanwhile: nobody can keep an SDK from writing it again, but it is not ours
        process.disk.sdk[NAME] = replace(session, token=token), process.disk.wall
        process.disk.saved.add(token.access.reveal())
        if process.disk.live.get(process.login) != (token.refresh.reveal() if token.refresh else ""):
            process.disk.excused.add(process.login)  # two SDKs at once, and the last to write was not the last to renew
        process.disk.by_an_sdk.add(token.access.reveal())
        process.unstored = False


def made(disk: Disk, kind: str, *, shared: bool = False, move: bool = False) -> Process:
    """Make a process of that kind; a `move` is a login with the other store in its environment."""
    env: dict[str, str] = {}
    if kind == "device" and move:
        card = disk.cards.get(NAME)
        env["SSO_LOGIN_STORE"] = "file" if card and card.store == "keyring" else "keyring"
    works: dict[str, Callable[[Process], None]] = {
        "token": partial(token, shared=shared, want=Want(min_ttl=60, keep_young=True)),
        "refresh": partial(token, shared=shared, want=Want(min_ttl=900)),
        "force": partial(token, shared=shared, want=Want(min_ttl=900, force=True)),
        "credentials": partial(credentials, shared=shared),
        "device": partial(device, shared=shared, force=move),
        "logout": partial(logout, shared=shared),
        "sdk": sdk,
    }
    return Process(disk, kind, works[kind], env)
