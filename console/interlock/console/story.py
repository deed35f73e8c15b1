"""Tells one record of a task's history in a few lines: who said what, or what was decided. Only words."""

from collections.abc import Callable
from typing import Any

from interlock.bus.ports import Record
from interlock.console.budgets.dimensions import said_budget, said_more
from interlock.console.lines import said
from interlock.console.people.story import WORDS as OF_PEOPLE
from interlock.console.people.story import of_number
from interlock.console.stop.lines import TRIED, because, violator
from interlock.console.stop.scopes import said_scope
from interlock.console.stop.times import said_span
from interlock.contracts.control import Control, RaiseLimit, ReleaseRule, SetLimits
from interlock.contracts.decision import Decision
from interlock.contracts.effect import (
    AskCall,
    EffectAborted,
    EffectCompleted,
    EffectCounted,
    EffectFailed,
    EffectRequest,
    ModelCall,
)
from interlock.contracts.errors import ContractError
from interlock.contracts.inputs import Input, Malformed, read_record
from interlock.contracts.message import decode
from interlock.contracts.observed import (
    AccessHello,
    ConnectionEnded,
    Entitlement,
    GuardHello,
    ProcessExited,
    Violation,
)
from interlock.contracts.people import HUMAN
from interlock.contracts.presence import AgentHello, Bye, EffectHello
from interlock.contracts.scope import read_scope
from interlock.contracts.step import StepFailure, StepResult, StepStopped
from interlock.contracts.subjects import DECISIONS
from interlock.contracts.task import Submit

MAX_CHARS = 200


def told(record: Record, began_ms: int) -> str:
    """Return a record as lines, each with its sequence and the seconds since `began_ms`."""
    stamp = f"{record.seq:>7} {(record.time_ms - began_ms) / 1000:8.3f}"
    blank = " " * len(stamp)
    first, *others = _lines(record) or ["nothing new"]
    return "\n".join([f"{stamp}  {_short(first)}", *(f"{blank}  {_short(line)}" for line in others)])


def _lines(record: Record) -> list[str]:
    if record.subject.startswith(DECISIONS.rstrip(">")):
        try:
            decision = decode(Decision, record.data)
        except ContractError as error:
            return [f"a decision that this program cannot read: {error}"]
        return [f"  {said(fact)}" for fact in decision.facts]
    heard = read_record(record.seq, record.time_ms, record.subject, record.data)
    return [f"{heard.principal} {_words(heard)}"]


def _words(heard: Input) -> str:
    if isinstance(heard.body, Control):
        return _control(heard.verb, heard.rest, heard.body)
    if heard.kind == HUMAN:
        return f"{WORDS[heard.body.__class__](heard.body)}{of_number(heard.rest)}"
    return WORDS[heard.body.__class__](heard.body)


def _control(verb: str, rest: tuple[str, ...], body: Control) -> str:
    """Say a switch; a task is not named, for it is the one that is told about."""
    try:
        scope = read_scope(rest)
    except ContractError as error:
        return f"says {verb}, but of what? {error}"
    over = "" if scope.kind == "task" else f" of {said_scope(scope)}"
    span = f" for {said_span(body.for_s)}" if body.for_s else ""
    return f"says {verb}{over}{span}{because(body.reason)}"


def _by(model: str) -> str:
    return f" with {model}" if model else ""


def _call(request: EffectRequest) -> str:
    match request.call:
        case ModelCall(purpose=purpose, model=model):
            return f"the model{' ' + model if model else ''} to {purpose}"
        case AskCall(question=question):
            return f"a person: {question}"
        case tool:
            return f"the tool {tool.tool}"


def _counted(body: EffectCounted) -> str:
    if not body.prompt_tokens:
        return f"could not have the prompt of effect {body.effect} counted"
    return f"had the prompt of effect {body.effect} counted: {body.prompt_tokens:,} tokens"


def _exited(body: ProcessExited) -> str:
    if not body.pid:
        return f"keeps {body.principal} no more: {body.given_up}"
    how = f"by signal {body.signal}" if body.signal else f"with code {body.code}"
    others = f", and {body.processes - 1} that it had started" if body.processes > 1 else ""
    return f"saw the process of {body.principal} end {how}{others}{because(body.reason)}"


def _ended(body: ConnectionEnded) -> str:
    kicked = "was cut" if body.kicked else "ended"
    return f"saw that a connection of {body.principal} {kicked}; {body.clients} left{because(body.reason)}"


def _short(line: str) -> str:
    line = line.replace("\n", " ")
    return line if len(line) <= MAX_CHARS else f"{line[: MAX_CHARS - 1]}…"


WORDS: dict[type[Any], Callable[[Any], str]] = {
    Submit: lambda body: f"submits: {body.goal}",
    EffectRequest: lambda body: f"asks for {_call(body)} in {body.step}",
    EffectCompleted: lambda body: f"has done effect {body.effect}{_by(body.model)}",
    EffectFailed: lambda body: f"failed at effect {body.effect}: {body.message}",
    EffectAborted: lambda body: f"stopped effect {body.effect}: {body.reason}",
    EffectCounted: _counted,
    StepResult: lambda body: f"hands in the result of {body.step}",
    StepFailure: lambda body: f"fails at {body.step}: {body.message}",
    StepStopped: lambda body: f"has stopped {body.step}",
    RaiseLimit: lambda body: f"raises the budget by {said_more(body.more)}{because(body.reason)}",
    SetLimits: lambda body: f"sets limits: {said_budget(body.total, body.day)}{because(body.reason)}",
    ReleaseRule: lambda body: f"wants {body.people} people for a release{because(body.reason)}",
    **OF_PEOPLE,
    AgentHello: lambda body: f"is there, as {body.charter.role}",
    EffectHello: lambda body: f"is there, with {len(body.models)} models and {len(body.tools)} tools",
    GuardHello: lambda body: f"is there, with {len(body.children)} processes in its hands",
    AccessHello: lambda _: "is there",
    Bye: lambda body: f"says good-bye{because(body.reason)}",
    ProcessExited: _exited,
    ConnectionEnded: _ended,
    Violation: lambda body: (
        f"saw that {violator(body.principal)} {TRIED[body.action]} {body.target}{because(body.detail)}"
    ),
    Entitlement: lambda _: "says what may be done in whose name",
    Malformed: lambda body: f"says something unreadable: {body.reason}",
}
