"""Everybody around the core, played: what each would say follows from what the core decides.

People submit the small job's tasks, agents ask for one model effect a step, the effect worker answers at
once. Nothing is sent anywhere; every record is made, bytes and all, as the log would hold it.
"""

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from bench import job, limiting
from bench.agents import EXECUTION, Text, Texts
from msgspec.structs import replace

import interlock.agents
from interlock.agents.shapes import shape_of
from interlock.contracts import facts
from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.charter import read_charter
from interlock.contracts.decision import Decision
from interlock.contracts.effect import EffectCompleted, EffectRequest, ModelCall
from interlock.contracts.facts import AnyFact
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.message import Message, encode
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.policy import SetPolicies
from interlock.contracts.presence import AgentHello, EffectHello, ModelOffer
from interlock.contracts.roles import Verdict
from interlock.contracts.step import StepResult
from interlock.contracts.subjects import decision_subject, input_subject
from interlock.contracts.task import Submit
from interlock.supervisor.core.decide import decide
from interlock.supervisor.core.state import State
from interlock.supervisor.policies import read_folder, shipped_folder

ROLES = ("planner", "researcher", "executor", "reviewer")
CHARTERS = Path(interlock.agents.__file__).parent
WORKER = "effects-1"
SUPERVISOR = "supervisor-1"
RECORDS_PER_MS = 10
SUBMISSION = Submit(goal=job.GOAL)
NO_LIMITS = Budget()
USED = Amounts(tokens=40, model_calls=1)

_PATIENT = (facts.EffectSettled, facts.BudgetWarned)
"""What the outbox lets wait for company."""


class Stored(NamedTuple):
    """One record, as it would stand in the log; its sequence is its place, from 1."""

    subject: str
    data: bytes


class Asked(NamedTuple):
    """An effect that an agent has asked for."""

    principal: str
    step: str
    attempt: int


Speech = Callable[[], object]


class Play:
    """A log that grows: inputs, and decisions as the outbox writes them. Tasks are named by sequence."""

    def __init__(self, start_ms: int, *, limited: bool = False) -> None:
        self.state = State()
        self.records: list[Stored] = []
        self.inputs: list[Input] = []
        self.told: list[tuple[int, AnyFact]] = []
        self.completed = 0
        self._start_ms = start_ms
        self._waiting: dict[int, list[AnyFact]] = {}
        self._asked: dict[int, Asked] = {}
        self._open: deque[Speech] = deque()
        self._to_submit = 0
        self._react: dict[type[Any], Callable[[int, Any], None]] = {
            facts.StepAssigned: self._ask,
            facts.EffectGranted: self._complete,
            facts.EffectSettled: self._deliver,
            facts.Completed: self._submit_next,
        }
        shipped = SetPolicies(bundle=read_folder(shipped_folder(), start_ms))
        self.say("supervisor-1", "supervisor", "policies", shipped)
        self._come(limiting.STEP if limited else NO_LIMITS)
        if limited:
            for scope in limiting.SCOPES:
                self.say("driver", "control", "limit", limiting.SHARED, *scope)

    def run(self, tasks: int, at_once: int) -> None:
        """Play so many tasks to their ends, so many of them at a time."""
        self._to_submit = tasks - at_once
        for _ in range(at_once):
            self._submit()
        while self._open:
            self._open.popleft()()

    def run_until(self, told: int, at_once: int) -> None:
        """Play until so many facts are told, and stop in the middle of everything."""
        self._to_submit = told
        for _ in range(at_once):
            self._submit()
        while len(self.told) < told:
            self._open.popleft()()

    def say(self, principal: str, kind: str, verb: str, body: Message, *rest: str | int) -> int:
        """Let an input stand in the log and be decided about; return its sequence."""
        stored = Stored(input_subject(principal, kind, verb, *rest), encode(body))
        self.records.append(stored)
        seq = len(self.records)
        said = read_record(seq, self._start_ms + seq // RECORDS_PER_MS, *stored)
        self.inputs.append(said)
        decided = decide(self.state, said, said.time_ms)
        self.state = decided.state
        for task, told in decided.by_task.items():
            self._write(task, told, said)
        for task, told in decided.by_task.items():
            for fact in told:
                self.told.append((task, fact))
                react = self._react.get(type(fact))
                if react is not None:
                    react(task, fact)
        return seq

    def _write(self, task: int, told: Sequence[AnyFact], said: Input) -> None:
        waiting = self._waiting.setdefault(task, [])
        waiting.extend(told)
        if all(isinstance(fact, _PATIENT) for fact in waiting):
            return
        decision = Decision(
            task=task, cause=said.seq, at_ms=said.time_ms, by=SUPERVISOR, facts=tuple(waiting)
        )
        del self._waiting[task]
        self.records.append(Stored(decision_subject(task), encode(decision)))

    def _come(self, of_step: Budget) -> None:
        for role in ROLES:
            charter = read_charter((CHARTERS / role / "charter.toml").read_text(), role)
            charter = replace(charter, budget=of_step)
            hello = AgentHello(incarnation=f"{role}-a", charter=charter, capacity=charter.capacity)
            self.say(f"{role}-1", "agent", "hello", hello)
        offer = ModelOffer(
            model="instant/echo",
            input_usd_micros_per_mtok=0,
            output_usd_micros_per_mtok=0,
            price_source="runs here",
        )
        self.say(WORKER, "effect", "hello", EffectHello(incarnation="a", capacity=256, models=(offer,)))

    def _submit(self) -> None:
        self.say("driver", "task", "submit", SUBMISSION)

    def _submit_next(self, _task: int, _fact: facts.Completed) -> None:
        self.completed += 1
        if self._to_submit:
            self._to_submit -= 1
            self._open.append(self._submit)

    def _ask(self, task: int, fact: facts.StepAssigned) -> None:
        call = _CALLS[_role(fact.step)]
        key = sha256(encode(call)).hexdigest()[:32] + ".1"
        request = EffectRequest(step=fact.step, attempt=fact.attempt, key=key, call=call)

        def ask() -> None:
            effect = self.say(fact.principal, "agent", "effect", request, task)
            self._asked[effect] = Asked(fact.principal, fact.step, fact.attempt)

        self._open.append(ask)

    def _complete(self, task: int, fact: facts.EffectGranted) -> None:
        completed = EffectCompleted(
            effect=fact.effect,
            grant=fact.grant,
            value=msgspec.Raw(encode(_CALLS[_role(fact.step)].inputs)),
            used=USED,
            model=fact.demand.name,
        )
        self._open.append(partial(self.say, fact.worker, "effect", "completed", completed, task))

    def _deliver(self, task: int, fact: facts.EffectSettled) -> None:
        asked = self._asked.pop(fact.effect)
        value = msgspec.Raw(_RESULTS[_role(asked.step)])
        result = StepResult(step=asked.step, attempt=asked.attempt, value=value)
        self._open.append(partial(self.say, asked.principal, "agent", "result", result, task))


def _role(step: str) -> str:
    """Return the role of one of the small job's steps."""
    if step.startswith("research-"):
        return "researcher"
    return {"plan": "planner", EXECUTION: "executor", "review": "reviewer"}[step]


def _call(role: str, prompt: str, inputs: dict[str, Any], returns: type[Any]) -> ModelCall:
    return ModelCall(purpose=role, prompt=prompt, inputs=inputs, returns=shape_of(returns).schema)


_QUESTIONS = job.plan(job.GOAL)
_FINDING = job.research(_QUESTIONS[0])
_OUTCOME = job.execute([_FINDING] * job.PARTS)
_VERDICT = Verdict(decision="approve", note=job.review(_OUTCOME))
_PLAN = Plan(
    steps=(
        *(
            PlannedStep(id=f"research-{number}", role="researcher", input={"question": text})
            for number, text in enumerate(_QUESTIONS)
        ),
        PlannedStep(
            id=EXECUTION,
            role="executor",
            input={"instruction": "Join the findings."},
            after=tuple(f"research-{number}" for number in range(job.PARTS)),
        ),
    )
)
_CALLS = {
    "planner": _call("planner", job.GOAL, {"texts": _QUESTIONS}, Texts),
    "researcher": _call("researcher", _QUESTIONS[0], {"text": _FINDING}, Text),
    "executor": _call("executor", "Join the findings.", {"text": _OUTCOME}, Text),
    "reviewer": _call("reviewer", job.GOAL, {"decision": "approve", "note": job.review(_OUTCOME)}, Verdict),
}
_RESULTS = {
    "planner": encode(_PLAN),
    "researcher": encode(Text(_FINDING)),
    "executor": encode(Text(_OUTCOME)),
    "reviewer": encode(_VERDICT),
}
