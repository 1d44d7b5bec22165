"""Starts COMMAND COUNT times at once and prints `WALL CPU RSS FAILED`: seconds, seconds of all, kB of the largest.

A program of its own (`python -I -S launch.py COUNT COMMAND...`), because the kernel counts the memory of whoever starts
a process as that process's own until exec: started from the benchmark, everything would seem as large as that.
"""

import posix
import sys
import time


def main() -> None:
    """Do it; what the commands say on stdout and stderr is thrown away."""
    if sys.platform == "win32":
        sys.exit("only POSIX tells what a child has cost")
    count, argv = int(sys.argv[1]), sys.argv[2:]
    quiet = [(posix.POSIX_SPAWN_OPEN, number, "/dev/null", posix.O_WRONLY, 0) for number in (1, 2)]
    begun = time.perf_counter()
    children = [posix.posix_spawn(argv[0], argv, posix.environ, file_actions=quiet) for _ in range(count)]
    ends = [posix.wait4(child, 0) for child in children]
    wall = time.perf_counter() - begun
    cpu = sum(usage.ru_utime + usage.ru_stime for _, _, usage in ends)
    largest = max(usage.ru_maxrss for _, _, usage in ends) // (1024 if sys.platform == "darwin" else 1)
    failed = sum(status != 0 for _, status, _ in ends)
    sys.stdout.write(f"{wall} {cpu} {largest} {failed}\n")


if __name__ == "__main__":
    main()
