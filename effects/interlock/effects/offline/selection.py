"""Which sentences of the passages found answer a question, and whether any does; it never writes a word itself."""

from collections.abc import Iterable, Sequence

import msgspec

from interlock.effects.documents.types import Hit, TermCount
from interlock.effects.documents.words import stems, words
from interlock.effects.offline.features import features, holds, place_of, weigh
from interlock.effects.offline.question import Question, understand
from interlock.effects.offline.sentences import spans
from interlock.effects.offline.types import Citation, Claim, Findings

CLAIMS_MAX = 3
HITS_READ = 24
WINDOW_SPANS = 3
QUOTE_CHARS_MAX = 700
CONFIDENCE_MIN = 0.62
FURTHER_CLAIM_SHARE = 0.88


class Scored(msgspec.Struct, frozen=True):
    """A candidate quotation: a slice of a hit's text, how well it fits, and which share of the question it covers."""

    hit: Hit
    start: int
    end: int
    score: float
    covered: float
    measured: dict[str, float]


def select(
    question: str, hits: Sequence[Hit], terms: Sequence[TermCount] = (), passages: int = 0, limit: int = CLAIMS_MAX
) -> Findings:
    """Choose the quotations that answer a question, or abstain with the reason.

    `hits`, `terms` and `passages` come from the searches; several searches may be put together.
    """
    asked = understand(question, terms, passages)
    absent = _absent(question, terms)
    if absent:
        return Findings(question, abstained=f"The documents do not mention {absent}.")
    candidates = sorted(_candidates(asked, hits[:HITS_READ]), key=lambda one: -one.score)
    if not candidates:
        return Findings(question, abstained="The documents do not say: no passage fits the question.")
    best = candidates[0]
    if best.covered < CONFIDENCE_MIN:
        return Findings(question, abstained=_reason(asked, best), confidence=round(best.covered, 3))
    chosen = _distinct(candidates, best.score * FURTHER_CLAIM_SHARE, limit)
    claims = tuple(_claim(one) for one in chosen)
    return Findings(question, claims, confidence=claims[0].confidence)


def _absent(question: str, terms: Sequence[TermCount]) -> str:
    """Name the identifiers of the question that no document holds: without them there is no answer."""
    named = {name for name in understand(question, terms, 0).names}
    missing = [count.term for count in terms if count.passages == 0 and tuple(words(count.term)) in named]
    return " or ".join(f"`{name}`" for name in missing[:3])


def _reason(asked: Question, best: Scored) -> str:
    place = place_of(best.hit, 0.0)
    held = place.passage | place.heading
    missing = [term.word for term in asked.terms if not holds(held, term) and held.isdisjoint(term.others)]
    without = f": no passage speaks of {', '.join(missing[:5])} together with the rest" if missing else ""
    return f"The documents do not say{without}."


def _candidates(asked: Question, hits: Sequence[Hit]) -> Iterable[Scored]:
    top = max((hit.score for hit in hits), default=1.0) or 1.0
    for hit in hits:
        yield from _windows(asked, hit, hit.score / top)


def _windows(asked: Question, hit: Hit, standing: float) -> Iterable[Scored]:
    parts = spans(hit.text)
    place = place_of(hit, standing)
    first_told = next((number for number, part in enumerate(parts) if part.form != "label"), 0)
    begins = not hit.symbols or first_told > 0
    for first, part in enumerate(parts):
        if part.form == "label":
            continue
        for last in range(first, min(first + WINDOW_SPANS, len(parts))):
            window = parts[first : last + 1]
            if window[-1].paragraph != part.paragraph or window[-1].end - part.start > QUOTE_CHARS_MAX:
                break
            measured, covered = features(asked, place, window, opening=begins and first == first_told)
            yield Scored(hit, part.start, window[-1].end, weigh(measured), covered, measured)


def _distinct(candidates: Sequence[Scored], least: float, limit: int) -> list[Scored]:
    """Keep the best quotations that do not overlap and do not say the same."""
    chosen: list[Scored] = []
    for one in candidates:
        if len(chosen) >= limit or one.score < least:
            break
        text = one.hit.text[one.start : one.end]
        if all(not _same(one, text, other) for other in chosen):
            chosen.append(one)
    return chosen


def _same(one: Scored, text: str, other: Scored) -> bool:
    if one.hit.file == other.hit.file and one.hit.line == other.hit.line and one.hit.text == other.hit.text:
        return one.start < other.end and other.start < one.end
    mine, theirs = set(stems(text)), set(stems(other.hit.text[other.start : other.end]))
    return len(mine & theirs) > 0.8 * min(len(mine), len(theirs))


def _claim(one: Scored) -> Claim:
    quote = one.hit.text[one.start : one.end]
    text = " ".join(quote.split())
    symbol = one.hit.symbols[0] if one.hit.symbols else ""
    if symbol and symbol not in text:
        text = f"{symbol}: {text}"
    citation = Citation(one.hit.file, one.hit.line_at(one.start), quote, one.hit.page)
    return Claim(text, (citation,), round(min(one.covered, 1.0), 3))
