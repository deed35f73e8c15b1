"""Source code, quoted as it stands; definitions are recognised by how their first lines look."""

import re

from interlock.effects.documents.passages import Block, Context, build_text
from interlock.effects.documents.prose import line_starts
from interlock.effects.documents.types import Text

DEFINITION = re.compile(
    r"(?P<indent>[ \t]*)"
    r"(?:export |default |pub(?:\([^)]*\))? |public |private |protected |static |final |abstract |async "
    r"|unsafe |inline |extern )*"
    r"(?P<word>def|class|func|fn|function|struct|enum|trait|impl|interface|type|module|namespace|message|service"
    r"|create table)\b[ \t]+(?:\([^)]*\)[ \t]*)?"
    r"(?P<name>[A-Za-z_$][\w$]*(?:(?:\.|::)[\w$]+)*)",
    re.IGNORECASE,
)
SECTION = re.compile(r"(?P<indent>)\[+(?P<name>[\w.\-\"' ]+)\]+\s*$")
LEAD = re.compile(r"[ \t]*(#|//|/\*|\*|--|@|\"\"\")")
SIGNATURE_CHARS_MAX = 160


def read_source(text: str) -> Text:
    """Read a source file: a passage begins at each definition, and at blank lines when it grows too long."""
    starts = line_starts(text)
    lines = text.split("\n")
    path: list[tuple[int, str, str]] = []
    blocks: list[Block] = []
    context = Context(0)
    begin = 0
    for number, line in enumerate(lines):
        match = DEFINITION.match(line) or SECTION.match(line)
        if match:
            first = _lead(lines, number)
            _close(blocks, begin, max(starts[first], begin), context)
            begin = max(starts[first], begin)
            indent = len(match["indent"].expandtabs(4))
            path = [step for step in path if step[0] < indent]
            path.append((indent, line.strip()[:SIGNATURE_CHARS_MAX], match["name"]))
            name = ".".join(step[2] for step in path)
            context = Context(context.number + 1, tuple(step[1] for step in path), (name,))
        elif not line.strip() and starts[number] > begin:
            _close(blocks, begin, starts[number], context)
            begin = starts[number] + 1
    _close(blocks, begin, len(text), context)
    return build_text("", text, blocks, (starts, range(1, len(starts) + 1)))


def _lead(lines: list[str], number: int) -> int:
    """Walk up over the comments and decorators that belong to a definition."""
    while number > 0 and LEAD.match(lines[number - 1]):
        number -= 1
    return number


def _close(blocks: list[Block], start: int, end: int, context: Context) -> None:
    if end > start:
        blocks.append(Block(start, end, context))
