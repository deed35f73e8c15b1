"""Findings in the order in which a report tells them; claims that two questions share are told once."""

from collections.abc import Sequence

from interlock.effects.offline.types import Claim, Findings, Outline, Section

CLAIMS_MAX = 24
TITLE_CHARS_MAX = 200
NOTHING = "The documents do not say."


def compose(goal: str, findings: Sequence[Findings]) -> Outline:
    """Order a report: a section for each question as asked; the summary tells what was not answered."""
    sections: list[Section] = []
    told: set[tuple[str, str]] = set()
    left = CLAIMS_MAX
    for found in findings:
        claims = [claim for claim in found.claims if not _keys(claim) <= told][:left]
        told.update(key for claim in claims for key in _keys(claim))
        left -= len(claims)
        repeated = found.claims and not claims
        sections.append(
            Section(found.question, found.claims[:1] if repeated else tuple(claims), _silence(found))
        )
    return Outline(" ".join(goal.split())[:TITLE_CHARS_MAX], _summary(findings), tuple(sections))


def _keys(claim: Claim) -> set[tuple[str, str]]:
    return {(citation.file, citation.quote) for citation in claim.citations}


def _silence(found: Findings) -> str:
    return "" if found.claims else (found.abstained or NOTHING)


def _summary(findings: Sequence[Findings]) -> str:
    answered = [found for found in findings if found.claims]
    if not answered:
        return NOTHING
    files = len(
        {citation.file for found in answered for claim in found.claims for citation in claim.citations}
    )
    quotations = sum(len(claim.citations) for found in answered for claim in found.claims)
    told = f"{_counted(quotations, 'quotation')} from {_counted(files, 'file')}"
    if len(answered) == len(findings):
        return f"Answered from {told}."
    share = f"{len(answered)} of {len(findings)} questions"
    return f"Answered {share} from {told}; on the rest the documents do not say."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
