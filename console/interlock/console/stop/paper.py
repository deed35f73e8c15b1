"""Writes a receipt as lines: what was killed, how fast, what became of each effect and process.

It says what was observed, and of the rest that it was not; it adds nothing.
"""

from collections.abc import Iterator
from typing import Literal

from interlock.console.output import Line
from interlock.console.stop.effects import effect_lines, numbered
from interlock.console.stop.lines import because, people
from interlock.console.stop.processes import process_lines
from interlock.console.stop.receipts import Receipt
from interlock.console.stop.scopes import said_scope
from interlock.console.stop.times import said_instant, said_us
from interlock.contracts import facts as f

SHOWN = 20


def receipt_lines(receipt: Receipt, *, everything: bool = False) -> Iterator[Line]:
    """Yield a whole receipt; `everything` names more than the first effects and processes."""
    fact, most = receipt.fact, None if everything else SHOWN
    yield Line(f"kill of {said_scope(fact.scope)} by {fact.by}{because(fact.reason)}", style="bold")
    at = f", {said_instant(fact.commanded_us)}" if fact.commanded_us else ""
    yield Line(f"record {fact.kill}{at}; this receipt is record {receipt.record}", style="dim")
    for part in (_latencies(receipt), effect_lines(receipt, most), process_lines(fact, most)):
        yield Line("")
        yield from part
    yield Line("")
    if not fact.complete:
        yield Line("Not everything was observed; what was not is said above.", style="yellow")
    yield Line("Times count from the command, each by the clock of whoever saw it.", style="dim")


def _latencies(receipt: Receipt) -> Iterator[Line]:
    times, fact = receipt.latencies, receipt.fact
    decided = f"record {receipt.decided} grants nothing more" if receipt.decided else ""
    rows = (
        ("last possible grant", times.last_grant_us, decided or "the decision was not found"),
        ("last effect start", _late(times.last_start_us), _starts(fact)),
        (
            "last connection",
            times.last_connection_us,
            _last(fact, times.last_connection_us, "disconnected_us"),
        ),
        ("last process", times.last_exit_us, _last(fact, times.last_exit_us, "exited_us")),
    )
    yield Line("from the command to the", style="bold")
    for name, span_us, note in rows:
        shown = "-" if span_us is None else said_us(span_us)
        yield Line(note, label=f"{name:<20}{shown:>9}  ", indent=2, style="dim")


def _late(start_us: int | None) -> int | None:
    """Return a start only if it was after the command."""
    return start_us if start_us is not None and start_us > 0 else None


def _starts(fact: f.Receipted) -> str:
    """Say which effect began last, if after the command, and of which nobody said when they began."""
    unknown = [effect.effect for effect in fact.effects if effect.fate != "refused" and _unknown(effect)]
    if _late(fact.last_start_us) is not None:
        began = numbered(e.effect for e in fact.effects if e.started_us == fact.last_start_us)
    else:
        began = f"none {'is known to have begun' if unknown else 'began'} after the command"
    unsaid = f"nobody said when {numbered(unknown)} began" if unknown else ""
    return "; ".join(filter(None, (began, unsaid)))


def _unknown(effect: f.EffectReceipt) -> bool:
    return effect.started_us is None


def _last(fact: f.Receipted, end_us: int | None, ended: Literal["disconnected_us", "exited_us"]) -> str:
    """Say whose connection or process was the last to end, or why none is known as the last."""
    seen: dict[str, int | None] = {each.principal: getattr(each, ended) for each in fact.processes}
    if end_us is not None:
        return people(name for name, at_us in seen.items() if at_us == end_us)
    ending = [each.principal for each in fact.processes if each.fate != "stopped"]
    if not ending and not fact.more_processes:
        return "none had to end" + (": each has confirmed that it stopped its work" if seen else "")
    missing = [name for name in ending if seen[name] is None]
    known = [at_us for name in ending if (at_us := seen[name]) is not None]
    others = f"; of the others after {said_us(max(known))}" if known else ""
    return f"not observed of {people(missing) or 'all'}{others}"
