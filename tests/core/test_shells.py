"""The commands of hints, in the shell that is there."""

from __future__ import annotations

import pytest

from sso_login.core.shells import CMD, POWERSHELL, SH, fitting, quoted, shell_there

SYSTEM = r"C:\Program Files\WindowsPowerShell\Modules;C:\Windows\system32\WindowsPowerShell\v1.0\Modules"


@pytest.mark.parametrize(
    ("env", "shell"),
    [
        ({"PROMPT": "$P$G", "PSMODULEPATH": SYSTEM}, CMD),
        ({"PROMPT": "$P$G", "PSMODULEPATH": rf"C:\Users\me\Documents\PowerShell\Modules;{SYSTEM}"}, POWERSHELL),
        ({"PSMODULEPATH": SYSTEM}, POWERSHELL),
        ({}, POWERSHELL),
        ({"MSYSTEM": "MINGW64", "PROMPT": "$P$G"}, SH),
        ({"SHELL": "/usr/bin/bash"}, SH),
    ],
)
def test_the_shell_of_windows_is_told_by_its_traces(env: dict[str, str], shell: str) -> None:
    """Git Bash is a sh, what leaves no trace is PowerShell; elsewhere it is always sh."""
    assert shell_there(env, "win32") == shell
    assert shell_there(env, "linux") == SH
    assert shell_there(env, "darwin") == SH


@pytest.mark.parametrize(
    ("text", "powershell", "cmd"),
    [
        ("Log in with `sso-login device`.", "Log in with `sso-login device`.", "Log in with `sso-login device`."),
        ("`sso-login device 'a b'`", "`sso-login device 'a b'`", '`sso-login device "a b"`'),
        (
            "or: `SSO_LOGIN_STORE=file sso-login device --force`.",
            "or: `$Env:SSO_LOGIN_STORE = 'file'; sso-login device --force`.",
            'or: `set "SSO_LOGIN_STORE=file" && sso-login device --force`.',
        ),
        ("`unset AWS_PROFILE`", "`Remove-Item Env:AWS_PROFILE`", '`set "AWS_PROFILE="`'),
        ("`export SSO_LOGIN_STORE=file`", "`$Env:SSO_LOGIN_STORE = 'file'`", '`set "SSO_LOGIN_STORE=file"`'),
        (
            '`export HTTPS_PROXY="$https_proxy"`',
            "`$Env:HTTPS_PROXY = $Env:https_proxy`",
            '`set "HTTPS_PROXY=%https_proxy%"`',
        ),
        (
            r"`chmod 600 'C:\a b\x'`",
            "`icacls 'C:\\a b\\x' /inheritance:r /grant:r \"${Env:USERNAME}:F\"`",
            '`icacls "C:\\a b\\x" /inheritance:r /grant:r "%USERNAME%:F"`',
        ),
        (r"`chmod u+w 'C:\x'`", r"`attrib -R C:\x`", r"`attrib -R C:\x`"),
        (r"`rm 'C:\x y'`", r"`Remove-Item 'C:\x y'`", r'`del "C:\x y"`'),
        (r"`ls -ld 'C:\x'`", r"`Get-Acl C:\x`", r"`dir /q C:\x`"),
        ("`sudo timedatectl set-ntp true`", "`w32tm /resync`", "`w32tm /resync`"),
        ("`curl -v https://x.example/`", "`curl.exe -v https://x.example/`", "`curl.exe -v https://x.example/`"),
        ("no command at all", "no command at all", "no command at all"),
        ("`it's odd`", "`it's odd`", "`it's odd`"),
    ],
)
def test_a_hint_names_commands_that_exist_there(text: str, powershell: str, cmd: str) -> None:
    """The same step in each shell; what is no command of a hint stays as it is."""
    assert fitting(text, POWERSHELL) == powershell
    assert fitting(text, CMD) == cmd
    assert fitting(text, SH) == text


def test_a_key_is_made_by_what_windows_has() -> None:
    """There is no /dev/urandom."""
    made = fitting("`head -c 32 /dev/urandom`", POWERSHELL)
    assert "RandomNumberGenerator" in made
    assert fitting("`head -c 32 /dev/urandom`", CMD).startswith("`powershell -Command ")


@pytest.mark.parametrize(("word", "shell", "written"), [("a'b", POWERSHELL, "'a''b'"), ("a'b", SH, "'a'\"'\"'b'")])
def test_words_are_quoted_for_their_shell(word: str, shell: str, written: str) -> None:
    """A quote in a word does not end it."""
    assert quoted(word, shell) == written
