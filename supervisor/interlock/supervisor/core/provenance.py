"""Where the data comes from that led to a step's wish: what it was told, and what it was given.

What comes from outside may be hostile, and so may everything that is made of it.
"""

from collections.abc import Iterator

from interlock.contracts.message import line
from interlock.contracts.people import Evidence
from interlock.supervisor.core.state import Effect, Step, Task

MOST_EVIDENCE = 16


def is_tainted(task: Task, step: Step) -> bool:
    """Tell whether what comes from outside has reached a step, itself or through what it was given."""
    return any(one.tainted for one in (step, *_before(task, step)))


def evidence_of(task: Task, step: Step) -> tuple[Evidence, ...]:
    """Return the records that led to what a step asks for, those from outside first; a bounded number."""
    found = sorted((*_told(task, step), *_given(task, step)), key=lambda each: not each.untrusted)
    return tuple(found[:MOST_EVIDENCE])


def _told(task: Task, step: Step) -> Iterator[Evidence]:
    for seq in sorted(task.effects):
        effect = task.effects[seq]
        if effect.step == step.id and effect.state == "completed" and effect.demand.kind == "tool":
            yield Evidence(
                record=effect.outcome or seq,
                what=line(f"what the tool {effect.demand.name} told it"),
                untrusted=effect.untrusted,
            )


def _given(task: Task, step: Step) -> Iterator[Evidence]:
    for name in step.after:
        before = task.steps.get(name)
        if before is None or not before.result:
            continue
        tainted = {seq for one in (before, *_before(task, before)) for seq in one.tainted}
        sources = sorted({_name(task, seq) for seq in tainted})
        made = f", made of what {', '.join(sources)} told" if sources else ""
        what = line(f"the result of step {name} ({before.role}){made}")
        yield Evidence(record=before.result, what=what, untrusted=bool(sources))


def _name(task: Task, seq: int) -> str:
    effect: Effect | None = task.effects.get(seq)
    return effect.demand.name if effect is not None else str(seq)


def _before(task: Task, step: Step) -> list[Step]:
    """Return every step from which something has come to this one."""
    found: dict[str, Step] = {}
    open_names = list(step.after)
    while open_names:
        name = open_names.pop()
        before = task.steps.get(name)
        if before is not None and name not in found:
            found[name] = before
            open_names.extend(before.after)
    return list(found.values())
