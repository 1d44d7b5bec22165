"""The default collection of any Secret Service: by what its alias names, as KeePassXC and KWallet want it."""

from __future__ import annotations

import sys
from typing import cast

import pytest

if sys.platform != "linux":
    pytest.skip("the Secret Service is Linux's", allow_module_level=True)
assert sys.platform == "linux"  # tells the type checker

from sso_login import hot_dbus  # noqa: E402 - it is for Linux alone


class OtherService:
    """A bus whose service answers ReadAlias, and at no path below `aliases`, as the API draft allows."""

    def __init__(self, path: str) -> None:
        """Let the alias `default` name that path, "/" for none."""
        self.path = path
        self.called: list[tuple[tuple[str, str], str, bytes]] = []

    def call(self, target: tuple[str, str], member: str, signature: str = "", body: bytes = b"") -> int:
        """Remember a call."""
        assert signature == "s"
        self.called.append((target, member, body))
        return len(self.called)

    def reply(self, serial: int) -> hot_dbus._Body:
        """Answer with the path."""
        assert serial == 1
        return hot_dbus._Body(hot_dbus.string(self.path))


def test_the_collection_is_asked_for_by_its_alias() -> None:
    """KeePassXC's is a database, KWallet's a wallet; neither need be called `login`."""
    bus = OtherService("/org/freedesktop/secrets/collection/Passwords")
    path, interface = hot_dbus.default(cast("hot_dbus.Bus", bus))
    assert (path, interface) == (bus.path, "org.freedesktop.Secret.Collection")
    (target, member, body) = bus.called[0]
    assert (target[0], member, body) == ("/org/freedesktop/secrets", "ReadAlias", hot_dbus.string("default"))


def test_without_a_default_collection_it_steps_aside() -> None:
    """KeePassXC with no database open for the service answers with the path of nothing."""
    with pytest.raises(LookupError):
        hot_dbus.default(cast("hot_dbus.Bus", OtherService("/")))
