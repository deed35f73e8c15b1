"""The open indexes of this process, one per folder, few at a time, refreshed when asked after a while."""

import threading
import time
from collections import OrderedDict
from pathlib import Path

from interlock.effects.documents.index import Index
from interlock.effects.documents.types import Results
from interlock.effects.errors import Busy

OPEN_MAX = 8
FRESH_S = 1.0
WAIT_S = 45.0


class _Opened:
    """An index and when it was last compared with its folder; the lock makes one searcher refresh for all."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._compared_s = float("-inf")
        self._lock = threading.Lock()

    def refresh(self) -> None:
        if not self._lock.acquire(timeout=WAIT_S):
            raise Busy("the documents are still being read for the first time; try again in a while")
        try:
            if time.monotonic() - self._compared_s >= FRESH_S:
                self.index.refresh()
                self._compared_s = time.monotonic()
        finally:
            self._lock.release()


class Shelf:
    """Indexes by folder, from any thread; one that is dropped closes itself after its last search."""

    def __init__(self) -> None:
        self._opened: OrderedDict[tuple[Path, Path], _Opened] = OrderedDict()
        self._lock = threading.Lock()

    def search(self, folder: Path, cache: Path, query: str, limit: int) -> Results:
        """Search a folder as it is now (or was FRESH_S ago); raises DocumentsError, Busy."""
        opened = self._open(folder, cache)
        opened.refresh()
        return opened.index.search(query, limit)

    def _open(self, folder: Path, cache: Path) -> _Opened:
        with self._lock:
            opened = self._opened.pop((folder, cache), None) or _Opened(Index(folder, cache))
            self._opened[folder, cache] = opened
            while len(self._opened) > OPEN_MAX:
                self._opened.popitem(last=False)
            return opened


SHELF = Shelf()
