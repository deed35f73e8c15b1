"""The folder of invoices: which files there are, and what stands in each. It judges nothing."""

import functools
import logging
from pathlib import Path

from pypdf import PdfReader

from interlock.effects.errors import NoDocuments, Refused

ENDINGS = (".txt", ".pdf")
MOST_FILES = 200
MOST_BYTES = 2_000_000
MOST_PAGES = 20

logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def folder_of(docs: str, roots: tuple[Path, ...]) -> Path:
    """Return the task's folder, which must stand below one that this worker may read."""
    folder = Path(docs).resolve()
    if not docs or not folder.is_dir() or not any(folder.is_relative_to(root.resolve()) for root in roots):
        raise NoDocuments(
            "the task names no folder of invoices that may be read: submit it with --docs FOLDER"
        )
    return folder


def files_in(folder: Path) -> tuple[str, ...]:
    """Return the names of the invoices in order."""
    names = sorted(path.name for path in folder.iterdir() if path.suffix in ENDINGS and path.is_file())
    if len(names) > MOST_FILES:
        raise Refused(
            f"{folder} holds {len(names)} invoices, at most {MOST_FILES} are taken: use more folders"
        )
    return tuple(names)


def text_of(folder: Path, name: str) -> tuple[str, str]:
    """Return the text of a file, and what is wrong with it; never both."""
    if name not in files_in(folder):
        raise Refused(f"there is no invoice {name!r} in the folder; list_invoices tells their names")
    path = folder / name
    stat = path.stat()
    if stat.st_size > MOST_BYTES:
        return "", f"the file has {stat.st_size} bytes, at most {MOST_BYTES} are read"
    return _text(path, stat.st_mtime_ns)


@functools.lru_cache(maxsize=2 * MOST_FILES)
def _text(path: Path, _written_ns: int) -> tuple[str, str]:
    try:
        if path.suffix == ".txt":
            return path.read_text("utf-8"), ""
        return "\n".join(page.extract_text() for page in PdfReader(path).pages[:MOST_PAGES]), ""
    except Exception as error:  # noqa: BLE001 - a paper from outside may break its reader in any way
        return "", f"the file cannot be read ({type(error).__name__})"
