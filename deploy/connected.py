"""Decides whether this container's process holds its connection to the bus; knows neither keys nor messages.

A container's health check: `python connected.py 4222` exits 0 while a TCP connection to that port stands.
It reads the kernel's own list, so it needs no permission on the bus and cannot disturb it. A process that is
connected and yet does nothing is the supervisor's to find, by the beats that it misses.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

ESTABLISHED = "01"
LISTS = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def is_connected(lines: Iterable[str], port: int) -> bool:
    """Tell whether a connection to `port` stands, from lines as proc(5) gives them for /proc/net/tcp."""
    for line in lines:
        _, _, remote, state, *_ = line.split()
        if state == ESTABLISHED and int(remote.rpartition(":")[2], 16) == port:
            return True
    return False


def main() -> int:
    """Return 0 when connected, 1 when not, 2 when called wrongly."""
    match sys.argv[1:]:
        case [word] if word.isdecimal():
            port = int(word)
        case _:
            sys.stderr.write("usage: connected.py PORT (a number, such as 4222)\n")
            return 2
    lines = [line for path in LISTS if path.exists() for line in path.read_text("ascii").splitlines()[1:]]
    return 0 if is_connected(lines, port) else 1


if __name__ == "__main__":
    sys.exit(main())
