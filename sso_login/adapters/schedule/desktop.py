"""A notice on the user's desktop, where there is one: over the session bus, by osascript, by a PowerShell toast."""

from __future__ import annotations

import base64
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from sso_login import layout
from sso_login.adapters.aws_files.aws_config import IniFile, read_sections
from sso_login.adapters.schedule.programs import Programs
from sso_login.core.errors import SsoLoginError

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTION: Final = "notices"
SWITCH: Final = "desktop"
_SECONDS: Final = 5.0  # that a desktop may take
_OFF: Final = frozenset({"off", "false", "no", "0"})
_PLACE: Final = "org.freedesktop.Notifications"  # the Desktop Notifications Specification
_SCRIPT: Final = (
    "on run argv",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "end run",
)
_TOAST: Final = """
$types = 'Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime'
[void][Type]::GetType($types)
$kind = [Windows.UI.Notifications.ToastTemplateType]::ToastText02
$toast = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent($kind)
$texts = $toast.GetElementsByTagName('text')
[void]$texts.Item(0).AppendChild($toast.CreateTextNode($env:SSO_LOGIN_TITLE))
[void]$texts.Item(1).AppendChild($toast.CreateTextNode($env:SSO_LOGIN_TEXT))
$app = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe'
$notifier = [Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($app)
$notifier.Show([Windows.UI.Notifications.ToastNotification]::new($toast))
"""


def wanted(env: Mapping[str, str]) -> bool:
    """Tell whether notices are wanted: they are, unless our own config says `desktop = off` under [notices]."""
    try:
        path = layout.config_file(env)
        sections, _ = read_sections(IniFile(path, called="the config file", named_by="SSO_LOGIN_CONFIG_FILE"))
    except (layout.NoHome, SsoLoginError):
        return True  # what is wrong with the file is told by whoever needs more of it
    return sections.get(SECTION, {}).get(SWITCH, "").strip().lower() not in _OFF


def show(env: Mapping[str, str], title: str, text: str) -> bool:
    """Show a notice; tell whether there was a desktop to show it on. Never raises, never waits for long."""
    if sys.platform == "linux":
        return _over_the_bus(env, title, text)
    try:
        if sys.platform == "darwin":
            words = [word for line in _SCRIPT for word in ("-e", line)]
            return Programs(env, seconds=_SECONDS).run("osascript", *words, title, text).code == 0
        if sys.platform == "win32":
            script = base64.b64encode(_TOAST.encode("utf-16-le")).decode()
            given = {"SSO_LOGIN_TITLE": title, "SSO_LOGIN_TEXT": text}
            words = ["-NoProfile", "-NonInteractive", "-EncodedCommand", script]
            return Programs(env, seconds=4 * _SECONDS).run("powershell", *words, env=given).code == 0
    except (SsoLoginError, subprocess.SubprocessError):
        return False
    return False


def _over_the_bus(env: Mapping[str, str], title: str, text: str) -> bool:
    if sys.platform != "linux":
        return False
    from sso_login import hot_dbus

    try:
        bus = hot_dbus.Bus(_address(env), None, time.monotonic() + _SECONDS)
    except (OSError, ValueError, LookupError):
        return False
    try:
        bus.call(hot_dbus.DRIVER, "Hello", to=hot_dbus.BUS)
        owned = bus.call(hot_dbus.DRIVER, "NameHasOwner", "s", hot_dbus.string(_PLACE), to=hot_dbus.BUS)
        if not bus.reply(owned).number():
            startable = bus.call(hot_dbus.DRIVER, "ListActivatableNames", to=hot_dbus.BUS)
            if _PLACE not in bus.reply(startable).strings():
                return False
        place = (f"/{_PLACE.replace('.', '/')}", _PLACE)
        bus.reply(bus.call(place, "Notify", "susssasa{sv}i", _notice(title, text), to=_PLACE))
    except (OSError, ValueError, LookupError):
        return False
    finally:
        bus.close()
    return True


def _address(env: Mapping[str, str]) -> str | bytes:
    """Name the bus; raise OSError. Who names a runtime folder means no other."""
    folder = env.get("XDG_RUNTIME_DIR")
    if env.get("DBUS_SESSION_BUS_ADDRESS") or not folder:
        return layout.bus(env)
    if not layout.our_socket(f"{folder}/bus"):
        raise FileNotFoundError(folder)
    return f"{folder}/bus"


def _notice(title: str, text: str) -> bytes:
    """Marshal the arguments of Notify: a new notice, no icon, no actions, no hints, shown for as long as is usual."""
    if sys.platform != "linux":
        return b""
    from sso_login import hot_dbus

    def padded(data: bytes, size: int = 4) -> bytes:
        return data + b"\0" * (-len(data) % size)

    body = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")  # some take markup in it
    out = padded(hot_dbus.string("sso-login")) + bytes(4)
    for each in ("", title, body):
        out = padded(out + hot_dbus.string(each))
    return padded(out + bytes(8), 8) + (-1).to_bytes(4, "little", signed=True)
