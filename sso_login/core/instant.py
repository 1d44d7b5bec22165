"""Instants as text; in seconds since the epoch inside the program."""

from __future__ import annotations

import time


def rfc3339(epoch: float) -> str:
    """Write an instant as AWS and our own JSON have it: UTC, whole seconds, `2027-01-15T08:00:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))
