"""Asks the policies about a call, and adds what the level of autonomy takes.

What follows from a ruling, and how policies are read, it must not know.
"""

from interlock.contracts.charter import Charter
from interlock.contracts.message import Json
from interlock.contracts.people import Need, Rule
from interlock.contracts.presence import ModelOffer, Risk, ToolOffer
from interlock.supervisor.core.account import DAY_MS
from interlock.supervisor.core.autonomy import CHANGING, PROPOSES, REVIEWED, SUGGESTS, level_of
from interlock.supervisor.core.deciding.offers import charter_of, riskiest
from interlock.supervisor.core.deciding.people.escalating import OPERATOR
from interlock.supervisor.core.policy.compiling import MODEL
from interlock.supervisor.core.policy.question import Question, Run
from interlock.supervisor.core.policy.rulings import rule_on
from interlock.supervisor.core.provenance import is_tainted
from interlock.supervisor.core.ruling import Ruling
from interlock.supervisor.core.state import Effect, State, Task, replace
from interlock.supervisor.core.turn import Turn

_HOUR_MS = 3_600_000
_EPOCH_WEEKDAY = 3
_REVIEW = "review"


def ruling_of(turn: Turn, number: int, effect: Effect, arguments: Json) -> Ruling | None:
    """Say what would be ruled of a tool's call with other arguments; None: nobody here offers the tool.

    Of a tool that nobody offers it is not known how risky it is, nor what it touches.
    """
    task = turn.state.tasks[number]
    charter = charter_of(turn, task, effect)
    offer = riskiest(turn.state, effect.demand.name)
    if offer is None:
        return None
    return tool_ruling(turn, task, effect, offer, charter, arguments)


def tool_ruling(
    turn: Turn, task: Task, effect: Effect, offer: ToolOffer, charter: Charter | None, arguments: Json
) -> Ruling:
    """Say what policies and autonomy rule of a tool's call."""
    question = tool_question(turn, task, effect, offer, charter, arguments)
    ruling = rule_on(turn.state.policies, question)
    if not ruling.allowed or offer.risk not in CHANGING:
        return ruling
    return with_level(ruling, question.run.autonomy, effect.role, charter)


def tool_question(
    turn: Turn, task: Task, effect: Effect, offer: ToolOffer, charter: Charter | None, arguments: Json
) -> Question:
    """Return what policies are asked about a tool's call."""
    target = arguments.get(offer.target) if offer.target else ""
    return _question(turn, task, effect, charter, offer, offer.risk, arguments, target)


def model_question(
    turn: Turn, task: Task, effect: Effect, offer: ModelOffer, charter: Charter | None
) -> Question:
    """Return what policies are asked about a call of a model."""
    return _question(turn, task, effect, charter, offer, None, {}, "")


def model_ruling(
    turn: Turn, task: Task, effect: Effect, offer: ModelOffer, charter: Charter | None
) -> Ruling:
    """Say what policies rule of a call of a model."""
    return rule_on(turn.state.policies, model_question(turn, task, effect, offer, charter))


def version(state: State) -> str:
    """Return the digest of the policies in force; empty: there are none."""
    return "" if state.policies is None else state.policies.digest


def with_level(ruling: Ruling, level: int, role: str, charter: Charter | None) -> Ruling:
    """Add what a level takes: a suggestion, a person's word beforehand, or a look afterwards."""
    if level == SUGGESTS:
        return replace(ruling, suggested=True, rule=f"autonomy.{level}", reason=f"{role} may only suggest")
    if level == PROPOSES and not ruling.needs:
        desk = OPERATOR if charter is None else charter.escalation
        says = f"{role} may only prepare and propose: each change waits for a person"
        return replace(
            ruling,
            needs=(Need(role=desk),),
            rules=(Rule(id=f"autonomy.{level}", says=says),),
            requester_may=True,
        )
    if level == REVIEWED and _REVIEW not in ruling.flags:
        return replace(ruling, flags=tuple(sorted((*ruling.flags, _REVIEW))))
    return ruling


def _question(  # noqa: PLR0913, PLR0917 - a question names all of them
    turn: Turn,
    task: Task,
    effect: Effect,
    charter: Charter | None,
    offer: ToolOffer | ModelOffer,
    risk: Risk | None,
    arguments: Json,
    target: object,
) -> Question:
    step = task.steps[effect.step]
    return Question(
        agent=step.principal or (step.holders[-1] if step.holders else ""),
        role=effect.role,
        name=offer.tool if isinstance(offer, ToolOffer) else offer.model,
        risk=risk,
        version="" if charter is None else charter.version,
        tenant=task.tenant,
        user=task.submitter,
        data_class=offer.data_class,
        region=offer.region,
        arguments=arguments,
        run=Run(
            autonomy=level_of(turn.state, effect.role, risk or MODEL, task.tenant),
            untrusted=is_tainted(task, step),
            target=target if isinstance(target, str) else "",
            spent_usd_micros=task.account.spent.spend_usd_micros,
            task=task.id,
            submitter=task.submitter,
            hour=turn.now_ms % DAY_MS // _HOUR_MS,
            weekday=(turn.now_ms // DAY_MS + _EPOCH_WEEKDAY) % 7,
        ),
    )
