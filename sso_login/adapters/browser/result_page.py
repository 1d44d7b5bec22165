"""The pages that the loopback listener shows: no script, nothing from elsewhere, every value escaped here."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sso_login.core.granting import Redirected

CSS: Final = """
:root { color-scheme: light dark; --ground: #eef1f5; --card: #fff; --ink: #16202c; --soft: #52606f; --line: #d5dbe3; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #10151c; --card: #1a212b; --ink: #e8edf3; --soft: #a5b1bf; --line: #354150; }
}
body {
  margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main {
  box-sizing: border-box; width: min(30rem, calc(100vw - 2rem)); padding: 2rem; overflow-wrap: anywhere;
  background: var(--card); border: 1px solid var(--line); border-radius: 14px;
}
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
p { margin: 0 0 .75rem; }
p:last-child { margin: 0; color: var(--soft); }
svg { display: block; width: 3rem; height: 3rem; margin: 0 0 1rem; }
circle { fill: #1a7f45; }
path { fill: none; stroke: #fff; stroke-width: 3; stroke-linecap: round; stroke-linejoin: round; }
"""
CHECK: Final = """\
<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="12"/><path d="M6.5 12.5l3.7 3.7 7.3-8"/></svg>
"""
_HASH: Final = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the page's own address holds the code
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Connection": "close",
}


def answered(answer: Redirected) -> bytes:
    """Give the whole reply to the right request: approved, or why not."""
    if answer.code is not None:
        return _reply("200 OK", "Approved", "Return to your terminal; you can close this tab.", mark=CHECK, more="")
    said = f"The login was refused: {answer.error}" + (f" ({answer.description})" if answer.description else "")
    return _reply("200 OK", "Not signed in", said)


def wrong() -> bytes:
    """Give the whole reply to any other request; says nothing of what was wrong with it."""
    return _reply("400 Bad Request", "That did not work", "This is not the answer that sso-login waits for here.")


def foreign() -> bytes:
    """Give the whole reply to another user of this machine."""
    return _reply("403 Forbidden", "Not yours", "This address is for another user of this machine.")


def used() -> bytes:
    """Give the whole reply to whoever comes with an address that was good once."""
    return _reply("410 Gone", "Used already", "This address was good once. Run the command again.")


def sent_on(target: str) -> bytes:
    """Give the whole reply that sends a browser on, without a word of where to in its text."""
    headers = {**HEADERS, "Location": target, "Content-Length": "0"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 303 See Other\r\n{head}\r\n".encode("ascii")


def _reply(
    status: str, heading: str, said: str, *, mark: str = "", more: str = "<p>You can close this tab.</p>"
) -> bytes:
    body = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(heading)} - sso-login</title>
<style>{CSS}</style>
</head>
<body>
<main>
{mark}<h1>{escape(heading)}</h1>
<p role="status">{escape(said)}</p>
{more}
</main>
</body>
</html>
""".encode("utf-8", "replace")
    headers = {**HEADERS, "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode("ascii") + body
