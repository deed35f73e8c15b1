"""What the samples of a case come to, and how that is shown; it measures nothing."""

import os
from collections.abc import Sequence
from statistics import quantiles
from typing import Any

import msgspec
from bench.kill.cases import Samples

HEAD = (
    "case",
    "load",
    "kills",
    "disturbed",
    "no grant",
    "call aborted",
    "connection closed",
    "process gone",
    "last start",
)


class Spread(msgspec.Struct, frozen=True):
    """How samples lie, in ms."""

    samples: int
    p50_ms: float
    p99_ms: float
    worst_ms: float

    def __str__(self) -> str:
        return f"{self.p50_ms:.1f} / {self.p99_ms:.1f} / {self.worst_ms:.1f}"


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One case; `load_average` is the system's own, over the minute before its end."""

    case: str
    loaded: bool
    kills: int
    condemned: int
    disturbed: int
    granted: Spread | None
    aborted: Spread | None
    cut: Spread | None
    gone: Spread | None
    latest_start_ms: float | None
    load_average: float

    @classmethod
    def of(cls, case: str, samples: Samples, *, loaded: bool) -> "Figures":
        """Return what a case's samples come to."""
        return cls(
            case=case,
            loaded=loaded,
            kills=samples.kills,
            condemned=samples.condemned,
            disturbed=samples.disturbed,
            granted=_spread(samples.granted),
            aborted=_spread(samples.aborted),
            cut=_spread(samples.cut),
            gone=_spread(samples.gone),
            latest_start_ms=samples.latest_start_ms,
            load_average=os.getloadavg()[0],
        )

    @property
    def sentence(self) -> str:
        """The case as one line."""
        return "  ".join(_row(self))

    @property
    def kept(self) -> dict[str, Any]:
        """The case as plain data."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


def table(figures: Sequence[Figures]) -> str:
    """Return the cases as plain text, a line each: p50 / p99 / worst in ms after the publish."""
    rows = [HEAD, *map(_row, figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(one: Figures) -> tuple[str, ...]:
    spreads = (str(spread) if spread else "-" for spread in (one.granted, one.aborted, one.cut, one.gone))
    latest = "-" if one.latest_start_ms is None else f"{one.latest_start_ms:.1f}"
    return (
        one.case,
        "loaded" if one.loaded else "idle",
        str(one.kills),
        str(one.disturbed),
        *spreads,
        latest,
    )


def _spread(samples: Sequence[float]) -> Spread | None:
    if not samples:
        return None
    ordered = sorted(samples)
    cuts = quantiles(ordered, n=100, method="inclusive") if len(ordered) > 1 else ordered * 99
    return Spread(len(ordered), cuts[49], cuts[98], ordered[-1])
