"""What the environment says about the way to a host: CA bundle, proxy, and who may be spoken to without TLS."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from sso_login.adapters.system import home
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


def bundle_for(env: Mapping[str, str]) -> str | bool:
    """Name the CA bundle to trust, True for certifi's; raise ConfigError for one that is none."""
    name = next((name for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE") if env.get(name)), None)
    if name is None:
        return True
    path = Path(home.expanded(env, env[name]))
    try:
        # A folder of hashed certificates is looked into at the handshake only.
        if not path.is_dir():
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except OSError as error:
        message = f"the CA bundle named in {name} cannot be read: {path}"
        raise ConfigError(message, hint=f"Let {name} name a file of PEM certificates, or unset it.") from error
    return str(path)


def proxy_for(env: Mapping[str, str], url: str) -> str | None:
    """Choose the proxy for a URL; none for loopback, which is all that plain http is spoken to.

    Raises ConfigError for a proxy that is no http or https URL; never shows it, for it may hold a password.
    """
    host = urlsplit(url).hostname or ""
    name = next((name for name in ("https_proxy", "HTTPS_PROXY") if env.get(name)), None)
    if name is None or _is_loopback(host) or _is_exempt(env, host):
        return None
    proxy = env[name] if "://" in env[name] else f"http://{env[name]}"
    try:
        parts = urlsplit(proxy)
        fits = bool(parts.hostname) and parts.scheme in {"http", "https"} and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        message = f"{name} does not name an http or https proxy"
        raise ConfigError(message, hint=f"Write {name}=http://HOST:PORT, or unset it.")
    return proxy


def _is_exempt(env: Mapping[str, str], host: str) -> bool:
    listed = (env.get("no_proxy") or env.get("NO_PROXY") or "").lower().split(",")
    names = [name.strip().rpartition("*.")[2].lstrip(".").partition(":")[0] for name in listed]
    return any(name == "*" or (name and (host == name or host.endswith(f".{name}"))) for name in names)
