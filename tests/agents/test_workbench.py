"""A dispatch is taken once; what was cancelled, killed or outlived is dropped and never heard of again."""

import asyncio
from typing import Any

import msgspec
import pytest
from tests.agents.conftest import STEP, TASK, Peer, Thinker

from interlock.agents import Cancelled, Context, EffectFailed
from interlock.contracts.presence import AgentHello, Bye
from interlock.contracts.step import StepFailure, StepResult

Json = dict[str, Any]


async def look(_step: Json, ctx: Context) -> Any:
    return await ctx.tool("look")


async def test_a_dispatch_is_taken_once_while_it_is_worked_on_and_after(peer: Peer, thinker: Thinker) -> None:
    await peer.join(thinker(look))
    assert await peer.assign({}) == b"taken"
    assert await peer.assign({}) == b"already"
    await peer.answer((await peer.asked()).key, "x")
    await peer.ends.get()
    assert await peer.assign({}) == b"already"
    await peer.settle()
    assert [len(peer.said(verb)) for verb in ("effect", "result")] == [1, 1]


async def test_a_newer_attempt_replaces_an_older_one_and_not_the_other_way_round(
    peer: Peer, thinker: Thinker
) -> None:
    await peer.join(thinker(look))
    assert await peer.assign({}, attempt=2) == b"taken"
    assert await peer.assign({}, attempt=1) == b"already"
    assert await peer.assign({}, attempt=3) == b"taken"
    await peer.settle()
    await peer.answer((await peer.asked()).key, "x")
    end = await peer.ends.get()
    assert end.attempt == 3
    await peer.settle()
    assert peer.ends.empty()


async def test_more_than_the_capacity_is_not_taken(peer: Peer, thinker: Thinker) -> None:
    await peer.join(thinker(look))
    assert await peer.assign({}, step="a") == b"taken"
    assert await peer.assign({}, step="b") == b"taken"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await peer.assign({}, step="c")
    await peer.cancel(step="a")
    assert await peer.assign({}, step="c") == b"taken"


async def test_two_steps_at_once_do_not_mix(peer: Peer, thinker: Thinker) -> None:
    await peer.join(thinker(look))
    await peer.assign({}, task=1)
    await peer.assign({}, task=2)
    first, second = await peer.asked(), await peer.asked()
    assert first.key == second.key
    await peer.answer(second.key, "two", task=2)
    await peer.answer(first.key, "one", task=1)
    await peer.ends.get()
    await peer.ends.get()
    told = {said.task: said.body for said in peer.said("result")}
    assert {task: bytes(body.value) for task, body in told.items() if isinstance(body, StepResult)} == {
        1: b'"one"',
        2: b'"two"',
    }


@pytest.mark.parametrize("scope", [("task", str(TASK)), ("fleet",)])
async def test_a_kill_drops_the_step_at_once(peer: Peer, thinker: Thinker, scope: tuple[str, ...]) -> None:
    station = await peer.join(thinker(look))
    await peer.assign({})
    request = await peer.asked()
    await peer.kill(*scope)
    await peer.settle()
    assert station.workbench.in_hand == 0
    await peer.answer(request.key, "late")
    await peer.settle()
    assert peer.ends.empty()


async def test_a_handler_that_waits_for_something_of_its_own_is_stopped_too(
    peer: Peer, thinker: Thinker
) -> None:
    stopped: list[str] = []

    async def wait(_step: Json, ctx: Context) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(ctx.step)
        return "done"

    await peer.join(thinker(wait))
    await peer.assign({})
    await peer.settle()
    await peer.kill("fleet")
    await peer.settle()
    assert stopped == [STEP]
    assert peer.ends.empty()


async def test_a_kill_of_another_task_and_a_pause_change_nothing(peer: Peer, thinker: Thinker) -> None:
    station = await peer.join(thinker(look))
    await peer.assign({})
    await peer.kill("task", "43")
    await peer.bus.send(f"interlock.in.olga.control.pause.task.{TASK}", b"{}")
    await peer.bus.send(
        f"interlock.in.olga.control.kill.task.{TASK}", b"this is no kill, and will be refused"
    )
    await peer.settle()
    assert station.workbench.in_hand == 1
    await peer.answer((await peer.asked()).key, "x")
    assert isinstance(await peer.ends.get(), StepResult)


@pytest.mark.parametrize(
    ("fields", "left"),
    [({}, 0), ({"step": STEP}, 0), ({"attempt": 1}, 0), ({"step": "s2"}, 1), ({"attempt": 2}, 1)],
)
async def test_a_cancel_drops_what_it_names(peer: Peer, thinker: Thinker, fields: Json, left: int) -> None:
    station = await peer.join(thinker(look))
    await peer.assign({})
    await peer.cancel(**fields)
    await peer.settle()
    assert station.workbench.in_hand == left


async def test_a_handler_that_clings_to_a_dropped_step_can_do_nothing_more(
    peer: Peer, thinker: Thinker
) -> None:
    # Given a handler that does not let itself be cancelled
    caught: list[BaseException] = []

    async def cling(_step: Json, ctx: Context) -> str:
        try:
            await ctx.tool("look")
        except asyncio.CancelledError as error:
            caught.append(error)
        try:
            await ctx.tool("look")
        except Cancelled as error:
            caught.append(error)
            raise
        return "done"

    await peer.join(thinker(cling))
    await peer.assign({})
    await peer.asked()
    # When the step is taken away and given back as a new attempt
    await peer.cancel()
    await peer.assign({}, attempt=2)
    await peer.settle()
    # Then its next call is refused, nothing is published, and the new attempt is untouched
    assert [type(error) for error in caught] == [asyncio.CancelledError, Cancelled]
    assert peer.ends.empty()
    assert len(peer.said("effect")) == 2


async def test_a_handler_that_cancels_itself_is_a_failure_that_may_pass(peer: Peer, thinker: Thinker) -> None:
    async def give_up(_step: Json, _ctx: Context) -> str:
        raise asyncio.CancelledError

    station = await peer.join(thinker(give_up))
    end = await peer.work({})
    assert isinstance(end, StepFailure)
    assert end.kind == "transient"
    assert station.workbench.in_hand == 0


async def test_an_unknown_error_may_pass_and_a_denied_effect_may_not(peer: Peer, thinker: Thinker) -> None:
    async def stumble(step: Json, ctx: Context) -> str:
        if step.get("ask"):
            await ctx.tool("look")
        if step.get("fail"):
            raise EffectFailed("the line is busy", transient=True)
        raise RuntimeError("stumbled")

    await peer.join(thinker(stumble))
    raised = await peer.work({}, step="a")
    assert isinstance(raised, StepFailure)
    assert (raised.kind, raised.message) == ("transient", "RuntimeError: stumbled")
    failed = await peer.work({"fail": True}, step="b")
    assert isinstance(failed, StepFailure)
    assert (failed.kind, failed.message) == ("transient", "the line is busy")
    await peer.assign({"ask": True}, step="c")
    await peer.answer((await peer.asked()).key, None, "denied", step="c", message="not in its charter")
    denied = await peer.ends.get()
    assert isinstance(denied, StepFailure)
    assert (denied.kind, denied.message) == ("permanent", "look: not in its charter")


async def test_hello_says_who_it_is_and_what_it_takes(peer: Peer, thinker: Thinker) -> None:
    class City(msgspec.Struct):
        name: str

    async def name(step: City, _ctx: Context) -> str:
        return step.name

    station = await peer.join(thinker(name))
    await station.stop("told to")
    hello, bye = peer.said("hello")[0].body, peer.said("bye")[0].body
    assert isinstance(hello, AgentHello)
    assert isinstance(bye, Bye)
    assert (hello.charter.role, hello.capacity) == ("thinker", 2)
    assert hello.input_schema["required"] == ["name"]
    assert hello.output_schema == {"type": "string"}
    assert (bye.incarnation, bye.reason) == (hello.incarnation, "told to")


def incarnations(peer: Peer) -> list[str]:
    return [said.body.incarnation for said in peer.said("hello") if isinstance(said.body, AgentHello)]


async def test_a_short_break_of_the_bus_changes_nothing_but_a_second_hello(
    peer: Peer, thinker: Thinker
) -> None:
    station = await peer.join(thinker(look))
    await peer.assign({})
    station.lost()
    peer.clock.seconds += 2
    station.sweep()
    station.restored()
    await peer.settle()
    assert station.workbench.in_hand == 1
    assert len(incarnations(peer)) == 2
    assert len(set(incarnations(peer))) == 1


async def test_a_long_break_ends_the_thinking_and_brings_a_new_incarnation(
    peer: Peer, thinker: Thinker
) -> None:
    station = await peer.join(thinker(look))
    await peer.assign({})
    station.lost()
    for _ in range(6):
        peer.clock.seconds += 1
        station.sweep()
    assert station.workbench.in_hand == 0
    station.restored()
    await peer.settle()
    assert len(set(incarnations(peer))) == 2


async def test_an_agent_that_was_too_busy_to_beat_says_hello_again(peer: Peer, thinker: Thinker) -> None:
    station = await peer.join(thinker(look))
    peer.clock.seconds += 4
    station.sweep()
    await peer.settle()
    assert len(incarnations(peer)) == 2


@pytest.mark.parametrize(
    "data", [b"", b"nonsense", b'{"do":"step"}', b'{"do":"dance"}', b"\xff", b"[" * 5_000]
)
async def test_a_malformed_dispatch_harms_nothing(peer: Peer, thinker: Thinker, data: bytes) -> None:
    await peer.join(thinker(look))
    await peer.bus.send("interlock.do.thinker-1", data)
    assert await peer.assign({}) == b"taken"


async def test_stopping_drops_the_work_without_a_word_about_it(peer: Peer, thinker: Thinker) -> None:
    station = await peer.join(thinker(look))
    await peer.assign({})
    await peer.asked()
    await station.stop("told to")
    await peer.settle()
    assert peer.ends.empty()
    assert len(peer.said("bye")) == 1
