"""The plan for a folder: read each invoice, settle it, report. Pure.

What was paid or held before stays so; of what a person has rejected, a person is asked what to do with it.
"""

from collections.abc import Iterable, Sequence

import msgspec

from interlock.contracts.limits import MAX_LINE_CHARS, MAX_PLAN_STEPS
from interlock.contracts.message import Json
from interlock.contracts.plan import Plan, PlannedStep
from invoice_desk.agents.folder import Listed
from invoice_desk.papers import Settled

HUMAN = "human"
DESK = "desk"
MOST_STEPS_EACH = 3
REPORT = "report"
CRITERIA = ("Every payment is booked once, for what its invoice asks or a person has said.",)
FORM: Json = {
    "type": "object",
    "properties": {
        "decision": {"enum": ["pay", "drop"], "description": "pay: ask for the payment again; drop: do not"},
        "note": {"type": "string", "maxLength": 500},
    },
    "required": ["decision"],
    "additionalProperties": False,
}


def plan_for(listing: Sequence[Listed], reasons: Sequence[str] = ()) -> Plan:
    """Return the plan; `reasons` say why the one before could not be kept.

    A folder with more than a plan can hold is settled in the order of names; the rest is for the next task.
    """
    steps: list[PlannedStep] = []
    for number, paper in enumerate(listing, 1):
        if len(steps) + MOST_STEPS_EACH >= MAX_PLAN_STEPS:
            break
        if paper.state in {"open", "rejected"}:
            steps += _steps_for(number, paper)
    before = [settled for paper in listing if (settled := _settled(paper)) is not None]
    ends = [step.id for step in steps if step.role == "executor"]
    report = {"do": "report", "before": msgspec.to_builtins(before)}
    steps.append(_step(REPORT, "executor", "Report what was settled", report, ends))
    return Plan(steps=tuple(steps), criteria=CRITERIA, rationale="; ".join(reasons)[:MAX_LINE_CHARS])


def _settled(paper: Listed) -> Settled | None:
    if paper.state == "paid":
        return Settled(paper.file, "paid", paper.why, paper.asked_cents, paper.payment)
    return Settled(paper.file, "held", paper.why) if paper.state == "held" else None


def _steps_for(number: int, paper: Listed) -> list[PlannedStep]:
    before = [f"read-{number}"]
    steps = [_step(before[0], "researcher", f"Read and check {paper.file}", {"file": paper.file})]
    if paper.state == "rejected":
        before.append(f"decide-{number}")
        question = f"{paper.file} is not paid: {paper.why}. Shall it be asked again, or dropped?"
        asked = {"ask": question, "to": DESK, "form": FORM}
        steps.append(_step(before[1], HUMAN, f"Decide about {paper.file}", asked))
    order = {"do": "settle", "file": paper.file}
    return [*steps, _step(f"settle-{number}", "executor", f"Settle {paper.file}", order, before)]


def _step(name: str, role: str, title: str, given: Json, after: Iterable[str] = ()) -> PlannedStep:
    return PlannedStep(id=name, role=role, title=title, input=given, after=tuple(after))
