"""The shapes in which documents travel: what was read, what was found; they do not know SQLite or lxml."""

from bisect import bisect_left, bisect_right

import msgspec


class Passage(msgspec.Struct, frozen=True):
    """One stretch of a canonical text that is indexed and shown as a whole.

    `start` and `end` are offsets in the canonical text, `first_line` and `last_line` are 1-based lines of the
    raw file, `symbols` are the names that the passage defines, `heading` is its path of headings, outermost
    first; `anchor` is what a link to it is called.
    """

    heading: tuple[str, ...]
    symbols: tuple[str, ...]
    start: int
    end: int
    first_line: int
    last_line: int
    page: int | None = None
    anchor: str = ""


class Text(msgspec.Struct, frozen=True):
    """A file as it is quoted: its canonical text, its passages, and where each stands in the raw file.

    `anchors[i]` is the offset from which on the canonical text stands in raw line `lines[i]`. `links` are as
    they are written.
    """

    title: str
    text: str
    passages: tuple[Passage, ...]
    anchors: tuple[int, ...]
    lines: tuple[int, ...]
    pages: tuple[int, ...] = ()
    links: tuple[str, ...] = ()

    def line_at(self, offset: int) -> int:
        """Tell the 1-based raw line of an offset in the canonical text."""
        place = bisect_right(self.anchors, offset) - 1
        return self.lines[place] if place >= 0 else 1

    def page_at(self, offset: int) -> int | None:
        """Tell the 1-based page of an offset, or None where the format has no pages."""
        return bisect_right(self.pages, offset) if self.pages else None

    def anchors_of(self, passage: Passage) -> tuple[tuple[int, int], ...]:
        """List where raw lines begin inside a passage; none when they are simply its lines."""
        first = bisect_right(self.anchors, passage.start) - 1
        last = bisect_left(self.anchors, passage.end)
        found = tuple(
            (max(self.anchors[place] - passage.start, 0), self.lines[place])
            for place in range(max(first, 0), last)
        )
        plain = (
            all(place == 0 or self.text[passage.start + place - 1] == "\n" for place, _ in found)
            and len(found) == self.text.count("\n", passage.start, passage.end) + 1
        )
        return () if plain and found[-1][1] - found[0][1] == len(found) - 1 else found


class Skipped(msgspec.Struct, frozen=True):
    """A file that was not read, and why, in words for people."""

    file: str
    reason: str


class Entry(msgspec.Struct, frozen=True):
    """A readable file below the root: its relative POSIX path, its size and its modification time."""

    file: str
    size_bytes: int
    modified_ns: int


class Listing(msgspec.Struct, frozen=True):
    """The files below a root, sorted by path; `skipped` tells what was left out."""

    entries: tuple[Entry, ...]
    skipped: tuple[Skipped, ...] = ()


class Refreshed(msgspec.Struct, frozen=True):
    """What a refresh of the index did."""

    files: int
    read: int
    removed: int
    passages: int
    seconds: float
    skipped: tuple[Skipped, ...] = ()


class Hit(msgspec.Struct, frozen=True):
    """A passage found: where it stands (`line` is that of its first character), what it says, how it fits.

    `text` is a contiguous slice of the file's canonical text; `score` is comparable within one search only.
    `anchors` are pairs of an offset in `text` and the raw line that begins there; where there are none, the
    lines of `text` are those of the file. `mentions` counts the passages that speak of what this one defines.
    `meant` tells how near its meaning is to the query's, -1 to 1. `linked` counts the documents that link to
    this one, `cited` those that link to just this part of it.
    """

    file: str
    line: int
    heading: tuple[str, ...]
    text: str
    score: float
    symbols: tuple[str, ...] = ()
    last_line: int = 0
    page: int | None = None
    anchors: tuple[tuple[int, int], ...] = ()
    mentions: int = 0
    meant: float = 0.0
    linked: int = 0
    cited: int = 0

    def line_at(self, offset: int) -> int:
        """Tell the 1-based raw line of an offset in `text`."""
        if not self.anchors:
            return self.line + self.text.count("\n", 0, offset)
        place = bisect_right(self.anchors, offset, key=lambda anchor: anchor[0]) - 1
        return self.anchors[max(place, 0)][1]


class TermCount(msgspec.Struct, frozen=True):
    """How many passages of the index hold a word of the query, in any inflection; 0 means: nowhere.

    `apart` is the word as two, where the documents write it so (`run away` for `runaway`).
    """

    term: str
    passages: int
    apart: str = ""


class Results(msgspec.Struct, frozen=True):
    """The answer to a search: hits, best first, how rare each word is, and of how many passages."""

    hits: tuple[Hit, ...]
    terms: tuple[TermCount, ...]
    passages: int


class Found(msgspec.Struct, frozen=True):
    """Where a quotation stands: raw lines, offset in the canonical text, page where there are pages."""

    file: str
    line: int
    last_line: int
    offset: int
    page: int | None = None


class Slice(msgspec.Struct, frozen=True):
    """Lines of a file as they may be quoted; `last_line_of_file` tells how far the file goes."""

    file: str
    first_line: int
    last_line: int
    text: str
    last_line_of_file: int
