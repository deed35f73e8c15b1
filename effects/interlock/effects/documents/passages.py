"""How the blocks of a text become passages: neighbours of one context, each a contiguous slice."""

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from interlock.effects.documents.types import Passage, Text

PASSAGE_CHARS = 1000
PASSAGE_CHARS_MAX = 2000
PASSAGES_MAX = 20_000
HEADING_CHARS_MAX = 240


class Context(msgspec.Struct, frozen=True):
    """Where a block stands: headings, the names defined there, its anchor, and a number of its own."""

    number: int
    heading: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    anchor: str = ""


class Block(msgspec.Struct, frozen=True):
    """A paragraph, an item, a row, a piece of code: offsets in the canonical text, and its context.

    Blocks of different runs are never joined: something stands between them that is not indexed.
    """

    start: int
    end: int
    context: Context
    run: int = 0


def _cut(block: Block, text: str) -> Iterator[Block]:
    """Split a block that is too long at line ends, else at spaces."""
    start = block.start
    while block.end - start > PASSAGE_CHARS_MAX:
        limit = start + PASSAGE_CHARS_MAX
        end = max(text.rfind("\n", start + PASSAGE_CHARS, limit), 0) or text.rfind(
            " ", start + PASSAGE_CHARS, limit
        )
        end = end if end > start else limit
        yield Block(start, end, block.context, block.run)
        start = end + (text[end : end + 1].isspace())
    yield Block(start, block.end, block.context, block.run)


def _belong(one: Block, other: Block) -> bool:
    same = one.context.number == other.context.number and one.run == other.run
    return same and other.end - one.start <= PASSAGE_CHARS


def _joined(blocks: Iterable[Block], text: str) -> Iterator[Block]:
    current: Block | None = None
    for whole in blocks:
        for block in _cut(whole, text):
            if current is None:
                current = block
            elif _belong(current, block):
                current = Block(current.start, block.end, current.context, current.run)
            else:
                yield current
                current = block
    if current is not None:
        yield current


def build_text(
    title: str,
    text: str,
    blocks: Sequence[Block],
    places: tuple[Sequence[int], Sequence[int]],
    pages: Sequence[int] = (),
) -> Text:
    """Assemble a Text: `places` are the anchors and their raw lines; blocks without a word are left out."""
    bare = Text(title, text, (), tuple(places[0]), tuple(places[1]), tuple(pages))
    passages: list[Passage] = []
    for block in _joined(blocks, text):
        start = block.start + len(text[block.start : block.end]) - len(text[block.start : block.end].lstrip())
        end = start + len(text[start : block.end].rstrip())
        if end <= start or not re.search(r"\w", text[start:end]) or len(passages) >= PASSAGES_MAX:
            continue
        passages.append(
            Passage(
                heading=tuple(part[:HEADING_CHARS_MAX] for part in block.context.heading),
                symbols=block.context.symbols,
                start=start,
                end=end,
                first_line=bare.line_at(start),
                last_line=bare.line_at(end - 1),
                page=bare.page_at(start),
                anchor=block.context.anchor,
            )
        )
    return msgspec.structs.replace(bare, passages=tuple(passages))
