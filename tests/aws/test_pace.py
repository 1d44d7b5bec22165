"""The pace: one for everybody, slower after a 429, faster again bit by bit; bounded in every way."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from sso_login.aws import pace
from sso_login.aws.pace import Pace
from sso_login.core.errors import (
    CertificateRefused,
    MalformedReply,
    NotAnAnswer,
    RenewalDeferred,
    ServiceError,
    SsoLoginError,
    Throttled,
    Unreachable,
)
from tests.support.fakes import FakeClock


def meets(*troubles: Exception | None) -> Callable[[], str]:
    """Give a call that meets these, one a try, and then answers."""
    waiting = list(troubles)

    def call() -> str:
        trouble = waiting.pop(0) if waiting else None
        if trouble:
            raise trouble
        return "answer"

    return call


def test_nothing_waits_until_the_service_says_that_it_is_too_much() -> None:
    """A thousand calls leave without a gap between them."""
    clock = FakeClock()
    made = Pace(clock)
    assert {made.made(meets()) for _ in range(1000)} == {"answer"}
    assert clock.slept == []


@pytest.mark.parametrize("trouble", [Throttled("429"), ServiceError("too many", code="slow_down")])
def test_after_a_429_everybody_pauses_and_then_keeps_to_the_quota(trouble: Exception) -> None:
    """A second of silence, then twenty requests a second."""
    clock = FakeClock()
    made, began = Pace(clock), clock.mono
    assert made.made(meets(trouble)) == "answer"
    assert clock.mono - began == pytest.approx(1.0)
    for _ in range(10):
        made.made(meets())
    assert clock.mono - began == pytest.approx(1.0 + 10 * pace.QUOTA_GAP, rel=0.1)


@pytest.mark.parametrize(("asked", "waited"), [(7.0, 7.0), (299.0, 60.0), (0.5, 0.5), (None, 1.0)])
def test_retry_after_is_honoured_within_reason(asked: float | None, waited: float) -> None:
    """As long as the service asks, a minute at most."""
    clock = FakeClock()
    began = clock.mono
    Pace(clock).made(meets(Throttled("429", wait=asked)))
    assert clock.mono - began == pytest.approx(waited)


def test_it_becomes_slower_with_each_429_down_to_a_bound_and_faster_with_each_answer() -> None:
    """The gap grows by half up to two seconds, and shrinks by a hundredth until there is none."""
    made = Pace(FakeClock())
    gaps = []
    for _ in range(12):
        made.made(meets(Throttled("429")))
        gaps.append(made.gap)
    assert gaps == sorted(gaps)
    assert gaps[0] < 0.06
    for _ in range(20):
        with pytest.raises(Throttled):
            made.made(meets(*[Throttled("429")] * pace.THROTTLED_TRIES))
        made.made(meets())
    assert made.gap == pytest.approx(pace.WIDEST_GAP * pace.FASTER)
    answers = 0
    while made.gap:
        made.made(meets())
        answers += 1
    assert 500 < answers < 700


def test_sixteen_429s_at_once_are_one_event() -> None:
    """What was on its way when the first one came says nothing new: it slows down once."""
    made, together = Pace(FakeClock()), threading.Barrier(16)
    tried = threading.local()

    def call() -> None:
        if not getattr(tried, "once", False):
            tried.once = True
            together.wait(60)
            raise Throttled("429")

    threads = [threading.Thread(target=made.made, args=(call,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < made.gap <= pace.QUOTA_GAP


def test_a_429_for_ever_ends() -> None:
    """Ten tries, then the error itself."""
    clock = FakeClock()
    with pytest.raises(Throttled, match="enough"):
        Pace(clock).made(meets(*[Throttled("429")] * 9, Throttled("enough")))
    assert clock.mono < 100


@pytest.mark.parametrize("trouble", [Unreachable("reset"), NotAnAnswer("HTTP 500"), Unreachable("dns", sent=False)])
def test_other_trouble_is_tried_again_three_times(trouble: Exception) -> None:
    """With half a second, one and two between; the fourth failure stands."""
    clock = FakeClock()
    assert Pace(clock).made(meets(*[trouble] * 3)) == "answer"
    assert clock.slept == [0.5, 1.0, 2.0]
    with pytest.raises(type(trouble)):
        Pace(clock).made(meets(*[trouble] * 4))


def test_a_503_may_ask_for_a_wait_too() -> None:
    """Its Retry-After is honoured for that request, a minute at most."""
    clock = FakeClock()
    Pace(clock).made(meets(NotAnAnswer("503", wait=5), NotAnAnswer("503", wait=300)))
    assert clock.slept == [5, 60]


@pytest.mark.parametrize(
    "trouble",
    [ServiceError("no", code="forbidden"), MalformedReply("odd"), CertificateRefused("no"), RenewalDeferred("later")],
)
def test_what_does_not_go_away_is_not_tried_again(trouble: SsoLoginError) -> None:
    """A refusal, a reply that makes no sense, a certificate, a renewal that waits."""
    clock = FakeClock()
    with pytest.raises(type(trouble)):
        Pace(clock).made(meets(trouble))
    assert clock.slept == []


def test_a_service_that_is_down_is_not_asked_for_hours() -> None:
    """After 64 failures in a row nothing more is sent; one answer between them starts the count anew."""
    made, sent = Pace(FakeClock()), 0

    def fails() -> None:
        nonlocal sent
        sent += 1
        raise Unreachable("no connection")

    for _ in range(8):
        with pytest.raises(Unreachable):
            made.made(fails)
    made.made(meets())
    for _ in range(700):
        with pytest.raises(Unreachable, match="no connection"):
            made.made(fails)
    assert sent == 8 * 4 + pace.FAILED_IN_A_ROW


def test_a_refused_certificate_is_refused_for_all() -> None:
    """It does not go away by itself, so nobody else tries."""
    made = Pace(FakeClock())
    with pytest.raises(CertificateRefused):
        made.made(meets(CertificateRefused("not trusted", hint="Name the CA bundle.")))
    with pytest.raises(Unreachable, match="not trusted") as caught:
        made.made(meets())
    assert caught.value.hint == "Name the CA bundle."


def test_an_answer_to_a_request_from_before_makes_nothing_faster() -> None:
    """What left before the last 429 was answered at the old pace: it says nothing of the new one."""
    made = Pace(FakeClock())

    def slowed_meanwhile() -> str:
        made.made(meets(Throttled("429")))
        return "answer"

    made.made(meets(Throttled("429")))
    before = made.gap
    made.made(slowed_meanwhile)
    # Once slower by a half, once faster by a hundredth for the inner answer; the outer one counts for nothing.
    assert made.gap == pytest.approx(before * pace.SLOWER * pace.FASTER)
