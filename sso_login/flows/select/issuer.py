"""Which OAuth issuer is meant, and what is spoken to there: our own config, its card, and what the issuer says."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sso_login.core.errors import ConfigError, UsageProblem
from sso_login.core.model import OAUTH, Application, Instance, checked_url
from sso_login.flows.select import names
from sso_login.flows.select.chosen import Chosen

if TYPE_CHECKING:
    from sso_login.core.config import Issuers, IssuerSection
    from sso_login.core.model import Card
    from sso_login.flows.select.config import Sources

_VISIBLE: Final = re.compile(r"[\x20-\x7e]{1,2048}")  # VSCHAR, RFC 6749 appendix A
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,2048}")  # appendix A.4
_KEYS: Final = ("device_endpoint", "token_endpoint", "authorize_endpoint", "revocation_endpoint")


def of_issuer(sources: Sources, section: IssuerSection) -> Chosen:
    """Find the login at an issuer that is configured; ConfigError, also where a session of AWS has its name, too."""
    _refuse_shared(sources, section)
    card = sources.issued.get(names.fit(section.name))
    return Chosen(
        section.name,
        instance_of(sources.config.issuers, section, card),
        section.scopes,
        card,
        sdk_cache=False,
        source=f"config section [{names.plain(section.title)}]",
    )


def of_issued(card: Card) -> Chosen:
    """Find the login at an issuer that is in no config any more."""
    return Chosen(card.name, card.instance, card.scopes, card, sdk_cache=False, source="an earlier login")


def _refuse_shared(sources: Sources, section: IssuerSection) -> None:
    config, name = sources.config, section.name
    theirs, profile = config.sessions.get(name), config.profiles.get(name)
    if theirs is not None:
        place = config.place(theirs.title)
    elif profile is not None and profile.legacy:
        place = config.place(profile.title)
    elif name in sources.cards:
        place = "an earlier login"
    else:
        return
    here = config.issuers.place(section.title)
    message = f"{names.quoted(name)} is both an issuer and a session of AWS: {here}, {place}"
    raise ConfigError(message, hint="Rename one of the two.")


def instance_of(issuers: Issuers, section: IssuerSection, card: Card | None = None) -> Instance:
    """Read what is spoken to at an issuer, with the endpoints that its metadata had at the last login; ConfigError."""
    try:
        instance = checked_instance(section)
    except UsageProblem as error:
        raise ConfigError(f"{issuers.place(section.title)}: {error.message}", hint=error.hint) from error
    known = card.instance.application if card and card.instance.binding == instance.binding else None
    app = instance.application
    return instance if known is None or app is None else replace(instance, application=_filled(app, known))


def _filled(app: Application, known: Application) -> Application:
    return replace(
        app,
        device=app.device or known.device,
        token=app.token or known.token,
        authorize=app.authorize or known.authorize,
        revocation=app.revocation or known.revocation,
        basic=known.basic,
    )


def checked_instance(section: IssuerSection) -> Instance:
    """Read what is spoken to at an issuer as it is configured; UsageProblem where it cannot be."""
    for what, value, form in (
        ("client_id", section.client_id, _VISIBLE),
        ("audience", section.audience or "none", _VISIBLE),
        *(("scope", scope, _SCOPE) for scope in section.scopes),
    ):
        _check(what, value, form)
    for key in _KEYS:
        if getattr(section, key):
            checked_url(getattr(section, key), what=key)
    for resource in section.resources:
        _check("resource", resource, re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[\x21-\x7e]{1,2048}"))
    app = Application(
        section.client_id,
        section.audience,
        section.resources,
        device=section.device_endpoint,
        token=section.token_endpoint,
        authorize=section.authorize_endpoint,
        revocation=section.revocation_endpoint,
        secret=section.name if section.secret else "",
    )
    where = _issuer(section) or section.token_endpoint
    return Instance(where, "", oidc_endpoint=section.token_endpoint, kind=OAUTH, application=app)


def _issuer(section: IssuerSection) -> str:
    """Check an issuer's URL (RFC 8414 section 2): https, without a query; else both kinds of endpoints are there."""
    if section.issuer:
        checked_url(section.issuer, what="issuer")
        if "?" in section.issuer or "#" in section.issuer:
            message = f"issuer {names.quoted(section.issuer)} has a query or a fragment, which no issuer has"
            raise UsageProblem(message, hint="Leave out what follows.")
        return section.issuer
    if not section.token_endpoint or not (section.device_endpoint or section.authorize_endpoint):
        message = "neither an issuer nor the endpoints of one are named"
        raise UsageProblem(message, hint="Give its URL, or token_endpoint with device_endpoint or authorize_endpoint.")
    return ""


def _check(what: str, value: str, form: re.Pattern[str]) -> None:
    if not value:
        option = f"--{what.replace('_', '-')}"
        hint = f"Give {option}, or {what} in its section; the issuer shows it where a client is registered."
        raise UsageProblem(f"{what} is missing", hint=hint)
    if not form.fullmatch(value):
        message = f"{names.quoted(value)} cannot be a {what}"
        raise UsageProblem(message, hint="See docs/issuers.md for examples.")
