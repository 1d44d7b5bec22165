"""The shell that reads our lines: which one is there, and the commands of hints as it takes them.

Hints are written for sh; on Windows each command in them becomes one that exists in the shell that is there.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SH: Final = "sh"
POWERSHELL: Final = "powershell"
CMD: Final = "cmd"

_COMMAND: Final = re.compile(r"`([^`]+)`")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:\\=+,~-]+")
_ASSIGNED: Final = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_SYSTEM_MODULES: Final = 2  # folders of modules that Windows itself lists, outside PowerShell


def shell_there(env: Mapping[str, str], platform: str) -> str:
    """Tell which shell most probably started us: `sh`, `powershell` or `cmd`.

    Windows does not say. Git Bash and its like set SHELL or MSYSTEM, PowerShell adds folders of the user's own to
    PSModulePath, and cmd.exe sets PROMPT.
    """
    if platform != "win32" or env.get("MSYSTEM") or env.get("SHELL"):
        return SH
    modules = [folder for folder in env.get("PSMODULEPATH", "").split(";") if folder]
    return CMD if env.get("PROMPT") and len(modules) <= _SYSTEM_MODULES else POWERSHELL


def fitting(text: str, shell: str) -> str:
    """Let every command between backticks be one of that shell's; other text stays as it is."""
    return text if shell == SH else _COMMAND.sub(lambda found: f"`{_translated(found[1], shell)}`", text)


def _translated(command: str, shell: str) -> str:
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    for pattern, write in _RULES:
        found = re.fullmatch(pattern, command)
        if found:
            return write(words, shell)
    if any(word == "sso-login" for word in words):
        return _ours(words, shell)
    return command


def _ours(words: list[str], shell: str) -> str:
    at = words.index("sso-login")
    sets = [_set(found[1], found[2], shell) for word in words[:at] if (found := _ASSIGNED.fullmatch(word))]
    line = " ".join([words[at], *(quoted(word, shell) for word in words[at + 1 :])])
    return (" && " if shell == CMD else "; ").join([*sets, line])


def quoted(word: str, shell: str) -> str:
    """Quote a word for that shell, where it needs it."""
    if shell == SH:
        return shlex.quote(word)
    if _PLAIN.fullmatch(word):
        return word
    return f'"{word}"' if shell == CMD else "'" + word.replace("'", "''") + "'"


def _set(name: str, value: str, shell: str) -> str:
    return f'set "{name}={value}"' if shell == CMD else f"$Env:{name} = '{value}'"


def _unset(words: list[str], shell: str) -> str:
    return f'set "{words[1]}="' if shell == CMD else f"Remove-Item Env:{words[1]}"


def _export(words: list[str], shell: str) -> str:
    name, _, value = words[1].partition("=")
    if value.startswith("$"):
        value = value[1:]
        return f'set "{name}=%{value}%"' if shell == CMD else f"$Env:{name} = $Env:{value}"
    return _set(name, value, shell)


def _narrow(words: list[str], shell: str) -> str:
    rights = "(OI)(CI)F" if words[-2] in {"700", "go-w", "u+rwx"} else "F"  # a folder's are for what it holds, too
    me = f'"%USERNAME%:{rights}"' if shell == CMD else f'"${{Env:USERNAME}}:{rights}"'
    return f"icacls {quoted(words[-1], shell)} /inheritance:r /grant:r {me}"


def _writable(words: list[str], shell: str) -> str:
    return f"attrib -R {quoted(words[-1], shell)}"


def _remove(words: list[str], shell: str) -> str:
    return f"{'del' if shell == CMD else 'Remove-Item'} {quoted(words[-1], shell)}"


def _look(words: list[str], shell: str) -> str:
    return f"{'dir /q' if shell == CMD else 'Get-Acl'} {quoted(words[-1], shell)}"


def _random(_words: list[str], shell: str) -> str:
    made = "$b = [byte[]]::new(32); [Security.Cryptography.RandomNumberGenerator]::Create().GetBytes($b)"
    script = f'{made}; [IO.File]::WriteAllBytes("$HOME\\sso-login.key", $b)'
    return f"powershell -Command {script.replace(chr(34), chr(39))}" if shell == CMD else script


def _clock(_words: list[str], _shell: str) -> str:
    return "w32tm /resync"


def _where(words: list[str], shell: str) -> str:
    return " ".join(["curl.exe", *(quoted(word, shell) for word in words[1:])])


_RULES: Final[tuple[tuple[str, Callable[[list[str], str], str]], ...]] = (
    (r"unset \w+", _unset),
    (r"export \w+=\S+", _export),
    (r"(sudo )?chmod u\+w .+", _writable),
    (r"(sudo )?chmod \S+ .+", _narrow),
    (r"rm .+", _remove),
    (r"ls -ld .+", _look),
    (r"head -c 32 /dev/urandom", _random),
    (r"sudo timedatectl .+", _clock),
    (r"curl .+", _where),
)
