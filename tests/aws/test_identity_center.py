"""AWS as an issuer: expiry by the local clock, and a word when that clock is off."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import formatdate

import pytest

from sso_login.aws.identity_center import IdentityCenter
from sso_login.core.message import Notice, Request, Response
from tests.support.fakes import INSTANCE, NOW, FakeClock, session

TOKEN = {"accessToken": "a", "tokenType": "Bearer", "expiresIn": 3600}


@dataclass
class Service:
    """A transport whose service's clock is `ahead` seconds ahead of ours."""

    clock: FakeClock
    ahead: float | None

    def send(self, request: Request) -> Response:
        """Answer with a token, two seconds later."""
        del request
        self.clock.sleep(2)
        date = {} if self.ahead is None else {"date": formatdate(self.clock.now() + self.ahead, usegmt=True)}
        return Response(200, date, json.dumps(TOKEN).encode())


@pytest.mark.parametrize(
    ("ahead", "words"),
    [(86_400, "1 d behind"), (-86_400, "1 d ahead of"), (310, "5 min"), (-299, None), (299, None), (None, None)],
)
def test_a_clock_that_is_off_is_told_once(ahead: float | None, words: str | None) -> None:
    """More than five minutes against the Date header: one warning a process, and expiry by our own clock."""
    clock, said = FakeClock(), list[Notice]()
    issuer = IdentityCenter(INSTANCE, Service(clock, ahead), clock, said.append)
    tokens = [issuer.renew(session()) for _ in range(2)]
    assert [token.expires_at for token in tokens] == [NOW + 3600, NOW + 3602]
    assert len(said) == (1 if words else 0)
    if words:
        assert words in said[0].text
        assert said[0].warning
