"""A person at a web page without scripts: fills in its forms until there is none left; also as a program, with a URL.

Whatever asks for a name or a password gets one; hidden fields go along as they are; the first button
is pressed. Cookies are kept for one visit.
"""

from __future__ import annotations

import sys
import urllib.request
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin

MOST = 10  # forms; only a page that goes in circles has more
_BUTTONS = {"submit", "button", "image"}


class _Form(HTMLParser):
    """The first form of a page: where it goes, and what is in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action, self.method, self.fields = "", "", dict[str, str]()
        self._state = "before"
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and self._state == "before":
            self.action, self.method, self._state = found.get("action", ""), found.get("method", "get").lower(), "in"
        elif tag == "input" and self._state == "in" and found.get("type", "text") not in _BUTTONS:
            self.fields[found.get("name", "")] = found.get("value") or "alice"

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._state == "in":
            self._state = "after"


def visit(url: str, *, deny: bool = False) -> None:
    """Go there and do what is asked, or say no where that can be said."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
    )
    data: bytes | None = None
    for _ in range(MOST):
        with opener.open(urllib.request.Request(url, data), timeout=60) as answer:
            url, page = answer.geturl(), answer.read().decode()
        form = _Form(page)
        if form.method != "post":
            return
        if deny and form.fields.pop("confirm", ""):
            form.fields["abort"] = "yes"
        url, data = urljoin(url, form.action), urlencode(form.fields).encode()


if __name__ == "__main__":
    visit(sys.argv[1])
