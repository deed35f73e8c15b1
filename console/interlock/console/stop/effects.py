"""Writes what became of the effects that a kill found open: a table by fate. Only words."""

from collections.abc import Iterable, Iterator, Sequence

from interlock.console.output import Line
from interlock.console.stop.lines import counted, people
from interlock.console.stop.receipts import Receipt
from interlock.console.stop.times import said_us
from interlock.contracts import facts as f

FATES: dict[f.EffectFate, tuple[str, str]] = {
    "in_doubt": ("in doubt: nobody knows whether it happened", "red"),
    "aborted": ("aborted: cut off, and may count", "yellow"),
    "completed": ("completed: it had happened before the stop reached it", ""),
    "refused": ("refused: it never began", "green"),
}
"""What each fate means, and how it is drawn; what a person has to look at stands first."""

_ORDER = list(FATES)
_HEAD = f"{'effect':>8} {'outcome':>8} {'began':>9} {'ended':>9}  "


def numbered(effects: Iterable[int]) -> str:
    """Name effects by their numbers."""
    numbers = [str(effect) for effect in effects]
    return f"effect{'s' if len(numbers) != 1 else ''} {people(numbers)}" if numbers else ""


def effect_lines(receipt: Receipt, most: int | None) -> Iterator[Line]:
    """Yield the effects of a receipt by fate, at most so many (None: all), and how many there are more."""
    fact = receipt.fact
    whose = f" of task {receipt.only_task}" if receipt.only_task else ""
    in_order = sorted(fact.effects, key=lambda effect: (_ORDER.index(effect.fate), effect.effect))
    counts = counted(effect.fate for effect in in_order) or "none was open"
    yield Line(f"effects{whose}: {counts}", style="bold")
    yield from _table(in_order[:most], named=not fact.scope.task)
    if most is not None and len(in_order) > most:
        yield Line(f"and {len(in_order) - most} more: interlock receipt {fact.kill} --all", indent=2)
    if fact.more_effects:
        others = f", such as those of other tasks: interlock receipt {fact.kill}" if whose else ""
        yield Line(f"and {fact.more_effects} that are not named here{others}", indent=2)


def _table(effects: Sequence[f.EffectReceipt], *, named: bool) -> Iterator[Line]:
    """Yield a head and the rows; `named` puts the task before the step."""
    if not effects:
        return
    where = {effect.effect: f"{effect.task} {effect.step}" if named else effect.step for effect in effects}
    head = "task step" if named else "step"
    width = max(len(head), *map(len, where.values()))
    yield Line(f"{head:<{width}}  what", label=_HEAD, indent=2, folds=False)
    for fate in _ORDER:
        rows = [effect for effect in effects if effect.fate == fate]
        if rows:
            meaning, style = FATES[fate]
            yield Line(meaning, indent=2, style=style)
        for effect in rows:
            on = f" on {effect.worker}" if effect.worker else ""
            what = f"{where[effect.effect]:<{width}}  {effect.name}{on}"
            yield Line(what, label=_numbers(effect), indent=2, folds=False)


def _numbers(effect: f.EffectReceipt) -> str:
    outcome = str(effect.outcome or "-")
    return f"{effect.effect:>8} {outcome:>8} {_at(effect.started_us):>9} {_at(effect.ended_us):>9}  "


def _at(time_us: int | None) -> str:
    return "-" if time_us is None else said_us(time_us)
