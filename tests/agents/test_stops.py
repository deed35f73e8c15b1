"""What was stopped is confirmed once, when nothing of it runs any more, and never before."""

import asyncio
from typing import Any

import msgspec
import pytest
from tests.agents.conftest import AGENT, STEP, TASK, Peer, Thinker, within_bound

from interlock.agents import Cancelled, Context
from interlock.contracts.budget import NOTHING
from interlock.contracts.dispatch import Cancel, DoEffect, Outcome
from interlock.contracts.effect import ToolCall
from interlock.contracts.message import encode
from interlock.contracts.presence import AgentHello
from interlock.contracts.step import StepResult, StepStopped
from interlock.contracts.subjects import dispatch_subject, outcome_subject

Json = dict[str, Any]


async def look(_step: Json, ctx: Context) -> Any:
    return await ctx.tool("look")


class Clinging:
    """A handler that does not let itself be cancelled until `gate` opens."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.refused = False

    async def handle(self, _step: Json, ctx: Context) -> str:
        while not self.gate.is_set():
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                continue
        try:
            await ctx.tool("look")
        except Cancelled:
            self.refused = True
        return "done"


def stopped(peer: Peer) -> list[tuple[int, str, int]]:
    """Return which attempts the agent has confirmed, in order."""
    told = peer.said("stopped")
    assert all(isinstance(said.body, StepStopped) and said.body.stopped_us > 0 for said in told)
    return [
        (said.task, said.body.step, said.body.attempt) for said in told if isinstance(said.body, StepStopped)
    ]


@pytest.mark.parametrize(
    "scope",
    [
        ("task", str(TASK)),
        ("step", str(TASK), STEP),
        ("tenant", "acme"),
        ("agent", AGENT),
        ("role", "thinker"),
        ("fleet",),
    ],
)
async def test_a_kill_of_what_it_is_at_stops_and_is_confirmed_once(
    peer: Peer, thinker: Thinker, scope: tuple[str, ...]
) -> None:
    station = await peer.join(thinker(look))
    await peer.assign({}, tenant="acme")
    await peer.asked()
    # When it is killed
    await peer.kill(*scope)
    await peer.settle()
    # Then the step has ended, and the same attempt never begins again
    assert station.workbench.in_hand == 0
    assert await peer.assign({}, tenant="acme") == b"already"
    # And that is said once, also when the supervisor orders it too
    await peer.cancel(step=STEP, attempt=1)
    await peer.kill(*scope)
    await peer.settle()
    assert stopped(peer) == [(TASK, STEP, 1)]
    assert peer.ends.empty()


@pytest.mark.parametrize(
    "scope",
    [
        ("task", "43"),
        ("step", str(TASK), "other"),
        ("tenant", "other"),
        ("agent", "thinker-2"),
        ("role", "other"),
        ("tool", "look"),
        ("model", "offline.extractive"),
    ],
)
async def test_a_kill_of_something_else_is_nothing_to_it(
    peer: Peer, thinker: Thinker, scope: tuple[str, ...]
) -> None:
    station = await peer.join(thinker(look))
    await peer.assign({}, tenant="acme")
    await peer.kill(*scope)
    await peer.settle()
    assert station.workbench.in_hand == 1
    assert not stopped(peer)


async def test_a_handler_that_goes_on_is_not_confirmed_before_it_ends(peer: Peer, thinker: Thinker) -> None:
    # Given a handler that does not let itself be cancelled
    clinging = Clinging()
    await peer.join(thinker(clinging.handle))
    await peer.assign({})
    await peer.settle()
    # When it is killed and cancelled, again and again
    for _ in range(3):
        await peer.kill("task", str(TASK))
        await peer.cancel(step=STEP, attempt=1)
    await peer.settle()
    before = stopped(peer)
    # Then nothing is confirmed, and when it ends after all, that is, and its result is nobody's
    clinging.gate.set()
    await peer.settle()
    assert not before
    assert clinging.refused
    assert stopped(peer) == [(TASK, STEP, 1)]
    assert peer.ends.empty()


async def test_an_attempt_that_is_not_here_is_confirmed_and_never_begins(
    peer: Peer, thinker: Thinker
) -> None:
    await peer.join(thinker(look))
    # When a stop overtakes the step itself
    await peer.cancel(step=STEP, attempt=1)
    await peer.cancel(step=STEP, attempt=1)
    await peer.settle()
    # Then it is confirmed once, and the step does not begin; the next attempt does
    assert stopped(peer) == [(TASK, STEP, 1)]
    assert await peer.assign({}) == b"already"
    assert await peer.assign({}, attempt=2) == b"taken"


async def test_what_names_no_attempt_that_is_here_is_not_answered(peer: Peer, thinker: Thinker) -> None:
    await peer.join(thinker(look))
    await peer.cancel()
    await peer.cancel(step=STEP)
    await peer.kill("task", str(TASK))
    await peer.settle()
    assert not stopped(peer)


async def test_all_of_a_task_is_stopped_and_confirmed(peer: Peer, thinker: Thinker) -> None:
    await peer.join(thinker(look))
    await peer.assign({}, step="a", attempt=3)
    await peer.assign({}, step="b")
    await peer.settle()
    await peer.cancel()
    await peer.settle()
    assert sorted(stopped(peer)) == [(TASK, "a", 3), (TASK, "b", 1)]


async def test_a_result_that_waits_for_the_log_is_stopped_too(peer: Peer, thinker: Thinker) -> None:
    async def answer(_step: Json, _ctx: Context) -> str:
        return "done"

    # Given a result that the log has no room for
    await peer.join(thinker(answer))
    peer.server.full = True
    await peer.assign({})
    await peer.settle()
    # When its task is killed and there is room again
    await peer.cancel(step=STEP, attempt=1)
    await peer.settle()
    peer.server.full = False
    await within_bound(peer.stops.get())
    # Then it is confirmed as stopped, and never told
    assert stopped(peer) == [(TASK, STEP, 1)]
    assert not peer.said("result")


async def test_dropping_for_another_reason_is_no_stop(peer: Peer, thinker: Thinker) -> None:
    station = await peer.join(thinker(look))
    await peer.assign({})
    await peer.settle()
    await station.stop("the end")
    await peer.settle()
    assert not stopped(peer)


async def test_who_is_refused_stops_thinking_at_once_and_comes_back_as_another(
    peer: Peer, thinker: Thinker
) -> None:
    station = await peer.join(thinker(look), locked_out=lambda: True)
    await peer.assign({})
    await peer.asked()
    # When the connection breaks because this agent is not wanted any more
    station.lost()
    station.sweep()
    # Then it has dropped its work, long before it would give up hope
    assert station.workbench.in_hand == 0
    station.restored()
    await peer.settle()
    hellos = [said.body for said in peer.said("hello")]
    assert len({hello.incarnation for hello in hellos if isinstance(hello, AgentHello)}) == 2


async def test_effect_workers_may_say_outcomes_and_nothing_else(peer: Peer, thinker: Thinker) -> None:
    station = await peer.join(thinker(look))
    await peer.assign({})
    request = await peer.asked()
    order = DoEffect(
        task=TASK,
        step=STEP,
        attempt=1,
        effect=7,
        grant=1,
        key="k",
        agent=AGENT,
        incarnation="",
        call=ToolCall(tool="look"),
        reserved=NOTHING,
    )
    # When somebody orders something where only outcomes are said
    for said in (encode(Cancel(task=TASK)), encode(order), b"nonsense"):
        await peer.bus.send(outcome_subject(AGENT, "effects-1"), said)
    await peer.settle()
    # Then nothing follows, and an outcome is heard
    assert station.workbench.in_hand == 1
    assert not stopped(peer)
    await peer.answer(request.key, "x")
    assert isinstance(await peer.ends.get(), StepResult)


async def test_the_supervisor_says_its_outcomes_where_it_orders(peer: Peer, thinker: Thinker) -> None:
    await peer.join(thinker(look))
    await peer.assign({})
    request = await peer.asked()
    outcome = Outcome(
        task=TASK, step=STEP, key=request.key, effect=7, end="answered", value=msgspec.Raw(b'"yes"')
    )
    await peer.bus.send(dispatch_subject(AGENT), encode(outcome))
    assert isinstance(await within_bound(peer.ends.get()), StepResult)
