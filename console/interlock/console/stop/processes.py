"""Writes what was seen of the processes that a kill was about, and what was not. Only words."""

from collections.abc import Iterator

from interlock.console.output import Line
from interlock.console.stop.lines import counted
from interlock.console.stop.times import said_us
from interlock.contracts import facts as f

STYLES: dict[f.ProcessFate, str] = {
    "unobserved": "red",
    "disconnected": "yellow",
    "exited": "green",
    "stopped": "green",
}
"""How each fate is drawn; what a person has to look at stands first."""

_ORDER = list(STYLES)


def process_lines(fact: f.Receipted, most: int | None) -> Iterator[Line]:
    """Yield the processes of a receipt, at most so many (None: all), and how many there are more."""
    in_order = sorted(fact.processes, key=lambda process: (_ORDER.index(process.fate), process.principal))
    counts = counted(process.fate for process in in_order) or "none had work in it"
    yield Line(f"processes: {counts}", style="bold")
    shown = in_order[:most]
    width = max((len(process.principal) for process in shown), default=0)
    for process in shown:
        yield Line(
            seen(process), label=f"{process.principal:<{width}}  ", indent=2, style=STYLES[process.fate]
        )
        if process.observers or process.records:
            yield Line(_by_whom(process), label=" " * (width + 2), indent=2, style="dim")
    if most is not None and len(in_order) > most:
        yield Line(f"and {len(in_order) - most} more: interlock receipt {fact.kill} --all", indent=2)
    if fact.more_processes:
        yield Line(f"and {fact.more_processes} that are not named here", indent=2)


def seen(process: f.ProcessReceipt) -> str:
    """Return what was seen of a process, then what was not: by its note, where it has one."""
    times = ", ".join(_times(process))
    return "; ".join(filter(None, (times, process.note or _unseen(process))))


def _times(process: f.ProcessReceipt) -> Iterator[str]:
    match process.fate:
        case "exited":
            yield _after("exited", process.exited_us)
        case "stopped":
            yield _after("stopped its work", process.stopped_us)
            yield "and lives on"
        case "unobserved":
            yield "not observed"
        case "disconnected":
            pass
    if process.disconnected_us is not None or process.fate == "disconnected":
        yield _after("disconnected", process.disconnected_us)
    if process.stopped_us is not None and process.fate != "stopped":
        yield _after("stopped its work", process.stopped_us)


def _unseen(process: f.ProcessReceipt) -> str:
    match process.fate:
        case "disconnected":
            return "exit not observed"
        case "exited" if process.disconnected_us is None:
            return "end of its connection not observed"
        case _:
            return ""


def _after(what: str, span_us: int | None) -> str:
    return f"{what} after {said_us(span_us)}" if span_us is not None else what


def _by_whom(process: f.ProcessReceipt) -> str:
    records = ", ".join(map(str, process.records))
    word = "records" if len(process.records) > 1 else "record"
    where = f" ({word} {records})" if records else ""
    return f"seen by {', '.join(process.observers) or 'itself'}{where}"
