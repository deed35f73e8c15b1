"""Which sentences of the passages found answer a question, and whether any does; it writes no word itself."""

import math
from collections.abc import Iterable, Sequence

import msgspec

from interlock.effects.documents.meanings import meanings
from interlock.effects.documents.terms import Query, understand, written_in
from interlock.effects.documents.types import Hit, TermCount
from interlock.effects.documents.words import headline, stems, words
from interlock.effects.offline.assurance import Evidence, assurance, reason
from interlock.effects.offline.coverage import Place, Stretch, confidence, coverage, place_of
from interlock.effects.offline.features import features, weigh
from interlock.effects.offline.sentences import Span, spans
from interlock.effects.offline.types import Citation, Claim, Findings

CLAIMS_MAX = 3
HITS_READ = 40
PARAGRAPH_CHARS = 400
WINDOW_SPANS = 3
LIST_PARAGRAPHS_MAX = 4
QUOTE_CHARS_MAX = 700
FURTHER_COVERED_MIN = 0.65
LOOKED_AT = 8
FURTHER_CLAIM_SHARE = 0.82
SAME_SHARE = 0.8
CONSENSUS_POWER = 4


class Scored(msgspec.Struct, frozen=True):
    """A candidate quotation: a slice of a place's text; how well it fits, what it covers, how near it is."""

    place: Place
    start: int
    end: int
    score: float
    covered: float
    meant: float

    @property
    def hit(self) -> Hit:
        """The passage that it is a slice of."""
        return self.place.hit

    @property
    def quote(self) -> str:
        """The slice itself."""
        return self.hit.text[self.start : self.end]


def select(
    question: str,
    hits: Sequence[Hit],
    terms: Sequence[TermCount] = (),
    passages: int = 0,
    limit: int = CLAIMS_MAX,
) -> Findings:
    """Choose the quotations that answer a question, or abstain with the reason.

    `hits`, `terms` and `passages` come from the searches; several searches may be put together.
    """
    asked = understand(question, terms, passages)
    absent = _absent(asked, hits, terms)
    if absent:
        named = " or ".join(f"`{name}`" for name in absent[:3])
        return Findings(question, abstained=f"The documents do not mention {named}.")
    candidates = sorted(_candidates(asked, hits[:HITS_READ]), key=lambda one: -one.score)
    if not candidates:
        return Findings(question, abstained="The documents do not say: no passage fits the question.")
    best = candidates[0]
    covered = max(one.covered for one in candidates[:LOOKED_AT])
    sure = assurance(asked, Evidence(covered, best.meant, best.place), passages)
    confidence = round(1 / (1 + math.exp(-sure)), 3)
    if sure < 0:
        return Findings(question, abstained=reason(asked, best.place), confidence=confidence)
    further = [one for one in candidates[1:] if one.covered >= FURTHER_COVERED_MIN]
    chosen = _distinct([best, *further], best.score * FURTHER_CLAIM_SHARE, limit)
    return Findings(question, tuple(_claim(asked, one) for one in chosen), confidence=confidence)


def _absent(asked: Query, hits: Sequence[Hit], terms: Sequence[TermCount]) -> list[str]:
    """Name what is asked about and stands in no document: unknown words, dotted names never written so."""
    absent = {
        tuple(words(count.term)): count.term
        for count in terms
        if count.passages == 0 and tuple(words(count.term)) in asked.names
    }
    for literal in asked.literals:
        places = (part for hit in hits for part in (hit.text, *hit.heading, *hit.symbols))
        if "." in literal and not any(written_in(literal, part) for part in places):
            absent[tuple(words(literal))] = literal
    return list(absent.values())


def _candidates(asked: Query, hits: Sequence[Hit]) -> Iterable[Scored]:
    top = max((hit.score for hit in hits), default=1.0) or 1.0
    agreed = _consensus(hits, top)
    found: list[tuple[Place, Stretch, int, int]] = []
    for hit in hits:
        place = place_of(hit, hit.score / top, agreed[hit.file])
        found.extend((place, *one) for one in _stretches(hit, with_signature=asked.default))
    for place, stretch, start, end in _with_meanings(asked, found):
        score = weigh(features(asked, place, stretch))
        yield Scored(place, start, end, score, confidence(asked, place, stretch), stretch.meant_below)


def _with_meanings(
    asked: Query, found: Sequence[tuple[Place, Stretch, int, int]]
) -> Iterable[tuple[Place, Stretch, int, int]]:
    """Tell of each stretch how near its meaning is to the question's."""
    (direction,) = meanings([asked.text])
    above = [headline(place.hit.heading[-1:]) for place, *_ in found]
    texts = [stretch.text for _, stretch, *_ in found]
    alone = meanings(texts) @ direction
    below = meanings([f"{head}. {text}" for head, text in zip(above, texts, strict=True)]) @ direction
    for (place, stretch, start, end), meant, meant_below in zip(
        found, alone.tolist(), below.tolist(), strict=True
    ):
        yield place, msgspec.structs.replace(stretch, meant=meant, meant_below=meant_below), start, end


def _stretches(hit: Hit, *, with_signature: bool) -> Iterable[tuple[Stretch, int, int]]:
    """List the stretches of a passage that may be quoted, with their offsets.

    A signature is quoted with what it introduces where a default is asked for: it is where defaults stand.
    """
    parts = spans(hit.text)
    told = next((number for number, part in enumerate(parts) if part.form != "label"), len(parts))
    begins = not hit.symbols or told > 0
    windows = list(_windows(parts))
    if with_signature and hit.symbols and 0 < told < len(parts):
        windows.append((0, _end_of_paragraph(parts, told)))
    for first, last in windows:
        around = [part for part in parts if part.paragraph == parts[first].paragraph]
        stretch = Stretch(
            text=hit.text[parts[first].start : parts[last].end],
            paragraph=hit.text[around[0].start : around[-1].end],
            form=parts[told if first < told <= last else first].form,
            opening=begins and first <= told <= last,
            leading=parts[first] is around[0],
        )
        yield stretch, parts[first].start, parts[last].end


def _consensus(hits: Sequence[Hit], top: float) -> dict[str, float]:
    """Tell for each file how much of what was found stands in it, beside the file with the most, 0 to 1."""
    weights: dict[str, float] = {}
    for hit in hits:
        weights[hit.file] = weights.get(hit.file, 0.0) + max(hit.score / top, 0.0) ** CONSENSUS_POWER
    most = max(weights.values(), default=1.0) or 1.0
    return {file: weight / most for file, weight in weights.items()}


def _windows(parts: Sequence[Span]) -> Iterable[tuple[int, int]]:
    """List what may be quoted: a short paragraph, with the list it announces; sentences of a long one."""
    first = 0
    while first < len(parts):
        last = _end_of_paragraph(parts, first)
        if parts[last].end - parts[first].start > PARAGRAPH_CHARS:
            yield from _parts_of_long(parts, first, last)
        elif any(part.form != "label" for part in parts[first : last + 1]):
            yield first, last
            if parts[last].announces:
                yield first, _end_of_list(parts, first, last)
        first = last + 1


def _end_of_paragraph(parts: Sequence[Span], first: int) -> int:
    last = first
    while last + 1 < len(parts) and parts[last + 1].paragraph == parts[first].paragraph:
        last += 1
    return last


def _end_of_list(parts: Sequence[Span], first: int, last: int) -> int:
    """Find how far what is announced by a colon goes, within the bound of a quotation."""
    for _ in range(LIST_PARAGRAPHS_MAX):
        if last + 1 >= len(parts):
            break
        end = _end_of_paragraph(parts, last + 1)
        if parts[end].end - parts[first].start > QUOTE_CHARS_MAX:
            break
        last = end
    return last


def _parts_of_long(parts: Sequence[Span], first: int, last: int) -> Iterable[tuple[int, int]]:
    for start in range(first, last + 1):
        for end in range(start, min(start + WINDOW_SPANS, last + 1)):
            if parts[start].form != "label" and parts[end].end - parts[start].start <= QUOTE_CHARS_MAX:
                yield start, end


def _distinct(candidates: Sequence[Scored], least: float, limit: int) -> list[Scored]:
    """Keep the best quotations that do not overlap and do not say the same."""
    chosen: list[Scored] = []
    for one in candidates:
        if len(chosen) >= limit or one.score < least:
            break
        if all(not _same(one, other) for other in chosen):
            chosen.append(one)
    return chosen


def _same(one: Scored, other: Scored) -> bool:
    if one.hit.file == other.hit.file and one.hit.line == other.hit.line and one.hit.text == other.hit.text:
        return one.start < other.end and other.start < one.end
    mine, theirs = set(stems(one.quote)), set(stems(other.quote))
    return len(mine & theirs) > SAME_SHARE * min(len(mine), len(theirs))


def _claim(asked: Query, one: Scored) -> Claim:
    """State a quotation as a claim: its sentence closest to the question, with the name it speaks of."""
    sentences = [one.quote[part.start : part.end] for part in spans(one.quote) if part.form != "label"] or [
        one.quote
    ]
    closest = max(sentences, key=lambda words: coverage(asked, words, words, one.place)[2])
    text = " ".join(closest.split())
    symbol = one.hit.symbols[0] if one.hit.symbols else ""
    if symbol and symbol not in text:
        text = f"{symbol}: {text}"
    citation = Citation(one.hit.file, one.hit.line_at(one.start), one.quote, one.hit.page)
    return Claim(text, (citation,), round(min(one.covered, 1.0), 3))
