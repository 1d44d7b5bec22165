"""What is served: renewed in the background before it runs short, once for all, and valid to its end whatever fails."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from sso_login.core.credentials import Credentials
from sso_login.core.errors import NotLoggedIn, SsoLoginError, Unreachable
from sso_login.core.model import Secret
from sso_login.flows.role_cache import Given
from sso_login.server.cache import AHEAD, AT_ONCE, LONGEST_WAIT, Cache, Profile, Served
from tests.support.fakes import FakeClock


@dataclass
class Desk:
    """A cache of one profile or more whose jobs run when the test says so."""

    life: float = 3600.0
    clock: FakeClock = field(default_factory=FakeClock)
    jobs: list[Callable[[], None]] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    problem: SsoLoginError | None = None

    def __post_init__(self) -> None:
        """Serve one profile."""
        self.cache = Cache(
            self.clock, self.jobs.append, warn=lambda name, error: self.warned.append(f"{name}: {error}")
        )
        self.add("dev")

    def add(self, name: str) -> None:
        """Serve one more."""
        self.cache.add(name, Profile(self.fetched), Given(self.made()))

    def made(self) -> Credentials:
        """Make credentials that begin now."""
        now = self.clock.now()
        return Credentials(f"AKIA{now:.0f}", Secret("secret"), Secret("token"), int(now + self.life))

    def fetched(self, least: float) -> Given:
        """Give new ones, or fail."""
        self.asked.append(least)
        if self.problem:
            raise self.problem
        return Given(self.made())

    def work(self) -> int:
        """Begin what is due and run it; tell how much that was."""
        self.cache.tend()
        jobs, self.jobs[:] = list(self.jobs), []
        for job in jobs:
            job()
        return len(jobs)

    def left(self) -> float:
        """Tell how long what is served is good for."""
        found = self.cache.look("dev")
        assert isinstance(found, Served)
        return found.credentials.expires_at - self.clock.now()


@pytest.mark.parametrize(("life", "at"), [(3600, 1200), (12 * 3600, 1200), (1201, 1200), (1200, 600), (600, 300)])
def test_they_are_renewed_at_twenty_minutes_or_at_half_their_life(life: float, at: float) -> None:
    """Not a second before, and by a question that those at hand do not answer."""
    desk = Desk(life)
    assert desk.cache.tend() == min(LONGEST_WAIT, max(5, life - at))
    desk.clock.sleep(life - at - 1)
    assert desk.work() == 0
    desk.clock.sleep(10)
    assert desk.work() == 1
    assert desk.asked[0] >= desk.made().expires_at - desk.clock.now() - desk.life
    assert desk.left() == life


def test_one_renewal_for_any_number_who_ask() -> None:
    """While it is under way, what is at hand is served at once and nothing more is begun."""
    desk = Desk()
    desk.clock.sleep(3600 - 1200)
    desk.cache.tend()
    for _ in range(100):
        assert desk.left() == 1200
        desk.cache.tend()
    assert len(desk.jobs) == 1
    assert desk.asked == []
    desk.jobs.pop()()
    assert desk.left() == 3600


def test_what_failed_is_tried_again_after_a_growing_wait() -> None:
    """5, 10, 20, 40 s, then every minute; who asks meanwhile is served and hurries nothing."""
    desk = Desk()
    desk.problem = Unreachable("no network")
    desk.clock.sleep(2400)
    tries = []
    for _ in range(300):
        desk.left()
        tries += [desk.clock.now()] * desk.work()
        desk.clock.sleep(1)
    assert [round(later - before) for before, later in itertools.pairwise(tries)] == [
        5,
        10,
        20,
        40,
        60,
        60,
        60,
    ]
    assert desk.warned == ["dev: no network"]
    desk.problem = None
    desk.clock.sleep(60)
    assert desk.work() == 1
    assert desk.left() == 3600


def test_what_is_valid_is_served_to_its_end_and_then_the_reason() -> None:
    """A login that ended takes nothing back; who asks after that is told at once, and each try asks again."""
    desk = Desk()
    desk.problem = NotLoggedIn("nobody is logged in")
    desk.clock.sleep(3599)
    desk.work()
    assert desk.left() == 1
    desk.clock.sleep(1)
    assert desk.cache.look("dev") is desk.problem
    desk.clock.sleep(3)
    assert desk.cache.look("dev") is None  # being asked for again
    assert desk.work() == 1
    assert desk.cache.look("dev") is desk.problem
    assert desk.warned == ["dev: nobody is logged in"]


def test_it_goes_on_by_itself_after_the_next_login() -> None:
    """Nobody has to ask for it."""
    desk = Desk()
    desk.problem = NotLoggedIn("nobody is logged in")
    desk.clock.sleep(3600)
    assert desk.work() == 1
    desk.problem = None
    desk.clock.sleep(LONGEST_WAIT)
    assert desk.work() == 1
    assert desk.left() == 3600


def test_after_a_long_sleep_who_asks_waits_for_one_fetch() -> None:
    """Nothing at hand is valid: everybody waits, and one request is made."""
    desk = Desk()
    desk.clock.sleep(100_000)
    assert [desk.cache.look("dev") for _ in range(100)] == [None] * 100
    desk.cache.tend()
    assert len(desk.jobs) == 1
    desk.jobs.pop()()
    assert desk.left() == 3600


@pytest.mark.parametrize("jump", [-86400.0, 86400.0])
def test_a_clock_that_is_set_makes_no_loop_and_is_followed(jump: float) -> None:
    """The wall clock alone says when credentials end, the other one how often is tried."""
    desk = Desk()
    desk.clock.wall += jump
    for _ in range(60):
        desk.cache.look("dev")
        desk.work()
        desk.clock.sleep(1)
    assert len(desk.asked) <= 13
    desk.clock.wall -= jump
    for _ in range(3600):
        desk.work()
        desk.clock.sleep(1)
        assert desk.left() >= 1190


def test_unexpected_trouble_says_nothing_of_what_it_held() -> None:
    """It is told by its class, and the server goes on."""
    desk, secrets = Desk(), dict[str, Given]()
    desk.cache.add("odd", Profile(lambda _: secrets["a-secret"]), Given(desk.made()))
    desk.clock.sleep(3600)
    desk.work()
    found = desk.cache.look("odd")
    assert isinstance(found, SsoLoginError)
    assert found.message == "unexpected KeyError in a renewal"


def test_many_are_renewed_side_by_side_but_not_all_at_once() -> None:
    """As many as the portal is ever asked over connections; the rest follow as those end."""
    desk = Desk()
    for number in range(49):
        desk.add(f"p{number}")
    desk.clock.sleep(2400)
    desk.cache.tend()
    assert len(desk.jobs) == AT_ONCE
    done = 0
    while desk.jobs:
        desk.jobs.pop()()
        done += 1
        desk.cache.tend()
    assert done == 50


def test_a_system_that_starts_no_threads_is_asked_again() -> None:
    """What is at hand is served meanwhile."""
    desk = Desk()

    def refused(_job: Callable[[], None]) -> None:
        raise RuntimeError

    begin, desk.cache.begin = desk.cache.begin, refused
    desk.clock.sleep(2400)
    desk.cache.tend()
    assert desk.left() == 1200
    desk.cache.begin = begin
    desk.clock.sleep(5)
    assert desk.work() == 1
    assert desk.left() == 3600


def test_nothing_is_begun_after_the_end() -> None:
    """What is closed is over."""
    desk = Desk()
    desk.cache.close()
    desk.clock.sleep(3600)
    assert desk.work() == 0


def test_a_problem_at_the_start_is_tried_again_soon() -> None:
    """What was served from the cache because the portal was away is renewed as soon as it is back."""
    desk = Desk(life=AHEAD / 2)
    desk.cache.add("dev", Profile(desk.fetched), Given(desk.made(), Unreachable("no network")))
    desk.clock.sleep(310)
    assert desk.work() == 1
    assert desk.left() == AHEAD / 2
