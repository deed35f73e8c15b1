"""What is about people, in words: kinds, verdicts, who must agree, how long ago. Only words."""

from interlock.console.budgets.lacks import remedy
from interlock.console.people.asked import Asked
from interlock.console.people.fields import skeleton
from interlock.console.people.visible import visible
from interlock.console.stop.lines import because
from interlock.contracts import facts as f
from interlock.contracts.people import EscalationKind, Need, Reversible, VerdictKind

KINDS: dict[EscalationKind, str] = {
    "approval": "approval",
    "question": "question",
    "step": "step",
    "budget": "budget",
    "rejection": "rejection",
    "loop": "loop",
    "overrun": "overrun",
    "in_doubt": "in doubt",
    "deadline": "deadline",
    "crash": "crash",
    "violation": "violation",
    "review": "review",
}
MEANS: dict[EscalationKind, str] = {
    "approval": "an effect that people must agree to",
    "question": "an agent asks",
    "step": "a step that a person does",
    "budget": "a budget is used up",
    "rejection": "the reviewer does not accept the results",
    "loop": "a step goes round in circles",
    "overrun": "more was used than was put aside",
    "in_doubt": "nobody knows whether something was done",
    "deadline": "a deadline is near",
    "crash": "a process is not kept any more",
    "violation": "somebody tried what is forbidden",
    "review": "something was done; was it right?",
}
VERBS: dict[EscalationKind, tuple[str, ...]] = {
    "approval": ("approve", "edit", "reject", "reassign", "abort"),
    "question": ("answer", "reject", "reassign", "abort"),
    "step": ("answer", "reject", "reassign", "abort"),
    "budget": ("raise", "approve", "reject", "reassign", "abort"),
    "rejection": ("approve", "reject", "reassign", "abort"),
    "loop": ("approve", "reject", "reassign", "abort"),
    "overrun": ("approve", "reject", "reassign", "abort"),
    "in_doubt": ("approve", "reject", "reassign", "abort"),
    "deadline": ("approve", "reject", "reassign", "abort"),
    "crash": ("approve", "reject", "reassign"),
    "violation": ("approve", "reject", "reassign"),
    "review": ("approve", "reject", "reassign"),
}
"""What a person can say to each kind, the most likely first."""
APPROVE_MEANS: dict[EscalationKind, str] = {
    "approval": "it may happen, once",
    "review": "it was right",
    "deadline": "seen",
    "crash": "seen",
    "violation": "seen",
}
GO_ON = "go on"
VERDICTS: dict[VerdictKind, str] = {
    "approved": "was approved",
    "edited": "was edited and approved",
    "rejected": "was rejected",
    "answered": "was answered",
    "raised": "was given more",
    "resumed": "was let go on",
    "aborted": "ended with the task, which was aborted",
    "expired": "has expired",
    "void": "is void: what asked is over",
}
PLANTED: dict[VerdictKind, str] = {
    "rejected": "it was planted to see who looks, and was caught",
    "approved": "it was planted to see who looks, and was let through: nothing is carried out",
    "edited": "it was planted to see who looks, and was let through: nothing is carried out",
}
NOT_NOTICED = "it was planted to see who looks, and nobody decided"
REVERSIBLE: dict[Reversible, str] = {
    "": "nobody says whether it can be undone",
    "yes": "it changes nothing",
    "undo": "it can be undone",
    "no": "it cannot be undone",
}
SENT = "nothing changes outside, but what is sent cannot be taken back"
AT_LAST = {"deny": "it is denied", "park": "it waits on"}
AT_LAST_UNDECIDED = {"deny": "it leaves the list undecided", "park": "it stays on the list"}
"""What happens at last to something for which nothing waits."""
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def span(span_ms: int) -> str:
    """Return a span in its largest unit, as one says it: 5 s, 3 min, 2 h, 4 d."""
    span_s = max(0, span_ms) // 1_000
    for size_s, unit in _UNITS:
        if span_s >= size_s:
            return f"{span_s // size_s} {unit}"
    return "now"


def left(deadline_ms: int | None, now_ms: int) -> str:
    """Return how long there is still time."""
    if deadline_ms is None:
        return "no deadline"
    return f"in {span(deadline_ms - now_ms)}" if deadline_ms > now_ms else "over"


def time_left(asked: Asked, now_ms: int) -> str:
    """Return how long there is still time, unless the clock stands."""
    if asked.stands_since_ms and asked.deadline_ms is not None:
        return "paused"
    return left(asked.deadline_ms, now_ms)


def names(who: tuple[str, ...] | list[str]) -> str:
    """Return names as one says them: alice, bob and carol."""
    return " and ".join(filter(None, (", ".join(who[:-1]), *who[-1:])))


def need(one: Need) -> str:
    """Return who has to agree."""
    return f"{one.quorum} of {one.role}"


def needed(needs: tuple[Need, ...]) -> str:
    """Return who all have to agree."""
    return names([need(one) for one in needs]) or "nobody"


def agreement(needs: tuple[Need, ...], approvals: list[f.ApprovalCounted]) -> str:
    """Return who has agreed, of those who must."""
    wanted = sum(one.quorum for one in needs)
    have = [f"{one.by} (for {one.instead_of})" if one.instead_of else one.by for one in approvals]
    return f"{len(approvals)} of {wanted} agreed ({names(have) or 'nobody yet'}); it takes {needed(needs)}"


def verbs_of(asked: Asked) -> tuple[str, ...]:
    """Return what a person can say to what is asked: what a model is asked, nobody edits."""
    return tuple(verb for verb in VERBS[asked.said.kind] if verb != "edit" or not asked.model)


def undoing(asked: Asked) -> str:
    """Return whether it can be undone."""
    return SENT if asked.model else REVERSIBLE[asked.said.reversible]


def resolution(fact: f.Resolved) -> str:
    """Return how an escalation ended, and by whom."""
    by = f" by {names(fact.by)}" if fact.by else ""
    return visible(f"{VERDICTS[fact.verdict]}{by}{because(fact.reason)}")


def outcome(asked: Asked, fact: f.Resolved) -> str:
    """Return how it ended, and of what was planted that it was, and whether that was noticed."""
    if not asked.said.canary:
        return resolution(fact)
    return f"{resolution(fact)}; {PLANTED.get(fact.verdict, NOT_NOTICED)}"


def to_do(asked: Asked) -> str:
    """Return what one types to decide about it."""
    first = VERBS[asked.said.kind][0]
    return f"{_typed(first, asked)}, or: {_typed('reject', asked)}"


def _typed(verb: str, asked: Asked) -> str:
    match verb:
        case "answer":
            what = f" --value {skeleton(asked.said.form)}" if asked.said.form else " TEXT"
        case "raise" if asked.lack is not None:
            return remedy(str(asked.number), asked.lack)
        case "raise":
            return f"interlock budget raise {asked.number} --usd USD"
        case "reject":
            what = " REASON"
        case _:
            what = ""
    return f"interlock {verb} {asked.number}{what}"
