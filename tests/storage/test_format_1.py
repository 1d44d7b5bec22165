"""A state folder as the version before record format 2 left it (it wrote `format_1/`): nothing is lost."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sso_login.adapters.secrets.platforms import access
from sso_login.core.message import Request, Response
from sso_login.flows.logout import forget
from sso_login.flows.renewal import Want, ensured
from sso_login.flows.role_credentials import RoleAsked, role_credentials
from sso_login.flows.status import VALID, standing
from sso_login.world import World
from tests.support.fakes import FakeClock, chosen, session, token

OLD = Path(__file__).parent / "format_1"


class OneAnswer:
    """A Transport that gives one new token, and remembers what was spent for it."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self.spent: list[str] = []

    def send(self, request: Request) -> Response:
        """Answer CreateToken."""
        self.spent.append(str((request.json or {})["refreshToken"]))
        members = {"accessToken": "new", "tokenType": "Bearer", "expiresIn": 3600, "refreshToken": "refresh-new"}
        return Response(200, {}, json.dumps(members).encode())


@pytest.fixture
def world(home: Path) -> World:
    """Open a copy of that folder, with a clock set to when it was written."""
    state = home / "state"
    shutil.copytree(OLD, state)
    for path in [state, *state.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)  # git keeps no modes
        access.make_private(str(path))
    env = {"SSO_LOGIN_HOME": str(state), "HOME": str(home)}
    return World(env, notify=lambda _: None, clock=FakeClock(), transport=OneAnswer())


def test_it_is_read(world: World) -> None:
    """Login and role credentials as they were, without a request."""
    assert ensured(world, chosen(), Want(min_ttl=60)).session == session()
    assert standing(world, chosen()).state == VALID
    asked = RoleAsked(chosen(), "111122223333", "ReadOnly")
    assert role_credentials(world, asked).credentials.key_id == "ASIAOLDFIXTURE000001"
    assert world.store("file").load("my-sso") == session()


def test_it_is_renewed_and_is_format_2_then(world: World) -> None:
    """The refresh token of the old record is spent; what it brought lies in the new form."""
    record = Path(world.home) / "secrets" / "sso+my-sso"
    assert record.read_text().startswith("sso-login-record 1\n")
    outcome = ensured(world, chosen(), Want(min_ttl=60, force=True))
    assert outcome.session.token.access == token("new").access
    assert isinstance(world.transport, OneAnswer)
    assert world.transport.spent == ["refresh-1"]
    assert record.read_text().startswith("sso-login-record 2\nsso-login:sso:my-sso\n")


def test_it_is_forgotten_whole(world: World) -> None:
    """A logout leaves no record, no card and no role credentials."""
    assert forget(world, chosen(), local=True).found
    state = Path(world.home)
    assert [*(state / "secrets").iterdir(), *(state / "sessions").iterdir()] == []
