"""Life at random: everybody does what they may and may not do, by the throw of a `random.Random`."""

from collections.abc import Callable
from random import Random
from typing import Any

from tests.supervisor.core.people import signed, statement_of
from tests.supervisor.core.world import COUNTING, LOOK, MODEL, ONE, PLAN, PUT, THINK, TOOLS, UNPRICED, World

from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.control import ReleaseRule
from interlock.contracts.effect import (
    AskCall,
    Call,
    EffectCompleted,
    EffectCounted,
    EffectRequest,
    ModelCall,
    ToolCall,
)
from interlock.contracts.inputs import INPUT_KINDS
from interlock.contracts.message import Message, encode
from interlock.contracts.people import (
    Abort,
    Answer,
    Approve,
    Delegate,
    Edit,
    PlantCanary,
    Raise,
    Reassign,
    Reject,
)
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.roles import Verdict
from interlock.contracts.scope import Scope, ScopeKind
from interlock.contracts.step import StepResult
from interlock.supervisor.core.bounds import ONE_TOOL_CALL
from interlock.supervisor.core.limits import RECEIPT_MS
from interlock.supervisor.core.state import Effect

PEOPLE = ("olga", "ada", "bert")
ROLES = ("planner", "researcher", "executor", "reviewer")
BUDGETS = {"researcher": Budget(tokens=1_500), "executor": Budget(tool_calls=2)}
TENANTS = ("default", "red", "blue")
CALLS: tuple[Call, ...] = (
    THINK,
    ModelCall(purpose="think", prompt="y" * 400, max_output_tokens=1_000),
    THINK,
    LOOK,
    LOOK,
    PUT,
    ModelCall(purpose="think", prompt="a" * 4_000, model=COUNTING.model, max_output_tokens=100),
    ModelCall(purpose="think", prompt="b" * 1_000, model=COUNTING.model, max_output_tokens=100),
    ModelCall(purpose="think", prompt="z", model="new/unpriced"),
    ModelCall(purpose="think", prompt="z", model="nobody/has"),
    LOOK,
    PUT,
    ToolCall(tool="rm"),
    AskCall(question="May I?"),
)
CIRCLE = Plan(
    steps=(
        PlannedStep(id="a", role="researcher", after=("b",)),
        PlannedStep(id="b", role="researcher", after=("a",)),
    )
)
STRANGE = Plan(steps=(PlannedStep(id="a", role="astrologer"),))
PERSON = PlannedStep(id="look", role="human", input={"ask": "Look at it", "to": "finance"})
HYBRID = Plan(steps=(PERSON, PlannedStep(id="a", role="researcher", after=("look",))))
PLANS = (ONE, ONE, ONE, PLAN, PLAN, PLAN, HYBRID, CIRCLE, STRANGE, Plan(steps=()))
VERDICTS = (
    Verdict(decision="approve"),
    Verdict(decision="revise", reasons=("because",)),
    Verdict(decision="revise", reasons=("again",)),
    Verdict(decision="escalate"),
)
EDITED = {"path": "b"}
VERDICTS_OF_PEOPLE: tuple[tuple[str, Message], ...] = (
    ("answer", Answer(text="yes")),
    ("answer", Answer(text="")),
    ("approve", Approve()),
    ("approve", Approve()),
    ("edit", Approve()),
    ("reject", Reject(reason="no")),
    ("raise", Raise(more=Amounts(tokens=1_000, tool_calls=1))),
    ("reassign", Reassign(to="finance")),
    ("abort", Abort(reason="enough")),
)
BAD_BYTES = (b"", b"{", b'{"v":2}', b"[]", b"\xff")


class Life:
    """A world in which things happen; each public method is one thing that may happen."""

    def __init__(self) -> None:
        self.world = World()
        self.world.person("olga", roles=("operator",))
        self.world.person("ada", "finance")
        self.world.person("bert", "finance")
        self._said: list[tuple[str, str, str, bytes, tuple[str | int, ...]]] = []

    def _say(self, who: str, kind: str, verb: str, data: bytes, *rest: str | int) -> None:
        self._said = [*self._said[-30:], (who, kind, verb, data, rest)]
        self.world.say(who, kind, verb, data, *rest)

    def agent_joins(self, chance: Random) -> None:
        role = chance.choice(ROLES)
        name = f"{role}-{chance.randint(1, 2)}"
        tools = chance.choice((("search", "write_file"), ("search", "write_file"), ("search",)))
        models = chance.choice((("*",), ("*",), ("offline/*",), ()))
        extra: dict[str, Any] = {"tools": tools, "models": models, "budget": BUDGETS.get(role, Budget())}
        self.world.agent(name, capacity=chance.randint(1, 3), autonomy=chance.randint(1, 5), **extra)

    def worker_joins(self, chance: Random) -> None:
        models = chance.choice(((MODEL,), (MODEL, COUNTING), (MODEL, UNPRICED, COUNTING), (UNPRICED,)))
        tools = chance.choice((TOOLS, TOOLS, TOOLS[:1]))
        self.world.worker(
            f"effects-{chance.randint(1, 2)}", capacity=chance.randint(1, 3), models=models, tools=tools
        )

    def somebody_leaves(self, chance: Random) -> None:
        here = sorted(self.world.state.principals)
        if here:
            name = chance.choice(here)
            chance.choice((self.world.bye, self.world.silence))(name)

    def task_comes(self, chance: Random) -> None:
        self.world.submit(
            tenant=chance.choice(TENANTS),
            priority=chance.randint(0, 9),
            plan=chance.choice((None, None, ONE, PLAN, HYBRID, CIRCLE)),
            review=chance.random() < 0.8,
            deadline_s=chance.choice((None, None, 600)),
            budget=Budget(
                tokens=chance.choice((None, 300, 2_000, 20_000)),
                tool_calls=chance.choice((None, 1, 3)),
                spend_usd_micros=chance.choice((None, 500, 1_000_000)),
                steps=chance.choice((None, 3, 12)),
                replans=chance.choice((0, 1, 2)),
                wall_ms=chance.choice((None, None, None, 100_000)),
            ),
        )

    def step_ends_well(self, chance: Random) -> None:
        found = self._assigned(chance)
        if found is not None:
            task, name = found
            step = self.world.step(task, name)
            value: Any = "done"
            if step.role == "planner":
                value = chance.choice(PLANS)
            elif step.role == "reviewer":
                value = chance.choice(VERDICTS)
            if chance.random() < 0.1:
                value = "nonsense"
            body = encode({"step": name, "attempt": step.attempt, "value": value})
            self._say(step.principal, "agent", "result", body, task)

    def step_fails(self, chance: Random) -> None:
        found = self._assigned(chance)
        if found is not None:
            kind = chance.choice(("transient", "transient", "permanent", "unfit_input"))
            self.world.failure(*found, kind)  # type: ignore[arg-type]  # one of the literals

    def effect_is_asked_for(self, chance: Random) -> None:
        found = self._assigned(chance)
        if found is not None:
            task, name = found
            step = self.world.step(task, name)
            key = f"k{chance.randint(1, 6)}"
            body = EffectRequest(step=name, attempt=step.attempt, key=key, call=chance.choice(CALLS))
            self._say(step.principal, "agent", "effect", encode(body), task)

    def effect_ends(self, chance: Random) -> None:
        found = self._in_state(chance, "granted")
        if found is not None:
            task, effect = found
            used = effect.reserved if chance.random() < 0.5 else _less(effect, chance)
            match chance.randint(0, 4):
                case 0:
                    self.world.failed(task, effect.seq, used)
                case 1:
                    self.world.aborted(task, effect.seq, started=chance.random() < 0.5, used=used)
                case _:
                    self.world.completed(task, effect.seq, used)

    def effect_is_counted(self, chance: Random) -> None:
        """A prompt turns out too long for its reservation; seldom it is said of what nobody should count."""
        found = self._in_state(chance, "granted")
        if found is not None and (found[1].to_count or chance.random() < 0.1):
            task, effect = found
            counted = chance.choice((0, effect.demand.prompt_tokens // 3, effect.demand.prompt_tokens, 10**9))
            body = EffectCounted(effect=effect.seq, grant=effect.grant, prompt_tokens=counted)
            self._say(effect.worker, "effect", "counted", encode(body), task)

    def person_decides(self, chance: Random) -> None:
        """Somebody says something of what is asked, or was; mostly somebody who may."""
        numbers = sorted((*self.world.state.escalations, *self.world.state.verdicts))
        if numbers:
            who = chance.choice(("olga", "olga", "olga", *PEOPLE, "alice", "mallory"))
            verb, body = chance.choice(VERDICTS_OF_PEOPLE)
            number = chance.choice(numbers)
            if verb == "approve" and number in self.world.state.escalations:
                body = Approve(approval=signed(statement_of(self.world.state, *number, by=who)))
            elif verb == "edit" and number in self.world.state.escalations:
                approval = signed(statement_of(self.world.state, *number, by=who, arguments=EDITED))
                body = Edit(arguments=EDITED, approval=approval)
            self._say(who, "human", verb, encode(body), *number)

    def person_delegates(self, chance: Random) -> None:
        by, to = chance.choice((*PEOPLE, "mallory")), chance.choice(PEOPLE)
        self._say(by, "human", "delegate", encode(Delegate(to=to, for_s=chance.choice((0, 60, 3_600)))))

    def canary_is_planted(self, chance: Random) -> None:
        tools = sorted({tool for worker in self.world.state.workers.values() for tool in worker.tools})
        tool = chance.choice((*tools, "pay"))
        body = PlantCanary(role="operator", tool=tool, arguments={"path": "a"})
        at_work = sorted({task for agent in self.world.state.agents.values() for task, _ in agent.in_hand})
        task = chance.choice((*at_work, 0))
        scope = ("task", task) if task else ("fleet",)
        self._say(chance.choice(PEOPLE), "control", "canary", encode(body), *scope)

    def task_is_switched(self, chance: Random) -> None:
        if self.world.state.tasks:
            verb = chance.choice(("pause", "resume", "resume", "pause", "resume", "drain", "kill"))
            self.world.control(verb, chance.choice(sorted(self.world.state.tasks)))

    def fleet_is_switched(self, chance: Random) -> None:
        self.world.control(chance.choice(("pause", "resume", "resume", "drain", "kill")))
        if chance.random() < 0.8:
            self.world.control("resume")

    def something_is_switched(self, chance: Random) -> None:
        """A scope is paused, drained or killed; mostly it is let go again, by as many as it takes."""
        scope = self._scope(chance)
        verb = chance.choice(("pause", "pause", "drain", "kill"))
        self.world.switch(verb, scope, for_s=chance.choice((None, None, 5)) if verb == "pause" else None)
        if chance.random() < 0.4:
            self.world.switch("resume", self._scope(chance), by=chance.choice(PEOPLE))

    def something_is_let_go(self, chance: Random) -> None:
        for scope in sorted(self.world.state.switches, key=str):
            self.world.switch("resume", scope, by=chance.choice(PEOPLE))

    def _scope(self, chance: Random) -> Scope:
        steps = [(task, name) for agent in self.world.state.agents.values() for task, name in agent.in_hand]
        if steps and chance.random() < 0.3:
            task, step = chance.choice(sorted(steps))
            return Scope(kind="step", task=task, step=step)
        names: dict[ScopeKind, tuple[str, ...]] = {
            "agent": tuple(f"{role}-{number}" for role in ROLES for number in (1, 2)),
            "role": ROLES,
            "tool": ("search", "write_file", "rm"),
            "model": (MODEL.model, "offline/*", "nobody/*"),
            "tenant": TENANTS,
        }
        kind = chance.choice(sorted(names))
        return Scope(kind=kind, name=chance.choice(names[kind]))

    def rule_is_set(self, chance: Random) -> None:
        rule = ReleaseRule(people=chance.randint(1, 3))
        self._say("ada", "control", "release", encode(rule), "fleet")

    def agent_confirms(self, chance: Random) -> None:
        """A step that was killed has ended: it is confirmed, or its result was on its way, or neither."""
        awaited = sorted(self.world.state.stopping.items())
        if awaited:
            (task, name), one = chance.choice(awaited)
            body: Any = {"step": name, "attempt": one.attempt}
            match chance.choice(("stopped", "stopped", "stopped", "result", "failed", "nothing")):
                case "stopped":
                    self._say(one.principal, "agent", "stopped", encode(body), task)
                case "result":
                    self._say(one.principal, "agent", "result", encode(body | {"value": 1}), task)
                case "failed":
                    body |= {"kind": "transient", "message": "oh"}
                    self._say(one.principal, "agent", "failed", encode(body), task)
                case _:
                    self.world.unconfirmed(one.principal)

    def watchers_come(self, chance: Random) -> None:
        if chance.random() < 0.5:
            self.world.access()
        else:
            names = [f"{role}-{number}" for role in ROLES for number in (1, 2)]
            self.world.guard(*chance.sample(names, 5), name=f"guard-{chance.randint(1, 2)}")

    def something_is_observed(self, chance: Random) -> None:
        name = f"{chance.choice(ROLES)}-{chance.randint(1, 2)}"
        match chance.randint(0, 3):
            case 0:
                self.world.disconnected(name, kicked=chance.random() < 0.5, clients=chance.randint(0, 1))
            case 1:
                self.world.exited(name, pid=chance.choice((0, 1, 1_005)), guard="guard-1")
            case _:
                self.world.exited(name, guard=f"guard-{chance.randint(1, 2)}")

    def somebody_is_entitled(self, chance: Random) -> None:
        self.world.entitled(
            "alice",
            tenants=chance.choice(((), ("red", "blue"))),
            tools=chance.choice(((), ("sea*",))),
            models=chance.choice(((), ("offline/*",))),
        )

    def limit_is_raised(self, chance: Random) -> None:
        if self.world.state.tasks:
            number = chance.choice(sorted(self.world.state.tasks))
            self.world.more(
                number, tokens=1_000, steps=2, tool_calls=1, wall_ms=500_000, spend_usd_micros=1_000
            )

    def limits_are_set(self, chance: Random) -> None:
        scope = chance.choice(
            (("fleet",), ("tenant", chance.choice(TENANTS)), ("role", chance.choice(ROLES)))
        )
        self.world.limit(*scope, total=_some_limits(chance, 10), day=_some_limits(chance, 3))

    def time_passes(self, chance: Random) -> None:
        often, seldom = (10, 1_000, 5_000, 5_000, 30_000), (400_000, 90_000_000)
        self.world.tick(chance.choice(often if chance.random() < 0.9 else seldom))

    def something_is_said_again(self, chance: Random) -> None:
        """An input comes twice, late, or from somebody else."""
        if self._said:
            who, kind, verb, data, rest = chance.choice(self._said)
            who = chance.choice((who, "mallory", "researcher-1", "effects-2"))
            self.world.say(who, kind, verb, data, *rest)

    def nonsense_is_said(self, chance: Random) -> None:
        kind, verb = chance.choice(sorted(INPUT_KINDS))
        task = chance.choice((0, 1, 999, self.world.seq))
        self.world.say("mallory", kind, verb, chance.choice(BAD_BYTES), task)
        late = EffectCompleted(effect=chance.randint(0, 50), grant=1, value=b"1")  # type: ignore[arg-type]  # raw JSON
        early = StepResult(step="a", attempt=chance.randint(0, 3), value=b"1")  # type: ignore[arg-type]  # raw JSON
        self.world.say("effects-1", "effect", "completed", encode(late), task)
        self.world.say("researcher-1", "agent", "result", encode(early), task)

    def no_limits_are_set(self, _chance: Random | None = None) -> None:
        for scope in sorted(self.world.state.shared):
            self.world.limit(*scope.split())

    def everything_ends_well(self) -> None:
        """Let everybody come and do their work, and people help: whatever happened, every task must end."""
        world = self.world
        for who in PEOPLE:
            for scope in sorted(world.state.switches, key=str):
                world.switch("resume", scope, by=who)
        world.entitled("alice")
        assert not world.state.switches
        for role in ROLES:
            world.agent(f"{role}-1")
        for name in ("effects-1", "effects-2"):
            world.worker(name)
        self.no_limits_are_set()
        active: list[int] = []
        for _ in range(40):
            active = [task.id for _, task in sorted(world.state.tasks.items()) if task.active]
            if not active:
                world.tick(RECEIPT_MS)
                assert not world.unreceipted, "a kill has no receipt"
                return
            world.tick(30_000)
            for number in active:
                self._help(number)
        raise AssertionError(f"tasks {active} do not end")

    def _help(self, number: int) -> None:
        world = self.world
        world.more(
            number, tokens=10_000, steps=20, tool_calls=10, wall_ms=10**9, spend_usd_micros=10**6, replans=2
        )
        world.control("resume", number)
        for task, each in sorted(world.state.escalations):
            if task == number and (task, each) in world.state.escalations:
                self._answer(number, each)
        for effect in list(world.task(number).effects.values()):
            if effect.state == "granted":
                world.completed(number, effect.seq)
        for step in list(world.task(number).steps.values()):
            if world.task(number).steps.get(step.id) == step and step.state == "assigned":
                good = {"planner": ONE, "reviewer": Verdict(decision="approve")}
                world.result(number, step.id, good.get(step.role, "done"))

    def _answer(self, number: int, each: int) -> None:
        world = self.world
        match world.state.escalations[number, each].said.kind:
            case "question" | "step":
                world.say("olga", "human", "answer", Answer(text="yes"), number, each)
            case "approval":
                world.approve(number, each)
            case _:
                world.say("olga", "human", "approve", Approve(), number, each)

    def _assigned(self, chance: Random) -> tuple[int, str] | None:
        found = sorted(key for agent in self.world.state.agents.values() for key in agent.in_hand)
        return chance.choice(found) if found else None

    def _in_state(self, chance: Random, state: str) -> tuple[int, Effect] | None:
        found = [
            (task.id, effect)
            for _, task in sorted(self.world.state.tasks.items())
            for _, effect in sorted(task.effects.items())
            if effect.state == state
        ]
        return chance.choice(found) if found else None


def _some_limits(chance: Random, generous: int) -> Budget:
    return Budget(
        tokens=chance.choice((None, None, 400 * generous)),
        model_calls=chance.choice((None, None, generous)),
        tool_calls=chance.choice((None, None, generous)),
        wall_ms=chance.choice((None, None, None, None, None, 30_000 * generous)),
        steps=chance.choice((None, None, 2 * generous)),
        replans=chance.choice((None, None, generous // 2)),
    )


def _less(effect: Effect, chance: Random) -> Amounts:
    """Return some of what was reserved."""
    if effect.demand.kind == "tool":
        return ONE_TOOL_CALL
    reserved = effect.reserved
    return Amounts(
        tokens=chance.randint(0, reserved.tokens),
        spend_usd_micros=chance.randint(0, reserved.spend_usd_micros),
        model_calls=1,
    )


Happening = Callable[[Life, Random], None]
HAPPENINGS: dict[Happening, int] = {
    Life.agent_joins: 4,
    Life.worker_joins: 3,
    Life.somebody_leaves: 2,
    Life.task_comes: 6,
    Life.step_ends_well: 30,
    Life.step_fails: 4,
    Life.effect_is_asked_for: 25,
    Life.effect_ends: 20,
    Life.effect_is_counted: 12,
    Life.person_decides: 12,
    Life.person_delegates: 1,
    Life.canary_is_planted: 2,
    Life.task_is_switched: 5,
    Life.fleet_is_switched: 1,
    Life.limit_is_raised: 6,
    Life.something_is_switched: 3,
    Life.something_is_let_go: 6,
    Life.rule_is_set: 1,
    Life.agent_confirms: 6,
    Life.watchers_come: 2,
    Life.something_is_observed: 3,
    Life.somebody_is_entitled: 1,
    Life.limits_are_set: 3,
    Life.no_limits_are_set: 2,
    Life.time_passes: 5,
    Life.something_is_said_again: 4,
    Life.nonsense_is_said: 2,
}
"""What happens, and how often compared with the rest."""
