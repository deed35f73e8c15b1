"""What a verdict came to, read from the decision about it: counted, decided, moved on, or too late."""

from collections.abc import Iterator

import msgspec

from interlock.console.exits import Exit
from interlock.console.lines import said
from interlock.console.people.asked import Asked, PeopleFact
from interlock.console.people.mandate import agreed
from interlock.console.people.reading import Case
from interlock.console.people.vacancies import vacancy
from interlock.console.people.visible import visible
from interlock.console.people.words import agreement, outcome
from interlock.console.sayings import refusal
from interlock.console.stop.lines import because
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.people import Need

FOLLOWS = (
    f.EffectGranted,
    f.EffectHeld,
    f.EffectDenied,
    f.EffectRecommended,
    f.Failed,
    f.Resumed,
    f.StepCompleted,
    f.AutonomySet,
)


class CameTo(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a verdict: one word for programs, one sentence for people, what followed at once.

    The word is `counted`, `moved`, `refused`, `late` (no supervisor has decided yet), or that of the verdict
    that counts.
    """

    word: str
    sentence: str
    code: Exit = Exit.DONE
    then: tuple[str, ...] = ()


def came_to(case: Case, seq: int, decision: Decision | None) -> CameTo:
    """Read what became of the record `seq`; the case is up to the decision, or later."""
    asked, number = case.asked, case.asked.number
    if decision is None:
        waits = f"it stands in the log as record {seq}; no supervisor has decided on it yet"
        return CameTo(word="late", sentence=f"{number}: {waits}")
    refused = refusal(decision, seq)
    if refused:
        named = refused if refused.startswith(f"{number} ") else f"{number}: {refused}"
        return CameTo(word="refused", sentence=named, code=Exit.REJECTED)
    then = tuple(_followed(asked, decision))
    if asked.resolved is not None:
        return CameTo(
            word=asked.resolved.verdict, sentence=f"{number} {outcome(asked, asked.resolved)}", then=then
        )
    mine = [
        fact for fact in decision.facts if isinstance(fact, PeopleFact) and fact.number == asked.said.number
    ]
    edited = "edited, and " if any(isinstance(fact, f.ArgumentsEdited) for fact in mine) else ""
    match mine[-1:]:
        case [f.ApprovalCounted()]:
            all_agreed = agreement(asked.needs, agreed(case.docket, asked, decision.at_ms))
            counted = f"{number}: {edited}your approval counts; {all_agreed}"
            return CameTo(word="counted", sentence=counted, code=Exit.WAITING, then=then)
        case [f.EscalationMoved() as moved]:
            now = f"{number}: {moved.desk} is asked now{because(moved.reason)}"
            lack = vacancy(case.docket, Need(role=moved.desk), decision.at_ms)
            return CameTo(word="moved", sentence=visible(now), then=(*then, *filter(None, (lack,))))
        case _:
            return CameTo(word="heard", sentence=f"{number}: it was heard, and is still open", then=then)


def _followed(asked: Asked, decision: Decision) -> Iterator[str]:
    """Yield in words what the same decision says of the effect or the task."""
    for fact in decision.facts:
        if not isinstance(fact, FOLLOWS):
            continue
        effect = getattr(fact, "effect", 0)
        if not effect or effect == asked.said.effect or asked.said.kind == "review":
            yield said(fact)
