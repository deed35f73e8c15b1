"""Amounts in words: dollars, tokens, calls, seconds. Arithmetic is the contracts'; this only writes."""

from typing import NamedTuple

from interlock.contracts.budget import Amounts, Budget

FREE = "nothing"


class Row(NamedTuple):
    """One dimension of a budget: what it is called, what was spent, what is put aside, the limit."""

    name: str
    spent: str
    reserved: str
    limit: str
    share: float | None


def usd(micros: int) -> str:
    """Return micro-dollars as dollars, with as many digits as they need: $0, $0.50, $0.000125."""
    text = f"{micros / 1_000_000:.6f}"
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    return f"${whole}" if not fraction else f"${whole}.{fraction:0<2}"


def seconds(milliseconds: int) -> str:
    """Return milliseconds as seconds."""
    return f"{milliseconds / 1000:.1f} s"


def said_amounts(amounts: Amounts) -> str:
    """Return the dimensions that are not zero, in words; `nothing` when all are."""
    parts: list[str] = []
    if amounts.spend_usd_micros:
        parts.append(usd(amounts.spend_usd_micros))
    if amounts.tokens:
        parts.append(f"{amounts.tokens:,} tokens")
    parts.extend(
        _counted(count, what)
        for count, what in ((amounts.model_calls, "model call"), (amounts.tool_calls, "tool call"))
        if count
    )
    return ", ".join(parts) or FREE


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("s" if count > 1 else "")


WRITTEN = (
    ("spend_usd_micros", "money", usd),
    ("tokens", "tokens", "{:,}".format),
    ("model_calls", "model calls", "{:,}".format),
    ("tool_calls", "tool calls", "{:,}".format),
    ("wall_ms", "time", seconds),
    ("steps", "steps", "{:,}".format),
    ("replans", "replans", "{:,}".format),
)


def table(spent: Amounts, budget: Budget, reserved: Amounts | None = None) -> list[Row]:
    """Return spent against budget, one row for each dimension."""
    rows: list[Row] = []
    for dimension, name, write in WRITTEN:
        used: int = getattr(spent, dimension)
        aside: int = getattr(reserved, dimension) if reserved else 0
        limit: int | None = getattr(budget, dimension)
        rows.append(
            Row(
                name=name,
                spent=write(used),
                reserved=write(aside) if aside else "",
                limit="no limit" if limit is None else write(limit),
                share=used / limit if limit else None,
            )
        )
    return rows
