"""Is each claim carried by quotations that stand in the evidence, and is the question answered."""

from collections.abc import Sequence

from interlock.effects.documents.stems import stem
from interlock.effects.documents.synonyms import synonyms
from interlock.effects.documents.types import Hit
from interlock.effects.documents.words import content_words, stems
from interlock.effects.offline.types import Claim, Verdict

SUPPORT_MIN = 0.6
COVERED_MIN = 0.4
SHOWN_CHARS = 80
REASONS_MAX = 20


def check(claims: Sequence[Claim], evidence: Sequence[Hit], question: str = "") -> Verdict:
    """Approve claims, or name what is wrong with each; no claims at all is an honest report and is approved.

    A quotation must be a substring of the text of a hit of the same file. With a question, its words must be
    covered by the claims and the headings of the evidence they quote.
    """
    reasons = [
        reason for number, claim in enumerate(claims, start=1) for reason in _defects(number, claim, evidence)
    ]
    if question and claims:
        reasons.extend(_uncovered(question, claims, evidence))
    return Verdict("revise" if reasons else "approve", tuple(reasons[:REASONS_MAX]))


def _defects(number: int, claim: Claim, evidence: Sequence[Hit]) -> list[str]:
    shown = f"Claim {number} ({claim.text[:SHOWN_CHARS]!r})"
    if not claim.text.strip():
        return [f"Claim {number} says nothing."]
    if not claim.citations:
        return [f"{shown} has no citation."]
    missing = [
        f"{shown} quotes {citation.quote[:SHOWN_CHARS]!r}, which is not in the evidence from {citation.file}."
        for citation in claim.citations
        if not citation.quote.strip() or not _stands(citation.file, citation.quote, evidence)
    ]
    return missing or _unsupported(shown, claim, evidence)


def _stands(file: str, quote: str, evidence: Sequence[Hit]) -> bool:
    return any(hit.file == file and quote in hit.text for hit in evidence)


def _unsupported(shown: str, claim: Claim, evidence: Sequence[Hit]) -> list[str]:
    """Find what a claim says in words that its quotations and their headings do not have."""
    carried: set[str] = set()
    for citation in claim.citations:
        carried.update(stems(citation.quote))
        for hit in evidence:
            if hit.file == citation.file and citation.quote in hit.text:
                carried.update(stems(" ".join((*hit.heading, *hit.symbols))))
    said = {stem(word) for word in content_words(claim.text)}
    if said and len(said & carried) < SUPPORT_MIN * len(said):
        return [f"{shown} says more than its quotations: {', '.join(sorted(said - carried)[:6])}."]
    return []


def _uncovered(question: str, claims: Sequence[Claim], evidence: Sequence[Hit]) -> list[str]:
    files = {citation.file for claim in claims for citation in claim.citations}
    told = set(stems(" ".join(claim.text for claim in claims)))
    told.update(
        stems(" ".join(part for hit in evidence if hit.file in files for part in (*hit.heading, hit.file)))
    )
    asked = content_words(question)
    missing = [
        word for word in asked if told.isdisjoint({stem(word), *(stem(other) for other in synonyms(word))})
    ]
    if asked and len(asked) - len(missing) < COVERED_MIN * len(asked):
        return [f"The claims do not answer the question: they say nothing of {', '.join(missing[:6])}."]
    return []
