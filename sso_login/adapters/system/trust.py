"""Whom to trust: a bundle of certificates that a setting names, else the operating system's own store."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from sso_login.adapters.system import home
from sso_login.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Where Linux distributions and BSDs keep them in one file (as in truststore and certifi-system-store).
_FILES: Final = (
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/ca-bundle.pem",
)
SYSTEM: Final = "the operating system's own store"
CERTIFI: Final = "the certificates that come with Python's certifi, since this machine has no store of its own"


class Trust(NamedTuple):
    """What counts, and who says so: a file or folder of PEM certificates; neither of them for the system's own store.

    `said_by` is a variable's name, or SYSTEM or CERTIFI.
    """

    said_by: str
    file: str = ""
    folder: str = ""

    def context(self) -> ssl.SSLContext:
        """Make what checks certificates; one for each connection, since the system's takes one at a time."""
        if self.file or self.folder:
            plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            plain.load_verify_locations(cafile=self.file or None, capath=self.folder or None)
            return plain
        if self.said_by == CERTIFI:
            import certifi

            return Trust(CERTIFI, file=certifi.where()).context()
        import truststore

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def trust_for(
    env: Mapping[str, str], *, profile: Callable[[], tuple[str, str]] | None = None, there: bool | None = None
) -> Trust:
    """Tell what is trusted; raise ConfigError for a setting that names no certificates.

    AWS_CA_BUNDLE, else the profile's `ca_bundle` (`profile` gives its place and value), else REQUESTS_CA_BUNDLE, else
    SSL_CERT_FILE and SSL_CERT_DIR, else the system's store, where it is `there`.
    """
    if env.get("AWS_CA_BUNDLE"):
        return _bundle(env, "AWS_CA_BUNDLE", env["AWS_CA_BUNDLE"])
    place, named = profile() if profile else ("", "")
    if named:
        return _bundle(env, f"ca_bundle of {place}", named)
    if env.get("REQUESTS_CA_BUNDLE"):
        return _bundle(env, "REQUESTS_CA_BUNDLE", env["REQUESTS_CA_BUNDLE"])
    if env.get("SSL_CERT_FILE") or env.get("SSL_CERT_DIR"):
        return _openssl(env)
    return Trust(SYSTEM if (system_store() if there is None else there) else CERTIFI)


def system_store() -> bool:
    """Tell whether the operating system has a store; a slim container may have none."""
    if sys.platform in {"win32", "darwin"}:
        return True
    paths = ssl.get_default_verify_paths()
    if (paths.cafile and Path(paths.cafile).is_file()) or any(Path(name).is_file() for name in _FILES):
        return True
    folder = Path(paths.capath or "/nonexistent")
    return folder.is_dir() and any(path.suffix[1:].isdigit() for path in folder.iterdir())


def _bundle(env: Mapping[str, str], said_by: str, named: str) -> Trust:
    path = Path(home.expanded(env, named))
    # A folder of hashed certificates is looked into at the handshake only.
    return Trust(said_by, folder=str(path)) if path.is_dir() else _readable(Trust(said_by, file=str(path)))


def _openssl(env: Mapping[str, str]) -> Trust:
    names = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if env.get(name)]
    given = {name: home.expanded(env, env[name]) for name in names}
    # OpenSSL takes folders between path separators, and passes over those that are not there.
    return _readable(Trust(" and ".join(names), given.get("SSL_CERT_FILE", ""), given.get("SSL_CERT_DIR", "")))


def _readable(trust: Trust) -> Trust:
    if trust.file:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=trust.file)
        except OSError as error:
            message = f"the CA bundle named in {trust.said_by} cannot be read: {trust.file}"
            hint = f"Let {trust.said_by} name a file of PEM certificates, or unset it."
            raise ConfigError(message, hint=hint) from error
    return trust
