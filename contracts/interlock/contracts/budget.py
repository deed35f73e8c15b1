"""Budgets and amounts: the seven dimensions in which work is limited and counted. Arithmetic only."""

from typing import Annotated

import msgspec

from interlock.contracts.message import Count, Part

DIMENSIONS = ("spend_usd_micros", "tokens", "model_calls", "tool_calls", "wall_ms", "steps", "replans")

MOST = 2**53
Limit = Annotated[int, msgspec.Meta(ge=0, le=MOST)] | None


class Amounts(Part, frozen=True, kw_only=True):
    """How much of each dimension: spent, reserved, or used by one call."""

    spend_usd_micros: Count = 0
    tokens: Count = 0
    model_calls: Count = 0
    tool_calls: Count = 0
    wall_ms: Count = 0
    steps: Count = 0
    replans: Count = 0

    def plus(self, other: "Amounts") -> "Amounts":
        """Return the sum, dimension by dimension."""
        return Amounts(
            spend_usd_micros=self.spend_usd_micros + other.spend_usd_micros,
            tokens=self.tokens + other.tokens,
            model_calls=self.model_calls + other.model_calls,
            tool_calls=self.tool_calls + other.tool_calls,
            wall_ms=self.wall_ms + other.wall_ms,
            steps=self.steps + other.steps,
            replans=self.replans + other.replans,
        )

    def minus(self, other: "Amounts") -> "Amounts":
        """Return the difference; the caller sees to it that no dimension falls below zero."""
        return Amounts(
            spend_usd_micros=self.spend_usd_micros - other.spend_usd_micros,
            tokens=self.tokens - other.tokens,
            model_calls=self.model_calls - other.model_calls,
            tool_calls=self.tool_calls - other.tool_calls,
            wall_ms=self.wall_ms - other.wall_ms,
            steps=self.steps - other.steps,
            replans=self.replans - other.replans,
        )

    def beyond(self, other: "Amounts") -> "Amounts | None":
        """Return what is here beyond `other`, dimension by dimension, or None when nothing is."""
        if all(getattr(self, d) <= getattr(other, d) for d in DIMENSIONS):
            return None
        return Amounts(**{d: max(0, getattr(self, d) - getattr(other, d)) for d in DIMENSIONS})


class Budget(Part, frozen=True, kw_only=True):
    """The limit of each dimension; None is no limit in that dimension."""

    spend_usd_micros: Limit = None
    tokens: Limit = None
    model_calls: Limit = None
    tool_calls: Limit = None
    wall_ms: Limit = None
    steps: Limit = None
    replans: Limit = None

    def or_else(self, default: "Budget") -> "Budget":
        """Return this budget with the gaps filled from `default`."""
        return Budget(**{d: _first(getattr(self, d), getattr(default, d)) for d in DIMENSIONS})

    def raised_by(self, more: Amounts) -> "Budget":
        """Return this budget with each limited dimension raised, to no more than can be written."""
        return Budget(**{d: _raised(getattr(self, d), getattr(more, d)) for d in DIMENSIONS})


def _first(mine: int | None, default: int | None) -> int | None:
    return default if mine is None else mine


def _raised(limit: int | None, more: int) -> int | None:
    return None if limit is None else min(limit + more, MOST)


NOTHING = Amounts()

DEFAULT_TASK_BUDGET = Budget(
    spend_usd_micros=1_000_000,
    tokens=200_000,
    model_calls=100,
    tool_calls=200,
    wall_ms=600_000,
    steps=64,
    replans=2,
)
