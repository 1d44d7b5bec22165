"""The picture of a login in README: recorded at a real terminal (tmux) against the emulator.

`python -m tests.docs.picture > docs/picture/login.svg` records it anew; it needs nothing but tmux and what tests need.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from xml.etree import ElementTree as ET

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import running
from tests.support.shell import environment
from tests.support.terminal.tmux import window

PICTURE: Final = Path(__file__).parents[2] / "docs" / "picture" / "login.svg"
COMMANDS: Final = (("device",), ("status",))
COLUMNS: Final = 88
CHANGES: Final = {
    r"\s+": " ",  # a port may have four digits or five; spaces are drawn as ones that do not break
    r"[A-Z]{4}-[A-Z]{4}": "XXXX-XXXX",  # the code
    r"127\.0\.0\.1:\d+": "127.0.0.1:PORT",
    r"\d+ (min|s|h|d)\b": r"N \1",
}
# Dark, and readable on a page of either colour; all but the first two are ANSI's sixteen in their order.
_COLOURS: Final = """1c2128 d8dee6
1c2128 f47067 57ab5a c69026 539bf5 b083f0 39c5cf c9d1d9
768390 ff938a 6bc46d daaa3f 6cb6ff dcbdfb 56d4dd ffffff"""
# As rich's own frame, but for fonts: a page that shows a picture lets it fetch none.
_FRAME: Final = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img" \
aria-label="A login with sso-login device at a terminal, then sso-login status">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width;
}}
.{unique_id}-title {{ font-size: 18px; font-family: system-ui, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def recorded() -> Iterator[str]:
    """Run the commands in a home of their own, and give the lines that stand there in the end, with their colours."""
    with TemporaryDirectory(prefix="sso-login-picture-") as folder, running(Settings(interval=1, approve=True)) as made:
        home = Path(folder)
        env = {**environment(home, made), "BROWSER": "true"}  # one that opens, and shows nothing
        for words in COMMANDS:
            yield from ["", f"\x1b[32m$\x1b[0m \x1b[1msso-login {' '.join(words)}\x1b[0m"]
            with window(home, *words, env=env, columns=COLUMNS) as screen:
                if screen.code():
                    raise RuntimeError("\n".join(screen.lines()))
                yield from screen.lines("-e")


def drawn(lines: list[str]) -> str:
    """Draw a terminal that shows those lines, as SVG."""
    rows = [
        [tuple(bytes.fromhex(colour)) for colour in row.split()]  # red, green, blue
        for row in _COLOURS.splitlines()
    ]
    (back, front), normal, bright = rows
    theme = TerminalTheme(_rgb(back), _rgb(front), [_rgb(each) for each in normal], [_rgb(each) for each in bright])
    console = Console(record=True, file=io.StringIO(), width=COLUMNS, force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi("\n".join(lines)), soft_wrap=True)
    svg = console.export_svg(title="sso-login", theme=theme, code_format=_FRAME, unique_id="sso-login")
    return "".join(f"{line.rstrip()}\n" for line in svg.splitlines() if line.strip())


def _rgb(colour: tuple[int, ...]) -> tuple[int, int, int]:
    red, green, blue = colour
    return red, green, blue


def told(svg: str) -> list[str]:
    """Read the lines of a picture, without what differs from one recording to the next."""
    rows: dict[float, str] = {}
    for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        if "clip-path" in text.attrib:
            row = float(text.attrib["y"])
            rows[row] = f"{rows.get(row, '')} {text.text or ''}"
    return [_unchanging(rows[row]).strip() for row in sorted(rows)]


def _unchanging(line: str) -> str:
    for changes, stands in CHANGES.items():
        line = re.sub(changes, stands, line)
    return line


if __name__ == "__main__":
    sys.stdout.write(drawn(list(recorded())))
