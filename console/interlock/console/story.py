"""Tells one record of a task's history in a few lines: who said what, or what was decided. Only words."""

from collections.abc import Callable
from typing import Any

from interlock.bus.ports import Record
from interlock.console.budgets.dimensions import said_budget, said_more
from interlock.console.lines import said
from interlock.contracts.control import Answer, Control, RaiseLimit, SetLimits
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
from interlock.contracts.inputs import Malformed, read_record
from interlock.contracts.message import decode
from interlock.contracts.step import StepFailure, StepResult
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
    return [f"{heard.principal} {_words(heard.kind, heard.verb, heard.body)}"]


def _words(kind: str, verb: str, body: Any) -> str:
    words = WORDS.get(body.__class__)
    return words(verb, body) if words else f"says {kind}.{verb}"


def _by(model: str) -> str:
    return f" with {model}" if model else ""


def _why(reason: str) -> str:
    return f": {reason}" if reason else ""


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


def _short(line: str) -> str:
    line = line.replace("\n", " ")
    return line if len(line) <= MAX_CHARS else f"{line[: MAX_CHARS - 1]}…"


WORDS: dict[type[Any], Callable[[str, Any], str]] = {
    Submit: lambda _, body: f"submits: {body.goal}",
    EffectRequest: lambda _, body: f"asks for {_call(body)} in {body.step}",
    EffectCompleted: lambda _, body: f"has done effect {body.effect}{_by(body.model)}",
    EffectFailed: lambda _, body: f"failed at effect {body.effect}: {body.message}",
    EffectAborted: lambda _, body: f"stopped effect {body.effect}: {body.reason}",
    EffectCounted: lambda _, body: _counted(body),
    StepResult: lambda _, body: f"hands in the result of {body.step}",
    StepFailure: lambda _, body: f"fails at {body.step}: {body.message}",
    Control: lambda verb, body: f"says {verb}{_why(body.reason)}",
    RaiseLimit: lambda _, body: f"raises the budget by {said_more(body.more)}{_why(body.reason)}",
    SetLimits: lambda _, body: f"sets limits: {said_budget(body.total, body.day)}{_why(body.reason)}",
    Answer: lambda _, body: f"answers: {body.text}",
    Malformed: lambda _, body: f"says something unreadable: {body.reason}",
}
