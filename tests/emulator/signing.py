"""AWS's own client for Sign-In, watched: each reply must hold what botocore's model says, and nothing else."""

from __future__ import annotations

import base64
import http.client
import json
import re
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from tests.emulator.conftest import CALLBACK, CHALLENGE, CODE, VERIFIER, Desk
from tests.emulator.proofs import Key
from tests.support.terminal.plain import Answer, ask

SAME: Final = "arn:aws:signin:::devtools/same-device"
CROSS: Final = "arn:aws:signin:::devtools/cross-device"

_KINDS: Final[dict[str, type]] = {"string": str, "integer": int, "structure": dict}


class Signing:
    """A program that signs in at an emulator, with a DPoP key of its own."""

    def __init__(self, desk: Desk, session: boto3.Session) -> None:
        """Open the client."""
        self.desk, self.url, self.key = desk, desk.emulator.url, Key()
        self.raw: list[dict[str, Any]] = []
        config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}, proxies={})
        self.aws: Any = session.client("signin", endpoint_url=self.url, region_name="us-east-1", config=config)
        self.aws.meta.events.register("before-call.signin.*", self._prove)
        self.aws.meta.events.register_first("before-parse.signin.*", self._check)

    def authorize_url(self, **changed: str | None) -> str:
        """Write the URL that asks for a code; a parameter changed to None is left out."""
        cross = changed.get("client_id") == CROSS
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": SAME,
            "state": "a state",
            "code_challenge_method": "SHA-256",
            "scope": "openid",
            "redirect_uri": f"{self.url}/v1/sessions/confirmation" if cross else CALLBACK,
            "code_challenge": CHALLENGE,
        }
        kept = {name: value for name, value in {**asked, **changed}.items() if value is not None}
        return f"{self.url}/v1/authorize?{urlencode(kept)}"

    def code(self, **changed: str | None) -> str:
        """Ask for a code where that is approved by itself, and take it from where the browser is led."""
        (found,) = parse_qs(urlsplit(ask(self.authorize_url(**changed)).headers["location"]).query)["code"]
        return found

    def exchange(self, code: str, **changed: str) -> Any:  # noqa: ANN401 - botocore's reply
        """Spend a code; a member changed to the empty string is left out."""
        asked = {"clientId": SAME, "grantType": CODE, "code": code, "redirectUri": CALLBACK, "codeVerifier": VERIFIER}
        return self._ask({**asked, **changed})

    def refresh(self, refresh: str, **changed: str) -> Any:  # noqa: ANN401 - botocore's reply
        """Spend a refresh token; a member changed to the empty string is left out."""
        return self._ask({"clientId": SAME, "grantType": "refresh_token", "refreshToken": refresh, **changed})

    def login(self) -> Any:  # noqa: ANN401 - botocore's reply
        """Log in where that is approved by itself."""
        return self.exchange(self.code())

    def refused(self, name: str, error: str, act: Any) -> str:  # noqa: ANN401 - any call
        """Expect a typed exception with that code in it, and give its message."""
        with pytest.raises(getattr(self.aws.exceptions, name)) as caught:
            act()
        assert caught.value.response["error"] == self.desk.service.log[-1].error == error
        return str(caught.value.response["message"])

    def _ask(self, asked: dict[str, str]) -> Any:  # noqa: ANN401 - botocore's reply
        given = {name: value for name, value in asked.items() if value}
        return self.aws.create_o_auth2_token(tokenInput=given)["tokenOutput"]

    def _prove(self, *, params: dict[str, Any], **_: object) -> None:
        params["headers"]["DPoP"] = self.key.proof(params["url"], self.desk.clock())

    def _check(self, *, operation_model: Any, response_dict: dict[str, Any], **_: object) -> None:  # noqa: ANN401
        content = json.loads(response_dict["body"])
        if response_dict["status_code"] == 200:
            self.raw.append(content)
            _fits(content, operation_model.output_shape.members["tokenOutput"])
            return
        shapes = {shape.name: shape for shape in operation_model.error_shapes}
        shape = shapes[response_dict["headers"]["x-amzn-ErrorType"]]
        assert response_dict["status_code"] == shape.metadata.get("error", {}).get("httpStatusCode", 401)
        _fits(content, shape)


def post(url: str, content: bytes | Mapping[str, object], *proofs: str) -> Answer:
    """POST bytes or JSON to the token URL with as many DPoP headers as there are proofs."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        connection.putrequest("POST", "/v1/token")
        for name, value in [("Content-Length", str(len(body))), *(("DPoP", proof) for proof in proofs)]:
            connection.putheader(name, value)
        connection.endheaders(body)
        reply = connection.getresponse()
        return Answer(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read().decode())


def claims(jwt: str) -> dict[str, Any]:
    """Read a JWT's payload."""
    part = jwt.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def _fits(value: Any, shape: Any) -> None:  # noqa: ANN401 - JSON
    kind: object = type(value)  # not narrowed: a bool is no integer here
    assert kind is _KINDS[shape.type_name], shape.name
    limits = shape.metadata
    if shape.type_name == "structure":
        assert set(limits.get("required", [])) <= set(value) <= set(shape.members)
        for name, item in value.items():
            _fits(item, shape.members[name])
        return
    size = value if shape.type_name == "integer" else len(value)
    assert limits.get("min", 0) <= size <= limits.get("max", size), shape.name
    assert value in limits.get("enum", [value])
    if shape.name != "TokenType":  # documented elsewhere with another value
        assert re.fullmatch(limits.get("pattern", ".*"), str(value)), shape.name
