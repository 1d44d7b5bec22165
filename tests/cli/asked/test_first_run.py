"""What a person may answer to the two questions of a first login."""

from __future__ import annotations

import pytest

from sso_login.cli.commands.login.first_run import region_of, start_url
from sso_login.core.errors import UsageProblem

START = "https://my-company.awsapps.com/start"


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ("my-company", START),
        (" My-Company ", START),
        ("d-9067c00000", "https://d-9067c00000.awsapps.com/start"),
        ("my-company.awsapps.com", START),
        ("my-company.awsapps.com/start", START),
        ("https://my-company.awsapps.com", START),
        ("https://my-company.awsapps.com/start/", START),
        ("https://my-company.awsapps.com/start/#/?tab=accounts", START),
        ("https://my-company.awsapps.com/start#", START),
        ("https://my-company.awsapps.com/start/?referrer=x#/", START),
        ("<https://my-company.awsapps.com/start>", START),
        ("https://ssoins-722.portal.eu-west-1.app.aws", "https://ssoins-722.portal.eu-west-1.app.aws"),
        ("https://identitycenter.amazonaws.com/ssoins-722", "https://identitycenter.amazonaws.com/ssoins-722"),
        (
            "https://start.us-gov-home.awsapps.com/directory/acme",
            "https://start.us-gov-home.awsapps.com/directory/acme",
        ),
        ("http://127.0.0.1:8400/start", "http://127.0.0.1:8400/start"),
    ],
)
def test_an_address_in_any_form(said: str, url: str) -> None:
    """One word, the host, the whole address, the one that the portal's own page shows."""
    assert start_url(said) == url


@pytest.mark.parametrize(
    "said",
    ["http://my-company.awsapps.com/start", "two words", "ftp://x.example/start", "https://", "https://[", "ä.b"],
)
def test_what_cannot_be_one(said: str) -> None:
    """It is asked again."""
    with pytest.raises(UsageProblem):
        start_url(said)


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://ssoins-722.portal.eu-west-1.app.aws", "eu-west-1"),
        ("https://start.us-gov-home.awsapps.com/directory/acme", "us-gov-west-1"),
        ("https://start.us-gov-east-home.awsapps.com/directory/acme", "us-gov-east-1"),
        ("https://start.home.awsapps.cn/directory/acme", "cn-north-1"),
        (START, ""),
    ],
)
def test_a_region_is_proposed_where_the_address_tells_it(url: str, region: str) -> None:
    """Else the one that is worked in, if it is one."""
    assert region_of(url, {}) == region
    assert region_of(url, {"AWS_REGION": "sa-east-1"}) == (region or "sa-east-1")
    assert region_of(url, {"AWS_REGION": "nonsense"}) == region
