"""The committed completion scripts in real shells: what a person types, then TAB, then Enter."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sso_login.cli.completion.quoting import typed
from tests.support.shell import clean

if sys.platform == "win32":
    pytest.skip("there is no pexpect on Windows", allow_module_level=True)

pexpect = pytest.importorskip("pexpect")

SCRIPTS = Path(__file__).parents[3] / "completions"
HOSTILE = (
    "blank name",
    "cash $(touch pwned)",
    "eval `touch pwned`; touch pwned",
    "quo'te\"d\\",
    "tea:dev",
    "tea:prod",
    "größe",
    "hist!!ory",
    "and|or&more>pwned<x",
    "*?{1,2}",
    "~root",
    "#not a comment",
    "=ls",
    "100%n",
    "${HOME}",
)
# What is typed (TAB is \t) -> what the program is then called with.
TYPED = {
    "sso-login stat\t": ["status"],
    "sso-login token --hea\t": ["token", "--header"],
    "sso-login credentials --format pro\t": ["credentials", "--format", "process"],
    "sso-login status bl\t": ["status", "blank name"],
    "sso-login status blank\\ n\t": ["status", "blank name"],
    'sso-login status "blank n\t': ["status", "blank name"],
    "sso-login status ca\t": ["status", "cash $(touch pwned)"],
    'sso-login status "ca\t': ["status", "cash $(touch pwned)"],
    "sso-login status 'ca\t": ["status", "cash $(touch pwned)"],
    "sso-login logout ev\t": ["logout", "eval `touch pwned`; touch pwned"],
    'sso-login logout "ev\t': ["logout", "eval `touch pwned`; touch pwned"],
    "sso-login token quo\t": ["token", "quo'te\"d\\"],
    "sso-login token 'quo\t": ["token", "quo'te\"d\\"],
    'sso-login token "quo\t': ["token", "quo'te\"d\\"],
    "sso-login token tea:p\t": ["token", "tea:prod"],
    "sso-login token grö\t": ["token", "größe"],
    "sso-login token hi\t": ["token", "hist!!ory"],
    "sso-login token and\t": ["token", "and|or&more>pwned<x"],
    "sso-login token \\~\t": ["token", "~root"],
    "sso-login token \\#\t": ["token", "#not a comment"],
    "sso-login token --profile=tea:d\t": ["token", "--profile=tea:dev"],
    "sso-login token --profile bl\t": ["token", "--profile", "blank name"],
    "sso-login exec -- sso-logi\t": ["exec", "--", "sso-login"],
    "./bin/sso-login status ca\t": ["status", "cash $(touch pwned)"],
    "~/bin/sso-login status ca\t": ["status", "cash $(touch pwned)"],
    "sso-login configure profiles --program bin/sso\t": ["configure", "profiles", "--program", "bin/sso-login"],
}
# fish takes a typed asterisk for a wildcard, quoted or not.
NOT_FISH = {"sso-login token \\*\t": ["token", "*?{1,2}"]}
PROMPT = "PS1='rea''dy> '"  # in two pieces, so that its echo is not taken for it
ONLY_BASH = {'sso-login token "hi\t': ["token", "hist!!ory"]}


def needs(shell: str) -> pytest.MarkDecorator:
    """Skip by name where that shell is missing."""
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


@pytest.fixture
def place(home: Path) -> Path:
    """Give a home folder with those sessions and profiles, and a program that says what it was called with."""
    (home / ".aws").mkdir()
    (home / "bin").mkdir()
    entry = "[{0}]\nsso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\n"
    titles = [f"{kind} {shlex.quote(name)}" for name in HOSTILE for kind in ("sso-session", "profile")]
    (home / ".aws" / "config").write_text("".join(entry.format(title) for title in titles))
    program = home / "bin" / "sso-login"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = __complete ] && exec {shlex.quote(sys.executable)} -m sso_login "$@"\n'
        "printf '<<'; printf '[%s]' \"$@\"; printf '>>\\n'\n"
    )
    program.chmod(0o755)
    return home


def environment(place: Path) -> dict[str, str]:
    """Give the environment of a shell."""
    env = clean({"HOME": str(place), "TERM": "dumb", "SSO_LOGIN_HOME": str(place / "state")})
    return {**env, "PATH": f"{place / 'bin'}:{env['PATH']}", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def started(place: Path, command: str, *words: str, setup: str, prompt: str = PROMPT) -> Any:  # noqa: ANN401 - pexpect has no types
    """Start an interactive shell and wait until it is ready."""
    child = pexpect.spawn(
        command, [*words], env=environment(place), cwd=str(place), encoding="utf-8", timeout=60, dimensions=(50, 250)
    )
    child.delaybeforesend = None
    child.sendline(f"{setup}; {prompt}")
    child.expect("ready> ")
    return child


def called(child: Any, line: str) -> list[str]:  # noqa: ANN401 - pexpect has no types
    """Type a line and Enter, and give the words that the program then got, once the shell waits for the next."""
    child.send(f"{line}\r")
    child.expect(r"<<(\[.*\])>>\r*\n")
    got = child.match[1]
    child.expect("ready> ")
    return re.findall(r"\[((?:[^\]]|\](?!\[|$))*)\]", got)


def held(child: Any, place: Path, lines: dict[str, list[str]]) -> None:  # noqa: ANN401 - pexpect has no types
    """Check every line, and that nothing was run by completing them."""
    assert {line: called(child, line) for line in lines} == lines
    child.sendeof()
    child.expect(pexpect.EOF)
    child.close()
    assert not [path for path in place.rglob("*") if "pwned" in path.name]


@needs("bash")
def test_bash(place: Path) -> None:
    """Every kind of word, quoted or not, half typed, and the program given by path."""
    script = shlex.quote(str(SCRIPTS / "sso-login.bash"))
    child = started(place, "bash", "--norc", "--noprofile", setup=f"bind 'set bell-style none'; source {script}")
    held(child, place, TYPED | NOT_FISH | ONLY_BASH)


@needs("zsh")
def test_zsh(place: Path) -> None:
    """The same, sourced after compinit."""
    script = shlex.quote(str(SCRIPTS / "_sso-login"))
    setup = f"unset zle_bracketed_paste; unsetopt beep; autoload -Uz compinit; compinit -u -D; source {script}"
    held(started(place, "zsh", "-f", setup=setup), place, TYPED | NOT_FISH)


@needs("zsh")
def test_zsh_finds_the_script_in_its_folders(place: Path) -> None:
    """In a folder of $fpath it is loaded when it is first needed."""
    setup = (
        f"unset zle_bracketed_paste; fpath=({shlex.quote(str(SCRIPTS))} $fpath); autoload -Uz compinit; compinit -u -D"
    )
    lines = {line: TYPED[line] for line in ("sso-login stat\t", "sso-login status ca\t")}
    held(started(place, "zsh", "-f", setup=setup), place, lines)


def fish(place: Path, code: str) -> str:
    """Run code in fish with the script loaded, and give what it prints."""
    load = f"source {shlex.quote(str(SCRIPTS / 'sso-login.fish'))}"
    command = ["fish", "--no-config", "-c", f"{load}; {code}"]
    done = subprocess.run(
        command, env=environment(place), cwd=place, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    return done.stdout


@needs("fish")
def test_fish_offers_what_there_is(place: Path) -> None:
    """Names as they are: fish quotes them itself where it puts them into the line."""
    asked = [
        *("sso-login stat", "sso-login status ca", "sso-login status 'ca", "sso-login token --profile=bl"),
        *("./bin/sso-login status bl", "~/bin/sso-login status bl", "sso-login exec -- sso-logi"),
        *("sso-login configure profiles --program bin/sso", "sso-login token --min-ttl "),
    ]
    told = fish(place, "; echo ==; ".join(f"complete -C {shlex.quote(line)}" for line in asked))
    assert [block.strip().split("\t")[0] for block in told.split("==\n")] == [
        *("status", "cash $(touch pwned)", "cash $(touch pwned)", "--profile=blank name"),
        *("blank name", "blank name", "sso-login", "bin/sso-login", ""),
    ]
    assert sorted(fish(place, "complete -C 'sso-login status '").splitlines()) == sorted(HOSTILE)
    assert not (place / "pwned").exists()


@needs("fish")
def test_fish_types_what_it_offers(place: Path) -> None:
    """At a terminal: TAB, Enter, and the program gets the very name."""
    prompt = "function fish_prompt; echo -n 'rea''dy> '; end"
    setup = f"source {shlex.quote(str(SCRIPTS / 'sso-login.fish'))}"
    child = started(place, "fish", "--no-config", setup=setup, prompt=prompt)
    lines = {line: words for line, words in TYPED.items() if re.search("ca|quo|tea|grö|and|~r", line)}
    held(child, place, lines)


@needs("bash")
def test_bash_reads_every_name_as_it_is(place: Path) -> None:
    """However it is quoted: what completion writes is one word to bash, and that word is the name."""
    lines = []
    for name in HOSTILE:
        for quote in ("", "'", '"'):
            start = typed(f"sso-login status {quote}", "")
            assert start is not None
            lines.append(f"printf '%s\\n' {quote}{start.written(name)}{quote}")
    done = subprocess.run(
        ["bash", "--norc", "-c", "\n".join(lines)], env=environment(place), cwd=place, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == [name for name in HOSTILE for _ in range(3)]
    assert not [path for path in place.iterdir() if "pwned" in path.name]


@pytest.mark.parametrize(
    ("shell", "name"),
    [
        pytest.param(shell, name, marks=needs(shell))
        for shell, name in (("bash", "sso-login.bash"), ("zsh", "_sso-login"), ("fish", "sso-login.fish"))
    ],
)
def test_the_shell_finds_the_script_sound(shell: str, name: str) -> None:
    """Its own check of syntax has nothing to say."""
    done = subprocess.run([shell, "-n", str(SCRIPTS / name)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
