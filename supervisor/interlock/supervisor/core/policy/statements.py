"""Takes a Cedar file apart into its policies, each with its line; what they mean it ignores.

Cedar's own parser tells no lines, and people need them.
"""

import re
from collections.abc import Iterator

import msgspec

_PIECES = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|;|[^";/]+|.', re.DOTALL)


class Statement(msgspec.Struct, frozen=True):
    """The text of one policy, and where it stands: `file:line`."""

    text: str
    place: str


def statements(name: str, text: str) -> Iterator[Statement]:
    """Yield the policies of a file in order; what follows the last semicolon is one too."""
    pieces: list[str] = []
    line = begins = 1
    for match in _PIECES.finditer(text):
        piece = match.group()
        if piece == ";":
            yield Statement("".join((*pieces, piece)).strip(), f"{name}:{begins}")
            pieces = []
        elif not piece.startswith("//"):
            if not pieces:
                meant = piece.lstrip()
                begins = line + piece[: len(piece) - len(meant)].count("\n")
                piece = meant
            if piece:
                pieces.append(piece)
        line += match.group().count("\n")
    rest = "".join(pieces).strip()
    if rest:
        yield Statement(rest, f"{name}:{begins}")
