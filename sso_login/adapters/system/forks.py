"""What a forked child must not inherit: locks, descriptors and half-made objects of the parent's other threads.

Only the thread that forks lives on in the child. Whatever another thread held there would be held for ever, so it is
closed or made fresh before anything else runs. A program that never forks pays nothing for this.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


class Renewable(Protocol):
    """An object that makes what it holds fresh in a forked child."""

    def renew_in_child(self) -> None:
        """Forget what another thread may have held or half made."""


# Held for a moment by whoever opens what must be known to a child: no fork falls between opening and noting.
guard: Final = threading.Lock()
_calls: Final = list["Callable[[], None]"]()
_objects: Final = weakref.WeakSet[Renewable]()


def in_child(call: Callable[[], None]) -> None:
    """Have a module put itself right in each forked child."""
    _calls.append(call)


def note(renewable: Renewable) -> None:
    """Have an object put itself right in each forked child, for as long as it lives."""
    with guard:
        _objects.add(renewable)


def _before() -> None:
    guard.acquire()


def _in_parent() -> None:
    guard.release()


def _in_child() -> None:
    for call in _calls:
        call()
    _free_imports()
    for name, module in list(sys.modules.items()):
        if name.startswith("sso_login.") and module is not None:
            _free_properties(module)
    for renewable in list(_objects):
        renewable.renew_in_child()
    guard.release()


def _free_imports() -> None:
    """Let modules be imported again that another thread was importing: Python would wait for that thread for ever."""
    locks = getattr(sys.modules["importlib._bootstrap"], "_module_locks", {})
    here = threading.get_ident()
    for name, reference in list(locks.items()):
        lock = reference()
        if lock is not None and getattr(lock, "owner", None) not in {None, here}:
            locks.pop(name, None)
            sys.modules.pop(name, None)


def _free_properties(module: ModuleType) -> None:
    """Make the locks of cached properties fresh, which Python 3.11 has one of for all objects of a class."""
    for thing in vars(module).values():
        if isinstance(thing, type):
            for held in vars(thing).values():
                if isinstance(held, cached_property) and hasattr(held, "lock"):
                    held.lock = threading.RLock()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
