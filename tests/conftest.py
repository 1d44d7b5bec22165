"""No test sees the real home folder, a real keyring, or a network beyond loopback."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator
from ipaddress import ip_address
from pathlib import Path

import pytest

OURS = ("AWS_", "SSO_LOGIN_", "XDG_", "DBUS_", "PYTHON_KEYRING_", "REQUESTS_CA", "SSL_CERT", "CURL_CA", "CREDENTIALS_")
COLOURS = {"NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE"}
EVERYONES = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "BROWSER", "DISPLAY", "WAYLAND_DISPLAY", *COLOURS}


def _only_loopback(event: str, args: tuple[object, ...]) -> None:
    if event != "socket.connect" or not isinstance(args[1], tuple):
        return
    host = str(args[1][0])
    if host != "localhost" and not ip_address(host).is_loopback:
        message = f"a test tried to reach {host}"
        raise RuntimeError(message)


sys.addaudithook(_only_loopback)
# Started with nohup or in the background, we would ignore these, and so would every child that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.platform != "win32":
    for number in (signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test a home folder of its own and an environment that names nothing outside it."""
    for name in list(os.environ):
        if name.startswith(OURS) or name.upper() in EVERYONES:
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where every part is said to be there, a test that is skipped for want of one has failed."""
    report = yield
    found = "left alone" not in str(report.longrepr)  # a part that is there, but somebody's own
    if (
        report.skipped
        and found
        and os.environ.get("SSO_LOGIN_TESTS_NEED_ALL_PARTS")
        and not hasattr(report, "wasxfail")
    ):
        report.outcome = "failed"
    return report
