"""From a query to passages: FTS5 finds candidates, ranking orders them; what answers is not decided here."""

import heapq
import sqlite3
from itertools import pairwise

import msgspec

from interlock.effects.documents.meanings import cosines, meanings
from interlock.effects.documents.ranking import Candidate, rank
from interlock.effects.documents.synonyms import synonyms
from interlock.effects.documents.types import Hit, Results, TermCount
from interlock.effects.documents.words import WORD, WORDS_MAX, content_words, identifiers, name_words, words

QUERY_CHARS_MAX = 2_000
LIMIT_MAX = 100
CANDIDATES = 120
NEAREST = 80
NEAR_MIN = 0.3
HALF_CHARS_MIN = 3
TERM_CHARS_MAX = 24
# BM25 weights of symbols, heading, title, text: a name defined says more than a name mentioned.
WEIGHTS = "8.0, 4.0, 2.0, 1.0"
COUNT = "SELECT count(*) FROM words WHERE words MATCH ?"
ROW = "p.id, f.file, p.first_line, p.last_line, p.page, p.anchors, p.path, p.names, p.title, p.text, p.anchor"
FIND = f"""
SELECT {ROW}, -m.score
FROM (SELECT rowid, bm25(words, {WEIGHTS}) AS score FROM words WHERE words MATCH ?
      ORDER BY score LIMIT {CANDIDATES}) AS m
JOIN passages p ON p.id = m.rowid JOIN files f ON f.id = p.file_id
"""  # noqa: S608 - numbers of our own, no input
FETCH = f"SELECT {ROW}, 0.0 FROM passages p JOIN files f ON f.id = p.file_id WHERE p.id = ?"  # noqa: S608 - the same
LINKED = "SELECT count(*) FROM links WHERE target = ?"


def quoted(term: str) -> str:
    """Quote a term for FTS5, so that nothing in it is syntax."""
    return '"' + term.replace('"', " ") + '"'


def find(connection: sqlite3.Connection, query: str, limit: int) -> Results:
    """Answer a query; `terms` of the result tell how rare each content word and each identifier is."""
    query = query[:QUERY_CHARS_MAX].encode("utf-8", "replace").decode()
    content = content_words(query)
    named = [name for name in identifiers(query) if words(name)]
    (passages,) = connection.execute("SELECT count(*) FROM passages").fetchone()
    if not content and not named:
        return Results((), (), int(passages))
    plain = set(WORD.findall(query)) - set(named)
    counts = [
        _term_count(connection, term, plain=term in plain) for term in dict.fromkeys([*content, *named])
    ]
    rows = _rows(connection, query, [*content, *(count.apart for count in counts if count.apart)], named)
    near = _nearness(connection, query)
    for number in _nearest(near):
        if number not in rows:
            rows.update((row[0], row) for row in connection.execute(FETCH, (number,)))
    linked = _Links(connection)
    candidates = [_candidate(row, near.get(row[0], 0.0), linked) for row in rows.values()]
    ranked = rank(query, candidates, counts, int(passages))
    hits = tuple(_with_mentions(connection, hit) for hit in ranked[:limit])
    return Results(hits, tuple(counts), int(passages))


def _with_mentions(connection: sqlite3.Connection, hit: Hit) -> Hit:
    """Count how often the documents speak of what the hit defines: what matters is spoken of."""
    if not hit.symbols or not words(hit.symbols[0]):
        return hit
    return msgspec.structs.replace(hit, mentions=_count(connection, hit.symbols[0]))


def _count(connection: sqlite3.Connection, term: str) -> int:
    (count,) = connection.execute(COUNT, (quoted(" ".join(words(term))),)).fetchone()
    return int(count)


def _term_count(connection: sqlite3.Connection, term: str, *, plain: bool) -> TermCount:
    """Count a term; a plain lower-case word that stands nowhere is tried as two."""
    count = _count(connection, term)
    if count or not plain or not term.isalpha():
        return TermCount(term, count)
    for place in range(HALF_CHARS_MIN, min(len(term), TERM_CHARS_MAX) - HALF_CHARS_MIN + 1):
        apart = f"{term[:place]} {term[place:]}"
        if count := _count(connection, apart):
            return TermCount(term, count, apart)
    return TermCount(term, 0)


def _rows(
    connection: sqlite3.Connection, query: str, content: list[str], named: list[str]
) -> dict[object, tuple[object, ...]]:
    """Look at all words, at neighbours, at names and at headings, so that none is crowded out."""
    spelled = [part for name in named for part in words(name_words(name))]
    wide = dict.fromkeys([*content, *spelled, *(other for word in content for other in synonyms(word))])
    looks = [" OR ".join(quoted(term) for term in wide)]
    if len(content) > 1:
        looks.append(" OR ".join(quoted(f"{left} {right}") for left, right in pairwise(content)))
    if named:
        looks.append(" OR ".join(quoted(" ".join(words(name))) for name in named))
    looks.append(
        "{heading symbols} : ("
        + " OR ".join(quoted(word) for word in dict.fromkeys(words(query)[:WORDS_MAX]))
        + ")"
    )
    seen: dict[object, tuple[object, ...]] = {}
    for look in looks:
        for row in connection.execute(FIND, (look,)):
            seen.setdefault(row[0], row)
    return seen


def _nearness(connection: sqlite3.Connection, query: str) -> dict[object, float]:
    """Tell for each passage how near its meaning is to the query's."""
    (direction,) = meanings([query])
    near: dict[object, float] = {}
    for first, directions in connection.execute("SELECT first_id, directions FROM meanings"):
        near.update(enumerate(cosines(directions, direction), first))
    return near


def _nearest(near: dict[object, float]) -> list[object]:
    best = heapq.nlargest(NEAREST, near, key=lambda number: near[number])
    return [number for number in best if near[number] >= NEAR_MIN]


class _Links:
    """Counts the documents that link to one, or to a part of it; each is counted once a search."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._counts: dict[str, int] = {}

    def count(self, target: str) -> int:
        if target not in self._counts:
            (self._counts[target],) = self._connection.execute(LINKED, (target,)).fetchone()
        return self._counts[target]


def _candidate(row: tuple[object, ...], meant: float, linked: _Links) -> Candidate:
    _, file, first_line, last_line, page, anchors, path, names, title, text, anchor, score = row
    hit = msgspec.convert(
        {
            "file": file,
            "line": first_line,
            "last_line": last_line,
            "page": page,
            "anchors": msgspec.json.decode(str(anchors)),
            "heading": msgspec.json.decode(str(path)),
            "symbols": msgspec.json.decode(str(names)),
            "text": text,
            "score": score,
            "meant": round(meant, 4),
            "linked": linked.count(str(file)),
            "cited": linked.count(f"{file}#{anchor}") if anchor else 0,
        },
        Hit,
    )
    return Candidate(hit, str(title))
