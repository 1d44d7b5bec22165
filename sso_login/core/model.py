"""The nouns: frozen values and pure rules; every instant is in epoch seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final, NoReturn
from urllib.parse import urlsplit, urlunsplit

from sso_login.core.errors import UsageProblem

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
CODE_GRANT: Final = "authorization_code"
REFRESH_GRANT: Final = "refresh_token"
DEFAULT_SCOPE: Final = "sso:account:access"
SSO: Final = "sso"  # the kinds of login, as they are called in the names of what is kept
SIGNIN: Final = "signin"
OAUTH: Final = "oauth"
ENDLESS: Final = 32_503_679_999  # epoch seconds: the end of a token of which no end is known
CALLBACK: Final = "/oauth/callback"  # the one path on 127.0.0.1 that a browser is sent back to

_REGION: Final = re.compile(r"[a-z]{2,8}(-[a-z]{2,12}){1,3}-[0-9]{1,2}")
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Secret:
    """A string that does not print itself; `reveal()` gives it away and is easy to grep for."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Wrap a token, code or client secret as soon as it enters the program."""
        self._value = value

    def reveal(self) -> str:
        """Give the string itself."""
        return self._value

    def __repr__(self) -> str:
        """Hide the value wherever a value is drawn: logs, tracebacks, f-strings."""
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        """Compare by value, so that records can be compared."""
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        """Hash by value, as equality asks for."""
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a plaintext copy."""
        message = "a Secret is never pickled"
        raise TypeError(message)


def _shown(text: str) -> str:
    # What stands before an @ in a URL is a password as a rule.
    return "(not shown: it holds an @)" if "@" in text else repr(text[:200])


def checked_region(region: str) -> str:
    """Return an AWS region name fit to build a host name from, or raise UsageProblem."""
    if not _REGION.fullmatch(region):
        message = f"{_shown(region)} is not an AWS region"
        raise UsageProblem(message, hint="A region looks like us-east-1; it is the one the Identity Center lives in.")
    return region


def checked_url(url: str, *, what: str) -> str:
    """Return a URL that may be spoken to: https, or http to loopback; no user, no odd characters; else UsageProblem."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    fits = host and url.isascii() and url.isprintable() and " " not in url and "@" not in parts.netloc
    if not fits or parts.scheme not in {"http", "https"}:
        message = f"{what} {_shown(url)} is not a URL"
        raise UsageProblem(message, hint="It looks like https://my-company.awsapps.com/start.")
    if parts.scheme != "https" and host not in _LOOPBACK:
        message = f"{what} {_shown(url)} is not https"
        raise UsageProblem(message, hint="Only loopback addresses may be spoken to without TLS; write https://.")
    return url


def checked_start_url(url: str, *, what: str) -> str:
    """Return a start URL fit to be sent, without what a shell put before its fragment; UsageProblem.

    A query is no part of one: somebody copied the address of another page.
    """
    plain = url.replace("\\#", "#")  # zsh's url-quote-magic pastes it so
    checked_url(plain, what=what)
    parts = urlsplit(plain)
    if parts.query or "\\" in parts.path:
        right = normal_url(urlunsplit((parts.scheme, parts.netloc, parts.path.partition("\\")[0], "", "")))
        message = f"{what} {_shown(url)} is not the address of an access portal"
        raise UsageProblem(message, hint=f"Leave out what follows: {right}.")
    return plain if plain == url else normal_url(plain)


def normal_url(url: str) -> str:
    """Return the URL as it is sent and compared: lower-case host, no default port, no fragment, no trailing slash."""
    parts = urlsplit(url.replace("\\#", "#"))
    scheme, netloc = parts.scheme.lower(), parts.netloc.lower()
    netloc = netloc.removesuffix({"https": ":443", "http": ":80"}.get(scheme, ":"))
    return urlunsplit((scheme, netloc, parts.path.rstrip("/"), parts.query, ""))


def labelled(name: str, kind: str) -> str:
    """Name a login for a person; one by AWS Sign-In has the name of a profile, which a session may have, too."""
    return f"{name} (signin)" if kind == SIGNIN else name


@dataclass(frozen=True, slots=True)
class Application:
    """What this program is at an OAuth issuer: the client that somebody registered there, and what is asked for it.

    An endpoint is as configured, else as the issuer's metadata had it at login; empty where there is none. `secret`
    names the entry of the store that has the client secret, if there is one, `basic` says that it belongs into the
    Authorization header.
    """

    client_id: str
    audience: str = ""
    resources: tuple[str, ...] = ()
    device: str = ""
    token: str = ""
    authorize: str = ""
    revocation: str = ""
    secret: str = ""
    basic: bool = False


@dataclass(frozen=True, slots=True)
class Instance:
    """One IAM Identity Center instance, and where its services are spoken to.

    `start_url` is kept as configured (the SDKs' cache file name depends on it). An empty endpoint
    means AWS's own host for the region, of the FIPS or dual-stack kind where asked for.
    AWS Sign-In counts as an instance of its own `kind`: its start URL is that of the service. So does an OAuth issuer:
    its start URL is the issuer's, its endpoint a token endpoint that was configured by hand, and there is no region.
    """

    start_url: str
    region: str
    oidc_endpoint: str = ""
    portal_endpoint: str = ""
    fips: bool = False
    dualstack: bool = False
    kind: str = SSO
    application: Application | None = None

    def __post_init__(self) -> None:
        """Refuse what no host name may be built from, and what must not be spoken to (UsageProblem)."""
        checked_url(self.start_url, what="start URL" if self.application is None else "issuer")
        app = self.application
        if app is None:
            checked_region(self.region)
        theirs = (app.device, app.token, app.authorize, app.revocation) if app else ()
        for endpoint in (self.oidc_endpoint, self.portal_endpoint, *theirs):
            if endpoint:
                checked_url(endpoint, what="endpoint")

    @property
    def binding(self) -> tuple[str, str, str]:
        """What a stored login belongs to: start URL, region and configured OIDC endpoint, normalised.

        One at an OAuth issuer belongs to a client, audience and resources in place of a region.
        """
        endpoint = normal_url(self.oidc_endpoint) if self.oidc_endpoint else ""
        app = self.application
        place = " ".join([app.client_id, app.audience, *app.resources]).rstrip() if app else self.region
        return normal_url(self.start_url), place, endpoint

    @property
    def issuer(self) -> str:
        """The URL of the OAuth issuer, empty where there is none or only endpoints were configured."""
        return self.start_url if self.application and self.start_url != self.oidc_endpoint else ""

    def described(self) -> str:
        """Name the instance for a person: start URL, region and, where overridden, the endpoint."""
        start, region, endpoint = self.binding
        if self.application:
            return f"{start} (client {region}{', ' + endpoint if endpoint not in {'', start} else ''})"
        return f"{start} ({region}{', ' + endpoint if endpoint else ''})"


@dataclass(frozen=True, slots=True)
class Client:
    """A registration made by RegisterClient; good for one instance, one set of grants and scopes."""

    id: str
    secret: Secret
    issued_at: int
    expires_at: int
    grants: tuple[str, ...]

    def usable(self, now: float) -> bool:
        """Tell whether the issuer still knows this registration."""
        return now < self.expires_at

    def reusable(self, now: float, grants: tuple[str, ...]) -> bool:
        """Tell whether a new login may use it: the same grants and at least half its life left."""
        return set(self.grants) == set(grants) and now <= (self.issued_at + self.expires_at) / 2


MISDATED: Final = 60.0  # seconds that a clock may be set back without anybody minding


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and, where the issuer gave them, the refresh token that renews it and an ID token."""

    access: Secret
    refresh: Secret | None
    expires_at: int
    issued_at: int
    id_token: Secret | None = None

    @property
    def endless(self) -> bool:
        """Tell whether nobody knows its end: it is good for as long as the issuer accepts it."""
        return self.expires_at == ENDLESS

    def usable(self, now: float, margin: float = 0) -> bool:
        """Tell whether more than `margin` seconds are left."""
        return self.expires_at - now > margin

    def misdated(self, now: float) -> bool:
        """Tell whether it comes from a clock that was wrong: issued in the future, so its end is no better known."""
        return self.issued_at - now > MISDATED


@dataclass(frozen=True, slots=True)
class Session:
    """One login as it is stored: who issued it, with which registration, and its tokens.

    A login by AWS Sign-In also has its `subject`: the ARN of who signed in. `spent` are fingerprints of the tokens
    that were spent for it, the last first.
    """

    name: str
    instance: Instance
    client: Client
    token: Token
    scopes: tuple[str, ...]
    subject: str = ""
    spent: tuple[str, ...] = field(default=(), compare=False)

    def came_after(self, token: Token) -> bool:
        """Tell whether that token was spent for this login, or for one that it came of."""
        return any(mark in self.spent for mark in marks(token))


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a session without opening a store; holds no secret.

    `store` and `backend` are pinned at login; `entries` are the names of what lies in that store.
    `sdk_cache` is what the SDKs' own cache file is named after where it is kept in step, else empty.
    `refused` says that the issuer refused the stored refresh token. After a renewal that failed on
    the network none is tried before `retry_after`, and `retry_delay` (seconds) doubles. Both are facts about one
    refresh token, whose fingerprint is `about`; empty in a card of an older version, which meant the stored one.
    While the login moves from one store to the other, `also` and `also_entries` are what lies in the other one.
    `began` is when the login was made, `lasted` how long earlier ones lasted: at least and at most so many seconds.
    `written` is a start URL on a company's own host that led to the instance's; empty where none did.
    """

    name: str
    instance: Instance
    scopes: tuple[str, ...]
    store: str
    backend: str
    entries: tuple[str, ...] = ()
    sdk_cache: str = ""
    refused: bool = False
    retry_after: float = 0
    retry_delay: float = 0
    about: str = ""
    also: str = ""
    also_entries: tuple[str, ...] = ()
    began: int = field(default=0, compare=False)
    lasted: tuple[tuple[int, int], ...] = field(default=(), compare=False)
    written: str = ""

    def refused_at(self, now: float, token: Token) -> Card:
        """Give the card of a login whose refresh token is refused now; how long the login lasted is remembered."""
        known = bool(self.began) and not self.refused and self.began <= token.issued_at <= now
        span = ((token.issued_at - self.began, int(now) - self.began),) if known else ()
        over = {"refused": True, "retry_after": 0, "retry_delay": 0, "about": fingerprint(token)}
        return replace(self, **over, lasted=(*span, *self.lasted)[:5])  # type: ignore[arg-type]  # a mixed bag

    def facts_of(self, token: Token) -> Card:
        """Give the card without what it says of another token: a crash may have left it behind a newer record."""
        if not self.about or not (self.refused or self.retry_after) or self.about == fingerprint(token):
            return self
        return replace(self, refused=False, retry_after=0, retry_delay=0, about="")


def fingerprint(token: Token) -> str:
    """Tell refresh tokens apart without a word of them: 64 bits of a digest; empty where there is none."""
    return _digest(token.refresh) if token.refresh else ""


def marks(token: Token) -> tuple[str, ...]:
    """Give the fingerprints of both its tokens: an issuer may let the refresh token stay."""
    return tuple(_digest(secret) for secret in (token.refresh, token.access) if secret)


def _digest(secret: Secret) -> str:
    import hashlib  # OpenSSL costs more than all else that a card needs

    return hashlib.sha256(secret.reveal().encode()).hexdigest()[:16]
