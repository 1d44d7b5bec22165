"""The verification page's HTML: works without JavaScript; every value is escaped here and nowhere else."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from html import escape
from typing import Final

from sso_login.emulator.pages.style import CSS

_HASH: Final = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action {{forms}}; base-uri 'none'; frame-ancestors 'none'"
)
_MEANINGS: Final = {
    "sso:account:access": "List your AWS accounts and roles, and get credentials for them",
    "openid": "Know who you are",
    "profile": "Read your name",
    "email": "Read your e-mail address",
    "offline_access": "Stay signed in when you are not there",
}
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
    """What a person is asked to approve; `place` names a URL and says what it is; `token` guards the form."""

    user_code: str
    client: str
    scopes: tuple[str, ...]
    place: tuple[str, str]
    minutes: int
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CodeConsent:
    """What a person is asked to approve at the authorization endpoint; `here` where the code stays on this computer."""

    id: str
    client: str
    scopes: tuple[str, ...]
    place: tuple[str, str]
    redirect_uri: str
    here: bool
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignInConsent:
    """What a person is asked to approve at AWS Sign-In; `here` where the program runs on this computer."""

    id: str
    arn: str
    hours: int
    here: bool
    token: str = field(repr=False)


def headers(target: str = "") -> dict[str, str]:
    """Give a page's headers; `target` is a CSP source that its form may be redirected to.

    Chromium holds redirects after a form to form-action as well, so a consent page must name where it leads.
    """
    forms = f"'self' {target}" if target else "'self'"
    return {**_HEADERS, "Content-Security-Policy": _POLICY.format(forms=forms)}


HEADERS: Final = headers()


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
    left = f"{asked.minutes} min" if asked.minutes else "less than a minute"
    main = f"""<h1>Approve this sign-in?</h1>
<p class="soft">Compare this code with the one in your terminal.</p>
<strong class="code" id="code">{escape(asked.user_code)}</strong>
<p class="note" id="warning"><strong>Approve only a sign-in that you started yourself,</strong> and only if your own
terminal shows exactly this code. If somebody sent you this link, the access would be theirs.</p>
<dl>
<div><dt>Application</dt><dd>{escape(asked.client)}</dd></div>
<div><dt>It may</dt><dd>{_scopes(asked.scopes)}</dd></div>
<div><dt>{asked.place[0]}</dt><dd>{escape(asked.place[1])}</dd></div>
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


def code_consent(asked: CodeConsent) -> str:
    """Say who asks for what and where the answer goes, warn, and offer Approve and Deny."""
    where = "A program on this computer:" if asked.here else "Another computer:"
    main = f"""<h1>Approve this sign-in?</h1>
<p class="soft">A program opened this page to sign in. Nothing is granted before you approve.</p>
<p class="note" id="warning"><strong>Approve only a sign-in that you started yourself,</strong> just now. If you came
here by a link that somebody sent you, choose Deny.</p>
<dl id="what">
<div><dt>Application</dt><dd>{escape(asked.client)}</dd></div>
<div><dt>It may</dt><dd>{_scopes(asked.scopes)}</dd></div>
<div><dt>{asked.place[0]}</dt><dd>{escape(asked.place[1])}</dd></div>
<div><dt>Answer goes to</dt><dd>{where}<br><code>{escape(asked.redirect_uri)}</code></dd></div>
</dl>
{_decision("/authorize", request=asked.id, token=asked.token)}"""
    return _page("Approve sign-in?", main)


def sign_in_consent(asked: SignInConsent) -> str:
    """Say who would get credentials of whom, and for how long, warn, and offer Approve and Deny."""
    program, way = (
        ("A command line program on this computer", "The program gets it by itself, on this computer")
        if asked.here
        else ("A command line program, perhaps on another computer", "You will paste a code into its terminal")
    )
    main = f"""<h1>Approve this sign-in?</h1>
<p class="soft">A program asks to use your console sign-in. Nothing is granted before you approve.</p>
<p class="note" id="warning"><strong>Approve only a sign-in that you started yourself,</strong> just now. If you came
here by a link that somebody sent you, choose Deny.</p>
<dl id="what">
<div><dt>Application</dt><dd>{program}</dd></div>
<div><dt>You are</dt><dd><code>{escape(asked.arn)}</code></dd></div>
<div><dt>It may</dt><dd>Do all that you may, for {asked.hours} hours at most</dd></div>
<div><dt>Answer</dt><dd>{way}</dd></div>
</dl>
{_decision("/v1/authorize", request=asked.id, token=asked.token)}"""
    return _page("Approve sign-in?", main)


def sign_in_code(answer: str) -> str:
    """Show what is to be pasted into the terminal where the sign-in was started."""
    main = f"""{_CHECK}<h1>One step left</h1>
<p role="status">Copy this code and paste it into the terminal where you started the sign-in.</p>
<label for="answer">Code for your terminal</label>
<textarea id="answer" class="answer" readonly rows="4" autofocus spellcheck="false" autocomplete="off"
 aria-describedby="how">{escape(answer)}</textarea>
<p class="hint" id="how">To select all of it, click into it and press Ctrl+A, or Cmd+A on a Mac.</p>
<p class="note"><strong>Give it to nobody.</strong> Whoever has both this code and the terminal is signed in as
you.</p>"""
    return _page("Code for your terminal", main)


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


def console(arn: str, destination: str) -> str:
    """Show the stub of a console that somebody was signed in to, and where the real one would lead."""
    main = f"""{_CHECK}<h1>Signed in</h1>
<p role="status">This stands in for the AWS console, which an emulator does not have.</p>
<dl>
<div><dt>Signed in as</dt><dd><code>{escape(arn)}</code></dd></div>
<div><dt>Would lead to</dt><dd><code>{escape(destination)}</code></dd></div>
</dl>
<p>You may close this tab.</p>"""
    return _page("Signed in", main)


def refused(why: str) -> str:
    """Say why a form was not taken, and the way back."""
    main = f"""<h1>That did not work</h1>
<p class="error" role="alert">{escape(why)}</p>
<p><a href="/device">Enter the code again</a></p>"""
    return _page("Error", main)


def stopped(why: str) -> str:
    """Say why a sign-in cannot go on in this browser, and where it starts."""
    main = f"""<h1>That did not work</h1>
<p class="error" role="alert">{escape(why)}</p>
<p>Go back to the program that opened this page and start again. You may close this tab.</p>"""
    return _page("Error", main)


def _decision(action: str, *, request: str, token: str) -> str:
    return f"""<form method="post" action="{action}" aria-describedby="warning what">
<input type="hidden" name="request" value="{escape(request)}">
<input type="hidden" name="token" value="{escape(token)}">
<div class="buttons">
<button type="submit" name="decision" value="approve">Approve</button>
<button type="submit" name="decision" value="deny" class="quiet">Deny</button>
</div>
</form>"""


def _scopes(scopes: tuple[str, ...]) -> str:
    return "".join(_scope(scope) for scope in scopes) or "Your AWS accounts and roles, for 8 hours at most"


def _scope(scope: str) -> str:
    meaning = f"{_MEANINGS[scope]}<br>" if scope in _MEANINGS else ""
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
