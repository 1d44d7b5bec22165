"""What the environment says about the way to a host: the proxy, and who may be spoken to without TLS."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit

from sso_login.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping


def target_of(url: str) -> SplitResult:
    """Split the URL; raise ConfigError unless it is https, or http to loopback."""
    target = urlsplit(url)
    if target.scheme != "https" and not (target.scheme == "http" and _is_loopback(target.hostname or "")):
        message = f"{target.hostname} is not spoken to without TLS"
        raise ConfigError(message, hint="Write https:// in the endpoint setting; plain http is for loopback only.")
    return target


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def proxy_for(env: Mapping[str, str], url: str) -> str | None:
    """Choose the proxy for a URL; none for loopback, which is all that plain http is spoken to.

    Raises ConfigError for a proxy that is no http or https URL; never shows it, for it may hold a password.
    """
    target = urlsplit(url)
    host = target.hostname or ""
    name = next((name for name in ("https_proxy", "HTTPS_PROXY") if env.get(name)), None)
    if name is None or _is_loopback(host) or _is_exempt(env, host, target.port):
        return None
    proxy = _spelled(env[name] if "://" in env[name] else f"http://{env[name]}")
    try:
        parts = urlsplit(proxy)
        fits = bool(parts.hostname) and parts.scheme in {"http", "https"} and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        message = f"{name} does not name an http or https proxy"
        raise ConfigError(message, hint=f"Write {name}=http://HOST:PORT, or unset it.")
    return proxy


def _is_exempt(env: Mapping[str, str], host: str, port: int | None) -> bool:
    """Read NO_PROXY as requests does, but for names that end the same without a dot between.

    A name with a port means that port alone, and only where the URL names it; networks are for addresses.
    """
    listed = (env.get("no_proxy") or env.get("NO_PROXY") or "").lower().replace(" ", "").split(",")
    for entry in filter(None, listed):
        name, _, wanted = entry.partition(":") if entry.count(":") == 1 else (entry, "", "")
        if name == "*" or (_within(name, host) and (not wanted or wanted == str(port or ""))):
            return True
    return False


def _within(name: str, host: str) -> bool:
    domain = name.removeprefix("*").lstrip(".")
    if domain and (host == domain or host.endswith(f".{domain}")):
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(name, strict=False)
    except ValueError:
        return False


def _spelled(proxy: str) -> str:
    r"""Percent-encode user and password, in which DOMAIN\user and an @ are common; what is encoded stays as it is."""
    scheme, _, rest = proxy.partition("://")
    authority, slash, path = rest.partition("/") if "@" not in rest else (rest, "", "")
    user, at, place = authority.rpartition("@")
    if not at:
        return proxy
    words = [quote(unquote(word), safe="") for word in user.split(":", 1)]
    return f"{scheme}://{':'.join(words)}@{place}{slash}{path}"
