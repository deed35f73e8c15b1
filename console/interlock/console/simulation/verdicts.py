"""What people of a simulation say about what they are asked: honest, careless, or forged."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from interlock.console.simulation.consent import Asked
from interlock.console.simulation.roster import members_of, sign
from interlock.contracts.approval import Approval, Statement, digest_of
from interlock.contracts.budget import Amounts
from interlock.contracts.message import Json, Message
from interlock.contracts.people import Abort, Answer, Approve, Edit, Raise, Reassign, Reject

LONG_S, BRIEF_S = 900, 2
DESKS = ("finance", "controllers", "operator", "fay", "nick")
SOME = Amounts(tokens=800, tool_calls=2, model_calls=3, spend_usd_micros=2_000, steps=3, wall_ms=6_000)
FORM: Json = {"type": "object", "properties": {"sum": {"type": "integer"}}, "required": ["sum"]}
FITTING, MISFIT = msgspec.Raw(b'{"sum":3}'), msgspec.Raw(b'{"sum":"three"}')


def statement(
    asked: Asked,
    task: int,
    by: str,
    policies: str,
    *,
    valid_s: int = LONG_S,
    arguments: Json | None = None,
) -> Statement:
    """Return what somebody signs who has read what is asked for now, or has put other arguments in place."""
    verdict: Literal["approve", "edit"] = "approve" if arguments is None else "edit"
    return Statement(
        task=task,
        number=asked.said.number,
        effect=asked.said.effect,
        asked_ms=asked.said.at_ms,
        tool=asked.said.tool,
        arguments=asked.digest if arguments is None else digest_of(arguments),
        policies=policies,
        verdict=verdict,
        by=by,
        valid_s=valid_s,
    )


def fits(asked: Asked, how: str) -> bool:
    """Tell whether somebody would do this about what is open; whatever ends or moves it fits all."""
    match how:
        case "reject" | "reassign" | "abort":
            return True
        case "answer":
            return asked.said.kind in {"question", "step"}
        case "raise":
            return asked.said.kind == "budget"
        case "approve unsigned":
            return asked.said.kind not in {"question", "step"}
        case _:
            return asked.said.kind == "approval"


def decide(asked: Asked, task: int, who: str, how: str, policies: str) -> list[tuple[str, Message]]:
    """Return what somebody says, as verbs and messages."""
    if how in _EDITS:
        return [("edit", _edit(asked, task, who, policies, more=how != "edit"))]
    if how in _WORDS:
        return [(how, _WORDS[how](asked, who))]
    approval = _approval(asked, task, who, how, policies)
    return [("approve", Approve(approval=approval))] * (2 if how == "approve twice" else 1)


_EDITS = ("edit", "edit to more")
_WORDS: Mapping[str, Callable[[Asked, str], Message]] = {
    "reject": lambda _asked, _who: Reject(reason="no"),
    "answer": lambda asked, _who: _answer(asked),
    "raise": lambda _asked, _who: Raise(more=SOME),
    "reassign": lambda asked, who: Reassign(to=DESKS[(asked.said.number + len(who)) % len(DESKS)]),
    "abort": lambda _asked, _who: Abort(reason="enough"),
}


def _approval(asked: Asked, task: int, who: str, how: str, policies: str) -> Approval | None:
    if how == "approve unsigned":
        return None
    honest = statement(asked, task, who, policies)
    if how == "sign over something else":
        signed = sign(replace(honest, tool="search"), who)
        return replace(signed, statement=honest)
    changes: Mapping[str, Statement] = {
        "approve briefly": replace(honest, valid_s=BRIEF_S),
        "approve what stood there before": replace(honest, arguments=asked.said.digest),
        "sign in another's name": replace(honest, by="fay"),
    }
    return sign(changes.get(how, honest), "fay" if how == "sign by another's key" else who)


def _edit(asked: Asked, task: int, who: str, policies: str, *, more: bool) -> Edit:
    cents: Any = asked.arguments.get("cents", 7)
    changed = {**asked.arguments, "cents": cents * 30 if more else cents // 2 + 1}
    signed = statement(asked, task, who, policies, arguments=changed)
    return Edit(arguments=changed, approval=sign(signed, who))


def _answer(asked: Asked) -> Answer:
    """Return an answer; of a form, one in three does not fit."""
    if not asked.said.form:
        return Answer(text="yes")
    return Answer(value=MISFIT if asked.said.number % 3 == 0 else FITTING)


def help_with(asked: Asked, task: int, policies: str) -> Iterator[tuple[str, str, Message]]:
    """Yield who could say what, as verb and message, so that it comes to an end well."""
    match asked.said.kind:
        case "approval" if asked.said.canary:
            yield "olga", "reject", Reject(reason="nobody ordered that")
        case "approval":
            for name in dict.fromkeys(name for need in asked.needs for name in members_of(need.role)):
                signed = sign(statement(asked, task, name, policies), name)
                yield name, "approve", Approve(approval=signed)
        case "question":
            yield "olga", "answer", Answer(text="yes")
        case "step":
            yield "olga", "answer", Answer(value=FITTING) if asked.said.form else Answer(text="yes")
        case _:
            yield "olga", "approve", Approve()
