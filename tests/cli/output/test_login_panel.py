"""The login's panel, drawn in this process: what it says, what it leaves alone, and that it ends."""

from __future__ import annotations

import base64
import json
import threading
from contextlib import redirect_stderr

import pytest
import segno

from sso_login.cli.output.live import Live
from sso_login.cli.output.login_panel import LoginPanel, clock_face
from sso_login.cli.output.qr import QUIET, qr
from sso_login.core.message import Waiting
from sso_login.core.model import Instance
from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply
from tests.support.fakes import NOW, FakeClock, chosen, code
from tests.support.shell import Ran, Shell
from tests.support.terminal.screen import Screen, capable

SIGNED_IN = "Signed in to my-sso for 1 h, then renewed by itself; kept in the file store."
ADDRESS = "https://device.sso.us-east-1.amazonaws.com/?user_code=BCDF-GHJK"
LONG = f"https://d-1234567890.awsapps.com/start/{'x' * 60}"


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Give a terminal of 80 columns with colours."""
    capable(monkeypatch)
    return Screen()


def drawn(screen: Screen, sh: Shell, *argv: str, **env: str) -> Ran:
    """Run a command line with stderr on that screen."""
    with redirect_stderr(screen):
        return sh(*argv, **env)


def counted(panel: LoginPanel, columns: int) -> str:
    """Give the line that is drawn in so many columns, without its colours."""
    line = Screen()
    assert panel.live
    line.write(panel.live.says(columns))
    panel.end()
    return line.text


def test_a_login_is_drawn(sh: Shell, screen: Screen) -> None:
    """What is approved, the code, the address on a line of its own, the warning, and in the end one line."""
    assert drawn(screen, sh, "device", "--no-browser").code == 0
    lines = screen.text.replace("\r", "\n").splitlines()
    assert "Logging in to my-sso" in lines
    assert f"Start URL  {sh.emulator.start_url}" in lines
    assert {"Region     us-east-1", "Scopes     sso:account:access"} <= set(lines)
    (box,) = [line for line in lines if line.startswith("\u2502")]
    shown = box.strip("\u2502 ")
    assert f"{sh.emulator.url}/device?user_code={shown}" in lines
    assert any(line.startswith("\u25cf Waiting for approval \u00b7 ") for line in lines)
    assert "Approve only a code you asked for yourself, and only if the page shows this very" in lines
    end = screen.text.rpartition("\u2713")[2]
    assert " ".join(end.split()) == SIGNED_IN


def test_a_login_that_is_there_is_one_line(sh: Shell, screen: Screen) -> None:
    """Nothing is drawn for it but that."""
    drawn(screen, sh, "device", "--no-browser")
    before = len(screen.text)
    assert drawn(screen, sh, "device").code == 0
    assert screen.text[before:].startswith("\u2713 Already signed in to my-sso for ")


@pytest.mark.parametrize("name", ["NO_COLOR", "CI"])
def test_plain_lines_where_nothing_is_to_move(
    sh: Shell, screen: Screen, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The sentences of a pipe, for screen readers and logs."""
    monkeypatch.setenv(name, "1")
    assert drawn(screen, sh, "device", "--no-browser").code == 0
    assert "\x1b" not in screen.raw
    assert "    Code:  " in screen.raw
    assert "Waiting for approval; the code is good for another " in screen.raw


@pytest.mark.parametrize("flag", ["--no-input", "--json"])
def test_flags_for_scripts_draw_nothing(sh: Shell, screen: Screen, flag: str) -> None:
    """At a terminal, too."""
    ran = drawn(screen, sh, "device", flag)
    assert ran.code == 0
    assert "\x1b" not in screen.raw
    assert "    Code:  " in screen.raw
    if flag == "--json":
        assert [json.loads(line)["event"] for line in ran.out.splitlines()] == ["code", "signed_in"]


def test_trouble_is_said_once_and_counted(sh: Shell, screen: Screen) -> None:
    """The cause on a line of its own, above the line that counts; what follows is the login."""
    sh.emulator.service.order(Fault("CreateToken", reply=Reply(503, {}), times=2))
    assert drawn(screen, sh, "device", "--no-browser").code == 0
    assert screen.text.count("Network trouble: ") == 1
    assert "Signed in to my-sso" in screen.text


@pytest.mark.parametrize(
    ("step", "columns", "said"),
    [
        (Waiting(NOW + 5, "waiting for approval"), 80, "\u25cf Waiting for approval \u00b7 9:57 left"),
        (
            Waiting(NOW + 5, "asked to slow down, still waiting for approval"),
            80,
            "\u25cf Asked to slow down, still waiting for approval \u00b7 9:57 left",
        ),
        (
            Waiting(NOW + 5, "asked to slow down, still waiting for approval"),
            40,
            "\u25cf Asked to slow down \u00b7 9:57 left",
        ),
        (
            Waiting(NOW + 12, "network trouble", trouble="no answer"),
            80,
            "\u25cf Network trouble, retrying in 12 s \u00b7 9:57 left",
        ),
        (Waiting(NOW + 5, "waiting for approval"), 20, "9:57 left"),
        (Waiting(NOW + 5, "waiting for approval"), 5, "9:57"),
    ],
)
def test_the_line_that_counts_fits(screen: Screen, step: Waiting, columns: int, said: str) -> None:
    """As much is said as there is room for, and never as many columns as the window has."""
    panel = LoginPanel(screen, FakeClock().now)
    panel.waiting(step, expires_in=597)
    assert counted(panel, columns) == said


def test_time_runs_by_the_clock(screen: Screen) -> None:
    """What is left is counted from the clock that decides, never below zero."""
    clock = FakeClock()
    panel = LoginPanel(screen, clock.now)
    panel.waiting(Waiting(NOW + 5, "waiting for approval"), expires_in=90)
    clock.sleep(400)
    assert counted(panel, 80) == "\u25cf Waiting for approval \u00b7 0:00 left"
    assert [clock_face(seconds) for seconds in (0, 59.2, 61, 3600, 3725)] == [
        "0:00",
        "1:00",
        "1:01",
        "1:00:00",
        "1:02:05",
    ]


def test_addresses_are_left_for_the_terminal_to_fold(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole on lines of their own at any width, so that they can be copied; other lines break between words."""
    monkeypatch.setenv("COLUMNS", "40")
    endpoint = Instance(LONG, "us-east-1", oidc_endpoint="http://127.0.0.1:4000")
    panel = LoginPanel(screen, FakeClock().now)
    panel.code(chosen(instance=endpoint, scopes=()), code(url="https://short.example/", url_complete=ADDRESS))
    lines = screen.text.splitlines()
    assert {LONG, ADDRESS, "https://short.example/", "Start URL", "Scopes     none"} <= set(lines)
    assert all(len(line) <= 40 or " " not in line for line in lines)


def test_an_address_is_a_link(screen: Screen) -> None:
    """To itself, by OSC 8, and what a server put into it cannot reach the terminal."""
    LoginPanel(screen, FakeClock().now).code(chosen(), code(url=ADDRESS, user_code="A\x1b[31mB"))
    assert f";{ADDRESS}\x1b\\" in screen.raw
    assert "A?[31mB" in screen.text


def test_nothing_is_drawn_after_the_end() -> None:
    """Whatever is written afterwards stands as it is, and the line is gone; ending twice is ending once."""
    screen = Screen()
    live = Live(screen, lambda _: "counting")
    live.start()
    live.above("a line\n")
    live.draw()
    live.end()
    live.end()
    ended = screen.raw
    live.draw()
    assert screen.raw == ended
    assert ended.endswith("a line\ncounting\r\r\x1b[J")
    live.above("after\n")
    assert screen.raw == f"{ended}after\n"


def test_time_is_drawn_as_it_goes_by() -> None:
    """By a thread of its own, while the program waits for something else."""
    often, times = threading.Event(), iter(range(1_000_000))

    def says(_columns: int) -> str:
        now = next(times)
        if now == 3:
            often.set()
        return f"tick {now}"

    live = Live(Screen(), says)
    live.start()
    assert often.wait(60)
    live.end()


def test_a_terminal_that_is_gone_stops_nothing(screen: Screen) -> None:
    """A window that was closed is no reason for a login to fail."""
    panel = LoginPanel(screen, FakeClock().now)
    panel.waiting(Waiting(NOW, "waiting"), expires_in=5)
    screen.close()
    panel.above("nobody reads this\n")
    panel.end()
    panel.above("nor this\n")


def test_it_hides_nothing_and_takes_over_nothing(sh: Shell, screen: Screen) -> None:
    """No alternate screen, no hidden cursor, no mode that somebody would have to put back."""
    drawn(screen, sh, "device", "--no-browser")
    assert "\x1b[?" not in screen.raw


def modules(lines: list[str], *, light: bool) -> list[list[bool]]:
    """Read a drawn code again: dark modules are True, the quiet zone is among them."""
    halves = {"\u2588": (True, True), "\u2580": (True, False), "\u2584": (False, True), " ": (False, False)}
    pairs = [[halves[char] for char in line] for line in lines]
    return [[half[at] is not light for half in row] for row in pairs for at in (0, 1)]


def expected(text: str) -> list[list[bool]]:
    """Give segno's own matrix with its quiet zone."""
    return [[bool(module) for module in row] for row in segno.make_qr(text, error="l").matrix_iter(border=QUIET)]


@pytest.mark.parametrize("light", [False, True])
def test_a_qr_code_reads_back(*, light: bool) -> None:
    """Every module is where segno has it, four light ones around; the half line that fills the last one is light."""
    read, whole = modules(qr(ADDRESS, light=light), light=light), expected(ADDRESS)
    assert read[: len(whole)] == whole
    assert not any(any(row) for row in read[len(whole) :])
    assert not any(any(row[:QUIET]) for row in read)


def drawn_code(text: str) -> list[str]:
    """Find the lines of a QR code."""
    return [
        line for line in text.splitlines() if line and not set(line) - set("\u2588\u2580\u2584 ") and len(line) > 30
    ]


def test_a_qr_code_is_drawn_on_request(sh: Shell, screen: Screen) -> None:
    """Black on white in the panel, whatever the terminal's colours are."""
    assert drawn(screen, sh, "device", "--no-browser", "--qr").code == 0
    (address,) = [line for line in screen.text.splitlines() if "user_code=" in line]
    read = modules(drawn_code(screen.text), light=False)
    assert read[: len(expected(address))] == expected(address)
    assert "\x1b[38;5;16;48;5;231m" in screen.raw


def test_a_qr_code_in_plain_lines(sh: Shell) -> None:
    """It was asked for, so it is drawn there, too: what is light is drawn, for a dark terminal."""
    ran = sh("device", "--qr")
    (address,) = [line.split()[1] for line in ran.err.splitlines() if "user_code=" in line]
    read = modules(drawn_code(ran.err), light=True)
    assert read[: len(expected(address))] == expected(address)


def test_no_qr_code_where_it_would_be_broken(sh: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A narrow window and an encoding without blocks get a sentence."""
    capable(monkeypatch, columns=30)
    for made, words in ((Screen(), "too narrow for the QR code"), (Screen(encoding="ascii"), "cannot be drawn here")):
        assert drawn(made, sh, "device", "--no-browser", "--qr", "--force").code == 0
        assert words in " ".join(made.text.split())
        assert drawn_code(made.text) == []


def test_a_qr_code_by_itself_only_where_there_is_room(sh: Shell, screen: Screen) -> None:
    """Where no browser opens and the window's height is not known, the sentence is all."""
    sh.attended = True
    assert drawn(screen, sh, "device", PATH="").code == 0
    assert "No browser could be opened here" in screen.text
    assert drawn_code(screen.text) == []


def test_the_code_is_copied_on_request_alone(sh: Shell, screen: Screen) -> None:
    """By the terminal (OSC 52), and it is said."""
    drawn(screen, sh, "device", "--no-browser")
    assert "\x1b]52" not in screen.raw
    assert drawn(screen, sh, "device", "--no-browser", "--copy", "--force").code == 0
    copied = base64.b64decode(screen.raw.partition("\x1b]52;c;")[2].partition("\x07")[0]).decode()
    assert f"   {copied}   " in screen.text
    assert "The code is copied, if your terminal allows that." in screen.text


def test_without_a_terminal_nothing_is_copied(sh: Shell) -> None:
    """It is said rather than passed over."""
    assert "The code was not copied" in sh("device", "--copy").err


def test_the_browser_is_counted_down(screen: Screen) -> None:
    """The other login waits in the same way: address on a line of its own, and one line that counts."""
    panel = LoginPanel(screen, FakeClock().now)
    panel.authorize(chosen(), ADDRESS)
    panel.waiting(Waiting(0, "waiting for the browser"), expires_in=300)
    assert counted(panel, 80) == "\u25cf Waiting for the browser \u00b7 5:00 left"
    assert ADDRESS in screen.text.splitlines()
