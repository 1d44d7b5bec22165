"""How logins stand, in the words that the hot path and the ordinary way share; it imports nothing."""

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Sequence

VALID = "valid"
RENEWABLE = "renewable"
LOGIN_REQUIRED = "login_required"
UNREADABLE = "unreadable"
STATES = {VALID: "valid", RENEWABLE: "renewable", LOGIN_REQUIRED: "login required", UNREADABLE: "unreadable"}
HEADINGS = ("SESSION", "STATE", "TOKEN", "REGISTRATION", "RENEWABLE", "STORE", "INSTANCE")

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
SOON = 30 * 60  # seconds before its end at which a login is worth a word
REMARKED = 12 * 3_600  # seconds before it at which `status` tells of it
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MINUTES = 10 * 60  # seconds; with more left nobody counts them


def spoken(seconds: float) -> str:
    """Say a span in its two largest units, such as `7 h 59 min`; rounded down, `0 s` for what is over."""
    left = int(min(seconds, 9_999 * 86_400)) if seconds > 0 else 0
    counts = []
    for size, unit in _UNITS:
        counts.append((left // size, unit))
        left %= size
    first = next((at for at, (count, _) in enumerate(counts) if count), len(counts) - 1)
    largest, smaller = counts[first], counts[first + 1 : first + 2]
    return " ".join(f"{count} {unit}" for count, unit in [largest, *(pair for pair in smaller if pair[0])])


def remaining(expires_at: "float | None", now: float) -> str:
    """Say the time left to the second, for a table in a pipe."""
    if expires_at is None:
        return "-"
    return spoken(expires_at - now) if expires_at > now else "expired"


def rounded(expires_at: "float | None", now: float) -> str:
    """Say the time left as a human reads it: in whole minutes while there are many."""
    if expires_at is None:
        return "-"
    left = expires_at - now
    return "expired" if left <= 0 else spoken(left - left % 60 if left >= _MINUTES else left)


def cells(label: str, state: str, times: "tuple[str, str]", renewable: str, where: "tuple[str, str]") -> "list[str]":
    """Give a row under HEADINGS; `times` are those left of token and registration, `where` store and instance."""
    return [label, STATES[state], *times, renewable, *where]


def end(expires_at: float, registration: float, *, renewable: bool) -> float:
    """Tell when a human must log in again, as far as is known: the registration ends what is renewed until then."""
    return max(expires_at, registration) if renewable else expires_at


def plain(rows: "Sequence[Sequence[str]]") -> str:
    """Write a table for a pipe: columns as wide as their widest cell, no line with blanks at its end."""
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (HEADINGS, *rows))
    return "".join(f"{line.rstrip()}\n" for line in lines)


def brief(label: str, state: str, times: "tuple[float | None, float]", now: float, *, sure: bool) -> str:
    """Say in a prompt how one login stands: the time its token has left, else what it is.

    `times` are when the token ends, and when a human must log in again: who has little time is told, `sure` or not.
    """
    expires_at, end = times
    said = f"{label} {STATES[state] if state != VALID or expires_at is None else rounded(expires_at, now)}"
    return f"{said} (log in again before {clock(end, now, sure=sure)})" if 0 < end - now <= SOON else said


def clock(instant: float, now: float, *, sure: bool) -> str:
    """Say at which time of the day something is, and of which day where it is not today; "about" unless `sure`."""
    import time

    then, today = time.localtime(instant), time.localtime(now)
    day = "" if then[:3] == today[:3] else f"{_DAYS[then[6]]} "
    return f"{'' if sure else 'about '}{day}{then[3]:02}:{then[4]:02}"


def line(pieces: "Sequence[str]") -> str:
    """Write a prompt's line; nothing where there is nothing to say."""
    return ", ".join(pieces) + "\n" if pieces else ""
