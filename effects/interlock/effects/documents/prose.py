"""Markdown, reStructuredText and plain text, quoted as they stand; only headings are understood."""

import re
from collections.abc import Iterator

import msgspec

from interlock.effects.documents.links import markdown_links, slug
from interlock.effects.documents.passages import Block, Context, build_text
from interlock.effects.documents.types import Text

ATX = re.compile(r"(#{1,6})[ \t]+(.+?)[ \t]*#*$")
FENCE = re.compile(r"[ ]{0,3}(```+|~~~+)")
UNDERLINE = re.compile(r"""([=\-~^"'`:.*+#_])\1{2,}[ \t]*$""")
DIRECTIVE = re.compile(
    r"\.\.[ \t]+(?:[\w]+:)?(function|class|method|data|option|attribute|exception|macro|type)::(.+)"
)
NAME = re.compile(r"[\w.\-]+")


def line_starts(text: str) -> list[int]:
    """List the offset at which each line begins."""
    return [0, *(match.end() for match in re.finditer("\n", text))]


class _Outline:
    """The path of headings at the current line."""

    def __init__(self) -> None:
        self.title = ""
        self._path: list[tuple[int, str]] = []
        self._styles: list[str] = []
        self._number = 0
        self.context = Context(0)

    def enter(self, level: int, words: str, symbols: tuple[str, ...] = ()) -> None:
        self.title = self.title or words
        self._path = [(above, name) for above, name in self._path if above < level] + [(level, words)]
        self._number += 1
        self.context = Context(self._number, tuple(name for _, name in self._path), symbols, slug(words))

    def level_of(self, style: str) -> int:
        if style not in self._styles:
            self._styles.append(style)
        return self._styles.index(style) + 1


def _lines(text: str) -> Iterator[tuple[int, str]]:
    offset = 0
    for line in text.split("\n"):
        yield offset, line
        offset += len(line) + 1


def _underlined(lines: list[tuple[int, str]], number: int, *, styles: str) -> str:
    """Tell the underline's character when the line is a heading by its underline, else nothing."""
    words = lines[number][1].strip()
    if number + 1 >= len(lines) or not re.match(r"\w|[`*]", words):
        return ""
    under = lines[number + 1][1].rstrip()
    match = UNDERLINE.match(under)
    alone = (
        number == 0 or not lines[number - 1][1].strip() or UNDERLINE.match(lines[number - 1][1]) is not None
    )
    if match is None or match[1] not in styles or not alone or (styles != "=-" and len(under) < len(words)):
        return ""
    return match[1]


class _Scan:
    """Goes through the lines once; a block ends at a blank line, a heading or a fence."""

    def __init__(self, text: str, kind: str) -> None:
        self.lines = list(_lines(text))
        self.kind = kind
        self.outline = _Outline()
        self.blocks: list[Block] = []
        self._start: int | None = None
        self._fence = ""

    def run(self) -> None:
        for number, (offset, line) in enumerate(self.lines):
            if self.kind == "markdown" and self._fenced(line):
                self._start = offset if self._start is None else self._start
            elif self._heading(number, line) or not line.strip():
                self._close(offset)
            elif self._start is None and not UNDERLINE.match(line):
                self._start = offset
        last, line = self.lines[-1]
        self._close(last + len(line))

    def _fenced(self, line: str) -> bool:
        fence = FENCE.match(line)
        if self._fence:
            if fence and fence[1].startswith(self._fence):
                self._fence = ""
            return True
        if fence:
            self._fence = fence[1]
        return fence is not None

    def _heading(self, number: int, line: str) -> bool:
        atx = ATX.match(line) if self.kind == "markdown" else None
        if atx:
            self.outline.enter(len(atx[1]), atx[2])
            return True
        style = _underlined(self.lines, number, styles="=-" if self.kind == "markdown" else "=-~^\"'`:.*+#_")
        if style:
            self.outline.enter(self.outline.level_of(style), line.strip())
            return True
        directive = DIRECTIVE.match(line.strip()) if self.kind == "rst" else None
        if directive:
            signature = directive[2].strip()
            name = NAME.search(signature)
            self.outline.enter(90 + len(line) - len(line.lstrip()), signature, (name[0],) if name else ())
        return False

    def _close(self, end: int) -> None:
        if self._start is not None and end > self._start:
            self.blocks.append(Block(self._start, end, self.outline.context))
        self._start = None


def read_prose(text: str, kind: str) -> Text:
    """Read a prose file of the kind `markdown`, `rst` or `plain`."""
    scan = _Scan(text, kind)
    scan.run()
    starts = line_starts(text)
    read = build_text(scan.outline.title, text, scan.blocks, (starts, range(1, len(starts) + 1)))
    return msgspec.structs.replace(read, links=markdown_links(text)) if kind == "markdown" else read
