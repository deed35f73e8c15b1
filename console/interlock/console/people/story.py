"""Tells in words what people said to what they were asked, and what of autonomy. Only words."""

from collections.abc import Callable
from typing import Any

import msgspec

from interlock.console.budgets.dimensions import said_more
from interlock.console.stop.lines import because
from interlock.console.stop.times import said_span
from interlock.contracts.control import SetAutonomy
from interlock.contracts.people import (
    Abort,
    Answer,
    Approve,
    Delegate,
    Edit,
    PlantCanary,
    Raise,
    Reassign,
    Reject,
)
from interlock.contracts.policy import SetPolicies

Words = Callable[[Any], str]


def of_number(rest: tuple[str, ...]) -> str:
    """Return of which escalation a subject speaks, as the end of a line."""
    return f" ({'.'.join(rest[:2])})" if len(rest) >= 2 else ""


def _answered(body: Answer) -> str:
    if body.value is msgspec.UNSET:
        return f"answers: {body.text}"
    return f"answers: {body.text or bytes(body.value).decode(errors='replace')}"


def _delegated(body: Delegate) -> str:
    if not body.for_s:
        return f"takes back that {body.to} answers instead{because(body.reason)}"
    return f"lets {body.to} answer instead for {said_span(body.for_s)}{because(body.reason)}"


def _autonomy(body: SetAutonomy) -> str:
    risk = "" if body.risk == "*" else f" with what is {body.risk}"
    tenant = "" if body.tenant == "*" else f" for tenant {body.tenant}"
    level = f"sets level {body.level}" if body.level else "takes its setting back"
    return f"{level} of autonomy{risk}{tenant}{because(body.reason)}"


WORDS: dict[type[Any], Words] = {
    Approve: lambda body: f"approves{because(body.reason)}",
    Edit: lambda body: f"changes what is asked for, and agrees{because(body.reason)}",
    Reject: lambda body: f"rejects{', and wants it undone' if body.undo else ''}{because(body.reason)}",
    Answer: _answered,
    Raise: lambda body: f"raises the budget by {said_more(body.more)}{because(body.reason)}",
    Reassign: lambda body: f"lets {body.to} be asked{because(body.reason)}",
    Abort: lambda body: f"ends the task{because(body.reason)}",
    Delegate: _delegated,
    PlantCanary: lambda body: f"plants a canary for {body.role}: {body.tool}",
    SetAutonomy: _autonomy,
    SetPolicies: lambda body: f"says {len(body.bundle.policies)} files of policies",
}
