"""AWS SDKs of several languages as programs that say whose credentials they found, and a stand-in for S3.

Those that are no packages of the tests lie in the folder that SSO_LOGIN_TESTS_SDKS names: `.ci/sdks FOLDER` makes it.
"""

from __future__ import annotations

import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from benchmarks.peers import found

FOLDER: Final = Path(os.environ.get("SSO_LOGIN_TESTS_SDKS") or "/nonexistent")
PYTHON: Final = FOLDER / "venv" / "bin" / "python"
_CREDENTIAL: Final = re.compile(r"Credential=([^/]+)/")

BOTO3: Final = """
import boto3, os
print(boto3.client("sts", endpoint_url=os.environ["STS"]).get_caller_identity()["Arn"])
"""
JAVASCRIPT: Final = """
const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");
new STSClient({ endpoint: process.env.STS }).send(new GetCallerIdentityCommand({})).then(
  (answer) => console.log(answer.Arn),
  (error) => { console.error(error); process.exit(1); },
);
"""
CPP: Final = """
import os
from pyarrow import fs
s3 = fs.S3FileSystem(endpoint_override=os.environ["S3"], scheme="http", region="us-east-1")
print(s3.get_file_info("bucket/key").type)
"""
RUST: Final = """
import os
from obstore.store import S3Store
import obstore
place = "http://" + os.environ["S3"]
store = S3Store("bucket", endpoint=place, region="us-east-1", client_options={"allow_http": True})
try:
    obstore.head(store, "key")
except FileNotFoundError:
    print("not found")
"""


@dataclass(frozen=True)
class Sdk:
    """A program that uses an SDK as everybody does, and what `exec --server` needs for it."""

    name: str
    command: tuple[str, ...]
    options: tuple[str, ...] = ()
    signs: bool = True  # says itself who it is, rather than showing its signature to the stand-in


def all_of_them() -> list[Sdk]:
    """List the SDKs, installed or not."""
    aws, node = found("aws") or "aws", shutil.which("node") or "node"
    cli = f'{aws} sts get-caller-identity --query Arn --output text --endpoint-url "$STS"'
    return [
        Sdk("boto3", (sys.executable, "-c", BOTO3)),
        Sdk("AWS CLI", ("sh", "-c", cli)),
        Sdk("JavaScript", (node, "-e", JAVASCRIPT)),
        Sdk("C++", (str(PYTHON), "-c", CPP), signs=False),
        Sdk("Rust", (str(PYTHON), "-c", RUST), ("--token-file",), signs=False),
    ]


def need(sdk: Sdk) -> None:
    """Skip the test by name where that SDK is not installed."""
    if sys.platform == "win32":
        pytest.skip("left alone: written for POSIX")
    if sdk.name == "AWS CLI" and not _is_version_2():
        pytest.skip("the AWS CLI, version 2, is not installed")
    if sdk.name == "JavaScript" and not (
        shutil.which("node") and (FOLDER / "node_modules/@aws-sdk/client-sts").is_dir()
    ):
        pytest.skip("the AWS SDK for JavaScript is not installed (.ci/sdks)")
    for name, module in (("C++", "pyarrow"), ("Rust", "obstore")):
        if sdk.name == name and not (PYTHON.exists() and list(FOLDER.glob(f"venv/lib/python*/site-packages/{module}"))):
            pytest.skip(f"{module} ({name}) is not installed (.ci/sdks)")


def _is_version_2() -> bool:
    aws = found("aws")
    if not aws:
        return False
    said = subprocess.run([aws, "--version"], capture_output=True, text=True, check=False).stdout
    return said.startswith("aws-cli/2.")


@dataclass
class Bucket:
    """What came to the stand-in for S3: the access keys that signed, and the session tokens beside them."""

    address: str = ""
    keys: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)


@contextmanager
def bucket() -> Iterator[Bucket]:
    """Answer every request on a port of 127.0.0.1 with 404, and remember who signed it."""
    seen = Bucket()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            signed = _CREDENTIAL.search(self.headers.get("Authorization", ""))
            seen.keys.add(signed[1] if signed else "nobody")
            seen.tokens.add(self.headers.get("x-amz-security-token", ""))
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = do_PUT = do_POST = _answer  # noqa: N815 - names of the base class

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        seen.address = f"127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield seen
        finally:
            server.shutdown()
