"""What a person sees of a login at a terminal: the code, what it is for, and one line that counts down."""

from __future__ import annotations

import base64
import math
import textwrap
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TextIO

from sso_login.cli.output.colour import console, painted
from sso_login.cli.output.live import Live, window
from sso_login.cli.output.render import PHISHING, columns, printable
from sso_login.core.model import SIGNIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.text import Text

    from sso_login.core.granting import DeviceCode
    from sso_login.core.message import Waiting
    from sso_login.flows.select.session import Chosen

SOON: Final = 60.0  # seconds; with less left the time is told in yellow
QR_LOOKS: Final = "color(16) on color(231)"  # of the colour cube, which no theme changes
DONE, COUNTS, THEN = "\u2713", "\u25cf", "\u00b7"


@dataclass(frozen=True, slots=True)
class Count:
    """What is waited for, and until when (epoch seconds)."""

    step: Waiting
    expires_at: float


@dataclass
class LoginPanel:
    """Draws a login on a terminal; every line that is written meanwhile goes through `above`."""

    stream: TextIO
    now: Callable[[], float]
    live: Live | None = None
    count: Count | None = None
    told: set[str] = field(default_factory=set)
    height: int = 0

    def code(self, chosen: Chosen, code: DeviceCode) -> None:
        """Show the code and where to approve it, and what is being approved."""
        from rich import box
        from rich.panel import Panel
        from rich.text import Text

        url = code.url_complete or code.url
        short = [] if url.startswith(code.url) else [self._link(code.url)]
        shown = Text(printable(code.user_code), style="bold")
        self._show(
            *self._asked(chosen),
            Panel.fit(shown, box=box.ROUNDED, padding=(0, 3), border_style="cyan"),
            "",
            Text("Approve this code in a browser, on any device:"),
            self._link(url),
            *short,
            "",
            Text(PHISHING, style="yellow"),
            "",
        )

    def authorize(self, chosen: Chosen, url: str) -> None:
        """Show the address that a browser is sent to, and what is going to be approved there."""
        self._show(*self._asked(chosen), self._link(url), "")

    def qr(self, lines: Sequence[str]) -> None:
        """Show a QR code, its dark modules drawn: black on white, whatever the terminal's colours are."""
        from rich.text import Text

        self._show(*(Text(line, style=QR_LOOKS) for line in lines), "")

    def copy(self, text: str) -> None:
        """Ask the terminal to copy a text (OSC 52)."""
        self.above(f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\x07")

    def fits(self, lines: Sequence[str]) -> bool:
        """Tell whether a QR code has room below what is shown already, and the line that counts."""
        size = window(self.stream)
        return len(lines[0]) < size.columns and self.height + len(lines) + 3 < size.lines

    def waiting(self, step: Waiting, *, expires_in: float) -> None:
        """Count down; what the trouble is, where there is any, is said once."""
        self.count = Count(step, self.now() + expires_in)
        if self.live is None:
            self.live = Live(self.stream, self._counted)
            self.live.start()
        if step.trouble and step.trouble not in self.told:
            self.told.add(step.trouble)
            self.live.above(self._words(f"Network trouble: {printable(step.trouble)}."))

    def above(self, text: str) -> None:
        """Write whole lines, above what is drawn."""
        if self.live:
            self.live.above(text)
            return
        with suppress(OSError, ValueError):  # that nobody looks any more is no reason to fail
            self.stream.write(text)
            self.stream.flush()

    def end(self) -> None:
        """Draw no more."""
        if self.live:
            self.live.end()
            self.live = None

    def done(self, text: str) -> None:
        """Say that it is done."""
        self.above(self._words(text, mark=painted(DONE, "bold green")))

    def _words(self, text: str, *, mark: str = "") -> str:
        """Wrap a line, below a mark where there is one."""
        indent = "  " if mark else ""
        lines = textwrap.wrap(text, columns(self.stream) - len(indent), break_long_words=False, break_on_hyphens=False)
        marks = [f"{mark} " if mark else "", *[indent] * len(lines)]
        return "".join(f"{before}{line}\n" for before, line in zip(marks, lines, strict=False))

    def _asked(self, chosen: Chosen) -> Iterator[Text | str]:
        """Say what is being approved."""
        from rich.text import Text

        start, region, endpoint = chosen.instance.binding
        signin, app = chosen.instance.kind == SIGNIN, chosen.instance.application
        where = "Signing in to AWS as profile " if signin else "Logging in to "
        yield Text.assemble(where, (printable(chosen.name), "bold"))
        yield ""
        yield from self._fact("Service" if signin else "Issuer" if app else "Start URL", start)
        yield from self._fact("Client" if app else "Region", app.client_id if app else region)
        for name, value in (("For", " ".join([app.audience, *app.resources]).strip()),) if app else ():
            yield from self._fact(name, value) if value else ()
        if endpoint and endpoint != start:
            yield from self._fact("Endpoint", endpoint)
        yield from self._fact("Scopes", ", ".join(chosen.scopes) or "none")
        yield ""

    def _fact(self, name: str, value: str) -> Iterator[Text]:
        """Put a value beside its name, or below it where the window is too narrow to keep it whole."""
        from rich.text import Text

        safe = printable(value)
        if len(f"{name:<11}{safe}") < columns(self.stream):
            yield Text.assemble((f"{name:<11}", "dim"), safe)
        else:
            yield Text(name, style="dim")
            yield Text(safe)

    def _link(self, url: str) -> Text:
        from rich.style import Style
        from rich.text import Text

        safe = printable(url)
        return Text(safe, style=Style(bold=True, color="cyan", link=safe))

    def _show(self, *parts: object) -> None:
        """Print parts one below the other; words are wrapped, addresses left for the terminal to fold."""
        from rich.text import Text

        drawing = console(self.stream, width=columns(self.stream))
        with drawing.capture() as capture:
            for part in parts:
                whole = isinstance(part, Text) and " " not in part.plain
                drawing.print(part, soft_wrap=whole)
        text = capture.get()
        self.height += text.count("\n")
        self.above(text)

    def _counted(self, width: int) -> str:
        """Say what is waited for in less than `width` columns, as much of it as there is room for."""
        if self.count is None:
            return ""
        step, left = self.count.step, max(0.0, self.count.expires_at - self.now())
        looks, until = "yellow" if step.trouble else "cyan", f"{clock_face(left)} left"
        reason = printable(f"{step.reason[:1].upper()}{step.reason[1:]}")
        if step.trouble:
            reason = f"Network trouble, retrying in {max(0, math.ceil(step.until - self.now()))} s"
        for words in (reason, reason.partition(",")[0]):
            if len(f"{COUNTS} {words} {THEN} {until}") < width:
                time_left = painted(f"{THEN} {until}", "yellow" if left < SOON else "dim")
                return f"{painted(COUNTS, looks)} {words} {time_left}"
        return until[: max(0, width - 1)]


def clock_face(seconds: float) -> str:
    """Write a span as a clock would: `9:05`, `1:00:00`."""
    whole = math.ceil(seconds)
    minutes, hours = whole // 60 % 60, whole // 3600
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
