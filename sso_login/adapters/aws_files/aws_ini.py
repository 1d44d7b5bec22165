"""Edits the text of an AWS config or credentials file and leaves every byte alone that is not asked for.

Trouble in a section that is not edited is nobody's business
here: some SDKs take files that others refuse.
"""

from __future__ import annotations

import codecs
import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sso_login.adapters.aws_files.aws_lines import BROKEN, DEFAULTS, MORE, SECTION, STRAY, Lexer, meaning, value_at
from sso_login.core.errors import ConfigError, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_LINE: Final = re.compile(r"(?!\Z)([^\r\n]*)(\r\n|\n|\r|\Z)")
_KEY: Final = re.compile(r"[a-z0-9_.-]+")
_WORD: Final = re.compile(r"""[^\s'"\\]+""")


@dataclass(frozen=True, slots=True)
class Change:
    """Keys to set in a section and keys to remove from it, or the whole section to take away (`gone`).

    `section` is the title inside the brackets: `profile dev`, `default`, `sso-session corp`; in the credentials file
    plain `dev`. A section of another spelling that means the same (`profile "dev"`) is the one that is edited.
    """

    section: str
    set: Mapping[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    gone: bool = False

    def __post_init__(self) -> None:
        """Refuse what would not be read back as it was given (UsageProblem, which shows no value)."""
        if not self.section.replace("\t", " ").isprintable() or not self.section.strip() or self.section == DEFAULTS:
            raise UsageProblem(f"{self.section[:100]!r} cannot be a section's title", hint="Give it a plain name.")
        for key in (*self.set, *self.remove):
            if not _KEY.fullmatch(key):
                message = f"{key[:100]!r} cannot be a key of an AWS file"
                raise UsageProblem(message, hint="Keys are lower-case letters, digits, dashes and underscores.")
        for key, value in self.set.items():
            if not value.isprintable() or value != value.strip():
                message = f"the value for {key} in [{self.section}] has line breaks, odd characters or outer blanks"
                raise UsageProblem(message, hint="Give a value of one line.")


@dataclass(slots=True)
class _Line:
    number: int  # 0 for a new one
    text: str
    end: str
    key: str = ""  # of `key = value`, in lower case
    goes_on: bool = False  # belongs to the value above
    broken: bool = False  # neither a key nor anything else

    @property
    def margin(self) -> str:
        return self.text[: len(self.text) - len(self.text.lstrip())]

    @property
    def value_at(self) -> int:
        return value_at(self.text)


@dataclass(slots=True)
class _Section:
    title: str  # "" for what stands before any section
    head: _Line | None
    lines: list[_Line] = field(default_factory=list)


def title_of(kind: str, name: str) -> str:
    """Write the title of the section of that kind (`profile`, `sso-session`) and name, as the config file has it."""
    if kind == "profile" and name == "default":
        return name
    return f"{kind} {name if _WORD.fullmatch(name) else shlex.quote(name)}"


def edited(data: bytes, changes: Sequence[Change], *, path: str) -> bytes:
    """Give the file's new content, the same object where nothing changes; `path` is for errors alone.

    Raises ConfigError where a section to be edited is there twice, one of its keys is, a line of it is neither key nor
    value, or the file is not UTF-8.
    """
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    text = _decoded(data.removeprefix(mark), path)
    document = _Document(text, path)
    changed = [document.apply(change) for change in changes]
    return mark + document.text().encode() if any(changed) else data


def keys_of(data: bytes, kind: str, *, values: Sequence[str], path: str) -> dict[str, dict[str, str]]:
    """Give the keys of every section of that kind (`profile`, `sso-session`) by its name.

    An empty kind is for the credentials file, where a title is a profile's name. Only `values` have theirs, others are
    empty: they may be secrets, and are known to be there. Of a name that is there twice, the last counts. Raises
    ConfigError where the file is not UTF-8.
    """
    text = _decoded(data.removeprefix(codecs.BOM_UTF8), path)
    found = ((_name(section.title, kind), section.lines) for section in _sections(text))
    return {
        name: {line.key: line.text[line.value_at :].strip() if line.key in values else "" for line in lines if line.key}
        for name, lines in found
        if name
    }


def without(data: bytes, kind: str, name: str, *, keys: Sequence[str], path: str) -> bytes:
    """Give the content without these keys of the profile of that name, wherever it has them from.

    `kind` is as `keys_of` has it. The same object comes back where nothing has to go. Raises ConfigError where the file
    is not UTF-8.
    """
    sections = list(_sections(_decoded(data.removeprefix(codecs.BOM_UTF8), path)))
    dropped = False
    for section in sections:
        if _name(section.title, kind) == name or section.title == DEFAULTS:
            for at in reversed([at for at, line in enumerate(section.lines) if line.key in keys]):
                _drop(section.lines, [at, *_more(section.lines, at)])
                dropped = True
    lines = [line for each in sections for line in ([each.head] if each.head else []) + each.lines]
    return "".join(line.text + line.end for line in lines).encode() if dropped else data


def nested_without_equals(text: str) -> int | None:
    """Find the first line below a `key =` without a value that is no `key = value` itself; None where there is none."""
    for section in _sections(text):
        nested = False
        for line in section.lines:
            if line.key:
                nested = not line.text[line.value_at :].strip()
            elif line.goes_on and nested and "=" not in line.text:
                return line.number
    return None


def _name(title: str, kind: str) -> str | None:
    if not kind:
        return title
    meaning = _meaning(title)
    return meaning[1] if len(meaning) == 2 and meaning[0] == kind else None


def _decoded(data: bytes, path: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    # Raised here, not above: the decoder's error would carry the file's whole content along.
    raise _at_line(path, line, "not UTF-8 text", hint="Save the file as UTF-8.")


def _at_line(path: str, line: int, what: str, *, hint: str) -> ConfigError:
    return ConfigError(f"{path}, line {line}: {what}", hint=hint)


class _Document:
    """The sections of a file, line by line; what is put together again is what was read."""

    def __init__(self, text: str, path: str) -> None:
        self._path = path
        self._sections = list(_sections(text))
        end = _LINE.match(text)
        self._end = (end[2] if end else "") or "\n"
        self._known: dict[tuple[str, ...], list[_Section]] = {}
        for section in self._sections:
            self._known.setdefault(_meaning(section.title), []).append(section)

    def text(self) -> str:
        lines = [line for each in self._sections for line in ([each.head] if each.head else []) + each.lines]
        for line in lines[:-1]:
            line.end = line.end or self._end  # what was the last line without an end may not be the last any more
        return "".join(line.text + line.end for line in lines)

    def apply(self, change: Change) -> bool:
        section = self._found(change.section)
        if section is None:
            return bool(change.set) and self._append(change)
        if change.gone:
            return self._take_away(section)
        removed = [self._remove(section, key) for key in change.remove if key not in change.set]
        return any([*removed, *[self._set(section, key, value) for key, value in change.set.items()]])

    def _found(self, title: str) -> _Section | None:
        same = self._known.get(_meaning(title), [])
        if len(same) > 1 and same[1].head:
            hint = "Join the two sections, then try again."
            raise _at_line(self._path, same[1].head.number, f"[{title}] is there already", hint=hint)
        broken = next((line for line in (same[0].lines if same else ()) if line.broken), None)
        if broken:
            what, hint = "neither a section nor `key = value`", "Fix or remove that line, then try again."
            raise _at_line(self._path, broken.number, what, hint=hint)
        return same[0] if same else None

    def _take_away(self, section: _Section) -> bool:
        """Take a section away; comments below its last key stay: they may be about the next one."""
        at = self._sections.index(section)
        last = max((place for place, line in enumerate(section.lines) if line.key or line.goes_on), default=-1)
        rest = section.lines[last + 1 :]
        before = self._sections[at - 1]
        ends = before.lines[-1] if before.lines else before.head
        while rest and not rest[0].text.strip() and (ends is None or not ends.text.strip()):
            del rest[0]
        before.lines += rest
        del self._sections[at]
        del self._known[_meaning(section.title)]
        return True

    def _append(self, change: Change) -> bool:
        last = self._sections[-1]
        final = last.lines[-1] if last.lines else last.head
        if final and final.text.strip():
            last.lines.append(_Line(0, "", self._end))
        new = _Section(change.section, _Line(0, f"[{change.section}]", self._end))
        new.lines = [self._line("", key, value) for key, value in change.set.items()]
        self._sections.append(new)
        self._known[_meaning(change.section)] = [new]
        return True

    def _line(self, margin: str, key: str, value: str) -> _Line:
        return _Line(0, f"{margin}{key} = {value}".rstrip(), self._end, key=key)

    def _set(self, section: _Section, key: str, value: str) -> bool:
        at = self._place(section, key)
        if at is None:
            self._insert(section, key, value)
            return True
        line = section.lines[at]
        start = line.value_at
        more = _more(section.lines, at)
        if line.text[start:].strip() == value and not more:
            return False
        rest = line.text[start:]
        gap = rest[: len(rest) - len(rest.lstrip())] if rest.strip() else ""
        blank = " " if not gap and not rest.strip() and line.text[: start - 1].endswith(" ") else ""
        line.text = f"{line.text[:start]}{gap or blank}{value}".rstrip()
        _drop(section.lines, more)
        return True

    def _remove(self, section: _Section, key: str) -> bool:
        at = self._place(section, key)
        if at is None:
            return False
        _drop(section.lines, [at, *_more(section.lines, at)])
        return True

    def _place(self, section: _Section, key: str) -> int | None:
        found = [at for at, line in enumerate(section.lines) if line.key == key]
        if len(found) > 1:
            what, hint = f"{key} is in its section already", "Remove one of the two lines, then try again."
            raise _at_line(self._path, section.lines[found[1]].number, what, hint=hint)
        return found[0] if found else None

    def _insert(self, section: _Section, key: str, value: str) -> None:
        """Put a new key behind the last one, as far indented: any further and it would go on with that one's value."""
        last = max((at for at, line in enumerate(section.lines) if line.key or line.goes_on), default=-1)
        margin = next((line.margin for line in reversed(section.lines) if line.key), None)
        if margin is None:  # the next section's head must not be further indented than the key before it
            following = self._sections[self._sections.index(section) + 1 :]
            margin = following[0].head.margin if following and following[0].head else ""
        section.lines.insert(last + 1, self._line(margin, key, value))


def _sections(text: str) -> Iterator[_Section]:
    section, lexer = _Section("", None), Lexer()
    for number, found in enumerate(_LINE.finditer(text), 1):
        line = _Line(number, found[1], found[2])
        kind, name = lexer.take(line.text)
        if kind == SECTION:
            yield section
            section = _Section(name, line)
            continue
        line.key = name
        line.goes_on = kind == MORE
        line.broken = kind in {BROKEN, STRAY}
        section.lines.append(line)
    yield section


def _more(lines: Sequence[_Line], at: int) -> list[int]:
    """Find the lines that go on with the value of the key in line `at`; comments between them do not belong to it."""
    following = range(at + 1, len(lines))
    end = next((index for index in following if lines[index].key), len(lines))
    return [index for index in range(at + 1, end) if lines[index].goes_on]


def _drop(lines: list[_Line], indices: Sequence[int]) -> None:
    for index in reversed(indices):
        del lines[index]


def _meaning(title: str) -> tuple[str, ...]:
    """Give what two titles have in common that name the same thing: `profile dev` and `profile "dev"`."""
    return meaning(title) or (title,)
