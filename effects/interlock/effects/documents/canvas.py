"""The canonical text of a rendered page while it grows: blocks, their contexts, their raw lines."""

from array import array

from interlock.effects.documents.passages import Block, Context, build_text
from interlock.effects.documents.types import Text


class Canvas:
    """Collects blocks in reading order; offsets and lines only grow in number, never change."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._run = 0
        self._blocks: list[Block] = []
        self._offsets = array("Q")
        self._lines = array("Q")

    def prose(self, raw: str, line: int, context: Context, *, indexed: bool = True) -> None:
        """Add a paragraph: whitespace collapses; each raw line that begins inside it is remembered."""
        start = self._length
        pieces: list[str] = []
        for number, piece in enumerate(raw.split("\n")):
            collapsed = " ".join(piece.split())
            if collapsed:
                self._anchor(self._length, line + number)
                pieces.append(collapsed)
                self._length += len(collapsed) + 1
        if pieces:
            self._length -= 1
            self._close(" ".join(pieces), start, context, indexed=indexed)

    def preformatted(self, raw: str, line: int, context: Context) -> None:
        """Add text as it stands, without the blank lines around it."""
        body = raw.rstrip()
        lead = len(body) - len(body.lstrip("\n"))
        body = body.lstrip("\n")
        start = self._length
        for number, piece in enumerate(body.split("\n")):
            self._anchor(self._length, line + lead + number)
            self._length += len(piece) + 1
        if body:
            self._length -= 1
            self._close(body, start, context, indexed=True)

    def finish(self, title: str) -> Text:
        """Assemble the Text."""
        text = "".join(self._parts).rstrip("\n")
        return build_text(title, text, self._blocks, (self._offsets, self._lines))

    def _anchor(self, offset: int, line: int) -> None:
        self._offsets.append(offset)
        self._lines.append(max(line, 1))

    def _close(self, body: str, start: int, context: Context, *, indexed: bool) -> None:
        self._parts.append(f"{body}\n\n")
        if indexed:
            self._blocks.append(Block(start, self._length, context, self._run))
        else:
            self._run += 1
        self._length += 2
