"""Picking one of many at a terminal: typing narrows, the arrows move, Enter takes, Esc leaves.

It is drawn on stderr, below the prompt, and goes away when it is done; the library is imported only then.
"""

from __future__ import annotations

import re
import signal
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from sso_login.adapters.system.signals import ENDING, Terminated
from sso_login.cli.output.colour import coloured
from sso_login.cli.output.render import printable
from sso_login.core.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prompt_toolkit.application import Application
    from prompt_toolkit.formatted_text import StyleAndTextTuples
    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.output import Output

    Started = Callable[[Callable[[Callable[[], None]], None]], None]

ROWS: Final = 10  # choices that are seen at a time
ESCAPE: Final = 0.05  # seconds after which an Esc is one, and not the begin of an arrow key
_CHOSEN: Final = "> "
_OTHER: Final = "  "
_GAP: Final = "  "


@dataclass(frozen=True, slots=True)
class Choice:
    """One of those to pick from: its cells, from left to right, and what is found by typing besides."""

    cells: tuple[str, ...]
    also: str = ""
    folded: str = field(init=False, default="", compare=False)

    def __post_init__(self) -> None:
        """Make the text in which is looked for what is typed."""
        object.__setattr__(self, "folded", " ".join([*self.cells, self.also]).casefold())


def narrowed(choices: Sequence[Choice], typed: str) -> list[int]:
    """Find the choices that have every word that is typed; the best first.

    A word that none of them has is looked for letter by letter. Gives their places. Those that are as good as each
    other stay in their order.
    """
    found = list(range(len(choices)))
    middles = [0] * len(choices)
    for word in typed.casefold().split():
        having = [at for at in found if word in choices[at].folded]
        if not having:
            letters = re.compile(".*?".join(map(re.escape, word)))
            found = [at for at in found if letters.search(choices[at].folded)]
            continue
        found = having
        begins = re.compile(rf"(?:^|[^a-z0-9]){re.escape(word)}")
        for at in found:
            middles[at] += begins.search(choices[at].folded) is None
    return sorted(found, key=middles.__getitem__)


class Picker:
    """The state of one question: the choices, what is typed, and which one Enter would take."""

    def __init__(self, title: str, choices: Sequence[Choice]) -> None:
        """Begin with all of them, at the first."""
        self.title = title
        self.typed = ""
        self.at = 0
        self.note = ""
        self.choices: list[Choice] = []
        self.shown: list[int] = []
        self._widths: list[int] = []
        self.replace(choices)

    @property
    def current(self) -> Choice | None:
        """The choice that Enter takes."""
        return self.choices[self.shown[self.at]] if self.shown else None

    def replace(self, choices: Sequence[Choice]) -> None:
        """Take other choices in their place; the one that is meant stays meant where it is still there."""
        meant = self.current
        self.choices = list(choices)
        columns = zip(*(choice.cells for choice in choices), strict=True)
        self._widths = [max(len(cell) for cell in column) for column in columns]
        self.shown = narrowed(self.choices, self.typed)
        self.at = next((at for at, place in enumerate(self.shown) if self.choices[place] == meant), 0)

    def type(self, text: str) -> None:
        """Look for another text."""
        self.typed = text
        self.shown = narrowed(self.choices, text)
        self.at = 0

    def move(self, steps: int, *, around: bool = False) -> None:
        """Go up or down; `around` goes from the last to the first."""
        last = len(self.shown) - 1
        to = self.at + steps
        if around and last >= 0:
            self.at = to % (last + 1)
        else:
            self.at = max(0, min(last, to))

    def lines(self, width: int, rows: int) -> list[str]:
        """Draw: the choices around the current one, and how many there are; nothing longer than `width`."""
        first = max(0, min(self.at - rows // 2, len(self.shown) - rows))
        seen = self.shown[first : first + rows]
        widths = self._fitted(width - len(_CHOSEN))
        drawn = [self._row(place, widths) for place in seen]
        marks = [_CHOSEN if first + at == self.at else _OTHER for at in range(len(seen))]
        count = f"{len(self.shown)} of {len(self.choices)}" if self.typed.strip() else f"{len(self.choices)}"
        foot = f"{_OTHER}{count}{self.note}{_GAP}Enter takes, Esc leaves"
        short = f"{_OTHER}{count}"
        return [*(mark + row for mark, row in zip(marks, drawn, strict=True)), foot if len(foot) < width else short]

    def _row(self, place: int, widths: Sequence[int]) -> str:
        cells = self.choices[place].cells
        return _GAP.join(_cut(cell, width) for cell, width in zip(cells, widths, strict=True) if width).rstrip()

    def _fitted(self, width: int) -> list[int]:
        """Share the columns out: where there is no room for all, the middle ones go first, then the widest give way."""
        widths = [*self._widths]

        def taken() -> int:
            return sum(widths) + len(_GAP) * (sum(map(bool, widths)) - 1)

        for at in range(1, len(widths) - 1):
            if taken() >= width:
                widths[at] = 0
        while taken() >= width and max(widths, default=0) > 1:
            widths[widths.index(max(widths))] -= 1
        return widths


def _cut(text: str, width: int) -> str:
    """Fit a text into its column; of a long one both ends are seen, since names often differ in their last word."""
    safe = printable(text)
    if len(safe) <= width:
        return f"{safe:<{width}}"
    tail = (width - 1) // 2
    return f"{safe[: width - 1 - tail]}~{safe[len(safe) - tail :]}"


def pick(picker: Picker, *, started: Started | None = None) -> Choice:
    """Let a human pick one; raise Interrupted where they leave.

    `started` is called once it is drawn, with what has a call made between two keys, from any thread.
    """
    from prompt_toolkit.input import create_input
    from prompt_toolkit.output import create_output

    screen = create_output(stdout=sys.stderr)
    # Asked where its cursor is, a terminal may answer after we have gone, and then to a shell.
    screen.enable_cpr = False  # type: ignore[attr-defined]
    return picked(picker, create_input(), screen, started=started)


def picked(picker: Picker, reader: Input, screen: Output, *, started: Started | None = None) -> Choice:
    """Do so at that terminal."""
    application = _application(picker, reader, screen)

    def begin() -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        for number in ENDING:
            with suppress(NotImplementedError, ValueError, RuntimeError):  # Windows; not the main thread
                loop.add_signal_handler(number, partial(_ended, application, number))

        def soon(call: Callable[[], None]) -> None:
            def act() -> None:
                call()
                application.invalidate()

            with suppress(RuntimeError):  # nobody picks any more
                loop.call_soon_threadsafe(act)

        if started:
            started(soon)

    application.pre_run_callables.append(begin)
    try:
        with _handlers_kept():
            found = application.run(handle_sigint=False)
    except EOFError:  # the terminal has gone
        found = None
    if found is None:
        raise Interrupted("nothing was picked")
    return found


def _ended(application: Application[Choice | None], number: int) -> None:
    """Let a signal end the picking, so that nothing of it is left on the screen."""
    if application.is_running and not application.is_done:
        application.exit(exception=Terminated(number))


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Put back which signals were handled how: a loop that ends leaves them to the system."""
    before = {number: signal.getsignal(number) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            with suppress(ValueError):  # not the main thread, where nothing was changed
                signal.signal(number, handler)


def _application(picker: Picker, reader: Input, screen: Output) -> Application[Choice | None]:
    from prompt_toolkit.application import Application
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.layout import BufferControl, FormattedTextControl, HSplit, Layout, VSplit, Window
    from prompt_toolkit.output import ColorDepth
    from prompt_toolkit.styles import Style

    buffer = Buffer(multiline=False, on_text_changed=lambda changed: picker.type(changed.text))

    def body() -> StyleAndTextTuples:
        size = screen.get_size()
        *rows, foot = picker.lines(size.columns, max(1, min(ROWS, size.rows - 3)))
        styled: StyleAndTextTuples = [("class:chosen" if row.startswith(_CHOSEN) else "", f"{row}\n") for row in rows]
        return [*styled, ("class:foot", foot)]

    asked = f"{picker.title} "
    title = Window(FormattedTextControl([("class:title", asked)]), width=len(asked), dont_extend_width=True)
    line = Window(BufferControl(buffer), height=1)
    whole = HSplit([VSplit([title, line], height=1), Window(FormattedTextControl(body), dont_extend_height=True)])
    made: Application[Choice | None] = Application(
        layout=Layout(whole, focused_element=line),
        key_bindings=_keys(picker),
        style=Style.from_dict({"title": "bold", "chosen": "bold", "foot": ""}),
        color_depth=None if coloured(sys.stderr) else ColorDepth.DEPTH_1_BIT,
        erase_when_done=True,
        input=reader,
        output=screen,
    )
    made.ttimeoutlen = made.timeoutlen = ESCAPE
    return made


def _keys(picker: Picker) -> KeyBindings:
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()

    def moves(names: Sequence[str], steps: int, *, around: bool) -> None:
        def moved(_event: KeyPressEvent) -> None:
            picker.move(steps, around=around)

        for name in names:
            keys.add(name)(moved)

    def taken(event: KeyPressEvent) -> None:
        if picker.current is not None:
            event.app.exit(result=picker.current)

    def left(event: KeyPressEvent) -> None:
        event.app.exit(result=None)

    moves(("up", "c-p", "s-tab"), -1, around=True)
    moves(("down", "c-n", "tab"), 1, around=True)
    moves(("pageup",), -ROWS, around=False)
    moves(("pagedown",), ROWS, around=False)
    keys.add("enter")(taken)
    for name in ("escape", "c-c", "c-d", "c-g"):
        keys.add(name)(left)
    return keys
