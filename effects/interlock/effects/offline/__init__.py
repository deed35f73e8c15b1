"""The offline reasoner: deterministic, extractive, pure functions on data; it quotes, it never writes.

    decompose(goal) -> list[SubQuestion]                      # 1 to 4 questions, each with its subject
    queries(question) -> list[str]                            # what to search for, the widest first
    merged(results) -> (hits, terms, passages)                # several searches of one question put together
    select(question, hits, terms, passages, limit=3) -> Findings
    compose(goal, findings) -> Outline                        # the order of the report
    check(claims, evidence, question="") -> Verdict           # approve, or revise with reasons

`hits`, `terms` (how rare each word of the question is) and `passages` come from `Index.search`. Without
`terms` the rarity of words is not known: all weigh the same, and the reasoner abstains less well. Findings
hold exact quotations with file and raw line, or the reason why the documents do not say.
"""

from interlock.effects.offline.composition import compose
from interlock.effects.offline.decomposition import decompose
from interlock.effects.offline.evidence import merged
from interlock.effects.offline.question import queries
from interlock.effects.offline.review import check
from interlock.effects.offline.selection import select
from interlock.effects.offline.types import (
    Citation,
    Claim,
    Findings,
    Outline,
    Section,
    SubQuestion,
    Verdict,
)

__all__ = [
    "Citation",
    "Claim",
    "Findings",
    "Outline",
    "Section",
    "SubQuestion",
    "Verdict",
    "check",
    "compose",
    "decompose",
    "merged",
    "queries",
    "select",
]
