"""One token for many threads: refused to all of them at once, it is renewed once."""

from __future__ import annotations

import threading

from sso_login.core.errors import ServiceError
from sso_login.core.model import Token
from sso_login.flows.bearer import Bearer
from tests.support.fakes import FakePorts, ScriptedIssuer, chosen, session, token


def test_sixteen_refusals_of_the_same_token_are_one_renewal() -> None:
    """Whoever comes second is given what the first one got."""
    ports = FakePorts(issuing=ScriptedIssuer(renewed=[token("access-2", "refresh-2")]))
    ports.store("keyring").save(session())
    bearer, together, used = Bearer(ports, chosen()), threading.Barrier(16), list[str]()

    def call(sent: Token) -> None:
        if sent.access.reveal() == "access-1":
            together.wait(60)
            raise ServiceError("refused", code="unauthorized")
        used.append(sent.access.reveal())

    threads = [threading.Thread(target=bearer.used, args=(call,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert used == ["access-2"] * 16
    assert ports.issuing.calls == ["renew refresh-1"]
