"""What the shell makes of a kill: who is told to stop, who is given up, which grants are taken back."""

# pyright: reportPrivateUsage=false

from typing import Any

import msgspec
import pytest
from tests.supervisor.core.world import LOOK, ONE, World
from tests.supervisor.stage import Agent, EffectWorker, Stage

from interlock.bus.clock import now_ms
from interlock.bus.presence import Beater
from interlock.contracts import facts
from interlock.contracts.control import Control
from interlock.contracts.decision import Decision
from interlock.contracts.dispatch import Cancel, Dispatch, DoEffect
from interlock.contracts.effect import EffectRequest
from interlock.contracts.message import Message, decode
from interlock.contracts.presence import Beat
from interlock.contracts.subjects import LEADS
from interlock.supervisor import lead_beat, strangers
from interlock.supervisor.core.limits import GRACE_MS
from interlock.supervisor.records import Records
from interlock.supervisor.telling import Telling


async def at_work(stage: Stage, *, confirms: bool, agents: int = 1) -> tuple[int, Agent]:
    """Let an agent have a step in hand that it does not finish."""
    supervisor, _, _ = stage.supervise()
    await stage.leader(supervisor)
    researcher = Agent(stage.server, "researcher-1", ())
    researcher.confirms = confirms
    researcher.may_go_on.clear()
    await stage.join(researcher)
    task = await stage.submit(ONE, review=False)
    await stage.until(lambda: researcher.attempts)
    for number in range(2, agents + 1):
        await stage.join(Agent(stage.server, f"researcher-{number}", ()))
    return task, researcher


async def kill(stage: Stage, *scope: str | int) -> int:
    return await stage.operator.say("control", "kill", Control(reason="stop"), *scope)


async def test_an_agent_is_told_to_stop_what_was_killed_and_confirms(stage: Stage) -> None:
    task, _ = await at_work(stage, confirms=True)
    seq = await kill(stage, "task", task)
    await stage.until(lambda: stage.told(task, facts.Receipted))
    (stopped,) = stage.told(task, facts.StepStopped)
    (receipt,) = stage.told(task, facts.Receipted)
    assert stopped.principal == "researcher-1"
    assert (receipt.kill, receipt.complete) == (seq, True)
    assert not stage.told(0, facts.AgentCondemned)


@pytest.mark.parametrize("scope", ["task", "step"])
async def test_an_agent_that_does_not_confirm_is_condemned_when_the_time_is_over(
    stage: Stage, scope: str
) -> None:
    # Given an agent that never confirms, and has another step in hand
    task, _ = await at_work(stage, confirms=False)
    other = await stage.submit(ONE, review=False)
    await stage.until(lambda: stage.told(other, facts.StepAssigned))
    await stage.join(Agent(stage.server, "researcher-2", ()))
    # When its work is killed
    began_ms = now_ms()
    await kill(stage, scope, task, *(("a",) if scope == "step" else ()))
    await stage.until(lambda: stage.told(0, facts.AgentCondemned))
    # Then it is given up, but not before its time was over, and the other step goes to another agent
    assert now_ms() - began_ms >= GRACE_MS - 1
    (condemned,) = [d for d in stage.decisions(0) if d.observed]
    assert condemned.observed == "unconfirmed:researcher-1"
    await stage.completed(other)


@pytest.mark.parametrize("scope", ["tool.search", "role.researcher", "agent.researcher-1", "fleet"])
async def test_what_is_in_flight_is_taken_back(stage: Stage, scope: str) -> None:
    # Given a call that its worker has in hand
    supervisor, _, _ = stage.supervise()
    await stage.leader(supervisor)
    worker = EffectWorker(stage.server)
    worker.may_go_on.clear()
    await stage.join(worker)
    await stage.join(Agent(stage.server, "researcher-1", (LOOK,)))
    await stage.submit(ONE, review=False)
    await stage.until(lambda: worker.taken)
    # When what it is done with, by or for is killed, then its grant is withdrawn
    await kill(stage, *scope.split("."))
    await stage.until(lambda: worker.withdrawn)
    assert worker.withdrawn == [(worker.taken[0].effect, worker.taken[0].grant)]


async def test_a_grant_says_which_input_was_looked_at_last(stage: Stage) -> None:
    supervisor, _, _ = stage.supervise()
    await stage.leader(supervisor)
    worker = await stage.cast(calls=(LOOK,))
    task = await stage.submit(ONE, review=False)
    await stage.completed(task)
    (order,) = worker.taken
    granted = next(d for d in stage.decisions(task) if isinstance(d.facts[0], facts.EffectGranted))
    # It is the request itself, or what was decided about before the grant was durable
    assert granted.cause <= order.as_of <= len(stage.server.records)


class Told:
    """Takes down what would be dispatched."""

    def __init__(self) -> None:
        self.orders: dict[str, Dispatch] = {}

    def send(self, key: str, _principal: str, data: bytes) -> None:
        self.orders[key] = msgspec.json.decode(data, type=Dispatch)

    def forget(self, key: str) -> None:
        self.orders.pop(key, None)


@pytest.mark.parametrize("scope", ["tool search", "agent researcher-1"])
async def test_a_grant_that_becomes_durable_after_its_kill_was_decided_is_not_told(
    stage: Stage, scope: str
) -> None:
    # Given a grant, and a kill that was decided before the grant's record was durable
    world = World()
    world.everybody()
    number = world.submit(plan=ONE)
    effect = world.ask(number, "a", LOOK)
    granted = world.only(number, facts.EffectGranted)
    kill_seq = world.switch("kill", scope)
    told = Told()
    records = Records(stage.operator.bus)
    records._bodies[effect] = EffectRequest(step="a", attempt=1, key="k1", call=LOOK)
    dispatcher: Any = told
    telling = Telling(dispatcher, records, state=lambda: world.state, as_of=lambda: kill_seq)
    # When it is durable
    telling.committed(Decision(task=number, cause=effect, at_ms=1, by="s", facts=(granted,)))
    # Then its worker is told that it is taken back, and never that it may begin
    assert [type(order) for order in told.orders.values()] == [Cancel]


async def test_an_order_is_not_repeated_whose_outcome_waits_behind_the_end_of_its_task(stage: Stage) -> None:
    # Given an order that its worker was told
    world = World()
    world.everybody()
    number = world.submit(plan=ONE)
    effect = world.ask(number, "a", LOOK)
    granted = world.only(number, facts.EffectGranted)
    told = Told()
    records = Records(stage.operator.bus)
    records._bodies[effect] = EffectRequest(step="a", attempt=1, key="k1", call=LOOK)
    dispatcher: Any = told
    telling = Telling(dispatcher, records, state=lambda: world.state, as_of=lambda: effect)
    telling.committed(Decision(task=number, cause=effect, at_ms=1, by="s", facts=(granted,)))
    assert [type(order) for order in told.orders.values()] == [DoEffect]
    # When its task is killed, and its outcome is decided about before the kill is durable
    before = world.task(number)
    world.control("kill", number)
    world.completed(number, effect)
    telling.decided(world.said(number))
    telling.cancel_all(before, "it has ended")
    # Then nobody is told to begin any more
    assert {type(order) for order in told.orders.values()} == {Cancel}


async def test_the_one_that_leads_shows_that_it_does(stage: Stage) -> None:
    heard: list[tuple[str, str]] = []

    def hear(message: Any) -> None:
        heard.append((message.subject, decode(Beat, message.data).incarnation))

    await stage.operator.bus.listen(LEADS, hear)
    first, _, running = stage.supervise()
    await stage.leader(first)
    second, _, _ = stage.supervise("supervisor-2")
    await stage.until(lambda: heard)
    await stage.several_turns()
    assert {subject for subject, _ in heard} == {"interlock.lead.supervisor-1"}
    # And when it is gone, the other one does
    running.cancel()
    await stage.leader(second)
    await stage.until(lambda: heard[-1][0] == "interlock.lead.supervisor-2")
    assert len({life for _, life in heard}) == 2


async def test_a_new_effect_worker_need_not_wait_for_the_next_beat(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a leader that has just beaten, and will not again for a long time
    monkeypatch.setattr(lead_beat, "LEAD_BEAT_S", 3_600)
    heard: list[Message] = []
    await stage.operator.bus.listen(LEADS, heard.append)  # type: ignore[arg-type]  # any message
    supervisor, _, _ = stage.supervise()
    await stage.leader(supervisor)
    await stage.until(lambda: heard)
    heard.clear()
    # When a worker joins
    await stage.join(EffectWorker(stage.server))
    # Then it hears at once that somebody leads
    await stage.until(lambda: heard)


async def test_a_supervisor_that_nobody_hears_does_not_say_that_it_leads(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lead_beat, "LEAD_BEAT_S", 0.01)
    supervisor, _, _ = stage.supervise()
    leader = await stage.leader(supervisor)
    heard: list[Message] = []
    await stage.operator.bus.listen(LEADS, heard.append)  # type: ignore[arg-type]  # any message
    await stage.until(lambda: len(heard) > 2)
    # When its own beats do not come back, and it would have beaten again and again
    asked = 0

    def sure(_self: object) -> bool:
        nonlocal asked
        asked += 1
        return False

    monkeypatch.setattr(type(leader._pulse), "sure", property(sure))
    heard.clear()
    await stage.until(lambda: asked > 10)
    # Then it says nothing
    assert not heard


async def test_an_agent_that_is_killed_and_beats_on_is_not_refused_again_and_again_but_comes_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a killed agent that goes on beating
    monkeypatch.setattr(strangers, "STRANGE_MS", 5)
    supervisor, _, _ = stage.supervise()
    leader = await stage.leader(supervisor)
    await stage.join(Agent(stage.server, "researcher-1", ()))
    await stage.until(lambda: "researcher-1" in supervisor.state.agents)
    looked = 0
    back = leader._strangers._back

    def count(hello: Any) -> None:
        nonlocal looked
        looked += 1
        back(hello)

    monkeypatch.setattr(leader._strangers, "_back", count)
    await kill(stage, "agent", "researcher-1")
    await stage.until(lambda: stage.told(0, facts.Left))
    beater = Beater(stage.agent("researcher-1").bus, "researcher-1", lambda: b"{}", every_s=0.01)
    await beater.start()
    # Then it is looked up, and nothing is said
    await stage.until(lambda: looked > 3)
    assert not stage.told(0, facts.Refused)
    # And when it is let go on, it is there again without having said hello
    await stage.operator.say("control", "resume", Control(), "agent", "researcher-1")
    await stage.until(lambda: "researcher-1" in supervisor.state.agents)
    await beater.stop()
