"""From bytes to a Text, by kind; what cannot be read is told as a reason, never raised."""

import re
from pathlib import Path

from interlock.effects.documents.folder import FILE_BYTES_MAX
from interlock.effects.documents.kinds import Kind, kind_of
from interlock.effects.documents.pdf import read_pdf
from interlock.effects.documents.prose import read_prose
from interlock.effects.documents.source import read_source
from interlock.effects.documents.types import Skipped, Text

CHARSET = re.compile(rb"<meta[^>]+charset=[\"']?([\w\-]+)", re.IGNORECASE)
HEAD_BYTES = 4096


def read_document(path: Path, file: str) -> Text | Skipped:
    """Read one document; `file` is the name by which it is reported."""
    kind = kind_of(file)
    if kind is None:
        return Skipped(file, "not a kind of document that is read")
    try:
        with path.open("rb") as stream:
            data = stream.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        return Skipped(file, f"cannot be opened: {error.strerror or 'unknown reason'}")
    if len(data) > FILE_BYTES_MAX:
        return Skipped(file, f"larger than {FILE_BYTES_MAX // 1024 // 1024} MiB")
    return read_bytes(data, kind, file)


def read_bytes(data: bytes, kind: Kind, file: str) -> Text | Skipped:
    """Read a document's bytes as the given kind."""
    if kind == "pdf":
        try:
            text = read_pdf(data)
        except Exception as error:  # noqa: BLE001 - pypdf raises whatever a broken file leads it to
            return Skipped(file, f"not a readable PDF ({type(error).__name__})")
        return text if text.passages else Skipped(file, "a PDF without text")
    if b"\x00" in data[:HEAD_BYTES] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Skipped(file, "binary")
    if kind == "html":
        return _html(data, file)
    decoded = _decoded(data)
    if decoded is None:
        return Skipped(file, "not UTF-8 text")
    return read_source(decoded) if kind == "source" else read_prose(decoded, kind)


def _decoded(data: bytes) -> str | None:
    """Decode as UTF-8 or UTF-16 by its mark; line ends stay as they are."""
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _html(data: bytes, file: str) -> Text | Skipped:
    named = CHARSET.search(data[:HEAD_BYTES])
    encoding = named[1].decode("ascii") if named else "utf-8"
    try:
        data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return Skipped(file, f"not text in its encoding {encoding}")
    # lxml needs 6 MB, and most folders hold no HTML.
    from lxml.etree import LxmlError  # noqa: PLC0415 - for that reason

    from interlock.effects.documents.page import read_page  # noqa: PLC0415 - the same

    try:
        return read_page(data, encoding)
    except (LxmlError, ValueError, RecursionError) as error:
        return Skipped(file, f"not readable HTML ({type(error).__name__})")
