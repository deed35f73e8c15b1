"""The guard against false quotations: what does not stand in its source does not leave this process.

It looks at an answer's shape, not at who gave it or for what. Whatever holds a `quote` and a `file` is a
quotation.
"""

import re
from pathlib import Path
from typing import Any

import msgspec

from interlock.contracts import limits
from interlock.effects.documents.errors import DocumentsError
from interlock.effects.documents.folder import path_inside
from interlock.effects.documents.quotation import find_quote
from interlock.effects.documents.readers import read_document
from interlock.effects.documents.types import Text
from interlock.effects.errors import Unfit
from interlock.effects.nodes import as_list, as_object

DEPTH_MAX = 64
QUOTES_MAX = limits.MAX_CLAIMS * limits.MAX_CITATIONS
DISCARDED = "discarded_quotes"
_MARK = b'"quote"'
# A key may be spelled with escapes: \u0071uote.
_ESCAPE = b"\\u"
_GONE = object()


def concerns(answer: bytes) -> bool:
    """Tell quickly whether an answer may hold quotations at all."""
    return _MARK in answer or _ESCAPE in answer


def without_false_quotes(answer: bytes, folder: Path | None) -> bytes:
    """Return the answer with only those quotations that stand in `folder` (None: none does); blocks.

    Lines and pages are corrected; a quotation that differs in white space alone gets the source's own
    characters. A claim (an element of a list named `claims`) that loses its last citation goes too. What was
    dropped is counted in `discarded_quotes` of an answer that is an object. Raises Unfit for an answer that
    is nested too deeply.
    """
    guard = _Guard(folder)
    cleaned = guard.clean(msgspec.json.decode(answer), "", 0)
    if cleaned is _GONE:
        cleaned = {}
    counted = {DISCARDED: guard.discarded} if guard.discarded and isinstance(cleaned, dict) else {}
    return msgspec.json.encode(as_object(cleaned) | counted if counted else cleaned)


class _Guard:
    def __init__(self, folder: Path | None) -> None:
        self.discarded = 0
        self._folder = folder
        self._seen = 0
        self._texts: dict[str, Text | None] = {}

    def clean(self, node: Any, name: str, depth: int) -> Any:
        """Return a node without what is false below it, or _GONE; `name` is the key under which it stands."""
        if depth > DEPTH_MAX:
            raise Unfit(f"the answer is nested more than {DEPTH_MAX} deep; ask for a flatter schema")
        if isinstance(node, dict):
            return self._clean_object(as_object(node), depth)
        return self._clean_list(as_list(node), name, depth) if isinstance(node, list) else node

    def _clean_object(self, node: dict[str, Any], depth: int) -> Any:
        if "quote" in node and "file" in node:
            return self._quotation(node)
        cleaned = ((key, self.clean(value, key, depth + 1)) for key, value in node.items())
        return {key: value for key, value in cleaned if value is not _GONE}

    def _clean_list(self, node: list[Any], name: str, depth: int) -> list[Any]:
        kept = [item for item in (self.clean(item, name, depth + 1) for item in node) if item is not _GONE]
        return [item for item in kept if not _unproven(item)] if name == "claims" else kept

    def _quotation(self, node: dict[str, Any]) -> Any:
        self._seen += 1
        quote, file, line = node["quote"], node["file"], node.get("line")
        near = line if isinstance(line, int) else None
        if self._folder and isinstance(quote, str) and isinstance(file, str) and self._seen <= QUOTES_MAX:
            found = find_quote(self._folder, file, quote, near)
            if found is None and (exact := self._respaced(file, quote, near or 1)):
                quote, found = exact, find_quote(self._folder, file, exact, near)
            if found:
                page = {} if found.page is None else {"page": found.page}
                return node | {"quote": quote, "line": found.line} | page
        self.discarded += 1
        return _GONE

    def _respaced(self, file: str, quote: str, near: int) -> str:
        """Return the source's own characters for a quotation that is right but for its white space."""
        words = quote.split()
        text = self._text(file) if words else None
        if text is None or len(quote) > limits.MAX_QUOTE_CHARS:
            return ""
        matches = re.finditer(r"\s+".join(map(re.escape, words)), text.text)
        best = min(matches, key=lambda match: abs(text.line_at(match.start()) - near), default=None)
        return best[0] if best and len(best[0]) <= limits.MAX_QUOTE_CHARS else ""

    def _text(self, file: str) -> Text | None:
        if file not in self._texts:
            assert self._folder is not None
            try:
                read = read_document(path_inside(self._folder, file), file)
            except DocumentsError:
                read = None
            self._texts[file] = read if isinstance(read, Text) else None
        return self._texts[file]


def _unproven(claim: Any) -> bool:
    return as_object(claim).get("citations") == []
