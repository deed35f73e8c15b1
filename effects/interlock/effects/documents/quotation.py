"""Does a quotation stand in its source, character for character, and where; near enough is not there."""

from functools import lru_cache
from pathlib import Path

from interlock.effects.documents.errors import DocumentsError, Unreadable
from interlock.effects.documents.folder import path_inside
from interlock.effects.documents.readers import read_document
from interlock.effects.documents.types import Found, Skipped, Slice, Text

QUOTE_CHARS_MAX = 8_000
SLICE_CHARS_MAX = 40_000
TEXTS_KEPT = 8


def find_quote(root: Path, file: str, quote: str, near_line: int | None = None) -> Found | None:
    """Find a quotation in the canonical text of a file below the root.

    With several places, the one nearest to `near_line` is told, else the first. None when it does not stand
    there, is blank, or when the file is missing, unreadable or outside the root.
    """
    if not quote.strip() or len(quote) > QUOTE_CHARS_MAX:
        return None
    try:
        text = _text(root, file)
    except DocumentsError:
        return None
    offset = best = text.text.find(quote)
    while near_line is not None and offset >= 0:
        if abs(text.line_at(offset) - near_line) < abs(text.line_at(best) - near_line):
            best = offset
        offset = text.text.find(quote, offset + 1)
    if best < 0:
        return None
    return Found(file, text.line_at(best), text.line_at(best + len(quote) - 1), best, text.page_at(best))


def read_slice(root: Path, file: str, first_line: int = 1, last_line: int = 200) -> Slice:
    """Read the canonical text that stands in the given raw lines, at most SLICE_CHARS_MAX characters of it.

    Raises OutsideFolder for a path that leads out of the root, Unreadable for what is no readable document.
    """
    text = _text(root, file)
    first = max(first_line, 1)
    last = max(last_line, first)
    places = [place for place, line in enumerate(text.lines) if first <= line <= last]
    total = max(text.lines, default=0)
    if not places:
        return Slice(file, first, last, "", total)
    start = text.anchors[places[0]]
    after = places[-1] + 1
    end = text.anchors[after] if after < len(text.anchors) else len(text.text)
    cut = text.text[start : min(end, start + SLICE_CHARS_MAX)].rstrip("\n")
    return Slice(file, first, text.line_at(start + max(len(cut) - 1, 0)), cut, total)


def _text(root: Path, file: str) -> Text:
    path = path_inside(root, file)
    try:
        facts = path.stat()
    except OSError as error:
        raise Unreadable(
            f"There is no file {file!r} in the documents folder; search names those that are."
        ) from error
    document = _read(path, file, facts.st_size, facts.st_mtime_ns)
    if isinstance(document, Skipped):
        raise Unreadable(f"{file!r} cannot be read as text: {document.reason}.")
    return document


@lru_cache(maxsize=TEXTS_KEPT)
def _read(path: Path, file: str, _size_bytes: int, _modified_ns: int) -> Text | Skipped:
    return read_document(path, file)
