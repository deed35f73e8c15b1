"""Why an effect was decided as it was: the policies of then are asked once more, by the state of then.

Everything comes from the log, so that the answer is that of the decision itself.
"""

import msgspec

from interlock.bus.ports import Log
from interlock.console.errors import BadInput
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.effect import EffectRequest, ModelCall, ToolCall
from interlock.contracts.errors import ContractError
from interlock.contracts.inputs import read_record
from interlock.contracts.message import decode
from interlock.contracts.subjects import DECISIONS
from interlock.supervisor.core.deciding.authorising import (
    model_question,
    model_ruling,
    tool_question,
    tool_ruling,
)
from interlock.supervisor.core.deciding.offers import charter_of, offered_model, riskiest
from interlock.supervisor.core.demands import demand_of
from interlock.supervisor.core.evolve import evolve
from interlock.supervisor.core.policy.compiling import Policy
from interlock.supervisor.core.policy.question import Question
from interlock.supervisor.core.policy.rulings import compiled
from interlock.supervisor.core.ruling import Ruling
from interlock.supervisor.core.state import Effect, State
from interlock.supervisor.core.turn import Turn

Decided = f.EffectGranted | f.EffectDenied | f.EffectHeld | f.EffectRecommended | f.Escalated


class Explained(msgspec.Struct, frozen=True):
    """What was asked for and decided first, in record `seq`, and what policies and autonomy said of it.

    `question` is None where it did not come to them: the rule stands in `decided` then.
    """

    effect: int
    task: int
    seq: int
    decided: Decided
    question: Question | None = None
    ruling: Ruling | None = None
    policies: tuple[Policy, ...] = ()
    version: str = ""
    error: str = ""


async def explain(log: Log, seq: int) -> Explained:
    """Explain the first decision about an effect; raises BadInput where there is none."""
    record = await log.record(seq)
    if record is None:
        raise BadInput(f"there is no record {seq}")
    said = read_record(record.seq, record.time_ms, record.subject, record.data)
    if not isinstance(said.body, EffectRequest) or not isinstance(said.body.call, ToolCall | ModelCall):
        raise BadInput(
            f"record {seq} asks for no tool and no model: name an effect, as `interlock show` lists"
        )
    state = State()
    async for written in log.history([DECISIONS]):
        try:
            decision = decode(Decision, written.data)
        except ContractError as error:
            raise BadInput(f"record {written.seq} cannot be read: {error}") from error
        for fact in decision.facts:
            if decision.task == said.task and _is_about(fact, seq):
                assert isinstance(fact, Decided)
                known = Explained(effect=seq, task=said.task, seq=written.seq, decided=fact)
                return _explained(known, state, said.body, decision.at_ms)
            state = evolve(state, decision.task, fact)
    raise BadInput(f"nothing was decided about effect {seq}: its task is over, or it came too late")


def _is_about(fact: f.AnyFact, seq: int) -> bool:
    return isinstance(fact, Decided) and fact.effect == seq


def _explained(known: Explained, state: State, body: EffectRequest, at_ms: int) -> Explained:
    task = state.tasks[known.task]
    step = task.steps.get(body.step)
    if step is None:
        return known
    effect = Effect(
        seq=known.effect,
        step=body.step,
        role=step.role,
        key=body.key,
        attempt=body.attempt,
        demand=demand_of(body.call, task.model),
        state="none",
    )
    turn = Turn(state, at_ms)
    charter = charter_of(turn, task, effect)
    if isinstance(body.call, ToolCall):
        offer = riskiest(state, body.call.tool)
        if offer is None:
            return known
        question = tool_question(turn, task, effect, offer, charter, body.call.arguments)
        ruling = tool_ruling(turn, task, effect, offer, charter, body.call.arguments)
    else:
        models = [offered_model(worker, effect.demand, charter) for worker in state.workers.values()]
        model = next((each for each in models if each is not None), None)
        if model is None:
            return known
        question = model_question(turn, task, effect, model, charter)
        ruling = model_ruling(turn, task, effect, model, charter)
    return _with_policies(known, state.policies, question, ruling)


def _with_policies(
    known: Explained, policies: f.PoliciesSet | None, question: Question, ruling: Ruling
) -> Explained:
    if policies is None:
        return msgspec.structs.replace(known, question=question, ruling=ruling)
    answer = compiled(policies).answer(question)
    return msgspec.structs.replace(
        known,
        question=question,
        ruling=ruling,
        policies=answer.policies,
        version=policies.digest,
        error=answer.error,
    )
