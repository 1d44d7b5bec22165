"""AWS's own clients, watched: every reply they get must hold what botocore's service models say, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

_KINDS: Mapping[str, type] = {"string": str, "integer": int, "long": int, "list": list, "structure": dict}
# What may be left out of an answer: all else in an output shape must be there.
_OPTIONAL = {
    "authorizationEndpoint",
    "tokenEndpoint",
    "refreshToken",
    "idToken",
    "nextToken",
    "accountName",
    "emailAddress",
    "reason",
}


@dataclass
class Aws:
    """The boto3 clients of one emulator; `seen` lists the operations and error shapes that were checked."""

    url: str
    seen: list[str] = field(default_factory=list)
    raw: list[dict[str, Any]] = field(default_factory=list)

    def client(self, service: str, session: boto3.Session) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
        """Make a client without credentials, retries or proxies that validates what it sends."""
        config = Config(
            signature_version=UNSIGNED, retries={"total_max_attempts": 1}, parameter_validation=True, proxies={}
        )
        made = session.client(service, endpoint_url=self.url, region_name="us-east-1", config=config)
        # First, since botocore then adds a Message of its own to the replies of sso-oidc.
        made.meta.events.register_first(f"before-parse.{service}.*", self._check)
        return made

    def _check(self, *, operation_model: Any, response_dict: dict[str, Any], **_: object) -> None:  # noqa: ANN401
        headers, body = response_dict["headers"], response_dict["body"]
        assert headers["x-amzn-RequestId"]
        if response_dict["status_code"] >= 300:
            self._check_error(operation_model, response_dict)
            return
        self.seen.append(operation_model.name)
        if operation_model.output_shape is None:
            assert body == b""
            return
        self.raw.append(json.loads(body))
        _fits(self.raw[-1], operation_model.output_shape)

    def _check_error(self, operation_model: Any, response: dict[str, Any]) -> None:  # noqa: ANN401
        name, _, where = response["headers"]["x-amzn-ErrorType"].partition(":")
        assert where.startswith("http://")
        shapes = {shape.name: shape for shape in operation_model.error_shapes}
        if name == "ForbiddenException":  # what the portal says for "No access" is in no model
            return
        assert response["status_code"] == shapes[name].metadata["error"]["httpStatusCode"]
        content = json.loads(response["body"])
        content.pop("__type", None)  # the protocol's own member, as the portal sends it
        _fits(content, shapes[name])
        self.seen.append(name)


def _fits(value: Any, shape: Any) -> None:  # noqa: ANN401 - JSON
    kind: object = type(value)  # not narrowed: a bool is no integer here
    assert kind is _KINDS[shape.type_name], shape.name
    if shape.type_name == "list":
        for item in value:
            _fits(item, shape.member)
    if shape.type_name == "structure":
        assert set(value) <= set(shape.members)
        assert set(shape.members) - set(value) <= _OPTIONAL
        for name, item in value.items():
            _fits(item, shape.members[name])
