"""What is decided about people, for tests of what is told outside, with hostile content in every place."""

from typing import Any

from interlock.contracts import facts as f
from interlock.contracts.budget import Amounts
from interlock.contracts.people import Evidence, Need, Rule

AT_MS = 1_764_000_000_000
SECRET = "Bob-Meier-4111-1111-1111-1111"
"""Stands wherever a notice must not look."""


def escalated(number: int = 1, **changes: Any) -> f.Escalated:
    fields: dict[str, Any] = {
        "at_ms": AT_MS,
        "number": number,
        "kind": "approval",
        "summary": f"pay {SECRET}",
        "asks": f"executor-{SECRET}",
        "role": "executor",
        "objective": f"help {SECRET}",
        "submitter": SECRET.lower(),
        "tenant": SECRET.lower(),
        "step": "pay",
        "effect": 57,
        "key": SECRET,
        "tool": "pay",
        "risk": "irreversible",
        "arguments": {"iban": SECRET, "cents": 70_000},
        "digest": SECRET,
        "form": {"title": SECRET},
        "policies": SECRET,
        "rules": (Rule(id="pay-over-500", says=f"for {SECRET}"),),
        "cost": Amounts(spend_usd_micros=41_111),
        "reversible": "no",
        "undo": SECRET,
        "evidence": (Evidence(record=9, what=SECRET, untrusted=True),),
        "needs": (Need(role="finance", quorum=2),),
        "desk": "finance",
        "excluded": (SECRET.lower(),),
        "deadline_ms": AT_MS + 3_600_000,
        "at_last": "deny",
        "blocks": True,
    }
    return f.Escalated(**(fields | changes))


def moved(number: int = 1, desk: str = "controllers", **changes: Any) -> f.EscalationMoved:
    fields: dict[str, Any] = {
        "at_ms": AT_MS + 1,
        "number": number,
        "desk": desk,
        "reason": SECRET,
        "by": SECRET,
    }
    return f.EscalationMoved(**(fields | changes))


def resolved(number: int = 1, verdict: str = "approved") -> f.Resolved:
    return f.Resolved(
        at_ms=AT_MS + 2,
        number=number,
        verdict=verdict,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - a word of the table
        by=(SECRET,),
        reason=SECRET,
    )
