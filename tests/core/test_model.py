"""The nouns and the tree of errors."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import re
import traceback
from dataclasses import asdict, replace
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_login.core import errors
from sso_login.core.errors import SsoLoginError, UsageProblem
from sso_login.core.granting import DeviceCode
from sso_login.core.model import (
    DEVICE_GRANT,
    REFRESH_GRANT,
    Client,
    Instance,
    Secret,
    Session,
    Token,
    checked_region,
    checked_start_url,
    checked_url,
    normal_url,
)

START = "https://my-company.awsapps.com/start"
MARK = "CANARY-0451"


def a_session() -> Session:
    """Build a session whose every secret carries the mark."""
    client = Client(id="id", secret=Secret(MARK), issued_at=0, expires_at=100, grants=(DEVICE_GRANT, REFRESH_GRANT))
    token = Token(access=Secret(MARK), refresh=Secret(MARK), expires_at=50, issued_at=0)
    return Session("s", Instance(START, "us-east-1"), client, token, ("sso:account:access",))


# --- Secret


def test_a_secret_does_not_print_itself(caplog: pytest.LogCaptureFixture) -> None:
    """No way of drawing a secret, alone or within a value, shows it."""
    secret, session = Secret(MARK), a_session()
    code = DeviceCode(Secret(MARK), "ABCD-EFGH", START, None, 5, 600)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").warning("%s %r", secret, session)
    drawn = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        "%s" % secret,  # noqa: UP031 - every way of drawing
        str([secret]),
        repr(code),
        caplog.text,
    ]
    assert not any(MARK in text for text in [*drawn, repr(session), str(asdict_or_refusal(session))])
    assert secret.reveal() == MARK


def asdict_or_refusal(session: Session) -> object:
    """Turn the session into a dict, as a careless logger would; the refusal is as good."""
    try:
        return asdict(session)
    except TypeError as error:
        return error


def test_a_secret_in_a_traceback_stays_hidden() -> None:
    """A traceback that draws local variables shows no secret."""
    secret = Secret(MARK)
    with pytest.raises(TypeError) as caught:
        pickle.dumps(secret)
    drawn = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "secret = Secret(***)" in drawn
    assert MARK not in drawn


def test_a_secret_is_never_copied_out_of_the_program() -> None:
    """Pickle, copy and JSON refuse a secret, and its slots cannot be listed by vars."""
    secret = Secret(MARK)
    for leave in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps, vars):
        with pytest.raises(TypeError) as caught:
            leave(secret)
        assert MARK not in str(caught.value)


def test_secrets_are_compared_by_value() -> None:
    """Equal strings make equal secrets of equal hash; a plain string is never equal to one."""
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


# --- region and URL


def test_every_region_aws_has_is_a_region() -> None:
    """Every region of every partition that botocore knows passes."""
    endpoints = json.loads(files("botocore").joinpath("data/endpoints.json").read_text("utf-8"))
    regions = [region for partition in endpoints["partitions"] for region in partition["regions"]]
    assert len(regions) > 30
    assert [checked_region(region) for region in regions] == regions


@pytest.mark.parametrize(
    "region",
    [
        "",
        "us-east",
        "us-east-1.evil.example",
        "us-east-1/",
        "US-EAST-1",
        "us_east_1",
        "us-east-1\n",
        "us-east-\uff11",
        "a-b-1",
    ],
)
def test_no_host_name_is_built_from_anything_else(region: str) -> None:
    """What is not a region is a usage problem that shows what one looks like."""
    with pytest.raises(UsageProblem, match="is not an AWS region") as caught:
        checked_region(region)
    assert "us-east-1" in caught.value.hint


@pytest.mark.parametrize(
    "url",
    [
        START,
        f"{START}/",
        f"{START}#/",
        "HTTPS://X.example",
        "https://x.example:8443/a?b=c",
        "http://127.0.0.1:8080/start",
    ],
)
def test_https_and_loopback_urls_are_kept_as_they_are(url: str) -> None:
    """A URL that may be spoken to comes back unchanged."""
    assert checked_url(url, what="start URL") == url


@pytest.mark.parametrize("url", ["http://localhost/start", "http://[::1]:80/"])
def test_loopback_has_three_names(url: str) -> None:
    """Both localhost and the IPv6 loopback may be spoken to without TLS as well."""
    assert checked_url(url, what="start URL") == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "my-company.awsapps.com/start",
        "ftp://x.example",
        "javascript:alert(1)",
        "https://",
        "https://[::1",
        "https://x.example:99999",
        "https://x.example/a b",
        "https://x.example/\x1b[31m",
        "https://x.example/\n",
        "https://bücher.example",
        "https://user@x.example",
    ],
)
def test_what_is_not_a_url_is_a_usage_problem(url: str) -> None:
    """No scheme but http and https, no user, no blanks, no control or non-ASCII characters, on one line of error."""
    with pytest.raises(UsageProblem, match=r"start URL .* is not a URL") as caught:
        checked_url(url, what="start URL")
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("host", ["x.example", "127.0.0.2", "localhost.evil.example", "0.0.0.0", "127.0.0.1.nip.io"])
def test_plain_http_leads_nowhere_but_to_loopback(host: str) -> None:
    """Plain http to any other host is refused by saying so."""
    with pytest.raises(UsageProblem, match="is not https"):
        checked_url(f"http://{host}/start", what="start URL")


@pytest.mark.parametrize("url", [f"https://me:{MARK}@x.example/", f"http://me:{MARK}@x.example/", f"{MARK}@x"])
def test_a_password_in_a_url_is_not_shown(url: str) -> None:
    """The error of a URL that holds an @ does not quote it."""
    with pytest.raises(UsageProblem) as caught:
        checked_url(url, what="endpoint")
    assert MARK not in caught.value.message + caught.value.hint


def test_a_long_url_makes_no_long_error() -> None:
    """An error quotes at most 200 characters."""
    with pytest.raises(UsageProblem) as caught:
        checked_url("x" * 100_000, what="start URL")
    assert len(caught.value.message) < 300


@given(st.text(max_size=60) | st.from_regex(r"\Ahttps?://[^/]{0,20}/.{0,9}\Z"))
def test_any_text_is_a_url_or_a_usage_problem(text: str) -> None:
    """Whatever is configured passes unchanged and can be normalised, or is a usage problem."""
    try:
        assert checked_url(text, what="start URL") == text
    except UsageProblem:
        return
    assert normal_url(normal_url(text)) == normal_url(text)


@pytest.mark.parametrize(
    "spelling", [START, f"{START}/", f"{START}#", f"{START}#/", f"{START}/#/console", START.replace("my-c", "My-C")]
)
def test_spellings_of_one_start_url_are_one(spelling: str) -> None:
    """Fragment, trailing slash and case of the host do not make another instance."""
    assert normal_url(spelling) == START
    assert Instance(spelling, "us-east-1").binding == Instance(START, "us-east-1").binding


def test_the_path_of_a_start_url_tells_instances_apart() -> None:
    """The case of the path, and its query, are kept."""
    assert normal_url("https://X.example/Acme/?a=B") == "https://x.example/Acme?a=B"


# --- Instance, Client, Token


@pytest.mark.parametrize(
    "change",
    [
        {"start_url": "http://x.example"},
        {"region": "nowhere"},
        {"oidc_endpoint": "http://x.example"},
        {"portal_endpoint": "x.example"},
    ],
)
def test_an_instance_that_could_not_be_spoken_to_cannot_be(change: dict[str, str]) -> None:
    """Start URL, region and endpoints are checked where an instance comes into being."""
    parts = {"start_url": START, "region": "us-east-1", **change}
    with pytest.raises(UsageProblem):
        Instance(**parts)  # type: ignore[arg-type]  # all of them are strings


def test_a_login_is_bound_to_start_url_region_and_oidc_endpoint() -> None:
    """The binding changes with each of the three, and with nothing else."""
    instance = Instance(START, "us-east-1", oidc_endpoint="https://Oidc.example/")
    assert instance.binding == (START, "us-east-1", "https://oidc.example")
    assert replace(instance, portal_endpoint="https://p.example", fips=True, dualstack=True).binding == instance.binding
    others = [{"start_url": "https://x.example"}, {"region": "eu-west-1"}, {"oidc_endpoint": ""}]
    assert all(replace(instance, **other).binding != instance.binding for other in others)  # type: ignore[arg-type]  # all of them are strings


def test_an_instance_is_described_by_what_it_is_bound_to() -> None:
    """The description names start URL and region, and the endpoint where one is set."""
    assert Instance(f"{START}/", "us-east-1").described() == f"{START} (us-east-1)"
    described = Instance(START, "us-east-1", oidc_endpoint="http://127.0.0.1:1").described()
    assert described == f"{START} (us-east-1, http://127.0.0.1:1)"


def test_a_registration_is_good_until_it_expires() -> None:
    """A client is usable before its expiry, and not at it."""
    client = a_session().client
    assert client.usable(99.9)
    assert not client.usable(100)


def test_a_registration_is_reused_for_the_same_grants_in_the_first_half_of_its_life() -> None:
    """Grants are compared as a set; after half the life a new login registers anew."""
    client = a_session().client
    assert client.reusable(50, (REFRESH_GRANT, DEVICE_GRANT))
    assert not client.reusable(50.1, client.grants)
    assert not client.reusable(0, ("authorization_code", REFRESH_GRANT))


def test_a_token_is_usable_while_more_than_the_margin_is_left() -> None:
    """With exactly the margin left a token is renewed."""
    token = a_session().token
    assert token.usable(49)
    assert not token.usable(50)
    assert token.usable(39, margin=10)
    assert not token.usable(40, margin=10)


# --- errors


def tree(root: type[SsoLoginError] = SsoLoginError) -> list[type[SsoLoginError]]:
    """List the class and all below it that core/errors.py defines."""
    below = [each for child in root.__subclasses__() for each in tree(child)]
    return [root, *(each for each in below if each.__module__ == errors.__name__)]


def table() -> dict[int, tuple[set[str], bool]]:
    """Read the docstring's table: exit code to the classes named in its row, and whether the row says `...`."""
    rows = re.findall(r"^\| ([0-9]+) \| [^|]+ \| (.+) \|$", errors.__doc__ or "", re.MULTILINE)
    return {int(code): (set(re.findall(r"\w+", classes)), "..." in classes) for code, classes in rows}


def test_the_table_in_the_docstring_is_the_tree() -> None:
    """Every class stands in the row of its exit code and in no other; only a row with `...` may leave some out."""
    for code, (named, open_ended) in table().items():
        here = {each.__name__ for each in tree() if each.exit_code == code}
        assert named <= here
        assert named == here or open_ended


def test_every_error_has_an_exit_code_of_the_contract() -> None:
    """No class ends with a code that the table does not have, nor with 0."""
    assert {each.exit_code for each in tree()} == set(table())
    assert 0 not in table()


def test_every_error_has_a_next_step() -> None:
    """Every class has a hint of one line, but for Ctrl-C, after which there is nothing to do."""
    without = [each.__name__ for each in tree() if not each.default_hint or "\n" in each.default_hint]
    assert without == ["Interrupted"]


def test_an_error_keeps_its_two_lines() -> None:
    """A hint that is given stands in for the class's own, an empty one too."""
    assert UsageProblem("what").hint == UsageProblem.default_hint
    assert UsageProblem("what", hint="then").hint == "then"
    assert UsageProblem("what", hint="").hint == ""
    assert str(UsageProblem("what", hint="then")) == UsageProblem("what").message == "what"


def test_errors_of_the_service_carry_what_support_asks_for() -> None:
    """A service error keeps code, reason and request id; a malformed reply has a code of its own."""
    error = errors.ServiceError("no", code="invalid_grant", reason="r", request_id="id-1")
    assert (error.code, error.reason, error.request_id, error.exit_code) == ("invalid_grant", "r", "id-1", 6)
    assert errors.MalformedReply("no", request_id="id-2").code == "malformed_reply"


def test_trouble_on_the_way_tells_whether_anything_was_sent() -> None:
    """Unless it is certain that nothing left the machine, a request counts as sent."""
    assert errors.Unreachable("no").sent
    assert not errors.CertificateRefused("no", sent=False).sent
    assert errors.NotAnAnswer("no", wait=3.0).wait == 3.0


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://x.awsapps.com/start", "https://x.awsapps.com/start"),
        ("https://X.awsapps.com:443/start/", "https://x.awsapps.com/start"),
        ("https://x.awsapps.com/start/#/", "https://x.awsapps.com/start"),
        ("https://x.awsapps.com/start/\\#/", "https://x.awsapps.com/start"),
        ("https://x.awsapps.com/start\\#/?tab=accounts", "https://x.awsapps.com/start"),
        ("HTTPS://x.awsapps.com/start#", "https://x.awsapps.com/start"),
        ("http://127.0.0.1:80/start", "http://127.0.0.1/start"),
        ("http://127.0.0.1:8443/start", "http://127.0.0.1:8443/start"),
    ],
)
def test_a_start_url_is_sent_in_one_spelling(written: str, sent: str) -> None:
    """Default port, fragment, trailing slash, case and what zsh puts before a pasted # make no other portal of it."""
    assert normal_url(checked_start_url(written, what="--start-url")) == sent


@pytest.mark.parametrize(
    "written",
    ["https://x.awsapps.com/start?x=1", "https://x.awsapps.com/start/?x=1#/", "https://x.awsapps.com/start\\x"],
)
def test_a_start_url_has_no_query(written: str) -> None:
    """Somebody copied the address of another page: the hint has the right one."""
    with pytest.raises(UsageProblem, match="not the address of an access portal") as caught:
        checked_start_url(written, what="--start-url")
    assert caught.value.hint == "Leave out what follows: https://x.awsapps.com/start."
