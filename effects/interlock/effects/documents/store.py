"""The index on disk: an SQLite file with an FTS5 table; it knows rows, not questions, and may vanish."""

import hashlib
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from interlock.bus.logs import log
from interlock.effects.documents.errors import CacheUnusable

SCHEMA_VERSION = 3
BUSY_TIMEOUT_S = 60.0
CACHE_KIB = 16_384
JOURNAL_BYTES = 1_048_576
SCHEMA = """
CREATE TABLE IF NOT EXISTS files(
    id INTEGER PRIMARY KEY, file TEXT NOT NULL UNIQUE, size_bytes INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL, title TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passages(
    id INTEGER PRIMARY KEY, file_id INTEGER NOT NULL, first_line INTEGER NOT NULL, last_line INTEGER NOT NULL,
    page INTEGER, anchors TEXT NOT NULL, path TEXT NOT NULL, names TEXT NOT NULL,
    symbols TEXT NOT NULL, heading TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
    anchor TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS passages_of_file ON passages(file_id);
CREATE TABLE IF NOT EXISTS meanings(
    file_id INTEGER PRIMARY KEY, first_id INTEGER NOT NULL, directions BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS links(target TEXT NOT NULL, file_id INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS links_by_target ON links(target);
CREATE INDEX IF NOT EXISTS links_of_file ON links(file_id);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
    symbols, heading, title, text, content='passages', content_rowid='id', tokenize='porter unicode61');
"""


def store_path(root: Path, cache_folder: Path) -> Path:
    """Name the index file of a root: one per root, whatever it is called."""
    return cache_folder / f"{hashlib.sha256(str(root).encode()).hexdigest()[:16]}.sqlite"


def open_store(root: Path, cache_folder: Path) -> sqlite3.Connection:
    """Open the index of a root, made anew when it is missing, of another version or damaged.

    Raises CacheUnusable when the folder cannot be written. Any thread may use the connection, one at a time.
    """
    path = store_path(root, cache_folder)
    try:
        cache_folder.mkdir(parents=True, exist_ok=True)
        try:
            return _opened(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            discard(path)
            return _opened(path)
    except (OSError, sqlite3.Error) as error:
        raise CacheUnusable(
            f"The search index cannot be kept in {str(cache_folder)!r} ({error}); "
            "name a folder that can be written."
        ) from error


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        connection.execute(f"PRAGMA journal_size_limit={JOURNAL_BYTES}")
        with writing(connection):
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version != SCHEMA_VERSION:
                for table in ("words", "links", "meanings", "passages", "files"):
                    connection.execute(f"DROP TABLE IF EXISTS {table}")
                for statement in SCHEMA.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    except BaseException:
        connection.close()
        raise
    return connection


def discard(path: Path) -> None:
    """Remove an index file that is damaged; readers that have it open keep theirs."""
    log.warning("search index rebuilt", file=path.name)
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


@contextmanager
def writing(connection: sqlite3.Connection) -> Generator[None]:
    """Hold the one write lock of the index for a block; nothing of it is kept when the block fails."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
