"""A passage cut into what can be quoted: sentences, list items, rows, pieces of code; exact slices."""

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

Form = Literal["sentence", "item", "code", "label"]

PARAGRAPH = re.compile(r"\n[ \t]*\n")
END = re.compile(r"(?<=[.!?])(?:[\"”\u2019')\]]*)\s+(?=[\"“\u2018'(\[`*]*[A-Z0-9_`*])")
ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|cf|vs|approx|resp|Mr|Mrs|Dr|St|No|Fig|Eq|Sec|Vol|pp)|\b[A-Z])\.$"
)
CODE_LINE = re.compile(
    r"\s{4,}\S|\t|>>>|\.\.\. |\$ |```|~~~|.*[{};]\s*$|\s*(?:def|class|import|from|return|if|for) .*[:\w]$"
)
MARKER = re.compile(r"\s*(?:[-*+•]|\d{1,2}[.)]|#{1,6}|>)\s+")
ITEM = re.compile(r"(?m)^\s*(?:[-*+•]|\d{1,2}[.)])\s+")
SIGNATURE = re.compile(r"(?:[a-z]+ ){0,3}[\w.]+\(.*\)(?:\s*(?:→|->).*)?$", re.DOTALL)
ITEMS_MAX = 10_000
ROW = re.compile(r"^\s*\|?.*\|.*\|?\s*$")


class Span(msgspec.Struct, frozen=True):
    """A quotable slice of a passage: offsets in its text, its form, its paragraph (or list item, or row).

    It announces what follows when it ends with a colon.
    """

    start: int
    end: int
    form: Form
    paragraph: int
    announces: bool = False


def spans(text: str) -> list[Span]:
    """Cut a passage into its spans, in order."""
    found: list[Span] = []
    start = 0
    bounds = [(match.start(), match.end()) for match in PARAGRAPH.finditer(text)]
    for number, (end, following) in enumerate([*bounds, (len(text), len(text))]):
        found.extend(_paragraph(text, start, end, number * ITEMS_MAX))
        start = following
    return found


def _paragraph(text: str, start: int, end: int, number: int) -> Iterator[Span]:
    start, end = _trimmed(text, start, end)
    if end <= start:
        return
    body = text[start:end]
    lines = body.split("\n")
    marked = [match.start() + start for match in ITEM.finditer(body)]
    indented = text[text.rfind("\n", 0, start) + 1 : end].split("\n")
    if not marked and _is_code(indented):
        yield Span(start, end, "code", number)
    elif len(lines) > 1 and all(ROW.match(line) for line in lines):
        offset = start
        for row, line in enumerate(lines):
            if not re.fullmatch(r"[\s|:\-]*", line):
                yield Span(*_trimmed(text, offset, offset + len(line)), "item", number + row)
            offset += len(line) + 1
    elif marked:
        for item, (first, last) in enumerate(zip([start, *marked], [*marked, end], strict=True)):
            if last > first:
                yield from _sentences(text, first, last, number + item)
    else:
        yield from _sentences(text, start, end, number)


def _is_code(lines: list[str]) -> bool:
    return sum(CODE_LINE.match(line) is not None for line in lines) * 2 > len(lines) or lines[0].startswith(
        "```"
    )


def _sentences(text: str, start: int, end: int, number: int) -> Iterator[Span]:
    marker = MARKER.match(text, start, end)
    first = marker.end() if marker else start
    begin = first
    for match in END.finditer(text, first, end):
        if not ABBREVIATION.search(text, max(begin, match.start() - 8), match.start()):
            stop = len(text[begin : match.end()].rstrip()) + begin
            yield Span(begin, stop, "sentence", number)
            begin = match.end()
    begin, end = _trimmed(text, begin, end)
    if end > begin:
        yield Span(begin, end, _form(text[begin:end]), number, announces=text[begin:end].endswith(":"))


def _form(words: str) -> Form:
    if re.search(r"[.!?][\"”\u2019')\]*`]*$", words):
        return "sentence"
    if SIGNATURE.match(words):
        return "label"
    if words.endswith(":") and len(words.split()) > 3:
        return "item"
    return "item" if len(words.split()) > 5 and "(" not in words.split(maxsplit=1)[0] else "label"


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    body = text[start:end]
    return start + len(body) - len(body.lstrip()), start + len(body.rstrip())
