"""A small world around the pure core: says inputs as the log would hold them, and keeps what was decided.

Every decision passes through `invariants`, in every test.
"""

from typing import Any

import msgspec
from tests.supervisor.core.invariants import Told, fold, uphold

from interlock.contracts.budget import NOTHING, Amounts, Budget
from interlock.contracts.charter import Charter
from interlock.contracts.control import Answer, Control, RaiseLimit, SetLimits
from interlock.contracts.effect import (
    Call,
    EffectAborted,
    EffectCompleted,
    EffectCounted,
    EffectFailed,
    EffectRequest,
    ModelCall,
    ToolCall,
)
from interlock.contracts.facts import AnyFact
from interlock.contracts.inputs import read_record
from interlock.contracts.message import Message, encode
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.presence import AgentHello, Bye, EffectHello, ModelOffer, ToolOffer
from interlock.contracts.roles import Verdict
from interlock.contracts.step import FailureKind, StepFailure, StepResult
from interlock.contracts.subjects import input_subject
from interlock.contracts.task import Submit
from interlock.supervisor.core.account import NO_LIMITS
from interlock.supervisor.core.decide import decide, decide_silence, decide_tick
from interlock.supervisor.core.state import Effect, State, Step, Task
from interlock.supervisor.core.turn import Decided

MODEL = ModelOffer(
    model="offline/x", input_usd_micros_per_mtok=1_000_000, output_usd_micros_per_mtok=2_000_000
)
COUNTING = ModelOffer(
    model="offline/counts",
    input_usd_micros_per_mtok=1_000_000,
    output_usd_micros_per_mtok=2_000_000,
    counts=True,
)
UNPRICED = ModelOffer(model="new/unpriced")
SEARCH = ToolOffer(tool="search", risk="read", repeatable=True)
WRITE = ToolOffer(tool="write_file", risk="write", repeatable=False)
TOOLS = (SEARCH, WRITE)
THINK = ModelCall(purpose="think", prompt="x" * 36, max_output_tokens=100)
"""Bound: 36 + 64 tokens in, 100 out, hence 200 tokens and 300 micro-dollars."""
LOOK = ToolCall(tool="search", arguments={"query": "why"})
PUT = ToolCall(tool="write_file", arguments={"path": "a"})

PLAN = Plan(
    steps=(
        PlannedStep(id="a", role="researcher"),
        PlannedStep(id="b", role="researcher"),
        PlannedStep(id="tell", role="executor", after=("a", "b")),
    )
)
ONE = Plan(steps=(PlannedStep(id="a", role="researcher"),))


class World:
    """The state, the time, and everything that was decided so far, by task."""

    def __init__(self) -> None:
        self.state = State()
        self.now_ms = 1_000_000
        self.seq = 0
        self.last: Told = {}
        self._before = self.state
        self._torn = False
        self.told: Told = {}
        self._incarnations = 0

    # What anybody may say.

    def say(self, principal: str, kind: str, verb: str, body: Message | bytes, *rest: str | int) -> int:
        """Let an input stand in the log and be decided about; return its sequence."""
        self.seq += 1
        data = body if isinstance(body, bytes) else encode(body)
        said = read_record(self.seq, self.now_ms, input_subject(principal, kind, verb, *rest), data)
        self._take(decide(self.state, said, self.now_ms), decide(self.state, said, self.now_ms))
        return self.seq

    def tick(self, after_ms: int = 0) -> None:
        self.now_ms += after_ms
        self._torn = False
        self._take(decide_tick(self.state, self.now_ms), decide_tick(self.state, self.now_ms))

    def silence(self, principal: str) -> None:
        again = decide_silence(self.state, principal, self.now_ms)
        self._take(decide_silence(self.state, principal, self.now_ms), again)

    def _take(self, decided: Decided, again: Decided) -> None:
        uphold(self.state, decided, again, self.now_ms, torn=self._torn)
        self._before, self.state, self.last = self.state, decided.state, decided.by_task
        for task, facts in decided.by_task.items():
            self.told.setdefault(task, []).extend(facts)

    def crash(self, *survivors: int) -> None:
        """Let only these tasks' records of the last decision have reached the log (0: the fleet's).

        The state is torn until the next tick.
        """
        self._torn = True
        assert set(survivors) < set(self.last), "something must be lost"
        self.state = fold(self._before, [(task, self.last[task]) for task in survivors])

    # Who is there.

    def agent(self, name: str, role: str = "", *, capacity: int = 8, **charter: Any) -> None:
        """Let an agent say hello; its role is its name without the number, its charter allows everything."""
        allowed: dict[str, Any] = {"tools": ("search", "write_file"), "models": ("*",)} | charter
        role = role or name.rsplit("-", 1)[0]
        full = Charter(role=role, version="1", objective="Work.", **allowed)
        self.say(
            name, "agent", "hello", AgentHello(incarnation=self._next(), charter=full, capacity=capacity)
        )

    def worker(
        self,
        name: str = "effects-1",
        *,
        capacity: int = 8,
        models: tuple[ModelOffer, ...] = (MODEL,),
        tools: tuple[ToolOffer, ...] = TOOLS,
    ) -> None:
        hello = EffectHello(incarnation=self._next(), capacity=capacity, models=models, tools=tools)
        self.say(name, "effect", "hello", hello)

    def everybody(self) -> None:
        for role in ("planner", "researcher", "executor", "reviewer"):
            self.agent(f"{role}-1")
        self.worker()

    def bye(self, name: str) -> None:
        here = self.state.agents.get(name) or self.state.workers[name]
        kind = "agent" if name in self.state.agents else "effect"
        self.say(name, kind, "bye", Bye(incarnation=here.incarnation))

    def _next(self) -> str:
        self._incarnations += 1
        return f"i{self._incarnations}"

    # Tasks and their steps.

    def submit(self, goal: str = "why?", **fields: Any) -> int:
        return self.say("alice", "task", "submit", Submit(goal=goal, **fields))

    def task(self, number: int) -> Task:
        return self.state.tasks[number]

    def step(self, number: int, name: str) -> Step:
        return self.task(number).steps[name]

    def result(self, number: int, name: str, value: Any = "done") -> None:
        """Let whoever has the step in hand finish it."""
        step = self.step(number, name)
        body = StepResult(step=name, attempt=step.attempt, value=msgspec.Raw(encode(value)))
        self.say(step.principal, "agent", "result", body, number)

    def failure(self, number: int, name: str, kind: FailureKind = "transient", message: str = "oh") -> None:
        step = self.step(number, name)
        body = StepFailure(step=name, attempt=step.attempt, kind=kind, message=message)
        self.say(step.principal, "agent", "failed", body, number)

    def verdict(self, number: int, decision: Any, *reasons: str) -> None:
        """Let the reviewer judge the round that is in hand."""
        name = next(step.id for step in self.task(number).steps.values() if self._reviews(step))
        self.result(number, name, Verdict(decision=decision, reasons=reasons))

    def _reviews(self, step: Step) -> bool:
        return step.role == "reviewer" and step.state == "assigned"

    def to_review(self, **fields: Any) -> int:
        """Submit a task of one step and bring it to its review."""
        number = self.submit(plan=ONE, **fields)
        self.result(number, "a")
        return number

    # Effects.

    def ask(self, number: int, name: str, call: Call = THINK, key: str = "k1", attempt: int = 0) -> int:
        """Let whoever has the step in hand ask for an effect; return its number."""
        step = self.step(number, name)
        body = EffectRequest(step=name, attempt=attempt or step.attempt, key=key, call=call)
        return self.say(step.principal, "agent", "effect", body, number)

    def effect(self, number: int, seq: int) -> Effect:
        return self.task(number).effects[seq]

    def completed(self, number: int, seq: int, used: Amounts = NOTHING, value: Any = "so") -> None:
        effect = self.effect(number, seq)
        body = EffectCompleted(effect=seq, grant=effect.grant, value=msgspec.Raw(encode(value)), used=used)
        self.say(effect.worker, "effect", "completed", body, number)

    def failed(self, number: int, seq: int, used: Amounts = NOTHING) -> None:
        effect = self.effect(number, seq)
        body = EffectFailed(effect=seq, grant=effect.grant, transient=True, message="429", used=used)
        self.say(effect.worker, "effect", "failed", body, number)

    def aborted(self, number: int, seq: int, *, started: bool, used: Amounts = NOTHING) -> None:
        effect = self.effect(number, seq)
        body = EffectAborted(effect=seq, grant=effect.grant, started=started, reason="stop", used=used)
        self.say(effect.worker, "effect", "aborted", body, number)

    def counted(self, number: int, seq: int, prompt_tokens: int) -> None:
        effect = self.effect(number, seq)
        body = EffectCounted(effect=seq, grant=effect.grant, prompt_tokens=prompt_tokens)
        self.say(effect.worker, "effect", "counted", body, number)

    # People.

    def control(self, verb: str, number: int | None = None, reason: str = "") -> None:
        scope: tuple[str | int, ...] = ("fleet",) if number is None else ("task", number)
        self.say("olga", "control", verb, Control(reason=reason), *scope)

    def more(self, number: int, **amounts: int) -> None:
        self.say("olga", "control", "raise", RaiseLimit(more=Amounts(**amounts)), "task", number)

    def limit(self, *scope: str, total: Budget = NO_LIMITS, day: Budget = NO_LIMITS) -> None:
        self.say("olga", "control", "limit", SetLimits(total=total, day=day), *scope)

    def answer(self, number: int, effect: int, text: str = "yes") -> None:
        self.say("olga", "human", "answer", Answer(text=text), number, effect)

    # What came of it.

    def said(self, number: int, kind: type[Any] | None = None) -> list[Any]:
        """Return what the last decision said about a task, of one kind if one is named."""
        return [fact for fact in self.last.get(number, []) if kind is None or isinstance(fact, kind)]

    def kinds(self, number: int) -> list[str]:
        """Return the names of what the last decision said about a task."""
        return [type(fact).__name__ for fact in self.last.get(number, [])]

    def only(self, number: int, kind: type[Any]) -> Any:
        """Return the one fact of a kind that the last decision said about a task."""
        (fact,) = self.said(number, kind)
        return fact


def limited(**limits: int | None) -> Budget:
    """A budget with these limits; the defaults fill the rest."""
    return Budget(**limits)


def all_of(told: Told, number: int, kind: type[AnyFact]) -> list[Any]:
    """Return everything of a kind that was ever said about a task."""
    return [fact for fact in told.get(number, []) if isinstance(fact, kind)]
