"""A plan: a directed acyclic graph of typed steps. What a valid plan is, the supervisor decides."""

from typing import Annotated

import msgspec

from interlock.contracts import limits
from interlock.contracts.message import Json, Line, Message, Part

# Longer than a planner's names may be: after a replan the supervisor puts a prefix before them.
StepId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,47}$")]


class PlannedStep(Part, frozen=True, kw_only=True):
    """One step: which role does it, from what input, after which others."""

    id: StepId
    role: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
    title: Line = ""
    input: Json = {}
    after: tuple[StepId, ...] = ()


class Plan(Message, frozen=True, kw_only=True):
    """The planner's answer to a goal."""

    steps: tuple[PlannedStep, ...]
    criteria: Annotated[tuple[Line, ...], msgspec.Meta(max_length=limits.MAX_CRITERIA)] = ()
    rationale: Line = ""
