"""`refresh` that finds nothing to do: one line of history, at the cost of starting Python."""

import os
import sys
import time

from sso_login import layout

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def idle(
    extra: str,
    entries: "list[str]",
    env: "Mapping[str, str]",
    *,
    scheduled: bool,
    opened: "Callable[[str, str, int], int]",
) -> "str | None":
    """Write down that a refresh found nothing to do, by one write; None where somebody is to be told something."""
    now = time.time()
    if sys.platform == "win32" or (extra and now >= int(extra)):
        return None
    path = layout.history_file(layout.home(env))
    try:
        descriptor = opened(layout.home(env), path, os.O_WRONLY | os.O_APPEND)
    except OSError:
        return None  # none yet: the ordinary way makes it
    try:
        if os.fstat(descriptor).st_size > layout.HISTORY_MOST:
            return None
        os.write(descriptor, layout.idle_line(now, entries, scheduled=scheduled).encode())
    except OSError:
        pass  # a full disk: the logins are fresh all the same
    finally:
        os.close(descriptor)
    return ""
