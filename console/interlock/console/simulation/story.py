"""Tells a run in plain sentences: what the adversary did, and what stood in the log around a violation."""

from collections.abc import Iterable, Iterator

from interlock.bus.ports import Record
from interlock.console.amounts import said_amounts
from interlock.console.lines import said
from interlock.console.simulation.process import EPOCH_MS
from interlock.console.simulation.run import Report
from interlock.console.simulation.scenario import Scenario
from interlock.contracts.budget import Amounts
from interlock.contracts.decision import Decision
from interlock.contracts.effect import EffectRequest
from interlock.contracts.inputs import read_record
from interlock.contracts.message import Message, decode, snake
from interlock.contracts.subjects import DECISIONS

AROUND = 16
_SHOWN = ("step", "attempt", "key", "effect", "grant", "reason", "incarnation", "kind", "started")


def tell(
    scenario: Scenario, report: Report, records: list[Record], *, everything: bool = False
) -> Iterator[str]:
    """Yield the story of a run, line by line."""
    yield f"seed {scenario.seed}, profile {scenario.profile}; {', '.join(scenario.cast.names)}"
    yield f"what the adversary does ({len(scenario.actions)} actions):"
    yield from (f"  {action.sentence()}" for action in scenario.actions)
    violation = report.violation
    if violation is None:
        yield "every law was kept"
    else:
        when = f"at {violation.at_s:.3f} s, after record {violation.seq}"
        yield f"then, {when}, the law of `{violation.law}` broke:"
        yield f"  {violation.sentence}"
    last = violation.seq if violation else len(records)
    first = 1 if everything else max(1, last - AROUND)
    yield f"the log, records {first} to {last}:"
    yield from log_lines(records[first - 1 : last])


def log_lines(records: Iterable[Record]) -> Iterator[str]:
    """Yield a line for each record, and one for each fact of a decision."""
    for record in records:
        time_s = (record.time_ms - EPOCH_MS) / 1_000
        yield f"  {record.seq:>5} {time_s:8.3f}  {_record(record)}"
        if record.subject.startswith(DECISIONS.removesuffix(">")):
            decision = decode(Decision, record.data)
            for fact in decision.facts:
                yield f"{'':>17} - {said(fact)}"


def _record(record: Record) -> str:
    if record.subject.startswith(DECISIONS.removesuffix(">")):
        decision = decode(Decision, record.data)
        about = f"task {decision.task}" if decision.task else "the fleet"
        why = decision.observed or f"record {decision.cause}"
        return f"{decision.by} decides about {about}, because of {why}"
    heard = read_record(record.seq, record.time_ms, record.subject, record.data)
    about = f" about task {heard.task}" if heard.task else ""
    return f"{heard.principal} says {heard.kind}.{heard.verb}{about}{_details(heard.body)}"


def _details(body: Message) -> str:
    shown = [f"{name} {getattr(body, name)}" for name in _SHOWN if getattr(body, name, None)]
    used = getattr(body, "used", None)
    if isinstance(used, Amounts):
        shown.append(f"used {said_amounts(used)}")
    if isinstance(body, EffectRequest):
        shown.append(snake(type(body.call).__name__))
    return f": {', '.join(shown)}" if shown else ""
