"""Everything that a person must know to judge what is asked, as lines: for a terminal, a pipe, the inbox."""

from collections.abc import Iterator

from interlock.console.amounts import FREE, said_amounts
from interlock.console.output import Line
from interlock.console.people.asked import Asked
from interlock.console.people.fields import told
from interlock.console.people.mandate import Mandate, agreed
from interlock.console.people.reading import Case
from interlock.console.people.vacancies import vacancy
from interlock.console.people.visible import pretty, visible, visible_lines
from interlock.console.people.words import (
    AT_LAST,
    AT_LAST_UNDECIDED,
    MEANS,
    agreement,
    left,
    names,
    needed,
    outcome,
    span,
    undoing,
)
from interlock.console.stop.times import said_moment
from interlock.contracts.approval import canonical
from interlock.contracts.message import Json
from interlock.contracts.people import Need, Rule

INDENT = 2
DIGEST_CHARS = 12
OF_A_CALL = ("approval", "review")
"""Kinds that are about one call: what it costs, and whether it can be undone."""
WARNING = "bold red"
STRONG = "bold"
FAINT = "dim"


def block(case: Case, mandate: Mandate) -> list[Line]:
    """Return everything about an escalation, for one person at one moment."""
    asked, now_ms = case.asked, mandate.now_ms
    return [
        *_title(case, now_ms),
        *_who(case),
        *_what(case),
        *_why(asked),
        *_evidence(asked),
        *_people(case, mandate),
        *_end(case, now_ms),
    ]


def _title(case: Case, now_ms: int) -> Iterator[Line]:
    asked = case.asked
    age = f"asked {span(now_ms - asked.said.at_ms)} ago"
    age = age.replace("now ago", "just now")
    yield Line(f"{MEANS[asked.said.kind]}, {age}", f"{asked.number} ", style=STRONG)
    if asked.resolved is not None:
        yield Line(f"it {outcome(asked, asked.resolved)}", indent=INDENT, style=STRONG)
    if case.undoing:
        yield _line("undoing ", case.undoing)
    yield _line("", asked.summary, style=STRONG)


def _who(case: Case) -> Iterator[Line]:
    said = case.asked.said
    if said.asks:
        role = f" as {said.role}" if said.role and said.role != said.asks else ""
        objective = f": {said.objective}" if said.objective else ""
        yield _line("asked by ", f"{said.asks}{role}{objective}")
    if said.submitter:
        tenant = f", tenant {said.tenant}" if said.tenant else ""
        yield _line("for ", f"{said.submitter}{tenant}")
    if case.asked.about:
        step = f", step {said.step}" if said.step else ""
        goal = f": {case.goal}" if case.goal else ""
        yield _line("task ", f"{case.asked.about}{step}{goal}")


def _what(case: Case) -> Iterator[Line]:
    asked, said = case.asked, case.asked.said
    if case.question:
        yield _line("", "the whole question:")
        yield from (Line(line, "  ", INDENT) for line in visible_lines(case.question))
    if said.tool:
        yield _run(asked)
    if said.kind == "approval" or asked.arguments:
        yield from _arguments(asked)
    if asked.edited is not None:
        yield _line("edited by ", f"{asked.edited.by}{_because(asked.edited.reason)}; it was:")
        yield from _json(said.arguments, style=FAINT)
    if said.form:
        yield from _form(said.form)
    if said.reversible or said.kind in OF_A_CALL:
        undo = f", with {said.undo}" if said.undo else ""
        style = WARNING if said.reversible in {"", "no"} else ""
        yield _line("", f"{undoing(asked)}{undo}", style=style)
    if (cost := said_amounts(said.cost)) != FREE:
        yield _line("costs " if said.kind in OF_A_CALL else "spent ", cost)


def _arguments(asked: Asked) -> Iterator[Line]:
    """Yield all of them; of a model first what it is asked, which hundreds of lines would hide."""
    size = len(canonical(asked.arguments))
    yield _line("arguments ", f"{size} bytes, digest {asked.digest[:DIGEST_CHARS]}")
    if asked.model:
        yield from _texts(asked)
        yield _line("", "all that is signed:", style=FAINT)
        yield from _json(asked.arguments)
    else:
        yield from _json(asked.arguments)
        yield from _texts(asked)


def _form(form: Json) -> Iterator[Line]:
    lines = told(form)
    yield _line("form ", "to fill in; what has a * has to be there" if lines else "the answer has to fit:")
    yield from (Line(line, "", 2 * INDENT) for line in lines) if lines else _json(form)


def _run(asked: Asked) -> Line:
    said = asked.said
    effect = f", effect {asked.effect}" if asked.effect else ""
    if not asked.model:
        risk = f" ({said.risk})" if said.risk else ""
        return _line("tool ", f"{said.tool}{risk}{effect}")
    region = asked.arguments.get("region")
    where = f"in {region}" if region else "it does not say where it runs"
    return _line("model ", f"{asked.model}, {asked.arguments.get('data_class')} data, {where}{effect}")


def _json(value: Json, *, style: str = "") -> Iterator[Line]:
    """Yield JSON, every line of which is folded where it is too long: nothing of it is cut."""
    for line in pretty(value):
        text = line.lstrip(" ")
        yield Line(text, " " * (len(line) - len(text)), 2 * INDENT, style)


def _texts(asked: Asked) -> Iterator[Line]:
    """Yield as one reads it text of several lines, and every prompt; signed is the JSON."""
    for name, value in asked.arguments.items():
        prompt = name == "prompt" and asked.model
        if isinstance(value, str) and ("\n" in value.strip() or prompt):
            yield _line("", f"{visible(name)} reads:", style=FAINT)
            yield from (Line(line, "  ", 2 * INDENT) for line in visible_lines(value))


def _why(asked: Asked) -> Iterator[Line]:
    for rule in asked.rules:
        yield _line("because ", _rule(rule))
    if asked.said.policies:
        yield _line("policies ", f"version {asked.said.policies[:DIGEST_CHARS]}", style=FAINT)


def _rule(rule: Rule) -> str:
    return f"{rule.says} (policy {rule.id})" if rule.says else f"policy {rule.id}"


def _evidence(asked: Asked) -> Iterator[Line]:
    for piece in asked.said.evidence:
        mark = " UNTRUSTED: it came from outside, and may be meant to deceive" if piece.untrusted else ""
        yield _line(
            "led here by ",
            f"record {piece.record}, {piece.what}{mark}",
            style=WARNING if piece.untrusted else "",
        )


def _people(case: Case, mandate: Mandate) -> Iterator[Line]:
    asked, standing = case.asked, mandate.standing(case.asked)
    if asked.is_signed and asked.resolved is not None:
        yield _line("agreement ", f"it took {needed(asked.needs)}")
    elif asked.is_signed:
        yield _line("agreement ", agreement(asked.needs, agreed(case.docket, asked, mandate.now_ms)))
    if asked.barred:
        yield _line("may not ", names(asked.barred))
    moved = asked.moved
    by = f", sent there by {moved.by}{_because(moved.reason)}" if moved and moved.by else ""
    yield _line("asked now ", f"{asked.desk or 'nobody'}{by}")
    if asked.resolved is None:
        for one in asked.needs if asked.is_signed else (Need(role=asked.desk),):
            if lack := vacancy(case.docket, one, mandate.now_ms, barred=asked.barred):
                yield _line("missing ", lack, style=WARNING)
        you = "you " if standing.why.startswith("you ") else ""
        yield _line(you, standing.why.removeprefix(you), style="" if standing.mine else FAINT)


def _end(case: Case, now_ms: int) -> Iterator[Line]:
    asked = case.asked
    if asked.resolved is not None:
        return
    if asked.deadline_ms is None:
        until = (
            "it waits until somebody decides" if asked.blocks else "it is listed until somebody has seen it"
        )
        yield _line("deadline ", f"none: {until}")
    else:
        last = (AT_LAST if asked.blocks else AT_LAST_UNDECIDED)[asked.said.at_last]
        following = case.docket.next_desk(asked)
        then = f"{following} is asked, and at last {last}" if following else last
        yield _line("deadline ", f"{_until(asked, asked.deadline_ms, now_ms)}: then {then}")
    if not asked.blocks:
        yield _line("", "nothing waits for it", style=FAINT)


def _until(asked: Asked, deadline_ms: int, now_ms: int) -> str:
    if asked.stands_since_ms:
        rest = span(deadline_ms - asked.stands_since_ms)
        return f"{rest} are left, and do not run while it is paused"
    return f"{said_moment(deadline_ms)}, {left(deadline_ms, now_ms)}"


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""


def _line(label: str, text: str, *, style: str = "") -> Line:
    return Line(visible(text), label, INDENT, style)
