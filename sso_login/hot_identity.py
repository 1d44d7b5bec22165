"""The ID token of a record on the hot path: found in its body, and given while its own end is far enough away."""

import binascii
import json
import time

from sso_login import layout

_KEY = '"id_token":"'  # as storage/record.py writes it; within a text its quotes would be escaped


def of(record: "tuple[int, int, str, str]", least: float) -> "tuple[int, int, str, str] | None":
    """Give the record with ID token and its end in the place of the access token's; None where there is any doubt."""
    value = record[3].partition(_KEY)[2].partition('"')[0]
    parts = value.split(".")
    if len(parts) != 3 or not value.replace("-", "").replace("_", "").replace(".", "").isalnum() or not value.isascii():
        return None
    try:
        payload = parts[1].replace("-", "+").replace("_", "/") + "=" * (-len(parts[1]) % 4)
        ends = json.loads(binascii.a2b_base64(payload).decode(), parse_constant=_no_number)["exp"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    sound = type(ends) is int and least < ends - time.time() and ends < layout.ENDLESS
    return (ends, record[1], value, "") if sound else None


def _no_number(name: str) -> None:
    raise ValueError(name)
