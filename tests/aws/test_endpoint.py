"""Hosts, compared with AWS's own endpoint rules as botocore evaluates them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.endpoint_provider import EndpointProvider

from sso_login.aws.endpoint import oidc_url, portal_url, signin_url, sts_url
from sso_login.core.model import Instance

START = "https://my-company.awsapps.com/start"

loader = botocore.session.Session().get_component("data_loader")
partitions: dict[str, Any] = loader.load_data("partitions")
regions = [
    region
    for partition in partitions["partitions"]
    for region in partition["regions"]
    if not region.endswith("-global")
]


@pytest.mark.parametrize(("service", "ours"), [("sso-oidc", oidc_url), ("sso", portal_url), ("signin", signin_url)])
def test_every_known_region_has_the_host_of_the_services_endpoint_rules(
    service: str, ours: Callable[[Instance], str]
) -> None:
    """In every region of every partition, FIPS and dual-stack or not, the base URL is the one the rules give."""
    rules = EndpointProvider(loader.load_service_model(service, "endpoint-rule-set-1"), partitions)
    assert len(regions) > 40
    for region, fips, dualstack in itertools.product(regions, (False, True), (False, True)):
        theirs = rules.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dualstack)
        instance = Instance(START, region, fips=fips, dualstack=dualstack)
        assert ours(instance) == theirs.url, (region, fips, dualstack)


def test_every_known_region_has_the_host_of_stss_endpoint_rules() -> None:
    """The regional one, as the SDKs take it by default."""
    rules = EndpointProvider(loader.load_service_model("sts", "endpoint-rule-set-1"), partitions)
    for region, fips, dualstack in itertools.product(regions, (False, True), (False, True)):
        theirs = rules.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dualstack, UseGlobalEndpoint=False)
        assert sts_url(region, fips=fips, dualstack=dualstack) == theirs.url, (region, fips, dualstack)


def test_a_region_that_is_not_known_yet_counts_as_commercial() -> None:
    """A region newer than this program gets the ordinary domain, as in the SDKs."""
    assert oidc_url(Instance(START, "eu-northwest-9")) == "https://oidc.eu-northwest-9.amazonaws.com"


def test_a_configured_endpoint_is_used_as_it_stands() -> None:
    """An endpoint override replaces the region's host, whatever its kind; only a slash at its end is dropped."""
    instance = Instance(
        START,
        "eu-west-1",
        oidc_endpoint="http://127.0.0.1:8080/oidc/",
        portal_endpoint="https://Portal.example",
        fips=True,
        dualstack=True,
    )
    assert oidc_url(instance) == "http://127.0.0.1:8080/oidc"
    assert portal_url(instance) == "https://portal.example"
