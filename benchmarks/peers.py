"""The same errand run by other programs, where they are installed, in throwaway homes with made-up logins."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.home import ACCOUNT, PROFILE, ROLE, Home
from benchmarks.measure import Case, Failed, checked

_EXPIRY: Final = "2099-01-01T00:00:00Z"
_GH_HOSTS: Final = "github.com:\n    user: nobody\n    oauth_token: made-up\n    git_protocol: https\n"
# A proxy that nobody listens on: whoever wants to ask the network fails, and is not measured.
_NOWHERE: Final = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), "http://127.0.0.1:9")


def found(program: str) -> str | None:
    """Find a program on PATH or beside this Python: not the shell script by which a version manager starts it."""
    folders = [*os.get_exec_path(), str(Path(sys.executable).parent)]
    candidates = (Path(folder, program) for folder in folders)
    return next((str(path) for path in candidates if os.access(path, os.X_OK) and not _is_shim(path)), None)


def _is_shim(path: Path) -> bool:
    with path.open("rb") as file:
        line = file.readline(200)
    return line.startswith(b"#!") and line.split()[-1].endswith(b"sh")


def peers(file: Home, keyring: Home | None) -> tuple[list[Case], list[str]]:
    """Give the cases of those that are there and work, and a line about each, there or not."""
    cases: list[Case] = []
    notes: list[str] = []
    env = {**file.env, **_NOWHERE}
    builds = {
        "aws": partial(_aws, env, file.sessions[0]),
        "gh": partial(_gh, env),
        "keyring": partial(_keyring, keyring),
    }
    for name, build in builds.items():
        try:
            built = build()
            for case in built:
                checked(case.argv, case.env)
        except Failed as error:
            notes.append(f"{name}: not measured, {error}")
        else:
            cases += built
    return cases, notes


def _program(name: str) -> str:
    program = found(name)
    if program is None:
        raise Failed("not installed")
    return program


def _aws(env: Mapping[str, str], session: str) -> list[Case]:
    program = _program("aws")
    whole = {**env, "AWS_EC2_METADATA_DISABLED": "true"}
    version = checked([program, "--version"], whole).split()[0].replace("/", " ")
    if version.startswith("aws-cli 1."):
        raise Failed(f"{version} has no `configure export-credentials` (version 2 has)")
    _fill_aws_caches(Path(env["HOME"], ".aws"), session)
    argv = (program, "configure", "export-credentials", "--profile", PROFILE)
    return [
        Case(f"`aws configure export-credentials`, {version}, all cached", argv, whole),
        *_python_of(program, "aws", whole),
    ]


def _fill_aws_caches(folder: Path, session: str) -> None:
    """Leave what `aws sso login` and a first call leave: token and role credentials, named as botocore names them."""
    role = {"accountId": ACCOUNT, "roleName": ROLE, "sessionName": session}
    keys = {"AccessKeyId": "ASIAMADEUP", "SecretAccessKey": "made-up", "SessionToken": "made-up", "Expiration": _EXPIRY}
    token = {"startUrl": "http://127.0.0.1:9/start", "region": "us-east-1", "accessToken": "made-up"}
    kept = {
        ("sso", session): {**token, "expiresAt": _EXPIRY},
        ("cli", json.dumps(role, sort_keys=True, separators=(",", ":"))): {"ProviderType": "sso", "Credentials": keys},
    }
    for (part, key), value in kept.items():
        cache = folder / part / "cache"
        cache.mkdir(mode=0o700, parents=True)
        name = hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest()
        (cache / f"{name}.json").write_text(json.dumps(value))


def _python_of(script: str, name: str, env: Mapping[str, str]) -> list[Case]:
    # Its own floor: another interpreter, with .pth files of its own, may take far longer to start than ours.
    with Path(script).open("rb") as file:
        line = file.readline(200)
    python = line[2:].decode(errors="replace").strip()
    there = line.startswith(b"#!") and os.access(python, os.X_OK)
    return [Case(f"the Python of that {name}, with nothing to do", (python, "-c", "pass"), env)] if there else []


def _gh(env: Mapping[str, str]) -> list[Case]:
    program = _program("gh")
    config = Path(env["HOME"], ".config", "gh")
    config.mkdir(parents=True)
    (config / "config.yml").write_text('version: "1"\n')  # else it would ask the network, to bring it up to date
    (config / "hosts.yml").write_text(_GH_HOSTS)
    version = checked([program, "--version"], env).split()[2]
    return [Case(f"`gh auth token`, gh {version}", (program, "auth", "token"), env)]


def _keyring(home: Home | None) -> list[Case]:
    if home is None:
        raise Failed("there is no Secret Service to read")
    version = home.installed.version("keyring")
    argv = (home.installed.script("keyring"), "get", f"sso-login:sso:{home.sessions[0]}", "sso-login")
    return [Case(f"`keyring get` of the same entry, keyring {version}", argv, home.env)]
