"""The one transaction of a renewal, told call by call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sso_login.core.errors import (
    BadRecord,
    BoundElsewhere,
    LockTimeout,
    NewerRecord,
    NotLoggedIn,
    RefreshRefused,
    RenewalDeferred,
    SaveUnknown,
    ServiceError,
    SsoLoginError,
    StorageError,
    StoredElsewhere,
    StoreUnusable,
    Unreachable,
    UsageProblem,
)
from sso_login.core.model import Card, Instance, Session, Token, fingerprint
from sso_login.flows.logout import forget
from sso_login.flows.renewal import Outcome, Want, ensured, stale_notice
from sso_login.flows.stored_login import card_of, store_kind
from tests.support.fakes import INSTANCE, NOW, SCOPES, FakePorts, chosen, client, session, token
from tests.support.logins import held, sign_in

FOR_TOKEN = Want(min_ttl=60, keep_young=True)
FOR_CRON = Want(min_ttl=900)
FORCED = Want(min_ttl=900, force=True)
OLD = token("old", "refresh-old", left=30)
SPENT = token("old", "refresh-old", left=-30)
NEW = token("new", "refresh-new")


def ports(held: Session | None = None, *, renewed: Sequence[Token | Exception] = ()) -> FakePorts:
    """Set up a login that is kept, and what the issuer will answer."""
    made = FakePorts()
    if held:
        sign_in(made, held, made.store("keyring"))
        made.held = 0
    made.issuing.renewed = renewed
    return made


def stored(made: FakePorts) -> Session | None:
    """Read what is kept now."""
    return made.store("keyring").load("my-sso")


def card(made: FakePorts) -> Card:
    """Read the card that is there now."""
    found = made.cards.read("my-sso")
    assert found
    return found


def test_a_fresh_token_is_given_without_a_request_or_a_lock() -> None:
    """Nothing is asked of anybody while enough time is left."""
    made = ports(session())
    assert ensured(made, chosen(), FOR_TOKEN) == Outcome(session())
    assert made.issuing.calls == []


def test_a_token_too_old_is_renewed_and_stored() -> None:
    """The refresh token is spent once, and the new record is there before the token is given away."""
    made = ports(session(token=OLD), renewed=[NEW])
    outcome = ensured(made, chosen(), FOR_TOKEN)
    assert outcome == Outcome(session(token=NEW), renewed=True)
    assert stored(made) == session(token=NEW)
    assert made.issuing.calls == ["renew refresh-old"]


def test_signals_are_held_back_from_sending_to_storing() -> None:
    """An interrupt between the two would lose the login."""
    made = ports(session(token=OLD), renewed=[NEW])
    seen: list[int] = []
    made.issuing.during = lambda: seen.append(made.held)
    ensured(made, chosen(), FOR_TOKEN)
    assert (seen, made.held) == ([1], 0)


def test_the_old_refresh_token_stays_when_none_comes_back() -> None:
    """RFC 6749 section 6."""
    made = ports(session(token=OLD), renewed=[token("new", None)])
    renewed = ensured(made, chosen(), FOR_TOKEN).session.token
    assert (renewed.access.reveal(), renewed.refresh) == ("new", OLD.refresh)
    kept = stored(made)
    assert kept
    assert kept.token == renewed


def test_what_another_process_renewed_meanwhile_is_taken() -> None:
    """Under the lock the store is read again: a token that differs and is valid is enough."""
    made = ports(session(token=OLD))
    made.locks.before = lambda: made.store("keyring").save(session(token=NEW))
    assert ensured(made, chosen(), FORCED) == Outcome(session(token=NEW))
    assert made.issuing.calls == []


def test_who_logged_out_meanwhile_is_not_logged_in_again() -> None:
    """A renewer that finds no record under the lock gives nothing, asks nothing and saves nothing."""
    made = ports(session(token=OLD))
    made.locks.before = lambda: made.store("keyring").delete("my-sso")
    with pytest.raises(NotLoggedIn):
        ensured(made, chosen(), FOR_TOKEN)
    assert (stored(made), made.issuing.calls) == (None, [])


def test_the_store_is_proved_writable_before_the_refresh_token_is_spent() -> None:
    """A store that cannot be written costs nothing: no request is made."""
    made = ports(session(token=SPENT), renewed=[NEW])
    made.entries["keyring"].write_trouble = StoreUnusable("full")
    with pytest.raises(StoreUnusable):
        ensured(made, chosen(), FOR_TOKEN)
    assert made.issuing.calls == []


@pytest.mark.parametrize(
    "problem",
    [Unreachable("no route"), ServiceError("busy", code="invalid_request"), ServiceError("no", code="invalid_grant")],
)
def test_a_valid_token_is_served_when_it_cannot_be_renewed(problem: Exception) -> None:
    """A failed renewal takes nothing away: the token at hand is given, with the reason."""
    made = ports(session(token=OLD), renewed=[problem])
    outcome = ensured(made, chosen(), FOR_TOKEN)
    assert outcome.session.token == OLD
    assert isinstance(outcome.problem, SsoLoginError)
    assert stored(made) == session(token=OLD)


def test_a_valid_token_is_served_when_the_lock_is_not_to_be_had() -> None:
    """Somebody else renews for long; there are seconds left on ours."""
    made = ports(session(token=OLD))
    made.locks.busy.add("my-sso")
    assert isinstance(ensured(made, chosen(), FOR_TOKEN).problem, LockTimeout)


def test_an_expired_token_is_never_served() -> None:
    """Without a valid token the reason is the answer, and the record stays."""
    made = ports(session(token=SPENT), renewed=[Unreachable("no route")])
    with pytest.raises(Unreachable):
        ensured(made, chosen(), FOR_TOKEN)
    assert stored(made) == session(token=SPENT)


def test_only_what_was_not_sent_is_repeated_in_one_process() -> None:
    """DNS, connect, TLS: nothing left this machine, so the refresh token cannot have been spent."""
    made = ports(session(token=OLD), renewed=[Unreachable("dns", sent=False), Unreachable("dns", sent=False), NEW])
    assert ensured(made, chosen(), FOR_TOKEN).renewed
    assert made.clock.slept == [0.5, 2]
    sent = ports(session(token=OLD), renewed=[Unreachable("reset"), NEW])
    assert not ensured(sent, chosen(), FOR_TOKEN).renewed
    assert len(sent.issuing.calls) == 1


def test_a_try_that_took_long_is_not_repeated() -> None:
    """A connection that hangs until its deadline must not keep the lock longer than others wait for it."""
    made = ports(session(token=OLD), renewed=[Unreachable("no connection within 30 s", sent=False), NEW])
    made.issuing.during = lambda: made.clock.sleep(20)
    assert not ensured(made, chosen(), FOR_TOKEN).renewed
    assert len(made.issuing.calls) == 1


def test_a_failed_renewal_is_not_repeated_by_every_process_at_once() -> None:
    """The card's retry_after: 15 s, doubling to 5 min; ignored by --force; gone after success."""
    made = ports(session(token=SPENT), renewed=[Unreachable("off")] * 7)
    waits = []
    for _ in range(7):
        with pytest.raises(Unreachable):
            ensured(made, chosen(), FOR_TOKEN)
        waits.append(card(made).retry_after - made.clock.now())
        with pytest.raises(RenewalDeferred):
            ensured(made, chosen(), FOR_TOKEN)
        made.clock.sleep(waits[-1])
    assert waits == [15, 30, 60, 120, 240, 300, 300]
    assert len(made.issuing.calls) == 7
    made.issuing.renewed = [Unreachable("off"), token("new", left=99999)]
    with pytest.raises(Unreachable):
        ensured(made, chosen(), FOR_TOKEN)
    assert ensured(made, chosen(), FORCED).renewed
    assert (card(made).retry_after, card(made).retry_delay) == (0, 0)


def test_retry_after_of_the_service_is_honoured_within_reason() -> None:
    """Up to 5 minutes, however much the header says."""
    for asked, waited in ((100, 100), (99999, 300)):
        made = ports(session(token=SPENT), renewed=[Unreachable("429", wait=asked)])
        with pytest.raises(Unreachable):
            ensured(made, chosen(), FOR_TOKEN)
        assert card(made).retry_after - NOW == waited


def test_a_retry_after_from_a_wrong_clock_is_not_honoured() -> None:
    """A clock that was a year ahead does not stop renewals for a year."""
    made = ports(session(token=OLD), renewed=[NEW])
    made.cards.write(replace(card(made), retry_after=NOW + 3e7))
    assert ensured(made, chosen(), FOR_TOKEN).renewed


@pytest.mark.parametrize("code", ["invalid_grant", "invalid_client", "expired_token", "access_denied"])
def test_a_refused_refresh_token_needs_a_login(code: str) -> None:
    """Exit 3; the record stays, and the same refresh token is not sent again but by --force."""
    refusal = ServiceError("no", code=code)
    made = ports(session(token=SPENT), renewed=[refusal, refusal])
    for _ in range(2):
        with pytest.raises(RefreshRefused, match="over"):
            ensured(made, chosen(), FOR_CRON)
    assert made.issuing.calls == ["renew refresh-old"]
    assert stored(made) == session(token=SPENT)
    with pytest.raises(RefreshRefused):
        ensured(made, chosen(), FORCED)
    assert len(made.issuing.calls) == 2


def test_a_newer_record_wins_over_a_refusal() -> None:
    """On invalid_grant the store is read once more: whoever wrote it meanwhile was right, and is never erased."""
    made = ports(session(token=SPENT), renewed=[ServiceError("no", code="invalid_grant")])
    made.issuing.during = lambda: made.store("keyring").save(session(token=NEW))
    assert ensured(made, chosen(), FOR_TOKEN) == Outcome(session(token=NEW))
    assert stored(made) == session(token=NEW)
    assert not card(made).refused


def test_a_newer_record_that_is_no_good_either_stays() -> None:
    """Nothing newer is ever erased, even when it cannot be used."""
    newer = session(token=token("newer", "refresh-newer", left=-5))
    made = ports(session(token=SPENT), renewed=[ServiceError("no", code="invalid_grant")])
    made.issuing.during = lambda: made.store("keyring").save(newer)
    with pytest.raises(RefreshRefused):
        ensured(made, chosen(), FOR_TOKEN)
    assert stored(made) == newer


def test_without_a_refresh_token_or_registration_nothing_is_sent() -> None:
    """What cannot work is not tried."""
    for kept in (session(token=token(refresh=None, left=-1)), session(token=SPENT, client=client(expires_at=NOW - 1))):
        made = ports(kept)
        with pytest.raises(RefreshRefused):
            ensured(made, chosen(), FOR_TOKEN)
        assert made.issuing.calls == []


def test_a_young_token_is_not_renewed_only_because_more_is_asked() -> None:
    """`token --min-ttl 2h` with tokens of one hour must not renew at every call."""
    made = ports(session())
    want = Want(min_ttl=7200, keep_young=True)
    assert not ensured(made, chosen(), want).renewed
    made.clock.sleep(61)
    made.issuing.renewed = [NEW]
    assert ensured(made, chosen(), want).renewed


def test_a_failed_save_is_an_error_of_storage() -> None:
    """The answer came and could not be kept: that is said, whatever token is at hand."""
    made = ports(session(token=SPENT), renewed=[NEW])

    def fail() -> None:
        made.entries["keyring"].write_trouble = SaveUnknown("late")

    made.issuing.during = fail
    with pytest.raises(StorageError):
        ensured(made, chosen(), FOR_TOKEN)


def test_a_session_without_a_card_gets_one_with_its_renewal() -> None:
    """A card that was lost comes back."""
    made = ports(session(token=OLD), renewed=[NEW])
    before = card(made)
    made.cards.delete("my-sso")
    ensured(made, chosen(), FOR_TOKEN)
    assert card(made) == before


@pytest.mark.parametrize(
    "elsewhere",
    [
        Instance("https://other.awsapps.com/start", "us-east-1"),
        replace(INSTANCE, region="eu-west-1"),
        replace(INSTANCE, oidc_endpoint="https://oidc.example"),
    ],
)
def test_a_login_is_bound_to_its_instance(elsewhere: Instance) -> None:
    """Another start URL, region or OIDC endpoint: neither used nor sent anywhere, and both are named."""
    made = ports(session(token=OLD))
    with pytest.raises(BoundElsewhere) as caught:
        ensured(made, chosen(instance=elsewhere), FOR_TOKEN)
    assert INSTANCE.described() in str(caught.value)
    assert elsewhere.described() in str(caught.value)
    assert made.issuing.calls == []


def test_the_same_instance_written_otherwise_is_the_same() -> None:
    """A trailing slash, `#/` or capitals in the host bind to the same instance."""
    made = ports(session())
    same = replace(INSTANCE, start_url="https://EXAMPLE.awsapps.com/start/#/")
    assert held(made, chosen(instance=same)).session.name == "my-sso"


def test_which_store_is_meant() -> None:
    """The card's pin, else SSO_LOGIN_STORE, else the keyring; a contradiction is exit 3, nonsense exit 2."""
    pinned = Card(name="my-sso", instance=INSTANCE, scopes=SCOPES, store="file", backend="file")
    assert store_kind(None, {}) == "keyring"
    assert store_kind(None, {"SSO_LOGIN_STORE": "file"}) == "file"
    assert store_kind(pinned, {}) == "file"
    assert store_kind(pinned, {"SSO_LOGIN_STORE": "file"}) == "file"
    with pytest.raises(StoredElsewhere):
        store_kind(pinned, {"SSO_LOGIN_STORE": "keyring"})
    with pytest.raises(UsageProblem):
        store_kind(None, {"SSO_LOGIN_STORE": "cloud"})


def test_a_new_login_writes_the_card_first() -> None:
    """A keyring cannot be listed: no secret may lie in it that no card names."""
    made = FakePorts()
    store = made.store("keyring")
    made.entries["keyring"].write_trouble = StoreUnusable("gone")
    with pytest.raises(StoreUnusable):
        sign_in(made, session(), store)
    assert card(made).entries == (store.entry("my-sso"),)


def test_a_login_that_moves_to_another_store_leaves_nothing_behind() -> None:
    """What was kept in the earlier store is removed, or it is said that it could not be."""
    made = ports(session())
    sign_in(made, session(token=NEW), made.store("file"))
    assert (card(made).store, stored(made)) == ("file", None)
    made.entries["file"].write_trouble = StoreUnusable("read-only")
    sign_in(made, session(token=NEW), made.store("keyring"))
    assert made.notices[-1].warning
    assert "read-only" in made.notices[-1].text


def test_logout_forgets_first_and_then_ends_the_portal_session() -> None:
    """Whatever the server says, nothing is left here."""
    made = ports(session())
    assert forget(made, chosen(), local=False).found
    assert (stored(made), made.cards.read("my-sso"), made.issuing.calls) == (None, None, ["end access-1"])
    assert not forget(made, chosen(), local=False).found


def test_logout_says_what_it_could_not_do() -> None:
    """The portal did not answer; the tokens are gone all the same."""
    made = ports(session())
    made.issuing.ended = [Unreachable("off")]
    done = forget(made, chosen(), local=False)
    assert isinstance(done.problem, Unreachable)
    assert stored(made) is None


def test_local_logout_asks_nobody() -> None:
    """--local is without the network."""
    made = ports(session())
    assert forget(made, chosen(), local=True).found
    assert made.issuing.calls == []


def test_logout_sends_nothing_to_another_instance() -> None:
    """The token of a login bound elsewhere is forgotten, never sent."""
    made = ports(session())
    done = forget(made, chosen(instance=replace(INSTANCE, region="eu-west-1")), local=False)
    assert isinstance(done.problem, BoundElsewhere)
    assert made.issuing.calls == []


def test_logout_removes_what_cannot_be_read() -> None:
    """A corrupt record is exactly what somebody may want to be rid of."""
    made = ports(session())
    made.entries["keyring"].write(made.store("keyring").entry("my-sso"), "garbage")
    done = forget(made, chosen(), local=False)
    assert isinstance(done.problem, BadRecord)
    assert stored(made) is None


def test_logout_stops_when_the_store_cannot_be_used() -> None:
    """A locked keyring: nothing is said to be forgotten that is still there."""
    made = ports(session())
    made.entries["keyring"].trouble = StoreUnusable("locked")
    with pytest.raises(StoreUnusable):
        forget(made, chosen(), local=False)
    assert card(made).name == "my-sso"


def test_a_stale_token_is_served_with_one_sentence() -> None:
    """The warning says why and what to do; without a problem there is none."""
    assert stale_notice(Outcome(session())) is None
    notice = stale_notice(Outcome(session(), problem=Unreachable("no route")))
    assert notice
    assert notice.warning
    assert "no route" in notice.text


def test_a_card_lists_what_is_kept_where() -> None:
    """Name, instance, scopes, store and backend, entries; nothing secret."""
    made = ports(session())
    assert card(made) == card_of(session(), made.store("keyring"))
    assert "refresh-1" not in repr(card(made))


def test_the_back_off_is_armed_before_the_request_leaves() -> None:
    """Whatever ends the process from then on, the next one does not send the refresh token again at once."""
    made = ports(session(token=OLD), renewed=[NEW])
    seen: list[float] = []
    made.issuing.during = lambda: seen.append(card(made).retry_after)
    ensured(made, chosen(), FOR_TOKEN)
    assert seen == [NOW + 15]
    assert (card(made).retry_after, card(made).retry_delay) == (0, 0)


def test_what_ends_the_process_meanwhile_leaves_the_back_off() -> None:
    """A kill, a bug, a power cut: the record is as it was, and the next run waits."""
    made = ports(session(token=SPENT), renewed=[NEW])

    def end() -> None:
        raise KeyboardInterrupt

    made.issuing.during = end
    with pytest.raises(KeyboardInterrupt):
        ensured(made, chosen(), FOR_TOKEN)
    assert stored(made) == session(token=SPENT)
    with pytest.raises(RenewalDeferred):
        ensured(made, chosen(), FOR_TOKEN)


def test_a_definite_no_takes_the_back_off_away() -> None:
    """There is nothing to wait for: the next run says the same, not that it waits."""
    refusal = ServiceError("CreateToken was refused: invalid_request", code="invalid_request")
    made = ports(session(token=SPENT), renewed=[refusal, refusal])
    for _ in range(2):
        with pytest.raises(ServiceError, match="invalid_request"):
            ensured(made, chosen(), FOR_TOKEN)
    assert card(made).retry_after == 0


def test_a_newer_versions_record_is_looked_for_again_under_the_lock() -> None:
    """One that appeared while a human was approving is not written over, and stays as it is."""
    made = ports()
    newer = "sso-login-record 999\n1\nx\n{}"

    def appear() -> None:
        made.entries["keyring"].texts["sso-login:sso:my-sso"] = newer

    made.store("keyring")
    made.locks.before = appear
    with pytest.raises(NewerRecord):
        sign_in(made, session(), made.store("keyring"))
    assert made.entries["keyring"].texts == {"sso-login:sso:my-sso": newer}


def test_a_refusal_is_a_fact_about_one_token() -> None:
    """`device` killed between record and card leaves the old card: the new login is as good as any."""
    made = ports(
        session(token=SPENT),
        renewed=[ServiceError("CreateToken was refused: invalid_grant", code="invalid_grant"), NEW],
    )
    with pytest.raises(RefreshRefused):
        ensured(made, chosen(), FOR_TOKEN)
    assert card(made).refused
    with pytest.raises(RefreshRefused):
        ensured(made, chosen(), FOR_TOKEN)
    again = session(token=token("again", "refresh-again", left=-30))
    made.store("keyring").save(again)  # and no more: the card still tells of the token before
    assert ensured(made, chosen(), FOR_TOKEN).session.token == NEW
    assert made.issuing.calls[-1] == "renew refresh-again"
    assert (card(made).refused, card(made).about) == (False, "")


def test_a_back_off_is_a_fact_about_one_token() -> None:
    """A new login needs not wait for what failed with the old one."""
    made = ports(session(token=SPENT), renewed=[Unreachable("no answer"), NEW])
    with pytest.raises(Unreachable):
        ensured(made, chosen(), FOR_TOKEN)
    assert card(made).retry_after > NOW
    made.store("keyring").save(session(token=token("again", "refresh-again", left=-30)))
    assert ensured(made, chosen(), FOR_TOKEN).session.token == NEW


def test_the_fact_of_an_older_version_is_believed() -> None:
    """A card without a fingerprint means what lies in the store."""
    made = ports(session(token=SPENT))
    made.cards.write(replace(card(made), refused=True))
    with pytest.raises(RefreshRefused):
        ensured(made, chosen(), FOR_TOKEN)


def test_a_fingerprint_tells_nothing_of_the_token() -> None:
    """Sixteen hexadecimal digits, others for another token, and nothing where there is no refresh token."""
    marks = {fingerprint(token("a", f"refresh-{number}")) for number in range(100)}
    assert len(marks) == 100
    assert all(len(mark) == 16 and int(mark, 16) >= 0 for mark in marks)
    assert fingerprint(token("a", None)) == ""


@pytest.mark.parametrize(("ahead", "renews"), [(86_400, True), (61, True), (60, False), (0, False), (-86_400, False)])
def test_a_token_from_a_clock_that_was_ahead_is_renewed(ahead: int, renews: bool) -> None:  # noqa: FBT001 - a case
    """Issued in the future by more than a minute: nobody knows when it ends, so it is not taken for good for a day."""
    odd = replace(token("odd", "refresh-odd"), issued_at=NOW + ahead, expires_at=NOW + max(ahead, 0) + 3600)
    made = ports(session(token=odd), renewed=[NEW])
    assert ensured(made, chosen(), FOR_TOKEN).session.token == (NEW if renews else odd)
    assert not renews or stored(made) == session(token=NEW)


def test_a_token_from_a_wrong_clock_is_served_where_it_cannot_be_renewed() -> None:
    """It may well be good: with a warning, as any token that could not be made fresher."""
    odd = replace(token("odd", "refresh-odd"), issued_at=NOW + 86_400, expires_at=NOW + 90_000)
    made = ports(session(token=odd), renewed=[Unreachable("no answer")])
    outcome = ensured(made, chosen(), FOR_TOKEN)
    assert (outcome.session.token, stale_notice(outcome) is not None) == (odd, True)
