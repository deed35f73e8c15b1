"""What people are asked as a list: the most urgent first, a line or a JSON object for each."""

from collections.abc import Iterable
from typing import Any

import msgspec

from interlock.console.people.asked import Asked
from interlock.console.people.editing import values
from interlock.console.people.mandate import Mandate, agreed
from interlock.console.people.visible import visible
from interlock.console.people.words import KINDS, span, time_left

HEADER = f"{'number':>9}  {'kind':<10} {'age':>7}  {'time left':<11} {'for':<16} {'yours':<5} what"
SUMMARY_CHARS = 100
MOST_READ_CHARS = 4 * SUMMARY_CHARS
_NEVER_MS = 2**62


def in_order(asked: Iterable[Asked]) -> list[Asked]:
    """Return them as one should look at them: the next deadline first, then what blocks, then the oldest."""
    return sorted(asked, key=urgency)


def urgency(asked: Asked) -> tuple[int, bool, int, int, int]:
    """Return what orders them."""
    deadline_ms = _NEVER_MS if asked.deadline_ms is None else asked.deadline_ms
    return (deadline_ms, not asked.blocks, asked.said.at_ms, asked.task, asked.said.number)


def row(mandate: Mandate, asked: Asked) -> str:
    """Return one line."""
    mine = "yes" if mandate.is_theirs(asked) else ""
    now_ms = mandate.now_ms
    return (
        f"{asked.number!s:>9}  {KINDS[asked.said.kind]:<10} {span(now_ms - asked.said.at_ms):>7}  "
        f"{time_left(asked, now_ms):<11} {asked.desk:<16} {mine:<5} {summary(mandate, asked)}"
    )


def summary(mandate: Mandate, asked: Asked) -> str:
    """Return what is asked, and of which agreement there is some already, in a few words."""
    said = asked.said
    text = asked.summary
    if asked.model:
        text = f"{asked.model} {asked.arguments.get('prompt', '')} - {asked.summary}"
    elif said.tool and asked.arguments:
        text = f"{said.tool} {values(asked.arguments)} - {asked.summary}"
    text = visible(text[:MOST_READ_CHARS])
    text = text if len(text) <= SUMMARY_CHARS else f"{text[: SUMMARY_CHARS - 1]}…"
    if asked.planted:
        return f"{text} [planted]"
    count = len(agreed(mandate.docket, asked, mandate.now_ms)) if asked.approvals else 0
    if not count:
        return text
    return f"{text} [{count} of {sum(one.quorum for one in asked.needs)} agreed]"


def fields(mandate: Mandate, asked: Asked) -> dict[str, Any]:
    """Return an escalation as JSON: what was said, and how it stands."""
    stands = mandate.standing(asked)
    said = msgspec.to_builtins(asked.said)
    return {
        "lacks": msgspec.to_builtins(asked.lack),
        **{name: said.get(name, getattr(asked.said, name)) for name in _SAID},
        "number": str(asked.number),
        "task": asked.about,
        "effect": asked.effect,
        "excluded": asked.barred,
        "blocks": asked.blocks,
        "arguments": asked.arguments,
        "digest": asked.digest,
        "cost": msgspec.to_builtins(asked.said.cost),
        "rules": msgspec.to_builtins(asked.rules),
        "needs": [{"role": one.role, "quorum": one.quorum} for one in asked.needs],
        "evidence": msgspec.to_builtins(asked.said.evidence),
        "desk": asked.desk,
        "deadline_ms": asked.deadline_ms,
        "paused": bool(asked.stands_since_ms),
        "agreed": [one.by for one in agreed(mandate.docket, asked, mandate.now_ms)],
        "edited_by": asked.edited.by if asked.edited else "",
        "mine": stands.mine,
        "why": stands.why,
        "verdict": asked.resolved.verdict if asked.resolved else "",
        "decided_by": asked.resolved.by if asked.resolved else (),
        "reason": asked.resolved.reason if asked.resolved else "",
        "planted": asked.planted,
    }


_SAID = (
    "kind",
    "summary",
    "at_ms",
    "asks",
    "role",
    "objective",
    "submitter",
    "tenant",
    "step",
    "tool",
    "risk",
    "form",
    "policies",
    "reversible",
    "undo",
    "at_last",
)
