"""Looks who is at work: what /proc says of the processes that an answer is waited for; imported only where one is."""

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Sequence

# A process is stopped by a signal or a debugger, asleep, or else at work or about to be.
STOPPED, ASLEEP, AT_WORK = "stopped", "asleep", "at work"


class Look:
    """Looks who is at work on an answer; whether a process has done anything is told by two looks at it."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._before: dict[int, str] = {}

    def __call__(self, pids: "Sequence[int]") -> str:
        """Tell how the processes are: AT_WORK if any is, STOPPED if any is and none at work, else ASLEEP."""
        found = [self._one(pid) for pid in pids]
        return AT_WORK if AT_WORK in found else STOPPED if STOPPED in found else ASLEEP

    def _one(self, pid: int) -> str:
        """Read its state and its time of CPU; a process that cannot be seen is not known to be at work."""
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                fields = file.read().rpartition(b") ")[2].split()
            state, used = fields[0], b" ".join(fields[11:13]).decode()
        except (OSError, LookupError):
            return ASLEEP
        if state in {b"T", b"t", b"Z", b"X"}:
            return STOPPED
        before, self._before[pid] = self._before.get(pid, used), used
        return AT_WORK if state in {b"R", b"D"} or used != before else ASLEEP
