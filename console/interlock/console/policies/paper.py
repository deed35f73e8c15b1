"""How policies and rulings are written down for a person, in lines."""

from collections.abc import Iterable, Iterator

from interlock.console.policies.cases import outcome_of, said_needs
from interlock.console.policies.explaining import Explained
from interlock.contracts import facts as f
from interlock.contracts.message import encode
from interlock.supervisor.core.policy.compiling import Policy
from interlock.supervisor.core.policy.question import Question
from interlock.supervisor.core.ruling import Ruling

DIGEST_CHARS = 12
_VERDICTS = {
    "allow": "allowed",
    "deny": "denied",
    "approval": "waits for people",
    "suggestion": "a suggestion",
}


def policy_lines(policies: Iterable[Policy]) -> Iterator[str]:
    """Write policies as a table: id, place, effect, what it says."""
    known = list(policies)
    ids = max((len(policy.id) for policy in known), default=0)
    places = max((len(policy.place) for policy in known), default=0)
    for policy in known:
        line = f"{policy.effect:<7} {policy.id:<{ids}}  {policy.place:<{places}}  {policy.obligations.says}"
        yield line.rstrip()


def question_lines(question: Question) -> Iterator[str]:
    """Write what was asked."""
    what = f"model {question.name}" if question.risk is None else f"tool {question.name} ({question.risk})"
    where = f", region {question.region}" if question.region else ""
    yield f"asks      {question.agent} ({question.role}) for {question.user or 'nobody'} of {question.tenant}"
    yield f"wants     {what}, {question.data_class} data{where}"
    if question.risk is not None:
        yield f"arguments {encode(question.arguments).decode()}"
    run = question.run
    stranger = ", untrusted input led here" if run.untrusted else ""
    target = f", target {run.target}" if run.target else ""
    yield f"stands    autonomy {run.autonomy}, spent ${run.spent_usd_micros / 1e6:g}{target}{stranger}"


def ruling_lines(ruling: Ruling, policies: Iterable[Policy], error: str = "") -> Iterator[str]:
    """Write what came of it, and by which policies."""
    word = _VERDICTS[outcome_of(ruling)]
    why = f", by {ruling.rule}: {ruling.reason}" if ruling.reason else ""
    yield f"is        {word}{why}"
    if ruling.needs:
        requester = "; whoever asked may be one of them" if ruling.requester_may else ""
        yield f"takes     {', '.join(said_needs(ruling))}{requester}"
    if ruling.flags:
        yield f"flags     {', '.join(ruling.flags)}"
    for line in policy_lines(policies):
        yield f"by        {line}"
    yield from (
        f"by        {rule.id}: {rule.says}" for rule in ruling.rules if rule.id.startswith("autonomy.")
    )
    if error:
        yield f"error     {error}"


def explained_lines(known: Explained) -> Iterator[str]:
    """Write why an effect was decided as it was."""
    yield f"effect {known.effect} of task {known.task}: {_said(known.decided)}, record {known.seq}"
    if known.question is None or known.ruling is None:
        yield "policies were not asked"
        return
    yield from question_lines(known.question)
    if isinstance(known.decided, f.EffectDenied) and known.decided.rule != known.ruling.rule:
        yield f"is        denied by {known.decided.rule} before policies were asked; they say besides:"
    yield from ruling_lines(known.ruling, known.policies, known.error)
    yield f"policies  {known.version[:DIGEST_CHARS] or 'none were loaded'}"


def _said(fact: f.AnyFact) -> str:
    match fact:
        case f.EffectGranted():
            return f"granted to {fact.worker}"
        case f.EffectDenied():
            return f"denied by {fact.rule}: {fact.reason}"
        case f.EffectHeld():
            return f"waits: {fact.reason}"
        case f.EffectRecommended():
            return f"a suggestion: {fact.reason}"
        case f.Escalated():
            return f"people are asked, as {fact.kind} on the desk of {fact.desk}"
        case _:
            return type(fact).__name__
