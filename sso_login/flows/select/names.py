"""Names of sessions: which may be used, what a start URL is called, and how names are told to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from sso_login.core.errors import UsageProblem
from sso_login.core.model import normal_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sso_login.core.model import Instance

# First host labels that say nothing about whose start URL it is, such as start.us-gov-home.awsapps.com/directory/acme.
_GENERIC: Final = frozenset({"identitycenter", "localhost", "login", "portal", "signin", "sso", "start", "www"})
_LONGEST: Final = 200  # percent-encoded, since it becomes a file's name
_LISTED: Final = 10


def given(name: str | None) -> str | None:
    """Check a name a person gives a new session (UsageProblem); None where none is given."""
    if name is not None and (name.startswith("-") or not name.isprintable() or name != name.strip()):
        message = f"--name {quoted(name)} cannot be a session's name"
        raise UsageProblem(message, hint="Use letters, digits, dots, dashes and underscores.")
    return name if name is None else fit(name)


def fit(name: str) -> str:
    """Return a name that can be a file's and a keyring entry's; UsageProblem for any other."""
    if name in {"", ".", ".."} or len(quote(name, safe="", errors="surrogatepass")) > _LONGEST:
        message = f"{quoted(name)} cannot be a session's name"
        raise UsageProblem(message, hint="Use letters, digits, dots, dashes and underscores.")
    return name


def derived(start_url: str) -> str:
    """Name a session after its start URL: first host label, or last path segment where the label is generic."""
    parts = urlsplit(normal_url(start_url))
    host, segment = parts.hostname or "", parts.path.rpartition("/")[2]
    label = host if _is_address(host) else host.partition(".")[0]
    generic = label in _GENERIC or _is_address(host)
    name = segment if generic and segment and segment not in _GENERIC else label
    return fit(name[:60])


def free(name: str, instance: Instance, holder: tuple[str | None, str | None] | None) -> str:
    """Append a short hash to a name that another instance has; `holder` is that one's start URL and region."""
    if holder is None or _same(instance, *holder):
        return name
    import hashlib

    place = f"{normal_url(instance.start_url)} {instance.region}"
    return fit(f"{name}-{hashlib.sha256(place.encode()).hexdigest()[:8]}")


def _same(instance: Instance, start_url: str | None, region: str | None) -> bool:
    try:
        return (normal_url(start_url or ""), region) == (normal_url(instance.start_url), instance.region)
    except ValueError:
        return False


def _is_address(host: str) -> bool:
    try:
        import ipaddress

        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def did_you_mean(name: str, names: Sequence[str], *, nothing: str) -> str:
    """Offer the nearest of the names there are, and list them; `nothing` is the answer where there are none."""
    if not names:
        return nothing
    folded = {each.casefold(): each for each in names if len(each) <= _LONGEST}
    import difflib

    close = difflib.get_close_matches(name[:_LONGEST].casefold(), folded, n=1)
    asked = f"Did you mean {quoted(folded[close[0]])}? " if close else ""
    return f"{asked}Known: {listed(names)}."


def listed(names: Sequence[str]) -> str:
    """List at most ten names on one line."""
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(plain(name) for name in names[:_LISTED]) + more


def quoted(name: str) -> str:
    """Set a name off from the sentence around it."""
    return f"`{plain(name)}`"


def plain(name: str) -> str:
    """Write a name on one line, cut at 60 characters."""
    # repr writes out what would break the line or play tricks on a terminal.
    return repr(name[:60])[1:-1]
