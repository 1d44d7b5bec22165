"""Trouble on order: what the next calls of an operation shall meet instead of, or after, being carried out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sso_login.emulator.core.reply import Delivery, Reply, oidc_refusal, sign_in_refusal, sts_refusal

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Fault:
    """The next `times` calls of `operation` are answered with `reply` (default: InternalServerException).

    `delivery` says how: whole, close (the connection ends without an answer), reset (it breaks), hang (no answer until
    the server stops) or drip (a byte every `pause` seconds). With `applied` the call is carried out first, and only
    then its answer is replaced by `reply`, where given, and sent by `delivery`: applied and close is a lost answer.
    """

    operation: str
    reply: Reply | None = None
    delivery: Delivery = "whole"
    applied: bool = False
    times: int = 1
    pause: float = 0.05


class Faults:
    """The queue of faults, oldest first."""

    def __init__(self) -> None:
        """Start with none."""
        self._queue: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Order a fault; those of the same operation take their turns."""
        self._queue += [fault] * fault.times

    def answer(self, operation: str, carry_out: Callable[[], Reply]) -> Reply:
        """Carry a call out, or let it meet the next fault of its operation."""
        fault = next((found for found in self._queue if found.operation == operation), None)
        if fault is None:
            return carry_out()
        self._queue.remove(fault)
        real = carry_out() if fault.applied else _trouble(operation)
        return replace(fault.reply or real, delivery=fault.delivery, pause=fault.pause)


def _trouble(operation: str) -> Reply:
    why = "a fault was ordered"
    if operation == "GetCallerIdentity":
        return sts_refusal("InternalFailure", why, request_id="").reply
    refusal = sign_in_refusal if operation == "CreateOAuth2Token" else oidc_refusal
    return refusal("InternalServerException", why).reply
