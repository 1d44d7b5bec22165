"""What the environment says that has a say, for `doctor`: proxy, CA bundle, and our own and AWS's variables."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

from sso_login.adapters.system.network import proxy_for
from sso_login.adapters.system.trust import SYSTEM, trust_for
from sso_login.core.errors import ConfigError
from sso_login.doctor.finding import Finding, fine, odd, of_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PROXY: Final = "proxy"
BUNDLE: Final = "CA bundle"
VARIABLES: Final = "variables"
OURS: Final = ("SSO_LOGIN_SESSION", "SSO_LOGIN_STORE", "SSO_LOGIN_HOME", "SSO_LOGIN_KEY_FILE", "SSO_LOGIN_CONFIG_FILE")
# Of these the value may be shown; of every other AWS_ variable only that it is there, since some hold secrets.
SHOWN: Final = frozenset(
    {
        *OURS,
        "AWS_CA_BUNDLE",
        "AWS_CONFIG_FILE",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_SIGNIN",
        "AWS_ENDPOINT_URL_SSO",
        "AWS_ENDPOINT_URL_SSO_OIDC",
        "AWS_ENDPOINT_URL_STS",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_LOGIN_CACHE_DIRECTORY",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_REGION",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_USE_DUALSTACK_ENDPOINT",
        "AWS_USE_FIPS_ENDPOINT",
    }
)


def proxy_findings(env: Mapping[str, str]) -> Iterator[Finding]:
    """Tell which proxy is in effect, without the user and password that its URL may hold."""
    exempt = {name: value for name, value in env.items() if name.lower() == "no_proxy" and value}
    try:
        # Any host will do that is not exempt.
        proxy = proxy_for({name: value for name, value in env.items() if name not in exempt}, "https://aws.amazon.com")
    except ConfigError as error:
        yield of_error(PROXY, error)
        return
    besides = "".join(f"; {name}={value}" for name, value in exempt.items())
    yield fine(PROXY, f"{_place(proxy)} is used{besides}" if proxy else "none is used")
    for name in ("ALL_PROXY", "all_proxy"):
        if env.get(name) and not proxy:
            yield odd(
                PROXY,
                f"{name} is set, but not heeded",
                f'Name the proxy in HTTPS_PROXY: `export HTTPS_PROXY="${name}"`.',
            )


def _place(url: str) -> str:
    """Write a URL without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "(not shown: it is no URL)"
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def bundle_finding(env: Mapping[str, str], *, profile: Callable[[], tuple[str, str]] | None = None) -> Finding:
    """Tell which certificates are trusted, and whether they can be read."""
    try:
        trust = trust_for(env, profile=profile)
    except ConfigError as error:
        return of_error(BUNDLE, error)
    if trust.file or trust.folder:
        named = " and ".join(filter(None, (trust.file, trust.folder)))
        return fine(BUNDLE, f"{trust.said_by} names {named}, which can be read")
    return fine(BUNDLE, f"{trust.said_by} is trusted" if trust.said_by == SYSTEM else f"trusted are {trust.said_by}")


def variable_findings(env: Mapping[str, str]) -> Iterator[Finding]:
    """List our own and AWS's variables that are set, with their values where those can be no secret."""
    there = sorted(name for name in env if name.startswith(("SSO_LOGIN_", "AWS_")))
    unknown = [name for name in there if name.startswith("SSO_LOGIN_") and name not in OURS]
    for name in unknown:
        near = difflib.get_close_matches(name, OURS, n=1)
        meant = f"Did you mean {near[0]}? " if near else ""
        yield odd(VARIABLES, f"{name} is not a variable of sso-login", f"{meant}`unset {name}`")
    told = [_told(name, env[name]) for name in there if name not in unknown]
    yield fine(VARIABLES, ", ".join(told) if told else "none of SSO_LOGIN_* and AWS_* is set")


def _told(name: str, value: str) -> str:
    if name not in SHOWN:
        return f"{name} (not shown)"
    if "://" in value:
        return f"{name}={_place(value)}"
    # What stands before an @ is a password as a rule.
    return f"{name} (not shown: it holds an @)" if "@" in value else f"{name}={value}"
