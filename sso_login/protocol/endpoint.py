"""Where the services of a region are: one host a service, partition and kind of endpoint.

The table repeats AWS's own endpoint rules and partitions, to which a test holds it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sso_login.core.model import Instance, normal_url


class Partition(NamedTuple):
    """A group of regions that share their domains."""

    domain: str
    dualstack_domain: str
    plain_fips: bool = False  # where the ordinary host is the FIPS one already


COMMERCIAL: Final = Partition("amazonaws.com", "api.aws")
PARTITIONS: Final = {
    "cn-": Partition("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "eusc-": Partition("amazonaws.eu", "api.amazonwebservices.eu"),
    "us-gov-": Partition("amazonaws.com", "api.aws", plain_fips=True),
    "us-iso-": Partition("c2s.ic.gov", "api.aws.ic.gov"),
    "us-isob-": Partition("sc2s.sgov.gov", "api.aws.scloud"),
    "eu-isoe-": Partition("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "us-isof-": Partition("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
}


def oidc_url(instance: Instance) -> str:
    """Name SSO-OIDC's base URL, without a slash at its end: the configured endpoint, else the region's."""
    return normal_url(instance.oidc_endpoint) if instance.oidc_endpoint else _regional(instance, "oidc")


def portal_url(instance: Instance) -> str:
    """Name the access portal's base URL, without a slash at its end: the configured endpoint, else the region's."""
    return normal_url(instance.portal_endpoint) if instance.portal_endpoint else _regional(instance, "portal.sso")


def partition(region: str) -> Partition:
    """Find a region's partition; a region that is not known yet counts as commercial, as in the SDKs."""
    return next((found for prefix, found in PARTITIONS.items() if region.startswith(prefix)), COMMERCIAL)


def _regional(instance: Instance, service: str) -> str:
    home = partition(instance.region)
    # GovCloud has a name of its own for FIPS only where it is dual-stack too.
    marked = instance.fips and (instance.dualstack or not home.plain_fips)
    domain = home.dualstack_domain if instance.dualstack else home.domain
    return f"https://{service}{'-fips' if marked else ''}.{instance.region}.{domain}"
