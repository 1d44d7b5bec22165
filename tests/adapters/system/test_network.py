"""Which proxy leads to a host, and which hosts none does."""

from __future__ import annotations

import pytest

from sso_login.adapters.system.network import proxy_for

HOST = "oidc.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("exempt", ["*", HOST, ".amazonaws.com", "*.amazonaws.com", "x.example, amazonaws.com:443"])
def test_no_proxy_names_hosts_to_speak_to_directly(exempt: str) -> None:
    """Hosts and domains, with a leading dot or star or without, between commas."""
    proxy = {"HTTPS_PROXY": "http://proxy.example:3128"}
    assert proxy_for({**proxy, "NO_PROXY": exempt}, f"https://{HOST}/") is None
    assert proxy_for({**proxy, "no_proxy": exempt}, f"https://{HOST}/") is None


@pytest.mark.parametrize("exempt", ["", ",", "aws.com", "other.example", "xoidc.eu-west-1.amazonaws.com"])
def test_no_proxy_exempts_no_other_host(exempt: str) -> None:
    """The end of a name is not its domain."""
    env = {"HTTPS_PROXY": "proxy.example:3128", "NO_PROXY": exempt}
    assert proxy_for(env, f"https://{HOST}/") == "http://proxy.example:3128"
