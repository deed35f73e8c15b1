"""A small world around the pure core: says inputs as the log would hold them, and keeps what was decided.

Every decision passes through `invariants`, in every test.
"""

from typing import Any

import msgspec
from tests.supervisor.core.invariants import Told, fold, uphold
from tests.supervisor.core.people import key_of, signed, statement_of

from interlock.contracts import facts
from interlock.contracts.budget import NOTHING, Amounts, Budget
from interlock.contracts.charter import Charter
from interlock.contracts.control import Control, RaiseLimit, SetAutonomy, SetLimits
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
from interlock.contracts.message import Json, Message, encode
from interlock.contracts.observed import (
    AccessHello,
    ConnectionEnded,
    Entitlement,
    GuardHello,
    ProcessExited,
)
from interlock.contracts.people import Answer, Approve, Edit, Reject
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.policy import Policies, SetPolicies
from interlock.contracts.presence import AgentHello, Bye, EffectHello, ModelOffer, ToolOffer
from interlock.contracts.roles import Verdict
from interlock.contracts.scope import FLEET, Scope, task_scope
from interlock.contracts.step import FailureKind, StepFailure, StepResult, StepStopped
from interlock.contracts.subjects import input_subject
from interlock.contracts.task import Submit
from interlock.supervisor.core.account import NO_LIMITS
from interlock.supervisor.core.decide import decide, decide_silence, decide_tick, decide_unconfirmed
from interlock.supervisor.core.state import Effect, Escalation, State, Step, Task, replace
from interlock.supervisor.core.turn import Decided
from interlock.supervisor.policies import read_folder, shipped_folder

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
PAYING = ToolOffer(tool="pay", risk="irreversible", repeatable=True, target="to", undo="refund")

PLAN = Plan(
    steps=(
        PlannedStep(id="a", role="researcher"),
        PlannedStep(id="b", role="researcher"),
        PlannedStep(id="tell", role="executor", after=("a", "b")),
    )
)
ONE = Plan(steps=(PlannedStep(id="a", role="researcher"),))
PARKED = ("Parked", "Escalated")
"""What is said when a task parks."""


_BUNDLE = read_folder(shipped_folder(), 0)
SHIPPED = facts.PoliciesSet(at_ms=0, by="supervisor-1", digest=_BUNDLE.digest, bundle=_BUNDLE)


class World:
    """The state, the time, and everything that was decided so far, by task."""

    def __init__(self) -> None:
        self.state = State(policies=SHIPPED)
        self.now_ms = 1_000_000
        self.seq = 0
        self.last: Told = {}
        self._before = self.state
        self._segments: list[tuple[int, list[AnyFact]]] = []
        self._torn = False
        self.told: Told = {}
        self._incarnations = 0
        self.unreceipted: set[int] = set()
        self.pids: dict[str, int] = {}

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

    def unconfirmed(self, principal: str) -> None:
        """Let the time be over in which an agent should have confirmed that it stopped."""
        again = decide_unconfirmed(self.state, principal, self.now_ms)
        self._take(decide_unconfirmed(self.state, principal, self.now_ms), again)

    def _take(self, decided: Decided, again: Decided) -> None:
        uphold(self.state, decided, again, self.now_ms, torn=self._torn)
        self._before, self.state, self.last = self.state, decided.state, decided.by_task
        self._segments = decided.segments
        for task, said in decided.by_task.items():
            self.told.setdefault(task, []).extend(said)
        self._count_kills([fact for said in decided.by_task.values() for fact in said])

    def _count_kills(self, told: list[AnyFact]) -> None:
        """Check that a kill has one receipt, and that there is none without a kill."""
        for fact in told:
            switched = isinstance(fact, facts.Switched | facts.FleetSwitched) and fact.state == "killed"
            if (switched or isinstance(fact, facts.Halted)) and getattr(fact, "input", 0) == self.seq:
                self.unreceipted.add(self.seq)
        for fact in told:
            if isinstance(fact, facts.Receipted):
                self.unreceipted.remove(fact.kill)

    def crash(self, *survivors: int) -> None:
        """Let only these tasks' records of the last decision have reached the log (0: the fleet's).

        The state is torn until the next tick.
        """
        self._torn = True
        assert set(survivors) < set(self.last), "something must be lost"
        self.state = fold(self._before, [(task, self.last[task]) for task in survivors])

    def crash_after(self, records: int) -> None:
        """Let only the first so many records of the last decision have reached the log."""
        assert records < len(self._segments), "something must be lost"
        self._torn = True
        self.state = fold(self._before, self._segments[:records])

    # Who is there.

    def agent(self, name: str, role: str = "", *, capacity: int = 8, **charter: Any) -> None:
        """Let an agent say hello; its role is its name without the number, its charter allows everything."""
        allowed: dict[str, Any] = {"tools": ("search", "write_file"), "models": ("*",), "objective": "Work."}
        allowed |= charter
        role = role or name.rsplit("-", 1)[0]
        full = Charter(role=role, version="1", **allowed)
        life = self._next()
        self.pids[name] = self._incarnations + 1_000
        hello = AgentHello(incarnation=life, charter=full, capacity=capacity, pid=self.pids[name])
        self.say(name, "agent", "hello", hello)

    def worker(
        self,
        name: str = "effects-1",
        *,
        capacity: int = 8,
        models: tuple[ModelOffer, ...] = (MODEL,),
        tools: tuple[ToolOffer, ...] = TOOLS,
    ) -> None:
        life = self._next()
        self.pids[name] = self._incarnations + 1_000
        hello = EffectHello(
            incarnation=life, capacity=capacity, models=models, tools=tools, pid=self.pids[name]
        )
        self.say(name, "effect", "hello", hello)

    def everybody(self) -> None:
        for role in ("planner", "researcher", "executor", "reviewer"):
            self.agent(f"{role}-1")
        self.worker()

    def guard(self, *children: str, name: str = "guard-1") -> None:
        """Let a guard say hello that has these processes in its hands (none named: all that are here)."""
        hello = GuardHello(incarnation=self._next(), host="h", children=children or self.state.principals)
        self.say(name, "guard", "hello", hello)

    def access(self, name: str = "access-1") -> None:
        self.say(name, "access", "hello", AccessHello(incarnation=self._next(), host="h"))

    def exited(self, name: str, pid: int = 0, guard: str = "guard-1", **fields: Any) -> None:
        """Let a guard see a process end: the one that is here, or was, unless another is named."""
        fields = {"told_us": self.now_ms * 1_000, "exited_us": self.now_ms * 1_000} | fields
        body = ProcessExited(principal=name, pid=pid or self.pids.get(name, 0), **fields)
        self.say(guard, "guard", "exited", body)

    def disconnected(self, name: str, access: str = "access-1", **fields: Any) -> None:
        fields = {"kicked": True, "ended_us": self.now_ms * 1_000} | fields
        self.say(access, "access", "ended", ConnectionEnded(principal=name, **fields))

    def entitled(self, name: str, **fields: Any) -> None:
        self.say("access-1", "access", "entitled", Entitlement(**fields), name)

    def bye(self, name: str) -> None:
        kinds = {"agents": "agent", "workers": "effect", "guards": "guard", "access": "access"}
        kind = next(kind for field, kind in kinds.items() if name in getattr(self.state, field))
        self.say(name, kind, "bye", Bye(incarnation=self.state.incarnation_of(name)))

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

    def control(self, verb: str, number: int | None = None, reason: str = "", by: str = "olga") -> int:
        scope = FLEET if number is None else task_scope(number)
        return self.switch(verb, scope, reason, by=by)

    def switch(
        self, verb: str, scope: Scope | str, reason: str = "", *, by: str = "olga", for_s: int | None = None
    ) -> int:
        """Let somebody switch a scope, such as `tool search`; return the record."""
        words = scope.words if isinstance(scope, Scope) else tuple(scope.replace(" ", ".").split("."))
        return self.say(by, "control", verb, Control(reason=reason, for_s=for_s), *words)

    def stopped(self, number: int, name: str, agent: str, attempt: int = 1, **fields: Any) -> None:
        """Let an agent confirm that a step has ended."""
        fields = {"stopped_us": self.now_ms * 1_000} | fields
        self.say(agent, "agent", "stopped", StepStopped(step=name, attempt=attempt, **fields), number)

    def more(self, number: int, **amounts: int) -> None:
        self.say("olga", "control", "raise", RaiseLimit(more=Amounts(**amounts)), "task", number)

    def limit(self, *scope: str, total: Budget = NO_LIMITS, day: Budget = NO_LIMITS) -> None:
        self.say("olga", "control", "limit", SetLimits(total=total, day=day), *scope)

    def person(self, name: str, *groups: str, roles: tuple[str, ...] = ()) -> None:
        """Let somebody be known, with a key, as of these groups."""
        self.entitled(name, roles=roles, groups=groups, keys=(key_of(name).public_key,))

    def approve(self, number: int, each: int = 1, by: str = "olga", **changes: Any) -> None:
        """Let somebody approve what is asked now; the changes are made before it is signed."""
        statement = replace(statement_of(self.state, number, each, by), **changes)
        self.say(by, "human", "approve", Approve(approval=signed(statement)), number, each)

    def edit(self, number: int, arguments: Json, each: int = 1, by: str = "olga") -> None:
        """Let somebody approve other arguments instead."""
        approval = signed(statement_of(self.state, number, each, by, arguments))
        self.say(by, "human", "edit", Edit(arguments=arguments, approval=approval), number, each)

    def reject(
        self, number: int, each: int = 1, by: str = "olga", reason: str = "no", *, undo: bool = False
    ) -> None:
        self.say(by, "human", "reject", Reject(reason=reason, undo=undo), number, each)

    def escalation(self, number: int, each: int = 1) -> Escalation:
        return self.state.escalations[number, each]

    def policies(self, bundle: Policies, by: str = "supervisor-1") -> int:
        """Let a supervisor say what stands in its folder."""
        return self.say(by, "supervisor", "policies", SetPolicies(bundle=bundle))

    def autonomy(self, role: str, level: int, by: str = "olga", **fields: Any) -> int:
        return self.say(by, "control", "autonomy", SetAutonomy(level=level, **fields), "role", role)

    def answer(self, number: int, effect: int, text: str = "yes") -> None:
        """Let the submitter answer the question that an effect asks."""
        known = self.task(number).effects.get(effect)
        self.say("alice", "human", "answer", Answer(text=text), number, 1 if known is None else known.asked)

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
