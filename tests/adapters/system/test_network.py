"""Which proxy leads to a host, and which hosts none does."""

from __future__ import annotations

import pytest
from requests.utils import should_bypass_proxies

from sso_login.adapters.system.network import proxy_for

HOST = "oidc.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("exempt", ["*", HOST, ".amazonaws.com", "*.amazonaws.com", "x.example, amazonaws.com"])
def test_no_proxy_names_hosts_to_speak_to_directly(exempt: str) -> None:
    """Hosts and domains, with a leading dot or star or without, between commas."""
    proxy = {"HTTPS_PROXY": "http://proxy.example:3128"}
    assert proxy_for({**proxy, "NO_PROXY": exempt}, f"https://{HOST}/") is None
    assert proxy_for({**proxy, "no_proxy": exempt}, f"https://{HOST}/") is None


@pytest.mark.parametrize(
    "exempt", ["", ",", "aws.com", "other.example", "xoidc.eu-west-1.amazonaws.com", f"{HOST}:8443"]
)
def test_no_proxy_exempts_no_other_host(exempt: str) -> None:
    """The end of a name is not its domain."""
    env = {"HTTPS_PROXY": "proxy.example:3128", "NO_PROXY": exempt}
    assert proxy_for(env, f"https://{HOST}/") == "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("url", "entry", "exempt"),
    [
        (f"https://{HOST}:8443/", f"{HOST}:8443", True),
        (f"https://{HOST}:8443/", ".amazonaws.com:8443", True),
        (f"https://{HOST}:8443/", f"{HOST}:443", False),
        (f"https://{HOST}/", f"{HOST}:443", False),
        (f"https://{HOST}:8443/", HOST, True),
        ("https://10.1.2.3/", "10.0.0.0/8", True),
        ("https://10.1.2.3/", "10.1.2.3", True),
        ("https://11.1.2.3/", "10.0.0.0/8", False),
        (f"https://{HOST}/", "10.0.0.0/8", False),
    ],
)
def test_no_proxy_is_read_as_requests_reads_it(url: str, entry: str, *, exempt: bool) -> None:
    """Ports count where the URL names one, networks are for addresses; requests says the same."""
    env = {"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": f"x.example, {entry}"}
    assert (proxy_for(env, url) is None) == exempt
    assert should_bypass_proxies(url, no_proxy=env["NO_PROXY"]) == exempt


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"http://CORP\me:pa@ss:w/rd#@proxy:3128", "http://CORP%5Cme:pa%40ss%3Aw%2Frd%23@proxy:3128"),
        ("http://CORP%5Cme:pw@proxy:3128", "http://CORP%5Cme:pw@proxy:3128"),
        ("me@proxy:3128", "http://me@proxy:3128"),
        ("http://proxy:3128/", "http://proxy:3128/"),
    ],
)
def test_a_proxys_user_may_be_of_a_domain(written: str, read: str) -> None:
    r"""DOMAIN\user and special characters in a password need no encoding by hand, and encoded ones stay."""
    assert proxy_for({"HTTPS_PROXY": written}, f"https://{HOST}/") == read
