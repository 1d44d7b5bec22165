"""The program that asks for a keyring's password on a desktop, with a human who does not give it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from jeepney import DBusAddress, MessageType, new_method_call, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

NAME: Final = "org.gnome.keyring.SystemPrompter"
_CALLBACK: Final = "org.gnome.keyring.internal.Prompter.Callback"
_STEP: Final = 0.05  # seconds between two looks at whether to stop


class Prompter:
    """Owns the name that gnome-keyring asks (gcr-prompter's); `prompts` is how many times a human saw a prompt."""

    def __init__(self, connection: DBusConnection, *, dismisses: bool) -> None:
        """Answer each prompt with Cancel if `dismisses`, else never."""
        self.prompts = 0
        self.stop = threading.Event()
        self._connection = connection
        self._dismisses = dismisses

    def serve(self) -> None:
        """Take calls until told to stop."""
        while not self.stop.is_set():
            try:
                message = self._connection.receive(timeout=_STEP)
            except TimeoutError:
                continue
            if message.header.message_type is MessageType.method_call:
                self._called(message)

    def _called(self, message: Any) -> None:  # noqa: ANN401 - jeepney has no types
        self._connection.send(new_method_return(message))
        fields = {field.name: value for field, value in message.header.fields.items()}
        callback = DBusAddress(message.body[0], bus_name=fields["sender"], interface=_CALLBACK)
        if fields["member"] == "BeginPrompting":
            self._ready(callback, "")
        elif fields["member"] == "PerformPrompt":
            self.prompts += 1
            if self._dismisses:
                self._ready(callback, "no")

    def _ready(self, callback: DBusAddress, answer: str) -> None:
        self._connection.send(new_method_call(callback, "PromptReady", "sa{sv}s", (answer, {}, "")))


@contextmanager
def prompter(address: str, *, dismisses: bool = False) -> Iterator[Prompter]:
    """Run a prompter on that bus while the block runs."""
    connection = open_dbus_connection(bus=address)
    try:
        connection.send_and_get_reply(message_bus.RequestName(NAME))
        made = Prompter(connection, dismisses=dismisses)
        thread = threading.Thread(target=made.serve, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            made.stop.set()
            thread.join()
    finally:
        connection.close()
