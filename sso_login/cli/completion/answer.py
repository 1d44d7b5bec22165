"""`sso-login __complete SHELL ...`: what the completion scripts ask; it answers in text or not at all."""

from __future__ import annotations

import sys
from binascii import a2b_base64, b2a_base64
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

import click
from click.shell_completion import CompletionItem, ShellComplete

from sso_login.cli.completion.quoting import Typed, powershell, typed
from sso_login.cli.output.render import out

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sso_login.cli.context import Context

    Items = list[CompletionItem[str]]  # click before 8.3 knows the brackets in its types alone

_VALUES: Final = "values"
_LONGEST: Final = 100  # characters of a description


class _Asked(Protocol):
    """A question of one shell: the words that are typed, and how that shell is answered."""

    @property
    def words(self) -> list[str]:
        """The whole words behind the program's name."""

    @property
    def word(self) -> str:
        """The one that is being typed."""

    def answer(self, kind: str, items: Items) -> str:
        """Write the answer."""


def complete(argv: Sequence[str], group: click.Group, context: Context) -> int:
    """Answer a completion script; whatever is wrong, completing is no time to say so."""
    context.render.quiet = True
    with suppress(Exception):
        asked = _SHELLS[argv[0]](list(argv[1:]))
        kind, items = _found(asked, group, context)
        if items:
            out(asked.answer(kind, items) + "\n")
    return 0


def _found(asked: _Asked, group: click.Group, context: Context) -> tuple[str, Items]:
    if "--" in asked.words and _takes_command(group, asked.words):
        return "command", [CompletionItem("")]
    given, word = "", asked.word
    if word.startswith("--") and "=" in word:
        given = word[: word.index("=") + 1]  # click answers with what belongs behind it
    found = ShellComplete(group, {"obj": context}, "sso-login", "").get_completions(asked.words, word)
    kind = next((item.type for item in found if item.type in {"files", "command"}), _VALUES)
    return kind, [CompletionItem(given + item.value, help=item.help) for item in found if _fit(item.value)]


def _takes_command(group: click.Group, words: list[str]) -> bool:
    name = next((word for word in words if not word.startswith("-")), "")
    found = group.get_command(click.Context(group), name)
    return found is not None and any(
        isinstance(param, click.Argument) and param.type is click.UNPROCESSED for param in found.params
    )


def _fit(value: str) -> bool:
    """Tell whether a value stands on one line and can be written at all: control characters complete nothing."""
    try:
        value.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return value.isprintable()


def _described(item: CompletionItem[str]) -> str:
    said = "".join(char for char in " ".join((item.help or "").split()) if char.isprintable())
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 3]}..."


class _Bash:
    """bash gives the line up to the cursor and what it is going to replace, both as they were typed."""

    def __init__(self, given: list[str]) -> None:
        line, replaced = given
        found = typed(line, replaced)
        if found is None:
            raise ValueError(line)
        self._typed: Typed = found
        self.words, self.word = found.words[1:], found.word

    def answer(self, kind: str, items: Items) -> str:
        """Write each value as bash would have it typed."""
        written = (self._typed.written(item.value) for item in items if kind == _VALUES)
        return "\n".join([kind, *(text for text in written if text)])


class _Words:
    """fish and zsh give plain words, and quote what comes back themselves."""

    def __init__(self, given: list[str]) -> None:
        *self.words, self.word = given

    def answer(self, kind: str, items: Items) -> str:
        """Write each value with its description behind a tab."""
        lines = [item.value + (f"\t{self.told(item, items)}" if item.help else "") for item in items]
        return "\n".join([kind, *(lines if kind == _VALUES else [])])

    def told(self, item: CompletionItem[str], items: Items) -> str:
        """Write the description."""
        del items
        return _described(item)


class _Zsh(_Words):
    def told(self, item: CompletionItem[str], items: Items) -> str:
        """Write the whole line to show: zsh does not put value and description side by side."""
        width = max(len(each.value) for each in items)
        return f"{item.value:<{width}}  -- {_described(item)}"


class _PowerShell(_Words):
    def __init__(self, given: list[str]) -> None:
        super().__init__(a2b_base64(given[0]).decode().split("\n"))

    def answer(self, kind: str, items: Items) -> str:
        """Write what to type, to list and to tell, in base64."""
        lines = [f"{powershell(item.value)}\t{item.value}\t{_described(item) or item.value}" for item in items]
        return b2a_base64("\n".join([kind, *lines]).encode(), newline=False).decode()


_SHELLS: Final[dict[str, Callable[[list[str]], _Asked]]] = {
    "bash": _Bash,
    "zsh": _Zsh,
    "fish": _Words,
    "powershell": _PowerShell,
}
