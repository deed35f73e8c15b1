"""Tidying: what is trivially wrong with a model's plan is put right; what is not, the supervisor refuses.

It changes ids that are no ids or not unique, references to steps that do not exist, a researcher without a
question or one that waits for what it does not read, a missing report. It invents no roles, breaks no cycles.
"""

import re
from pathlib import PurePosixPath

import msgspec

from interlock.contracts import limits
from interlock.contracts.message import Json
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.roles import Goal

LONGEST_ID = 24
RESEARCHER, EXECUTOR = "researcher", "executor"


class DraftStep(msgspec.Struct, frozen=True):
    """A step as a model gives it."""

    id: str
    role: str
    title: str = ""
    input: Json = {}
    after: tuple[str, ...] = ()


class Draft(msgspec.Struct, frozen=True):
    """A plan as a model gives it."""

    steps: tuple[DraftStep, ...]
    criteria: tuple[str, ...] = ()
    rationale: str = ""


def tidy(draft: Draft, goal: Goal) -> Plan:
    """Return the plan that the draft means."""
    present = {offer.role for offer in goal.roles}
    steps = _with_unique_ids(draft.steps)
    if RESEARCHER in present and all(step.role == EXECUTOR for step in steps):
        question = DraftStep(id=_free_id("facts", steps), role=RESEARCHER, title=goal.goal)
        steps = [question, *steps]
    if EXECUTOR in present and all(step.role != EXECUTOR for step in steps):
        steps = [*steps, DraftStep(id=_free_id("report", steps), role=EXECUTOR, title="Report")]
    criteria = tuple(
        dict.fromkeys((*goal.criteria, *(line[: limits.MAX_LINE_CHARS] for line in draft.criteria)))
    )
    return Plan(
        steps=tuple(_tidy_step(step, steps, goal) for step in steps),
        criteria=tuple(line for line in criteria if line.strip())[: limits.MAX_CRITERIA],
        rationale=draft.rationale[: limits.MAX_LINE_CHARS],
    )


def _with_unique_ids(drafts: tuple[DraftStep, ...]) -> list[DraftStep]:
    renamed: dict[str, str] = {}
    steps: list[DraftStep] = []
    for draft in drafts:
        new = _free_id(draft.id, steps)
        renamed.setdefault(draft.id, new)
        steps.append(msgspec.structs.replace(draft, id=new))
    return [
        msgspec.structs.replace(step, after=tuple(renamed[name] for name in step.after if name in renamed))
        for step in steps
    ]


def _free_id(wanted: str, steps: list[DraftStep]) -> str:
    taken = {step.id for step in steps}
    base = re.sub(r"[^a-z0-9]+", "-", wanted.lower()).strip("-")[:LONGEST_ID].strip("-") or "step"
    return next(
        name for n in range(1, len(steps) + 2) if (name := base if n == 1 else f"{base}-{n}") not in taken
    )


def _tidy_step(step: DraftStep, steps: list[DraftStep], goal: Goal) -> PlannedStep:
    after = tuple(dict.fromkeys(name for name in step.after if name != step.id))
    if step.role == RESEARCHER:
        after = ()
    if step.role == EXECUTOR and not after:
        after = tuple(other.id for other in steps if other.role != EXECUTOR and step.id not in other.after)
    return PlannedStep(
        id=step.id,
        role=step.role.strip().lower(),
        title=step.title[: limits.MAX_LINE_CHARS],
        input=_with_what_it_needs(step, goal),
        after=after,
    )


def _with_what_it_needs(step: DraftStep, goal: Goal) -> Json:
    if not _inside(step.input.get("file", "")):
        step = msgspec.structs.replace(step, input={k: v for k, v in step.input.items() if k != "file"})
    need = {RESEARCHER: "question", EXECUTOR: "instruction"}.get(step.role)
    if need is None or _says_something(step.input.get(need)):
        return step.input
    words = goal.goal if step.role == EXECUTOR or not step.title.strip() else step.title
    return step.input | {need: words}


def _inside(file: object) -> bool:
    """Whether a report's file can stand in the task's workspace; else the executor names one."""
    path = PurePosixPath(file) if isinstance(file, str) else None
    return path is not None and not path.is_absolute() and ".." not in path.parts


def _says_something(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
