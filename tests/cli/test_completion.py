"""`completion` and what its scripts ask: every command, option, choice and name, without network or keyring."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_login.cli.app import COMMANDS, group
from sso_login.cli.completion.candidates import command, files
from sso_login.cli.completion.quoting import powershell, typed, unquoted
from sso_login.cli.completion.scripts import FILES, script
from tests.support.shell import Shell, clean, process

COMMITTED = Path(__file__).parents[2] / "completions"
CONFIG = """
[sso-session other]
sso_start_url = https://other.awsapps.com/start
sso_region = us-east-1
[profile dev]
sso_session = my-sso
sso_account_id = 111122223333
sso_role_name = Admin
[profile dev-too]
sso_session = my-sso
sso_account_id = 111122223333
sso_role_name = ReadOnly
[profile prod]
sso_session = my-sso
sso_account_id = 999988887777
sso_role_name = Audit
[profile legacy]
sso_start_url = https://old.awsapps.com/start
sso_region = us-east-1
[profile process]
credential_process = /bin/true
[profile keys]
region = us-east-1
"""
SLOW = {"requests", "urllib3", "rich", "keyring", "secretstorage", "cryptography", "filelock", "segno", "http.client"}
GUARD = (
    "import sys, os; sys.argv[1:] = ['__complete', 'fish', *sys.argv[1:]]; from sso_login import __main__ as m; "
    "m._end = lambda code: sys.stderr.write(' '.join(sys.modules)); m.main()"
)
ANYTHING = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], include_characters=" "), min_size=1)


@pytest.fixture
def known(sh: Shell) -> Shell:
    """Give a shell whose config names a few sessions and profiles."""
    with sh.config.open("a") as config:
        config.write(CONFIG)
    return sh


def asked(sh: Shell, *words: str) -> list[str]:
    """Ask as fish does and give the values, or the kind where it is none."""
    ran = sh("__complete", "fish", *words)
    assert (ran.code, ran.err) == (0, "")
    kind, *lines = ran.out.splitlines() or [""]
    return [line.partition("\t")[0] for line in lines] if kind == "values" else [kind] if kind else []


def commands(
    root: click.Command = group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Walk over all commands with the words that lead there."""
    yield path, root
    if isinstance(root, click.Group):
        ctx = click.Context(root, help_option_names=["-h", "--help"])
        for name in root.list_commands(ctx):
            found = root.get_command(ctx, name)
            assert found is not None
            yield from commands(found, (*path, name))


PATHS = list(commands())


@pytest.mark.parametrize("shell", list(FILES))
def test_the_committed_scripts_are_those_that_are_printed(sh: Shell, shell: str) -> None:
    """completions/ has them byte for byte; `sso-login completion SHELL > completions/FILE` brings them up to date."""
    assert sh("completion", shell).out == (COMMITTED / FILES[shell]).read_text(encoding="utf-8")
    assert sorted(path.name for path in COMMITTED.iterdir()) == sorted(FILES.values())


@pytest.mark.parametrize("shell", list(FILES))
def test_no_script_evaluates_what_it_is_told(shell: str) -> None:
    """An answer is text: no `eval`, and in PowerShell nothing that runs a string but in the comments."""
    code = "\n".join(line for line in script(shell).splitlines() if not line.startswith("#"))
    assert not any(word in code for word in ("eval ", "eval\t", "Invoke-Expression", "iex ", "source "))


@pytest.mark.parametrize(("path", "command"), PATHS, ids=lambda each: " ".join(each) if isinstance(each, tuple) else "")
def test_every_option_completes(sh: Shell, path: tuple[str, ...], command: click.Command) -> None:
    """Long and short, of every command and subcommand; an option that can be given once is not offered again."""
    params = command.get_params(click.Context(command, help_option_names=["-h", "--help"]))
    names = {name for each in params if isinstance(each, click.Option) for name in (*each.opts, *each.secondary_opts)}
    assert set(asked(sh, *path, "-")) == names
    assert "--no-input" not in asked(sh, *path, "--no-input", "-")


def test_every_command_completes(sh: Shell) -> None:
    """Those of the table, and those of `configure`; a part of a name gives those that begin so."""
    assert asked(sh, "") == list(COMMANDS)
    assert asked(sh, "-v", "") == list(COMMANDS)
    assert asked(sh, "configure", "") == ["issuer", "profiles", "session"]
    assert asked(sh, "co") == ["console", "configure", "completion"]


def test_every_choice_completes(sh: Shell) -> None:
    """Of every option and argument that has choices, behind a blank or an equals sign."""
    seen = 0
    for path, found in PATHS:
        for param in found.params:
            if isinstance(param.type, click.Choice):
                seen += 1
                words = list(param.type.choices)
                if isinstance(param, click.Option):
                    assert asked(sh, *path, param.opts[0], "") == words
                    assert asked(sh, *path, f"{param.opts[0]}=") == [f"{param.opts[0]}={word}" for word in words]
                else:
                    assert asked(sh, *path, "") == words
    assert seen >= 3


def test_every_name_that_is_asked_for_completes() -> None:
    """Whatever is called SESSION or PROFILE, is an account or a role to pick, or a program, has something to offer."""
    wanted = {"session", "sessions", "profile", "account", "accounts", "ids", "role", "roles", "program", "command"}
    params = [(path, param) for path, found in PATHS for param in found.params]
    bare = [
        (path, param.name)
        for path, param in params
        if param.name in wanted and param._custom_shell_complete is None
        and path != ("emulator",)
    ]  # fmt: skip
    assert bare == []


def test_sessions_complete(known: Shell) -> None:
    """Those of the config, legacy profiles, and those with a card alone; none that is on the line already."""
    known("device", "--name", "carded", "--start-url", known.emulator.start_url, "--region", "us-east-1")
    assert asked(known, "status", "") == ["carded", "legacy", "my-sso", "other"]
    assert asked(known, "logout", "my-sso", "") == ["carded", "legacy", "other"]
    assert asked(known, "token", "o") == ["other"]
    assert asked(known, "token", "other", "") == []
    assert asked(known, "exec", "--session=o") == ["--session=other"]
    assert asked(known, "configure", "session", "") == ["my-sso", "other"]


def test_profiles_accounts_and_roles_complete(known: Shell) -> None:
    """From the profiles of the config alone; roles are those of the account that is named."""
    assert asked(known, "token", "--profile", "") == ["dev", "dev-too", "legacy", "prod"]
    assert asked(known, "exec", "--profile", "") == ["dev", "dev-too", "legacy", "prod"]
    assert asked(known, "roles", "--account", "") == ["111122223333", "999988887777"]
    assert asked(known, "console", "--role", "") == ["Admin", "Audit", "ReadOnly"]
    assert asked(known, "console", "--account", "111122223333", "--role", "") == ["Admin", "ReadOnly"]
    assert "111122223333\tas in profile dev" in known("__complete", "fish", "exec", "--account", "").out


def test_what_only_the_shell_knows_is_left_to_it(sh: Shell) -> None:
    """A program's file, and the whole command line behind `--`; a duration is nobody's to complete."""
    assert asked(sh, "configure", "profiles", "--program", "") == ["files"]
    assert asked(sh, "exec", "ter") == ["command"]
    assert asked(sh, "exec", "--profile", "dev", "--", "ls", "--profile", "") == ["command"]
    assert asked(sh, "emulator", "--", "") == ["command"]
    assert asked(sh, "token", "--min-ttl", "") == []
    assert asked(sh, "token", "--", "m") == ["my-sso"]
    assert {found.type for ask in (files, command) for found in ask(None, None, "x")} == {"files", "command"}  # type: ignore[arg-type] # neither looks at what it completes


def test_trouble_completes_nothing_and_says_nothing(known: Shell) -> None:
    """A config that cannot be read, a word nobody knows, a shell nobody knows; what a card says is not even read."""
    known("device", "--name", "carded", "--start-url", known.emulator.start_url, "--region", "us-east-1")
    card = Path(known.env["SSO_LOGIN_HOME"], "sessions", "carded")
    card.write_text("{")
    assert asked(known, "status", "") == ["carded", "legacy", "my-sso", "other"]  # `logout carded` is what helps
    card.chmod(0o644)
    assert asked(known, "status", "") == ["carded", "legacy", "my-sso", "other"]
    known.config.write_text("[sso-session my-sso\n")
    assert asked(known, "status", "") == []
    assert asked(known, "stauts", "") == []
    assert asked(known, "--version", "tok") == ["token"]
    assert asked(known, "-vv", "token", "--he") == ["--header", "--help"]
    for words in ([], ["csh", ""], ["bash"], ["powershell", "x"], ["bash", "sso-login x", "y"]):
        ran = known("__complete", *words)
        assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_names_that_would_move_a_terminal_are_not_offered(sh: Shell) -> None:
    """Control characters, line breaks and bidi marks complete nothing; what begins with a dash is no argument."""
    with sh.config.open("a") as config:
        for name in ("esc\x1b[2J", "rtl\u202e", "-dash", "tab\there"):
            config.write(
                f"[sso-session '{name}']\nsso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\n"
            )
    assert asked(sh, "status", "") == ["my-sso"]
    assert asked(sh, "exec", "--session", "") == ["-dash", "my-sso"]


def test_names_that_stdout_cannot_take_are_not_offered(sh: Shell) -> None:
    """Half a name, or one in question marks, would be another one."""
    with sh.config.open("a", encoding="utf-8") as config:
        config.write("[sso-session größe]\nsso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\n")
    assert asked(sh, "status", "") == ["größe", "my-sso"]
    ran = process("__complete", "fish", "status", "", env={**sh.env, "PYTHONIOENCODING": "ascii"})
    assert (ran.out, ran.err) == ("values\nmy-sso\n", "")


def test_nothing_heavy_is_imported(sh: Shell) -> None:
    """Neither HTTP nor the keyring nor tables nor cryptography, whichever command is completed."""
    env = {name: value for name, value in clean(sh.env).items() if not name.startswith("COVERAGE_")}
    for words in (["status", ""], ["exec", "--profile", ""], [""]):
        done = subprocess.run(
            [sys.executable, "-c", GUARD, *words], env=env, capture_output=True, text=True, check=True
        )
        loaded = set(done.stderr.split())
        assert "sso_login.cli.completion.answer" in loaded
        assert not loaded & SLOW
        assert "my-sso" in done.stdout or words != ["status", ""]
        assert words != [""] or "sso_login.cli.commands.setup.emulator" not in loaded, (
            "the table is enough for the commands' names"
        )


def test_the_network_and_the_store_are_left_alone(known: Shell) -> None:
    """Not a request, not a file."""
    before = sorted(Path(known.env["HOME"]).rglob("*"))
    asked(known, "token", "--profile", "")
    asked(known, "token", "")
    assert dict(known.asked) == {}
    assert sorted(Path(known.env["HOME"]).rglob("*")) == before


@given(ANYTHING, st.sampled_from(["", "'", '"']))
def test_what_bash_is_given_means_the_name_and_nothing_else(name: str, quote: str) -> None:
    """Unquoted, within quotes, and where half of it is typed: read as the shell reads it, it is the very name."""
    for already in ("", name[: len(name) // 2]):
        line = f"sso-login status {quote}"
        start = typed(line, "")
        assert start is not None
        text = start.written(already) or ""
        half = typed(line + text, text)
        assert half is not None
        if half.quote != quote:
            continue  # `!` within double quotes closes them for a moment
        assert half.word == already
        rest = half.written(name)
        assert unquoted(f"{quote}{rest}{quote}") == (name, "")


def test_bash_keeps_what_stands_before_a_colon() -> None:
    """It breaks words at `:` and `=`, and replaces only what is behind; words without quotes, as they are meant."""
    found = typed(r"""sso-login exec --profile "a b" my\ s:p""", "p")
    assert found is not None
    assert (found.words, found.word, found.head) == (["sso-login", "exec", "--profile", "a b"], "my s:p", "my s:")
    assert (found.written("my s:prod x"), found.written("your s:prod")) == (r"prod\ x", None)


def test_bash_is_answered_as_it_asks(known: Shell) -> None:
    """With the line up to the cursor and what it replaces; no descriptions."""
    assert known("__complete", "bash", "sso-login token --profile=dev-", "dev-").out == "values\ndev-too\n"
    assert known("__complete", "bash", "sso-login exec -- ", "").out == "command\n"


def test_zsh_is_told_what_to_show(known: Shell) -> None:
    """Value and description in columns behind the value; long ones are cut."""
    assert (
        known("__complete", "zsh", "tok").out
        == "values\ntoken\ttoken  -- Print the bearer token, renewed if need be.\n"
    )
    told = [line.partition("  -- ")[2] for line in known("__complete", "zsh", "emulator", "-").out.splitlines()[1:]]
    assert all(len(line) <= 100 for line in told)
    assert any(line.endswith("...") for line in told)


def test_powershell_is_answered_in_base64(known: Shell) -> None:
    """What to type, quoted; what to list; what to tell."""
    for name in ("it's", "a \u2019b", "$(touch x)"):
        with known.config.open("a") as config:
            config.write(f'[profile "{name}"]\nsso_session = my-sso\n')
    words = base64.b64encode(b"token\n--profile\n").decode()
    answer = base64.b64decode(known("__complete", "powershell", words).out).decode().split("\n")
    assert answer[0] == "values"
    assert {
        "dev\tdev\tdev",
        "'it''s'\tit's\tit's",
        "'a \u2019\u2019b'\ta \u2019b\ta \u2019b",
        "'$(touch x)'\t$(touch x)\t$(touch x)",
    } <= set(answer)
    assert [powershell(text) for text in ("--min-ttl", "--profile=x", "a.b", "1kb", "@x")] == [
        *("--min-ttl", "'--profile=x'", "'a.b'", "'1kb'", "'@x'"),
    ]


def test_the_powershell_script_is_plain() -> None:
    """Pwsh is not here to read it: ASCII, every bracket closed in order, every quote on its line closed."""
    text = script("powershell")
    assert text.isascii()
    closing, stack = {")": "(", "]": "[", "}": "{"}, []
    for line in text.splitlines():
        code = "" if line.lstrip().startswith("#") else line
        quote = ""
        for char in code:
            if quote:
                quote = "" if char == quote else quote
            elif char in "'\"":
                quote = char
            elif char in closing.values():
                stack.append(char)
            elif char in closing:
                assert stack.pop() == closing[char], line
        assert not quote, line
    assert stack == []


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("tokn", "`sso-login token`"),
        ("configure sesion", "`sso-login configure session`"),
        ("token --min-tl 1m", "--min-ttl"),
        ("token --heder", "--header"),
        ("--no-inptu", "--no-input"),
        ("emulator --rotation stric", "strict"),
        ("credentials --format powershel", "powershell"),
        ("completion bsh", "bash"),
        ("token other2", "`other`"),
        ("token --profile prd", "`prod`"),
        ("exec --session othr -- true", "`other`"),
    ],
)
def test_a_typo_is_answered_with_the_nearest_word(known: Shell, line: str, meant: str) -> None:
    """Commands, subcommands, options, choices, sessions, profiles: exit code 2, one line and a hint."""
    ran = known(*line.split())
    error, hint = ran.err.splitlines()
    assert (ran.code, error.partition(":")[0]) == (2, "error")
    assert hint.partition(" Known:")[0].removesuffix(".").startswith(f"hint: Did you mean {meant}?")


@pytest.mark.parametrize("line", ["zzzzzz", "configure zzzzzz", "token --zzzzzz", "completion zzzzzz", "status -z"])
def test_what_resembles_nothing_is_told_where_to_look(sh: Shell, line: str) -> None:
    """No guess is better than a wild one."""
    ran = sh(*line.split())
    assert ran.code == 2
    assert "Did you mean" not in ran.err
    assert "--help`" in ran.err or "Known: bash" in ran.err


def test_the_shells_there_are_are_listed_cleanly(sh: Shell) -> None:
    """Without a shell: a usage error that lists the choices, without a control character made visible."""
    done = sh("completion")
    assert done.code == 2
    assert "Choose from: bash, zsh, fish, powershell\n" in done.err
    assert "?" not in done.err
