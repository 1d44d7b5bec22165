"""Opening URLs with a made-up BROWSER, in processes of their own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sso_login.adapters.browser.open_url import OpenUrl, chosen, desktop_openers, within_wsl

if sys.platform == "win32":
    pytest.skip("the made-up browsers are shell scripts", allow_module_level=True)

URL = "https://device.sso.eu-west-1.amazonaws.com/?user_code=ABCD-EFGH&a=$(touch%20x);b"
# Opens each URL given, then says on stdout what came of it; waits for the made-up browsers to end.
OPENS = """
import json, os, sys, threading
from sso_login.adapters.browser.open_url import OpenUrl, chosen, desktop_openers, within_wsl
print(json.dumps([OpenUrl(os.environ)(url) for url in sys.argv[1:]]))
sys.stdout.flush()
for thread in threading.enumerate():
    if thread.name == "browser":
        thread.join()
"""


def browser(folder: Path, name: str = "browser", *, then: str = "") -> Path:
    """Make a browser that writes down its arguments, its session and its stdin, and is noisy on stdout."""
    folder.mkdir(exist_ok=True)
    script = folder / name
    script.write_text(
        f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {shlex.quote(str(folder / 'seen'))}.part\n"
        f"cut -d' ' -f6 /proc/$$/stat > {shlex.quote(str(folder / 'group'))} 2>/dev/null\n"
        f"cat >> {shlex.quote(str(folder / 'seen'))}.part\n"
        "echo noise-out; echo noise-err >&2\n"
        f"mv {shlex.quote(str(folder / 'seen'))}.part {shlex.quote(str(folder / 'seen'))}\n{then}\n"
    )
    script.chmod(0o755)
    return script


def run(*urls: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Open the URLs in a process with this environment only."""
    root = str(Path(__file__).parents[3])
    measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    clean = {"PATH": os.environ["PATH"], "PYTHONPATH": root, **measured, **env}
    return subprocess.run(
        [sys.executable, "-c", OPENS, *urls], env=clean, capture_output=True, text=True, input="typed", check=True
    )


def test_the_url_is_one_word_and_the_browsers_noise_stays_off_stdout(tmp_path: Path) -> None:
    """The browser of BROWSER gets the URL whole and no stdin; both of its outputs end on stderr."""
    done = run(URL, BROWSER=str(browser(tmp_path)))
    assert (tmp_path / "seen").read_text() == f"{URL}\n"
    assert done.stdout == "[true]\n"
    assert "noise-out" in done.stderr
    assert "noise-err" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the session")
def test_the_browser_has_a_session_of_its_own(tmp_path: Path) -> None:
    """Ctrl-C at our prompt does not end the browser."""
    run(URL, BROWSER=str(browser(tmp_path)))
    assert int((tmp_path / "group").read_text()) != os.getsid(0)


def test_nobody_waits_for_the_browser(tmp_path: Path) -> None:
    """A browser that stays open does not hold us up."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    waits = browser(tmp_path, then=f"cat {shlex.quote(str(gate))}")
    assert OpenUrl({**os.environ, "BROWSER": str(waits)}, patience=0)(URL)
    gate.write_text("")  # only now may it end: had we waited for it, this would never be reached


@pytest.mark.parametrize(
    ("browser_is", "seen"),
    [
        ("{} --new %s --last &", ["--new", URL, "--last"]),
        ("{} --url=%s", ["--url=%s", URL]),
        ("no-such-program %s:{} %s", [URL]),
        ("lynx:w3m %s:/usr/bin/links2:{}", [URL]),
        (":'unclosed:{}", [URL]),
    ],
)
def test_browser_is_read_as_a_list_of_commands(tmp_path: Path, browser_is: str, seen: list[str]) -> None:
    """The first that is there is used, text browsers are passed over, only a whole word `%s` is replaced."""
    run(URL, BROWSER=browser_is.format(browser(tmp_path)))
    assert (tmp_path / "seen").read_text().splitlines() == seen


@pytest.mark.parametrize("name", ["lynx", "w3m", "www-browser"])
def test_a_text_browser_alone_is_no_browser(tmp_path: Path, name: str) -> None:
    """The terminal is not given away."""
    assert run(URL, BROWSER=str(browser(tmp_path, name))).stdout == "[false]\n"
    assert not (tmp_path / "seen").exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "-https://x.example",
        "",
        "https://x.example/ y",
        "https://x.example/'`id`",
        "https://x.example/\x1b",
        "https://u:p@x.example/",
        "https://bücher.example",
    ],
)
def test_only_a_plain_https_url_is_opened(tmp_path: Path, url: str) -> None:
    """Other schemes, leading dashes, blanks, quotes and credentials never reach a command line."""
    assert run(url, BROWSER=str(browser(tmp_path))).stdout == "[false]\n"
    assert not (tmp_path / "seen").exists()


def test_a_loopback_url_is_opened(tmp_path: Path) -> None:
    """The emulator's approval page is plain http on 127.0.0.1."""
    assert run("http://127.0.0.1:8080/device", BROWSER=str(browser(tmp_path))).stdout == "[true]\n"


def test_a_browser_that_cannot_be_started_is_none(tmp_path: Path) -> None:
    """A file that is no program is passed over."""
    broken = browser(tmp_path)
    broken.write_bytes(b"\x7fELF, but not really")
    assert run(URL, BROWSER=str(broken)).stdout == "[false]\n"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a desktop")
@pytest.mark.parametrize("display", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_on_linux_a_display_and_xdg_open_are_needed(tmp_path: Path, display: str) -> None:
    """Without a display nothing is started; with one, xdg-open is, where there is one."""
    path = f"{tmp_path}:{os.environ['PATH']}"
    browser(tmp_path, "xdg-open")
    assert run(URL, PATH=path).stdout == "[false]\n"
    assert not (tmp_path / "seen").exists()
    assert run(URL, PATH=path, **{display: ":0"}).stdout == "[true]\n"
    assert (tmp_path / "seen").read_text() == f"{URL}\n"
    assert OpenUrl({"PATH": "/nowhere", display: ":0"})(URL) is False


@pytest.mark.skipif(sys.platform != "linux", reason="Windows' Linux is a Linux")
def test_in_windows_linux_the_windows_browser_needs_no_display(tmp_path: Path) -> None:
    """The program wslview exists in WSL only, and leads to the desktop around it."""
    browser(tmp_path, "wslview")
    assert run(URL, PATH=f"{tmp_path}:{os.environ['PATH']}").stdout == "[true]\n"


@pytest.mark.skipif(sys.platform != "linux", reason="there is one opener alone elsewhere")
def test_an_opener_that_fails_is_followed_by_the_next(tmp_path: Path) -> None:
    """Here wslview ends with an error, so xdg-open opens it; where all fail, nothing was opened."""
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "DISPLAY": ":0"}
    browser(tmp_path, "wslview", then="exit 3")
    assert run(URL, **path).stdout == "[false]\n"
    browser(tmp_path, "xdg-open")
    assert run(URL, **path).stdout == "[true]\n"
    assert run(URL, **path, BROWSER="false:true").stdout == "[true]\n"
    assert run(URL, **path, BROWSER="false").stdout == "[false]\n"


@pytest.mark.skipif(sys.platform != "linux", reason="WSL's own")
def test_explorers_exit_code_means_nothing(tmp_path: Path) -> None:
    """It ends with 1 whether it opened something or not."""
    browser(tmp_path, "explorer.exe", then="exit 1")
    ran = run(URL, PATH=f"{tmp_path}:{os.environ['PATH']}", WSL_DISTRO_NAME="Debian")
    assert ran.stdout == "[true]\n"
    assert (tmp_path / "seen").read_text() == f"{URL}\n"


def programs(**env: str) -> list[str]:
    """Name the openers of a Linux desktop with these variables, outside WSL unless they say so."""
    return [command[0] for command in desktop_openers(env, URL, in_wsl=lambda given: "WSL_DISTRO_NAME" in given)]


def test_the_order_of_the_openers() -> None:
    """Windows' own first, then xdg-open; over SSH without a display none at all, not even a text browser."""
    assert programs(DISPLAY=":0") == ["wslview", "xdg-open"]
    assert programs(WSL_DISTRO_NAME="Debian", WAYLAND_DISPLAY="w") == ["wslview", "explorer.exe", "xdg-open"]
    assert programs(WSL_DISTRO_NAME="Debian") == ["wslview", "explorer.exe"]
    assert programs(WSL_DISTRO_NAME="Debian", SSH_CONNECTION="a 1 b 2") == []
    assert programs(SSH_TTY="/dev/pts/0") == []


def test_wsl_is_known_by_its_variables_or_its_kernel(tmp_path: Path) -> None:
    """Without variables (sudo) the kernel's release tells; a file that cannot be read is no WSL."""
    release = tmp_path / "osrelease"
    release.write_text("5.15.90.1-microsoft-standard-WSL2\n")
    assert within_wsl({}, release=str(release))
    assert within_wsl({"WSL_INTEROP": "/run/x"}, release="/nonexistent")
    assert not within_wsl({}, release="/nonexistent")


def test_xdg_open_is_given_graphical_browsers_alone(tmp_path: Path) -> None:
    """Its own list ends with text browsers."""
    browser(tmp_path, "xdg-open", then=f'echo "$BROWSER" > {tmp_path}/list')
    run(URL, PATH=f"{tmp_path}:{os.environ['PATH']}", DISPLAY=":0")
    listed = (tmp_path / "list").read_text()
    assert "firefox" in listed
    assert not {"lynx", "w3m", "links2", "www-browser"} & set(listed.strip().split(":"))


@pytest.mark.parametrize(
    ("browser_is", "commands"),
    [
        (
            r'"C:\Program Files\Mozilla Firefox\firefox.exe" -new-tab %s',
            [[r"C:\Program Files\Mozilla Firefox\firefox.exe", "-new-tab", URL]],
        ),
        (r"C:\tools\b.cmd", [[r"C:\tools\b.cmd", URL]]),
        (r'"C:\a;b\x.exe";chrome.exe --app %s', [[r"C:\a;b\x.exe", URL], ["chrome.exe", "--app", URL]]),
        (" ; ", []),
        ('"', []),
    ],
)
def test_windows_browser_may_be_in_quotes(browser_is: str, commands: list[list[str]]) -> None:
    """Quotes hold blanks and semicolons together, and a backslash is a backslash."""
    assert list(chosen(browser_is, URL, windows=True)) == commands


def test_windows_browser_with_blanks_may_go_without_quotes(tmp_path: Path) -> None:
    """As long as it is a file that is there."""
    program = tmp_path / "a browser.exe"
    program.touch()
    assert list(chosen(str(program), URL, windows=True)) == [[str(program), URL]]
