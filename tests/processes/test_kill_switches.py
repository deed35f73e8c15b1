"""The other switches, with everything real: pauses that hold and end, drains that finish, two who release."""

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.processes.scene import ROLE, UNRULY, Scene, agent_scope

from interlock.bus.nats_bus import NatsBus
from interlock.bus.principals import Principals
from interlock.bus.process import Settings, open_bus
from interlock.console.sayings import control, require_releasers
from interlock.contracts import facts as f
from interlock.contracts.scope import FLEET, Scope, task_scope

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

BUILT_IN = ("executor-1", "planner-1", "researcher-1", "reviewer-1")


async def test_a_paused_tool_holds_who_wants_it_until_it_is_resumed(stage: Scene) -> None:
    # Given a tool that is paused
    scope = Scope(kind="tool", name="search")
    await stage.say("pause", scope)
    # When a step wants it
    await stage.model.release("found")
    story = await stage.submit(["found"], search="lamp")
    held = await story.first(f.EffectHeld, waits_for="switch")
    # Then it waits, while others do not
    other = await stage.at_work()
    await stage.model.release(other.call.prompt)
    await other.story.completed()
    assert not story.all(f.EffectGranted)
    # And when the tool is resumed, it goes on
    await stage.say("resume", scope)
    granted = await story.first(f.EffectGranted)
    assert granted.effect == held.effect
    await story.completed()


async def test_a_pause_for_a_while_ends_by_itself(stage: Scene) -> None:
    # Given a model that is paused for a second
    scope = Scope(kind="model", name="openai/held")
    paused_at = await stage.say("pause", scope, for_s=1)
    paused = await stage.fleet.first(f.Switched, input=paused_at)
    # When a step wants it
    await stage.model.release("later")
    story = await stage.submit(["later"])
    await story.first(f.EffectHeld, waits_for="switch")
    # Then it has it when the second is over, with nobody's doing
    await story.completed()
    over = await stage.fleet.first(f.Switched, scope=scope, state="running")
    assert over.by == "supervisor"
    until_ms = paused.at_ms + 1_000
    assert paused.until_ms == until_ms <= over.at_ms
    (call,) = stage.model.of("later")
    assert call.came_us >= until_ms * 1_000


async def test_a_drained_task_finishes_the_step_in_hand_and_stands_still(stage: Scene) -> None:
    # Given a task of two steps, the first of which is at work
    story = await stage.submit(["one", "two"], chained=True)
    await stage.model.came("one")
    # When it is drained, and the first step ends
    await stage.say("drain", task_scope(story.task))
    await story.first(f.Drained)
    await stage.model.release("one", "two")
    # Then its result counts, and the second does not begin
    await story.first(f.Paused)
    assert [fact.step for fact in story.all(f.StepCompleted)] == ["work-0"]
    assert [fact.step for fact in story.all(f.StepAssigned)] == ["work-0"]
    assert not stage.model.of("two")
    # And it goes on when it may
    await stage.say("resume", task_scope(story.task))
    await story.completed()


@pytest.mark.parametrize("kind", ["role", "agent"])
async def test_who_is_drained_finishes_and_takes_nothing_new(stage: Scene, kind: str) -> None:
    # Given a step at work
    work = await stage.at_work()
    scope = Scope(kind="role", name=ROLE) if kind == "role" else agent_scope(work.agent)
    # When its role, or its agent, is drained, and more is handed in
    await stage.say("drain", scope)
    await stage.fleet.first(f.Switched, scope=scope, state="draining")
    more = [await stage.submit([f"more of {kind} {n}"]) for n in range(3)]
    # Then what is in hand may ask on and ends well
    await stage.model.release(work.call.prompt, *(f"more of {kind} {n}" for n in range(3)))
    await work.story.completed()
    # And nothing new is given to whom is drained
    if kind == "role":
        for story in more:
            await story.first(f.Planned)
            assert not story.all(f.StepAssigned)
    else:
        for story in more:
            await story.completed()
            assert work.agent not in {fact.principal for fact in story.all(f.StepAssigned)}
    await stage.say("resume", scope)
    for story in more:
        await story.completed()


async def test_it_takes_two_to_let_everything_go_on_where_that_is_the_rule(stage: Scene) -> None:
    # Given a rule, a second person, and a fleet that is killed
    local = stage.environment.local
    key = Principals(local.state.store).admit("bob", ["operator"])
    await require_releasers(stage.environment.bus, 2, "four eyes")
    await stage.fleet.first(f.ReleaseRuleSet, people=2)
    await stage.receipt(await stage.kill(FLEET))
    before = stage.joins(*BUILT_IN, *UNRULY)
    # When one wants it to go on, even twice
    await stage.say("resume", FLEET)
    asked = await stage.fleet.first(f.ReleaseAsked)
    again = await stage.say("resume", FLEET)
    refused = await stage.fleet.first(f.Refused, input=again)
    # Then nothing does
    assert (asked.by, asked.needed) == (("alice",), 2)
    assert "wants it already" in refused.reason
    assert not set(before) & local.launcher.pids.keys()
    # And when another wants it too, all come back
    async with bob(local.note.url, key) as other:
        await control(other, "resume", FLEET)
    released = await stage.fleet.first(f.FleetSwitched, state="running")
    assert released.by == "bob"
    await stage.joined(before)
    work = await stage.at_work()
    await stage.model.release(work.call.prompt)
    await work.story.completed()


@contextlib.asynccontextmanager
async def bob(url: str, key: Path) -> AsyncGenerator[NatsBus]:
    """Connect as the second person, as soon as the access service knows of him."""
    bus = await open_bus(Settings(url=url, principal="bob", key_file=key))
    yield bus
    await bus.close()
