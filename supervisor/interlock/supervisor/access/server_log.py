"""Reads what is appended to the server's log, line by line, through rotation and truncation.

It begins at the end: what stood there before was for the life before. It must not know what a line means.
"""

import os
from pathlib import Path
from typing import BinaryIO

from interlock.bus.logs import log

MOST_BYTES = 262_144
MOST_BEHIND_BYTES = 16 * 1024 * 1024
MOST_LINE_BYTES = 65_536


class ServerLog:
    """One log file, which need not exist yet; all calls are short and never wait."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._part = b""
        self.skipped_bytes = 0
        self._open(at_end=True)

    def lines(self) -> list[str]:
        """Return the lines that have come since, from at most 256 KiB; call again for more."""
        found: list[str] = []
        left = MOST_BYTES
        # Twice: the rest of a file that was moved away, and the one that has taken its place.
        for _ in range(2):
            data = self._read(left)
            left -= len(data)
            found += self._split(data)
            if left <= 0 or not self._moved():
                break
            self.close()
            self._open(at_end=False)
        return found

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self, *, at_end: bool) -> None:
        try:
            self._file = self._path.open("rb", buffering=0)
        except FileNotFoundError:
            return
        except OSError as failure:
            log.warning("server_log_not_read", path=str(self._path), reason=failure.strerror)
            return
        self._part = b""
        if at_end:
            self._file.seek(0, os.SEEK_END)

    def _read(self, most_bytes: int) -> bytes:
        if self._file is None:
            return b""
        size, at = os.fstat(self._file.fileno()).st_size, self._file.tell()
        if size < at:
            at = self._file.seek(0)
            self._part = b""
        behind = size - at
        if behind > MOST_BEHIND_BYTES:
            self.skipped_bytes += behind
            log.error("server_log_skipped", skipped_bytes=behind)
            self._file.seek(size)
            self._part = b""
            return b""
        return self._file.read(most_bytes) or b""

    def _moved(self) -> bool:
        """Return whether another file stands under the name, or the first one does now."""
        try:
            there = self._path.stat()
        except OSError:
            return False
        if self._file is None:
            return True
        here = os.fstat(self._file.fileno())
        return (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino)

    def _split(self, data: bytes) -> list[str]:
        *whole, self._part = (self._part + data).split(b"\n")
        if len(self._part) > MOST_LINE_BYTES:
            self._part = self._part[-MOST_LINE_BYTES:]
        return [line.decode(errors="replace") for line in whole]
