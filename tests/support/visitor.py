"""A browser without a window, as a program to name in BROWSER: `visitor.py HOW URL`.

HOW is `follow` (open the address and go wherever it leads) or a query to go straight back with, `{state}` filled in;
several, separated by blanks, are tried one after the other. It waits for each page and shows nothing.
"""

from __future__ import annotations

import http.client
import shlex
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


def as_browser(how: str = "follow", *, note: Path | None = None) -> str:
    """Give a value for BROWSER; the address that is opened is written to `note`."""
    return shlex.join([sys.executable, str(Path(__file__)), str(note or ""), how, "%s"])


def opened(url: str) -> tuple[int, str, str]:
    """Open one address without following it: status, where it leads to, text."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Location", ""), answer.read().decode()
    finally:
        connection.close()


def _visit(how: str, url: str) -> None:
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    if how == "follow":
        while url:
            url = opened(url)[1]
        return
    for query in how.split():
        opened(f"{asked['redirect_uri']}?{query.format(state=asked['state'])}")


if __name__ == "__main__":
    if sys.argv[1]:
        Path(sys.argv[1]).write_text(sys.argv[3], encoding="ascii")
    _visit(sys.argv[2], sys.argv[3])
