"""Every input in every state: it is decided by facts that the tables allow, or refused, changing nothing."""

from collections.abc import Callable

import msgspec
import pytest
from tests.supervisor.core.people import signed
from tests.supervisor.core.world import LOOK, ONE, PUT, World, limited

from interlock.contracts import effect as effects
from interlock.contracts import facts
from interlock.contracts.approval import Statement
from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.control import Control, RaiseLimit, ReleaseRule, SetAutonomy, SetLimits
from interlock.contracts.effect import AskCall
from interlock.contracts.inputs import INPUT_KINDS
from interlock.contracts.message import Message
from interlock.contracts.observed import (
    AccessHello,
    ConnectionEnded,
    Entitlement,
    GuardHello,
    ProcessExited,
    Violation,
)
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
from interlock.contracts.policy import Policies, SetPolicies
from interlock.contracts.presence import AgentHello, Bye, EffectHello
from interlock.contracts.step import StepFailure, StepResult, StepStopped
from interlock.contracts.task import Submit

CANARY = PlantCanary(role="operator", tool="write_file")
STATEMENT = Statement(
    task=1, number=1, effect=1, tool="pay", arguments="0", policies="", verdict="edit", by="olga"
)
NULL = msgspec.Raw(b"null")
SPEAKERS = {
    "agent": "researcher-1",
    "effect": "effects-1",
    "guard": "guard-1",
    "access": "access-1",
    "supervisor": "supervisor-1",
}
SILENT = {(kind, verb) for kind in ("agent", "effect", "guard", "access") for verb in ("hello", "bye")} | {
    ("guard", "exited"),
    ("access", "ended"),
    ("access", "entitled"),
}
"""Who says hello twice or bye unknown is neither told nor refused: nothing is new. So with what guards and
access services say that nobody waits for."""


def planning(world: World) -> int:
    return world.submit()


def working(world: World) -> int:
    return world.submit(plan=ONE)


def asking(world: World) -> int:
    number = world.submit(plan=ONE)
    world.ask(number, "a", LOOK)
    return number


def reviewing(world: World) -> int:
    return world.to_review()


def paused(world: World) -> int:
    number = asking(world)
    world.control("pause", number)
    return number


def parked(world: World) -> int:
    number = world.submit(plan=ONE, budget=limited(tool_calls=0))
    world.ask(number, "a", LOOK)
    return number


def completed(world: World) -> int:
    number = world.submit(plan=ONE, review=False)
    world.result(number, "a")
    return number


def killed(world: World) -> int:
    number = asking(world)
    world.control("kill", number)
    return number


def rejected(world: World) -> int:
    return world.submit(goal=" ")


def fleet_paused(world: World) -> int:
    number = asking(world)
    world.control("pause")
    return number


def fleet_killed(world: World) -> int:
    number = asking(world)
    world.control("kill")
    return number


def condemnable(world: World) -> int:
    number = asking(world)
    world.control("kill", number)
    return number


def tool_killed(world: World) -> int:
    number = asking(world)
    world.switch("kill", "tool search")
    return number


def agent_killed(world: World) -> int:
    number = asking(world)
    world.switch("kill", "agent researcher-1")
    return number


def role_paused(world: World) -> int:
    number = asking(world)
    world.switch("pause", "role researcher")
    return number


def tenant_killed(world: World) -> int:
    number = asking(world)
    world.switch("kill", "tenant default")
    return number


def step_draining(world: World) -> int:
    number = asking(world)
    world.switch("drain", f"step {number} a")
    return number


def task_draining(world: World) -> int:
    number = asking(world)
    world.control("drain", number)
    return number


def questioned(world: World) -> int:
    number = world.submit(plan=ONE)
    world.ask(number, "a", AskCall(question="May I?"))
    return number


def approval_asked(world: World) -> int:
    world.autonomy("researcher", 2)
    number = world.submit(plan=ONE)
    world.ask(number, "a", PUT)
    return number


def a_persons_turn(world: World) -> int:
    return world.submit(plan=Plan(steps=(PlannedStep(id="a", role="human", input={"ask": "Look"}),)))


def planted(world: World) -> int:
    number = world.submit(plan=ONE)
    world.autonomy("researcher", 2)
    world.say("olga", "control", "canary", CANARY, "task", number)
    assert (number, 1) in world.state.escalations
    return number


def nothing(_world: World) -> int:
    return 77


SITUATIONS: list[Callable[[World], int]] = [
    nothing,
    planning,
    working,
    asking,
    reviewing,
    paused,
    parked,
    completed,
    killed,
    rejected,
    fleet_paused,
    fleet_killed,
    condemnable,
    tool_killed,
    agent_killed,
    role_paused,
    tenant_killed,
    step_draining,
    task_draining,
    questioned,
    approval_asked,
    a_persons_turn,
    planted,
]


def bodies(world: World) -> dict[tuple[str, str], Message]:
    """One well-formed input of every kind; those of agents and workers speak of what there may be."""
    effect = world.seq
    charter = world.state.charters["researcher"]
    found: dict[tuple[str, str], Message] = {
        ("task", "submit"): Submit(goal="why?"),
        ("control", "raise"): RaiseLimit(more=Amounts(tool_calls=5)),
        ("control", "limit"): SetLimits(total=Budget(tokens=10**6)),
        ("control", "autonomy"): SetAutonomy(level=3),
        ("control", "canary"): CANARY,
        ("supervisor", "policies"): SetPolicies(bundle=Policies()),
        ("human", "answer"): Answer(text="yes"),
        ("human", "approve"): Approve(),
        ("human", "edit"): Edit(arguments={"path": "b"}, approval=signed(STATEMENT)),
        ("human", "reject"): Reject(reason="no"),
        ("human", "raise"): Raise(more=Amounts(tool_calls=5)),
        ("human", "reassign"): Reassign(to="finance"),
        ("human", "abort"): Abort(reason="enough"),
        ("human", "delegate"): Delegate(to="ada", for_s=60),
        ("agent", "hello"): AgentHello(incarnation="new", charter=charter),
        ("agent", "bye"): Bye(incarnation="i2"),
        ("agent", "effect"): effects.EffectRequest(step="a", attempt=1, key="k9", call=LOOK),
        ("agent", "result"): StepResult(step="a", attempt=1, value=msgspec.Raw(b'"done"')),
        ("agent", "failed"): StepFailure(step="a", attempt=1, kind="transient", message="oh"),
        ("effect", "hello"): EffectHello(incarnation="new"),
        ("effect", "bye"): Bye(incarnation="i5"),
        ("effect", "completed"): effects.EffectCompleted(effect=effect, grant=1, value=NULL),
        ("effect", "failed"): effects.EffectFailed(effect=effect, grant=1, transient=True, message="oh"),
        ("effect", "aborted"): effects.EffectAborted(effect=effect, grant=1, started=False, reason="oh"),
        ("agent", "stopped"): StepStopped(step="a", attempt=1, stopped_us=1),
        ("guard", "hello"): GuardHello(incarnation="new", host="h", children=("researcher-1",)),
        ("guard", "bye"): Bye(incarnation="i6"),
        ("guard", "exited"): ProcessExited(principal="researcher-1", pid=world.pids["researcher-1"]),
        ("access", "hello"): AccessHello(incarnation="new", host="h"),
        ("access", "bye"): Bye(incarnation="i7"),
        ("access", "ended"): ConnectionEnded(principal="researcher-1", kicked=True, ended_us=1),
        ("access", "violated"): Violation(principal="researcher-1", action="publish", target="a.b"),
        ("access", "entitled"): Entitlement(tenants=("default",)),
        ("control", "release"): ReleaseRule(people=2),
        ("effect", "counted"): effects.EffectCounted(effect=effect, grant=1, prompt_tokens=9),
    }
    return found | {("control", verb): Control() for verb in ("pause", "drain", "kill", "resume")}


def rest(kind: str, verb: str, number: int) -> tuple[str | int, ...]:
    if verb in {"hello", "bye", "submit"}:
        return ()
    if verb in {"limit", "release"}:
        return ("fleet",)
    if verb in {"autonomy", "delegate"}:
        return ("role", "executor") if verb == "autonomy" else ()
    if kind in {"guard", "access", "supervisor"}:
        return ("alice",) if verb == "entitled" else ()
    if kind == "control":
        return ("task", number)
    return (number, 1) if kind == "human" else (number,)


@pytest.mark.parametrize("pair", sorted(INPUT_KINDS), ids=".".join)
@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_it_is_decided_or_refused_and_then_nothing_changes(
    situation: Callable[[World], int], pair: tuple[str, str]
) -> None:
    world = World()
    world.everybody()
    world.guard()
    world.access()
    world.entitled("olga", roles=("operator",))
    world.entitled("ada", groups=("finance",))
    number = situation(world)
    before = world.state
    speaker = SPEAKERS.get(pair[0], "olga")
    world.say(speaker, *pair, bodies(world)[pair], *rest(*pair, number))
    said = [fact for of_task in world.last.values() for fact in of_task]
    if all(isinstance(fact, facts.Refused) for fact in said):
        assert world.state == before
        assert said or pair in SILENT
