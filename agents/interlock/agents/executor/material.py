"""The material of a report: what the steps before found, each claim once, within bounds."""

from typing import Any

import msgspec

from interlock.agents.context import Context
from interlock.agents.quotations import Proven
from interlock.contracts.limits import MAX_CLAIMS, MAX_LINE_CHARS
from interlock.contracts.roles import Claim, Findings, Outcome

MOST_QUOTED_CHARS = 60_000


class Material(msgspec.Struct, frozen=True):
    """Proven claims with the question each answers, what stayed unanswered, and results of other kinds."""

    claims: tuple[Claim, ...]
    questions: tuple[str, ...]
    unanswered: tuple[str, ...]
    others: dict[str, Any]
    left_out: int = 0


def gather(ctx: Context) -> Material:
    """Return what came with the dispatch; claims without a quotation and second copies are left behind."""
    findings = ctx.given_as(Findings)
    reports = ctx.given_as(Outcome)
    claims: dict[Claim, str] = {}
    for found in findings.values():
        for claim in found.claims:
            if claim.citations:
                claims.setdefault(claim, found.question)
    kept = _within_bounds(tuple(claims))
    unanswered = [f"{found.question}: {found.unanswered}" for found in findings.values() if found.unanswered]
    return Material(
        claims=kept,
        questions=tuple(claims[claim] for claim in kept),
        unanswered=tuple(line[:MAX_LINE_CHARS] for line in unanswered),
        others={
            step: value for step, value in ctx.given.items() if step not in findings and step not in reports
        },
        left_out=len(claims) - len(kept),
    )


def keep_proven(material: Material, proven: Proven) -> Material:
    """Return the material with only what is proven of its claims, each with its question."""
    pairs = [(kept, question) for kept, question in zip(proven.kept, material.questions, strict=True) if kept]
    return msgspec.structs.replace(
        material,
        claims=tuple(claim for claim, _ in pairs),
        questions=tuple(question for _, question in pairs),
    )


def _within_bounds(claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
    kept: list[Claim] = []
    room = MOST_QUOTED_CHARS
    for claim in claims[:MAX_CLAIMS]:
        room -= len(claim.text) + sum(len(citation.quote) for citation in claim.citations)
        if room < 0:
            break
        kept.append(claim)
    return tuple(kept)
