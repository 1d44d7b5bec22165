"""Start URLs on a company's own host: one question, one redirect to an AWS domain, as the AWS CLI follows it (2.35.13).

The URL that it leads to is what is sent and what a login is bound to; the one that is written names the SDKs' cache.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urljoin, urlsplit

from sso_login.core.errors import UsageProblem
from sso_login.core.message import Request
from sso_login.core.model import checked_region, checked_start_url, normal_url

if TYPE_CHECKING:
    from sso_login.core.message import Response
    from sso_login.core.ports import Transport

DEADLINE: Final = 10.0  # seconds
_DOMAINS: Final = (
    ".awsapps.com",
    ".awsapps.cn",
    ".awsapps.eu",
    ".app.aws",
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".amazonwebservices.com.cn",
    ".amazonwebservices.eu",
    ".aws",
    ".aws.amazon.com",
)
_REGION: Final = re.compile(r"(?:^|\.)([a-z]{2,8}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2})(?=\.)")
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_NO_HEAD: Final = frozenset({405, 501})


def is_vanity(start_url: str) -> bool:
    """Tell whether the URL's host is none of AWS's; plain http is for this very machine, which is no company's host."""
    parts = urlsplit(start_url)
    return parts.scheme == "https" and not _of_aws(parts.hostname or "")


def led_to(start_url: str, transport: Transport) -> tuple[str, str]:
    """Ask a vanity URL once; give the start URL that it leads to and the region in that, "" where it names none.

    A URL that leads nowhere is given back as it is. Raises UsageProblem for a place that is not AWS's, Unreachable.
    """
    asked = normal_url(start_url)
    answer = transport.send(Request("ResolveStartUrl", "HEAD", asked, deadline=DEADLINE))
    if answer.status in _NO_HEAD:
        answer = transport.send(Request("ResolveStartUrl", "GET", asked, deadline=DEADLINE))
    return _read(asked, answer)


def _read(asked: str, answer: Response) -> tuple[str, str]:
    place = answer.headers.get("location", "")
    if answer.status not in _REDIRECTS or not place:
        return asked, ""
    target = _target(asked, place)
    if target is None:
        message = f"the start URL {asked} leads to another place than an AWS access portal"
        raise UsageProblem(message, hint="Write the address that ends in awsapps.com/start or app.aws in its place.")
    url = checked_start_url(normal_url(target._replace(query="", fragment="").geturl()), what="the start URL")
    region = _REGION.search(target.hostname or "")
    return url, checked_region(region[1]) if region else ""


def _target(asked: str, place: str) -> SplitResult | None:
    try:
        target = urlsplit(urljoin(asked, place))
        plain = target.scheme == "https" and "@" not in target.netloc and target.port in {None, 443}
    except ValueError:
        return None
    return target if plain and _of_aws(target.hostname or "") else None


def _of_aws(host: str) -> bool:
    return host.lower().rstrip(".").endswith(_DOMAINS)
