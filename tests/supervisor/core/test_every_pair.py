"""Every input in every state: it is decided by facts that the tables allow, or refused, changing nothing."""

from collections.abc import Callable

import msgspec
import pytest
from tests.supervisor.core.world import LOOK, ONE, World, limited

from interlock.contracts import effect as effects
from interlock.contracts import facts
from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.control import Answer, Control, RaiseLimit, SetLimits
from interlock.contracts.inputs import INPUT_KINDS
from interlock.contracts.message import Message
from interlock.contracts.presence import AgentHello, Bye, EffectHello
from interlock.contracts.step import StepFailure, StepResult
from interlock.contracts.task import Submit

NULL = msgspec.Raw(b"null")
SILENT = {("agent", "hello"), ("effect", "hello"), ("agent", "bye"), ("effect", "bye")}
"""Who says hello twice or bye unknown is neither told nor refused: nothing is new."""


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
]


def bodies(world: World) -> dict[tuple[str, str], Message]:
    """One well-formed input of every kind; those of agents and workers speak of what there may be."""
    effect = world.seq
    charter = world.state.agents["researcher-1"].charter
    found: dict[tuple[str, str], Message] = {
        ("task", "submit"): Submit(goal="why?"),
        ("control", "raise"): RaiseLimit(more=Amounts(tool_calls=5)),
        ("control", "limit"): SetLimits(total=Budget(tokens=10**6)),
        ("human", "answer"): Answer(text="yes"),
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
        ("effect", "counted"): effects.EffectCounted(effect=effect, grant=1, prompt_tokens=9),
    }
    return found | {("control", verb): Control() for verb in ("pause", "drain", "kill", "resume")}


def rest(kind: str, verb: str, number: int, effect: int) -> tuple[str | int, ...]:
    if verb in {"hello", "bye", "submit"}:
        return ()
    if verb == "limit":
        return ("fleet",)
    if kind == "control":
        return ("task", number)
    return (number, effect) if kind == "human" else (number,)


@pytest.mark.parametrize("pair", sorted(INPUT_KINDS), ids=".".join)
@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_it_is_decided_or_refused_and_then_nothing_changes(
    situation: Callable[[World], int], pair: tuple[str, str]
) -> None:
    world = World()
    world.everybody()
    number = situation(world)
    before, effect = world.state, world.seq
    speaker = {"agent": "researcher-1", "effect": "effects-1"}.get(pair[0], "olga")
    world.say(speaker, *pair, bodies(world)[pair], *rest(*pair, number, effect))
    said = [fact for of_task in world.last.values() for fact in of_task]
    if all(isinstance(fact, facts.Refused) for fact in said):
        assert world.state == before
        assert said or pair in SILENT
