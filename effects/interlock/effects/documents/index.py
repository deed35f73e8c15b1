"""The search index over one folder: refreshed by size and modification time, safe beside other processes."""

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from interlock.effects.documents.folder import list_documents, resolved_root
from interlock.effects.documents.links import targets
from interlock.effects.documents.meanings import meanings, packed
from interlock.effects.documents.readers import read_document
from interlock.effects.documents.search import LIMIT_MAX, find
from interlock.effects.documents.store import discard, open_store, store_path, writing
from interlock.effects.documents.types import Entry, Refreshed, Results, Skipped, Text
from interlock.effects.documents.words import headline, name_words

Answer = TypeVar("Answer")
HEADING_SEPARATOR = " > "


class Index:
    """An open index. Its methods may be called from any thread; they take turns.

    Raises NoSuchFolder for a root that is none, CacheUnusable when the index cannot be kept.
    """

    def __init__(self, root: Path, cache_folder: Path) -> None:
        self.root = resolved_root(root)
        self._cache_folder = cache_folder
        self._lock = threading.Lock()
        self._connection = open_store(self.root, cache_folder)

    def close(self) -> None:
        """Close the index; closing twice is harmless."""
        with self._lock:
            self._connection.close()

    def refresh(self) -> Refreshed:
        """Read what is new or changed, forget what has vanished; costs one walk when nothing changed."""
        with self._lock:
            return self._mended(self._refresh)

    def search(self, query: str, limit: int = 10) -> Results:
        """Find the passages that fit a query, best first; any string is a query, an empty one finds none."""
        with self._lock:
            return self._mended(lambda: find(self._connection, query, min(max(limit, 1), LIMIT_MAX)))

    def _mended(self, act: Callable[[], Answer]) -> Answer:
        """Act; when the index file turns out to be damaged, build it anew and act once more."""
        try:
            return act()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self._connection.close()
            discard(store_path(self.root, self._cache_folder))
            self._connection = open_store(self.root, self._cache_folder)
            self._refresh()
            return act()

    def _refresh(self) -> Refreshed:
        began = time.perf_counter()
        listing = list_documents(self.root)
        changes = _Changes(self._connection, listing.entries)
        if changes.needed():
            with writing(self._connection):
                changes = _Changes(self._connection, listing.entries)
                changes.apply(self.root)
        (passages,) = self._connection.execute("SELECT count(*) FROM passages").fetchone()
        unread = self._connection.execute(
            "SELECT file, reason FROM files WHERE reason <> '' LIMIT 200"
        ).fetchall()
        return Refreshed(
            files=len(listing.entries) - len(unread),
            read=changes.read,
            removed=changes.removed,
            passages=int(passages),
            seconds=time.perf_counter() - began,
            skipped=(*listing.skipped, *(Skipped(file, reason) for file, reason in unread)),
        )


class _Changes:
    """What differs between the folder and the index, and the way to level it."""

    def __init__(self, connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
        known = {
            row[0]: row[1:] for row in connection.execute("SELECT file, size_bytes, modified_ns FROM files")
        }
        self._connection = connection
        self._new = [
            entry for entry in entries if known.get(entry.file) != (entry.size_bytes, entry.modified_ns)
        ]
        present = {entry.file for entry in entries}
        self._gone = [file for file in known if file not in present]
        self._known = known
        self.read = 0
        self.removed = 0

    def needed(self) -> bool:
        return bool(self._new or self._gone)

    def apply(self, root: Path) -> None:
        for file in self._gone:
            self._forget(file)
            self.removed += 1
        for entry in self._new:
            if entry.file in self._known:
                self._forget(entry.file)
            self._insert(entry, read_document(root / entry.file, entry.file))
            self.read += 1

    def _forget(self, file: str) -> None:
        run = self._connection.execute
        (number,) = run("SELECT id FROM files WHERE file = ?", (file,)).fetchone()
        run(
            "INSERT INTO words(words, rowid, symbols, heading, title, text) "
            "SELECT 'delete', id, symbols, heading, title, text FROM passages WHERE file_id = ?",
            (number,),
        )
        for table in ("passages", "meanings", "links"):
            run(f"DELETE FROM {table} WHERE file_id = ?", (number,))  # noqa: S608 - names of our own, no input
        run("DELETE FROM files WHERE id = ?", (number,))

    def _insert(self, entry: Entry, document: Text | Skipped) -> None:
        text = document if isinstance(document, Text) else None
        reason = document.reason if isinstance(document, Skipped) else ""
        number = self._connection.execute(
            "INSERT INTO files(file, size_bytes, modified_ns, title, reason) VALUES(?, ?, ?, ?, ?)",
            (entry.file, entry.size_bytes, entry.modified_ns, text.title if text else "", reason),
        ).lastrowid
        if text is None or not text.passages:
            return
        title = f"{text.title} {name_words(entry.file)}"
        (last,) = self._connection.execute("SELECT coalesce(max(id), 0) FROM passages").fetchone()
        self._connection.executemany(
            "INSERT INTO passages VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(last + place, number, passage.first_line, passage.last_line, passage.page),
                    *(_json(text.anchors_of(passage)), _json(passage.heading), _json(passage.symbols)),
                    " ".join(name_words(symbol) for symbol in passage.symbols),
                    HEADING_SEPARATOR.join(passage.heading),
                    *(title, text.text[passage.start : passage.end], passage.anchor),
                )
                for place, passage in enumerate(text.passages, start=1)
            ],
        )
        self._connection.execute(
            "INSERT INTO words(rowid, symbols, heading, title, text) "
            "SELECT id, symbols, heading, title, text FROM passages WHERE id > ?",
            (last,),
        )
        self._relate(entry.file, number, last + 1, text)

    def _relate(self, file: str, number: int | None, first: int, text: Text) -> None:
        """Write down what the passages of a file are about, and where its links lead."""
        about = [
            f"{headline(passage.heading)}. {text.text[passage.start : passage.end]}"
            for passage in text.passages
        ]
        self._connection.execute(
            "INSERT INTO meanings VALUES(?, ?, ?)", (number, first, packed(meanings(about)))
        )
        self._connection.executemany(
            "INSERT INTO links VALUES(?, ?)", [(target, number) for target in targets(file, text.links)]
        )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
