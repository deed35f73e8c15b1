"""What a process said last, read from the file that takes its output; it decides nothing."""

import os
from pathlib import Path

import msgspec

TAIL_LINES = 5
TAIL_BYTES = 8_192


class _Complaint(msgspec.Struct):
    reason: str


def last_words(name: str, log: Path) -> str:
    """Return a sentence about what a process said last, and where to read more when it said nothing."""
    words = _tail(log)
    return f"{name} said last: {words}" if words else f"{name} said nothing; its log is {log}"


def _tail(log: Path) -> str:
    """Return the reason in a log's last line, else its last lines; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            last = file.read().decode("utf-8", errors="replace").splitlines()[-TAIL_LINES:]
    except OSError:
        return ""
    return (_reason(last[-1]) if last else "") or "\n".join(last)


def _reason(line: str) -> str:
    """Return the reason that a process gave in its last log line, if that line is one with a reason."""
    try:
        return msgspec.json.decode(line, type=_Complaint).reason
    except msgspec.MsgspecError:
        return ""
