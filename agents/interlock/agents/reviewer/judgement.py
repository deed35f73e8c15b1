"""The judgement: what a model may say, and the rule above it: what is not proven is not approved."""

from typing import Literal

import msgspec

from interlock.agents.quotations import Proven
from interlock.contracts.limits import MAX_CRITERIA, MAX_LINE_CHARS
from interlock.contracts.message import Json
from interlock.contracts.roles import Verdict

MOST_CLAIM_CHARS = 200
NO_REASON = "The reviewer wants it better, but does not say how: check it against the goal and the criteria."
PARTLY_FALSE = (
    "Some quotations of claims that are otherwise proven do not stand in their sources: leave them out."
)


class Judgement(msgspec.Struct, frozen=True):
    """What a model thinks of the work."""

    decision: Literal["approve", "revise", "escalate"]
    reasons: tuple[str, ...] = ()
    note: str = ""


def judgement_schema() -> Json:
    """Return the schema of a Judgement."""
    line = {"type": "string"}
    return {
        "type": "object",
        "properties": {
            "decision": {"type": "string", "enum": ["approve", "revise", "escalate"]},
            "reasons": {"type": "array", "items": line, "maxItems": 5},
            "note": line,
        },
        "required": ["decision", "reasons", "note"],
    }


def verdict(judgement: Judgement, proven: Proven) -> Verdict:
    """Return the model's verdict, but approve nothing while a claim or quotation is not proven."""
    unproven = [
        f"No quotation stands in its source for this claim: {claim.text[:MOST_CLAIM_CHARS]}"
        for claim in proven.dropped
    ]
    if proven.discarded_quotes and not unproven:
        unproven = [PARTLY_FALSE]
    decision = "revise" if unproven and judgement.decision == "approve" else judgement.decision
    said = () if judgement.decision == "approve" else judgement.reasons or (judgement.note or NO_REASON,)
    reasons = tuple(dict.fromkeys((*unproven, *(reason[:MAX_LINE_CHARS] for reason in said if reason))))
    return Verdict(decision=decision, reasons=reasons[:MAX_CRITERIA], note=judgement.note[:MAX_LINE_CHARS])
