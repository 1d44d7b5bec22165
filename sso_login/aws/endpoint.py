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
    console_domain: str  # of the console and AWS Sign-In
    plain_fips: bool = False  # where the ordinary host is the FIPS one already


COMMERCIAL: Final = Partition("amazonaws.com", "api.aws", "aws.amazon.com")
PARTITIONS: Final = {
    "cn-": Partition("amazonaws.com.cn", "api.amazonwebservices.com.cn", "amazonaws.cn"),
    "eusc-": Partition("amazonaws.eu", "api.amazonwebservices.eu", "amazonaws-eusc.eu"),
    "us-gov-": Partition("amazonaws.com", "api.aws", "amazonaws-us-gov.com", plain_fips=True),
    "us-iso-": Partition("c2s.ic.gov", "api.aws.ic.gov", "c2shome.ic.gov"),
    "us-isob-": Partition("sc2s.sgov.gov", "api.aws.scloud", "sc2shome.sgov.gov"),
    "eu-isoe-": Partition("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "csphome.adc-e.uk"),
    "us-isof-": Partition("csp.hci.ic.gov", "api.aws.hci.ic.gov", "csphome.hci.ic.gov"),
}


def oidc_url(instance: Instance) -> str:
    """Name SSO-OIDC's base URL, without a slash at its end: the configured endpoint, else the region's."""
    return normal_url(instance.oidc_endpoint) if instance.oidc_endpoint else _of(instance, "oidc")


def portal_url(instance: Instance) -> str:
    """Name the access portal's base URL, without a slash at its end: the configured endpoint, else the region's."""
    return normal_url(instance.portal_endpoint) if instance.portal_endpoint else _of(instance, "portal.sso")


def signin_url(instance: Instance) -> str:
    """Name AWS Sign-In's base URL, without a slash at its end: the configured endpoint, else the region's."""
    if instance.oidc_endpoint:
        return normal_url(instance.oidc_endpoint)
    return signin_host(instance.region, fips=instance.fips, dualstack=instance.dualstack)


def signin_host(region: str, *, fips: bool = False, dualstack: bool = False) -> str:
    """Name the URL of AWS's own host for Sign-In in a region."""
    home = partition(region)
    if dualstack:
        return f"https://signin{'-fips' if fips else ''}.{region}.{home.dualstack_domain}"
    if fips and not home.plain_fips:
        return f"https://signin-fips.{region}.{home.domain}"
    if fips:  # AWS's rules leave the first region of GovCloud out of the name
        return f"https://{'' if region == 'us-gov-west-1' else f'{region}.'}signin-fips.{home.console_domain}"
    return f"https://{region}.signin.{home.console_domain}"


def partition(region: str) -> Partition:
    """Find a region's partition; a region that is not known yet counts as commercial, as in the SDKs."""
    return next((found for prefix, found in PARTITIONS.items() if region.startswith(prefix)), COMMERCIAL)


def sts_url(region: str, *, fips: bool = False, dualstack: bool = False) -> str:
    """Name the URL of AWS's own host for STS in a region."""
    return _regional("sts", region, fips=fips, dualstack=dualstack)


def _of(instance: Instance, service: str) -> str:
    return _regional(service, instance.region, fips=instance.fips, dualstack=instance.dualstack)


def _regional(service: str, region: str, *, fips: bool, dualstack: bool) -> str:
    home = partition(region)
    # GovCloud has a name of its own for FIPS only where it is dual-stack too.
    marked = fips and (dualstack or not home.plain_fips)
    domain = home.dualstack_domain if dualstack else home.domain
    return f"https://{service}{'-fips' if marked else ''}.{region}.{domain}"
