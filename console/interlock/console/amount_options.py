"""Options for amounts, as people type them; a command gets them in the units of the wire."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import click

from interlock.console.budgets.dimensions import Dimension, split

Function = Callable[..., Any]


class Amount(click.ParamType[float]):
    """Dollars, such as 0.50, or a whole number of what the dimension counts; bounded."""

    name = "amount"

    def __init__(self, dimension: Dimension, least: int) -> None:
        self._dimension = dimension
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the amount or fail with a sentence."""
        noun, most = self._dimension.noun, self._dimension.most
        is_money = self._dimension.name == "usd"
        try:
            amount: float = float(value) if is_money else int(value)
        except ValueError:
            kind, example = ("number", "0.50") if is_money else ("whole number", "500")
            self.fail(f"{value!r} is no {kind} of {noun}, such as {example}", param, ctx)
        if not math.isfinite(amount) or not 0 <= amount <= most:
            self.fail(f"{value} is not within 0 and {most:,} {noun}", param, ctx)
        if self._dimension.inside(amount) < (self._least if amount == 0 else 1):
            smallest = "0.000001" if is_money else "1"
            self.fail(f"{value} is too little: write at least {smallest}", param, ctx)
        return amount


def amount_options(
    parameter: str, names: Sequence[str], text: str, *, least: int
) -> Callable[[Function], Any]:
    """Add an option for each name; the command gets those given as `parameter`, by name, as integers."""

    def decorate(function: Function) -> Any:
        def gathering(**arguments: Any) -> Any:
            given = {name: arguments.pop(name) for name in names}
            amounts = {
                name: split(name)[0].inside(value) for name, value in given.items() if value is not None
            }
            return function(**{parameter: amounts}, **arguments)

        gather: Function = functools.wraps(function)(gathering)
        for name in reversed(names):
            gather = _option(name, text, least)(gather)
        return gather

    return decorate


def _option(name: str, text: str, least: int) -> Callable[[Function], Function]:
    dimension, daily = split(name)
    period = " a day" if daily else ""
    return click.option(
        f"--{name.replace('_', '-')}",
        name,
        type=Amount(dimension, least),
        metavar={"usd": "USD", "wall_s": "S"}.get(dimension.name, "N"),
        help=f"{text.format(dimension.noun)}{period}.",
    )
