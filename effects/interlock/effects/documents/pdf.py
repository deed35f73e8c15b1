"""PDF: the text that pypdf extracts, page after page; lines are those of the extracted text."""

import io
import logging

from interlock.effects.documents.passages import Block, Context, build_text
from interlock.effects.documents.prose import line_starts
from interlock.effects.documents.types import Text

PAGES_MAX = 2_000


def read_pdf(data: bytes) -> Text:
    """Read a PDF file; whatever pypdf raises for a broken or encrypted file passes through."""
    from pypdf import PdfReader  # noqa: PLC0415 - needs 150 ms to load, and most folders hold no PDF

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    reader = PdfReader(io.BytesIO(data))
    title = str(reader.metadata.title or "") if reader.metadata else ""
    parts: list[str] = []
    pages: list[int] = []
    blocks: list[Block] = []
    length = 0
    for number, page in enumerate(reader.pages[:PAGES_MAX]):
        text = _storable(page.extract_text()).rstrip()
        pages.append(length)
        context = Context(number, (title,) if title else ())
        start = length
        for paragraph in text.split("\n\n"):
            blocks.append(Block(start, start + len(paragraph), context))
            start += len(paragraph) + 2
        parts.append(f"{text}\n\n")
        length += len(text) + 2
    whole = "".join(parts)
    starts = line_starts(whole)
    return build_text(title, whole, blocks, (starts, range(1, len(starts) + 1)), pages)


def _storable(text: str) -> str:
    """Drop what neither JSON nor SQLite can hold: NUL and halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
