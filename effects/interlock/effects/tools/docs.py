"""Which folder of documents a task may read, and the library's complaints in the words of effects."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from interlock.effects.documents.errors import DocumentsError, NoSuchFolder
from interlock.effects.errors import Busy, NoDocuments, Refused


def docs_folder(docs: str, roots: tuple[Path, ...]) -> Path:
    """Return the task's folder, links followed; raises NoDocuments unless it is below one of `roots`."""
    if not docs:
        raise NoDocuments("the task names no documents; submit it with a folder: --docs FOLDER")
    try:
        folder = Path(docs).expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise NoDocuments(f"there is no documents folder {docs!r} where the effect worker runs") from error
    if not folder.is_dir():
        raise NoDocuments(f"{docs!r} is a file; name the folder that holds the documents")
    if not any(folder.is_relative_to(root.expanduser().resolve()) for root in roots):
        allowed = ", ".join(str(root) for root in roots) or "none"
        raise NoDocuments(
            f"{docs!r} is not below a folder that this effect worker may read ({allowed}); "
            "add it to INTERLOCK_DOCS, or name one that is"
        )
    return folder


@contextmanager
def plainly() -> Generator[None]:
    """Turn what a library of documents raises into effect errors."""
    try:
        yield
    except NoSuchFolder as error:
        raise NoDocuments(str(error)) from error
    except DocumentsError as error:
        raise Refused(str(error)) from error
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise Busy(f"the search index is in use by another process for too long ({error})") from error
        raise Refused(
            f"the search index cannot be used ({error}); look at the disk of INTERLOCK_CACHE"
        ) from error
