"""The console's federation endpoint: a token for credentials, and where it leads."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest

from sso_login.emulator.core.settings import ACCOUNTS
from tests.emulator.conftest import Desk
from tests.emulator.pages.test_page import Tags
from tests.emulator.signing import Signing
from tests.support.terminal.plain import Answer, ask

CONSOLE = "https://console.aws.amazon.com/ec2/home?region=us-east-1#Instances:state=running"


class Federation:
    """What a client does with credentials at the endpoint."""

    def __init__(self, desk: Desk) -> None:
        """Get a role's credentials."""
        self.desk, self.url = desk, f"{desk.emulator.url}/federation"
        access = desk.login(desk.register())["accessToken"]
        given = desk.portal.get_role_credentials(accessToken=access, accountId=ACCOUNTS[0].id, roleName="Deployer")
        self.session = session(given["roleCredentials"])

    def post(self, session: object = None, **parameters: str) -> Answer:
        """Ask for a token by POST, for the role's credentials unless told otherwise."""
        text = session if isinstance(session, str) else json.dumps(session or self.session)
        return ask(self.url, form={"Action": "getSigninToken", "Session": text, **parameters})

    def token(self) -> str:
        """Get a token."""
        token: str = json.loads(self.post().text)["SigninToken"]
        return token

    def sign_in(self, token: str, destination: str = CONSOLE, **parameters: str) -> Answer:
        """Use a token as a browser does."""
        query = {"Action": "login", "SigninToken": token, "Destination": destination, "Issuer": "sso-login"}
        return ask(f"{self.url}?{urlencode({**query, **parameters})}")


def session(credentials: dict[str, Any]) -> dict[str, str]:
    """Write credentials as the endpoint wants them."""
    names = {"sessionId": "accessKeyId", "sessionKey": "secretAccessKey", "sessionToken": "sessionToken"}
    return {name: str(credentials[given]) for name, given in names.items()}


@pytest.fixture
def federation(desk: Desk) -> Federation:
    """Give a client that holds a role's credentials."""
    return Federation(desk)


def test_token_is_given_by_post_and_by_get(federation: Federation) -> None:
    """Both ways give a JSON object with the token alone, and no two are the same."""
    answer = federation.post(SessionDuration="43200")
    query = urlencode({"Action": "getSigninToken", "Session": json.dumps(federation.session)})
    other = ask(f"{federation.url}?{query}")
    for found in (answer, other):
        assert (found.status, found.headers["content-type"]) == (200, "application/json")
        assert found.headers["cache-control"] == "no-store"
        assert set(json.loads(found.text)) == {"SigninToken"}
    assert answer.text != other.text
    assert federation.desk.service.calls["GetSigninToken"] == 2


def test_token_leads_to_a_console_that_says_what_it_is(federation: Federation) -> None:
    """For a destination elsewhere a page shows who is signed in and where the real console would be."""
    answer = federation.sign_in(federation.token())
    words = Tags(answer.text).words
    assert answer.status == 200
    assert f"arn:aws:sts::{ACCOUNTS[0].id}:assumed-role/AWSReservedSSO_Deployer_" in words
    assert CONSOLE in words
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert federation.desk.service.calls["FederatedSignIn"] == 1


def test_token_leads_to_a_destination_on_this_computer(federation: Federation) -> None:
    """A destination on loopback is gone to, with its query and fragment and without the token."""
    destination = "http://127.0.0.1:4711/console?region=x#Instances:"
    answer = federation.sign_in(federation.token(), destination)
    assert (answer.status, answer.headers["location"]) == (302, destination)


def test_token_is_good_once_and_for_fifteen_minutes(federation: Federation) -> None:
    """A second use, a use after 15 minutes, or after codes were let be over, is refused on a page."""
    token, old, expired = federation.token(), federation.token(), federation.token()
    assert [federation.sign_in(token).status for _ in range(2)] == [200, 400]
    federation.desk.clock.advance(899)
    assert federation.sign_in(federation.token()).status == 200
    federation.desk.clock.advance(1)
    assert federation.sign_in(old).status == 400
    federation.desk.service.expire("codes")
    assert federation.sign_in(expired).status == 400
    assert federation.sign_in("made up").status == 400
    assert federation.desk.service.log[-1].error == "InvalidToken"


@pytest.mark.parametrize(
    "destination",
    [
        "",
        "console",
        "javascript:alert(1)",
        "http://evil.example/",
        "https://me@evil.example/",
        "http://evil.example\\@127.0.0.1/",
        "https://evil.example/\r\nSet-Cookie: a=b",
        "http://127.0.0.1/#\r\nSet-Cookie: a=b",
        "http://[::1/",
    ],
)
def test_wrong_destination_costs_no_token(federation: Federation, destination: str) -> None:
    """What is no https address, nor http on loopback, leads nowhere, and the token is still good."""
    token = federation.token()
    answer = federation.sign_in(token, destination)
    assert (answer.status, "location" in answer.headers, "set-cookie" in answer.headers) == (400, False, False)
    assert federation.sign_in(token).status == 200


def test_destination_is_only_text(federation: Federation) -> None:
    """A destination with markup in it is shown as it is."""
    answer = federation.sign_in(federation.token(), "https://console.example/?q='&a;(b)#<script>")
    assert "<script>" not in answer.text
    assert "#<script>" in Tags(answer.text).words


@pytest.mark.parametrize(
    "changed",
    [{"sessionId": "ASIAAAAAAAAAAAAAAAAA"}, {"sessionKey": "x"}, {"sessionToken": "\udcff"}, {"sessionKey": 7}],
)
def test_wrong_credentials_are_refused(federation: Federation, changed: dict[str, object]) -> None:
    """Each part of the credentials must be the one that was issued."""
    assert federation.post({**federation.session, **changed}).status == 400
    assert federation.desk.service.log[-1].error == "InvalidSession"


@pytest.mark.parametrize("text", ["", "x", "[]", "7", "{}", '{"sessionId": "a", "sessionKey": "b"}', "[" * 20_000])
def test_session_must_be_an_object_of_three_strings(federation: Federation, text: str) -> None:
    """Anything else is a bad request."""
    assert federation.post(text).status == 400


@pytest.mark.parametrize("text", ["899", "43201", "-900", "x", "", "1e4", "\u0663600", "9" * 5000])
def test_duration_has_bounds(federation: Federation, text: str) -> None:
    """A session lasts 15 minutes to 12 hours."""
    assert federation.post(SessionDuration=text).status == 400
    assert federation.desk.service.log[-1].error == "InvalidDuration"


def test_expired_credentials_are_refused(federation: Federation) -> None:
    """Credentials that are over give no token, to the second and from the side; a token got before leads on."""
    token = federation.token()
    federation.desk.service.expire("credentials")
    assert federation.post().status == 400
    assert federation.sign_in(token).status == 200
    later = Federation(federation.desk)
    later.desk.clock.advance(3600)
    assert later.post().status == 400


def test_sign_in_credentials_are_good_too(open_desk: Callable[..., Desk], aws_session: boto3.Session) -> None:
    """Credentials of AWS Sign-In lead to the console as the user."""
    desk = open_desk(approve=True)
    federation = Federation(desk)
    given = session(Signing(desk, aws_session).login()["accessToken"])
    token = json.loads(federation.post(given).text)["SigninToken"]
    assert f"{ACCOUNTS[0].id}:user/harbour-master" in Tags(federation.sign_in(token).text).words


@pytest.mark.parametrize("action", ["", "logout", "GETSIGNINTOKEN"])
def test_other_actions_are_refused(federation: Federation, action: str) -> None:
    """There are two actions, and a token is not given by another name."""
    assert federation.post(Action=action).status == 400
    assert ask(federation.url).status == 400


def test_secrets_are_in_no_log(federation: Federation) -> None:
    """Neither credentials nor tokens are in the log or on a page."""
    token = federation.token()
    seen = ask(f"{federation.desk.emulator.url}/emulator/calls").text + federation.sign_in(token).text
    for secret in (token, federation.session["sessionKey"], federation.session["sessionToken"]):
        assert secret not in seen
