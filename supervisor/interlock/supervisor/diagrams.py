"""Draws the state machines for the docs, from the very tables that the core obeys; decides nothing.

`python -m interlock.supervisor.diagrams docs/machines.md` writes the page.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interlock.supervisor.core import transitions

Table = Mapping[Any, Mapping[Any, str]]

_MACHINES: tuple[tuple[str, str, Table], ...] = (
    ("A task's phase", "How far a task is. The labels are the facts of the log.", transitions.PHASES),
    ("A task's hold", "Whether a task may move, beside its phase.", transitions.HOLDS),
    (
        "A step",
        "`unblocked` follows from the steps before it, `dropped` from the end of the task or a new plan.",
        transitions.STEPS,
    ),
    ("An effect", "The ends are those of the fact `effect_settled`.", transitions.EFFECTS),
    ("An escalation", "People are asked; the labels are the facts of the log.", transitions.ESCALATIONS),
    (
        "A switch",
        (
            "Over the fleet, an agent, a role, a tool, a model, a tenant or a step. The labels are the verbs "
            "of controls; a step that is killed is dead."
        ),
        transitions.SWITCHES,
    ),
)


def page() -> str:
    """Return the page with all machines as Mermaid diagrams."""
    parts = [
        (
            "# The state machines\n\nDrawn from `supervisor/interlock/supervisor/core/transitions.py` by "
            "`make diagrams`; what is not here does not happen.\n"
        )
    ]
    for title, words, table in _MACHINES:
        parts.append(f"## {title}\n\n{words}\n\n```mermaid\nstateDiagram-v2\n{_arrows(table)}\n```\n")
    return "\n".join(parts)


def _arrows(table: Table) -> str:
    first = next(iter(table))
    lines = [f"    [*] --> {first}"]
    for state, following in table.items():
        labels: dict[str, list[str]] = {}
        for event, target in following.items():
            labels.setdefault(target, []).append(event)
        lines += [f"    {state} --> {target}: {', '.join(events)}" for target, events in labels.items()]
        if not following:
            lines.append(f"    {state} --> [*]")
    return "\n".join(lines)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
