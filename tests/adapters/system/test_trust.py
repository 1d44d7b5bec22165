"""Whom to trust: which setting counts, and the system's own store."""

from __future__ import annotations

import ssl
from pathlib import Path

import certifi
import pytest
import truststore

from sso_login.adapters.system.trust import CERTIFI, SYSTEM, Trust, system_store, trust_for
from sso_login.core.errors import ConfigError

BUNDLE = certifi.where()


def profile() -> tuple[str, str]:
    """Have a profile with a bundle."""
    return "[profile dev] of config", BUNDLE


def test_the_first_setting_that_is_there_counts(tmp_path: Path) -> None:
    """AWS_CA_BUNDLE, the profile's ca_bundle, REQUESTS_CA_BUNDLE, OpenSSL's two, and then the system's store."""
    env = {
        "AWS_CA_BUNDLE": BUNDLE,
        "REQUESTS_CA_BUNDLE": str(tmp_path),
        "SSL_CERT_FILE": BUNDLE,
        "SSL_CERT_DIR": "/one:/two",
    }
    assert trust_for(env, profile=profile) == Trust("AWS_CA_BUNDLE", file=BUNDLE)
    del env["AWS_CA_BUNDLE"]
    assert trust_for(env, profile=profile) == Trust("ca_bundle of [profile dev] of config", file=BUNDLE)
    assert trust_for(env) == Trust("REQUESTS_CA_BUNDLE", folder=str(tmp_path))
    env["REQUESTS_CA_BUNDLE"] = ""
    assert trust_for(env) == Trust("SSL_CERT_FILE and SSL_CERT_DIR", BUNDLE, "/one:/two")
    assert trust_for({"SSL_CERT_DIR": "/one"}) == Trust("SSL_CERT_DIR", folder="/one")
    assert trust_for({}, profile=lambda: ("", ""), there=True) == Trust(SYSTEM)


def test_a_machine_without_a_store_trusts_certifi() -> None:
    """A slim container has none, and would reach nothing at all."""
    trust = trust_for({}, there=False)
    assert trust.said_by == CERTIFI
    assert trust.context().cert_store_stats()["x509_ca"] > 50


def test_the_contexts_check_certificates_and_names() -> None:
    """All three kinds."""
    for trust in (Trust(SYSTEM), Trust(CERTIFI), Trust("x", file=BUNDLE), Trust("x", folder=str(Path(BUNDLE).parent))):
        context = trust.context()
        assert context.check_hostname
        assert context.verify_mode == ssl.CERT_REQUIRED
    assert isinstance(Trust(SYSTEM).context(), truststore.SSLContext)
    assert isinstance(system_store(), bool)


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_bundle_that_is_none_is_named(tmp_path: Path, name: str) -> None:
    """By its variable; a profile's by its place."""
    empty = tmp_path / "empty"
    empty.write_text("no certificate")
    with pytest.raises(ConfigError, match=name):
        trust_for({name: str(empty)})
    with pytest.raises(ConfigError, match=r"ca_bundle of \[default\]"):
        trust_for({}, profile=lambda: ("[default]", str(tmp_path / "missing")))
