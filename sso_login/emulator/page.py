"""The verification page's HTML: works without JavaScript; every value is escaped here and nowhere else."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from html import escape
from typing import Final

from sso_login.emulator.style import CSS

_HASH: Final = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_SCOPES: Final = {"sso:account:access": "List your AWS accounts and roles, and get credentials for them"}
_MARK: Final = (
    '<svg class="mark {kind}" viewBox="0 0 48 48" fill="none" stroke="currentColor" stroke-width="3.5" '
    'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><circle cx="24" cy="24" r="21"/>'
    '<path d="{path}"/></svg>'
)
_CHECK: Final = _MARK.format(kind="good", path="M14.5 24.5l6.5 6.5 12.5-14")
_CROSS: Final = _MARK.format(kind="bad", path="M17 17l14 14M31 17L17 31")
_LOGO: Final = (
    '<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="#0b5cad"/>'
    '<g fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round"><circle cx="12" cy="16" r="4.5"/>'
    '<path d="M16.5 16H26m-3.5 0v4"/></g></svg>'
)


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person is asked to approve; `token` guards the form."""

    user_code: str
    client: str
    scopes: tuple[str, ...]
    start_url: str
    minutes: int
    token: str = field(repr=False)


def code_form(typed: str = "", *, error: str = "") -> str:
    """Ask for the code; with an error, say it first and keep what was typed."""
    alert = f'<p class="error" role="alert" id="error">{escape(error)}</p>' if error else ""
    state = ' aria-invalid="true" aria-describedby="error hint"' if error else ' aria-describedby="hint"'
    main = f"""<h1>Enter the code from your terminal</h1>
<p class="soft">A program on your computer asks to sign in. It shows you a code of eight letters.</p>
{alert}
<form method="get" action="/device">
<label for="user_code">Code</label>
<input type="text" id="user_code" name="user_code" value="{escape(typed)}" placeholder="XXXX-XXXX" required autofocus
 maxlength="32" autocomplete="off" autocapitalize="characters" spellcheck="false"{state}>
<p class="hint" id="hint">Small letters will do, and the dash may be left out.</p>
<div class="buttons"><button type="submit">Continue</button></div>
</form>"""
    return _page("Enter the code" if not error else "Error: enter the code again", main)


def consent(asked: Consent) -> str:
    """Show the code and what it stands for, warn, and offer Approve and Deny."""
    scopes = "".join(_scope(scope) for scope in asked.scopes) or "Your AWS accounts and roles, for 8 hours at most"
    left = f"{asked.minutes} min" if asked.minutes else "less than a minute"
    main = f"""<h1>Approve this sign-in?</h1>
<p class="soft">Compare this code with the one in your terminal.</p>
<strong class="code" id="code">{escape(asked.user_code)}</strong>
<p class="note" id="warning"><strong>Approve only a sign-in that you started yourself,</strong> and only if your own
terminal shows exactly this code. If somebody sent you this link, the access would be theirs.</p>
<dl>
<div><dt>Application</dt><dd>{escape(asked.client)}</dd></div>
<div><dt>It may</dt><dd>{scopes}</dd></div>
<div><dt>Start URL</dt><dd>{escape(asked.start_url)}</dd></div>
<div><dt>Code valid for</dt><dd>{left}</dd></div>
</dl>
<form method="post" action="/device" aria-describedby="code warning">
<input type="hidden" name="user_code" value="{escape(asked.user_code)}">
<input type="hidden" name="token" value="{escape(asked.token)}">
<div class="buttons">
<button type="submit" name="decision" value="approve">Approve</button>
<button type="submit" name="decision" value="deny" class="quiet">Deny</button>
</div>
</form>"""
    return _page(f"Approve sign-in {asked.user_code}?", main)


def approved(client: str) -> str:
    """Say that it is done."""
    main = f"""{_CHECK}<h1>Approved</h1>
<p role="status">{escape(client)} is signed in, or will be in a moment.</p>
<p>You may close this tab and go back to your terminal.</p>"""
    return _page("Approved", main)


def denied(client: str) -> str:
    """Say that nothing was granted."""
    main = f"""{_CROSS}<h1>Denied</h1>
<p role="status">{escape(client)} was given nothing.</p>
<p>If you did not start this sign-in yourself, that was the right choice. You may close this tab.</p>"""
    return _page("Denied", main)


def refused(why: str) -> str:
    """Say why a form was not taken, and the way back."""
    main = f"""<h1>That did not work</h1>
<p class="error" role="alert">{escape(why)}</p>
<p><a href="/device">Enter the code again</a></p>"""
    return _page("Error", main)


def _scope(scope: str) -> str:
    meaning = f"{_SCOPES[scope]}<br>" if scope in _SCOPES else ""
    return f"<div>{meaning}<code>{escape(scope)}</code></div>"


def _page(title: str, main: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(title)} - sso-login emulator</title>
<style>{CSS}</style>
</head>
<body>
<header>{_LOGO}<span class="brand">sso-login emulator</span><span class="badge">Local, not AWS</span></header>
<main>
{main}
</main>
<footer>This page comes from an emulator on your own computer. It never talks to AWS; its accounts are made up.</footer>
</body>
</html>
"""
