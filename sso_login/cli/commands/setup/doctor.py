"""`sso-login doctor`: looks at everything a login needs, changes nothing, and says what mends what is wrong."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Final, TextIO

import click

from sso_login.cli.options import Command, json_flag
from sso_login.cli.output import colour
from sso_login.cli.output.render import out, printable
from sso_login.doctor.finding import FAIL, OK, WARN, Finding

if TYPE_CHECKING:
    from sso_login.cli.context import Context

_COLUMN: Final = 11  # the longest name of a check
_WIDE: Final = 60  # columns; on a narrower terminal there are sentences
_NARROW: Final = 2  # columns that those are indented by
_ENDLESS: Final = 1 << 20
_COLOURS: Final = {OK: "green", WARN: "yellow", FAIL: "red"}


@click.command(cls=Command, epilog="sso-login doctor\nsso-login doctor --json | jq '.[] | select(.status != \"ok\")'")
@json_flag
@click.pass_obj
def doctor(context: Context) -> int:
    """Check config, sessions, clock, keyring, D-Bus, files, locks, proxies and endpoints.

    Each finding is ok, warn or fail, with the command that fixes it. Nothing is changed, unlocked or asked for; the
    endpoints are reached by requests without a token. Exit code 0 if nothing failed, else 1.
    """
    from sso_login.doctor.examine import Examination

    found: list[Finding] = []
    for looked in Examination(context.world(), human=context.human).groups():
        group = [finding._replace(remedy=context.render.fitting(finding.remedy)) for finding in looked]
        found += group
        if not context.render.as_json:
            out("".join(_shown(finding) for finding in group))
    if context.render.as_json:
        context.render.fact([finding._asdict() for finding in found])
    else:
        out(_summary(found))
    return 1 if any(finding.status == FAIL for finding in found) else 0


def _shown(finding: Finding) -> str:
    """Write a finding, and below it what mends it: in columns, or in sentences where the terminal is narrow."""
    width, painted = _width(), colour.painted
    on, looks = colour.coloured(sys.stdout), _COLOURS[finding.status]
    narrow = width < _WIDE
    word = finding.status if narrow else f"{finding.status:<4}"
    head = f"{word} {finding.check}: " if narrow else f"{word}  {finding.check:<{_COLUMN}}  "
    indent = " " * (_NARROW if narrow else len(head))
    lines = _broken(head + printable(finding.message), width, indent=indent)
    remedy = f"{indent}-> {printable(finding.remedy)}"
    lines += _broken(remedy, width, indent=f"{indent}   ") if finding.remedy else []
    lines[0] = painted(finding.status, looks, on=on) + lines[0][len(finding.status) :]
    return "".join(f"{line}\n" for line in lines)


def _width() -> int:
    """Give the columns of the terminal that stdout is; into a pipe no line is broken."""
    import shutil

    stream: TextIO | None = sys.stdout
    return shutil.get_terminal_size().columns if stream is not None and stream.isatty() else _ENDLESS


def _broken(line: str, width: int, *, indent: str) -> list[str]:
    import textwrap

    if len(line) <= width:
        return [line]
    return textwrap.wrap(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )


def _summary(found: list[Finding]) -> str:
    count = Counter(finding.status for finding in found)
    warnings = f"{count[WARN]} warning{'' if count[WARN] == 1 else 's'}"
    return f"{count[OK]} ok, {warnings}, {count[FAIL]} failed\n"
