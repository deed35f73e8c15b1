"""An effect is asked for until its outcome comes, under one key, whatever gets lost on the way."""

import asyncio
from typing import Any

import msgspec
from tests.agents.conftest import STEP, Peer, Thinker, within_bound

from interlock.agents import Context
from interlock.contracts.effect import EffectRequest
from interlock.contracts.step import StepFailure, StepResult

Json = dict[str, Any]


async def look_twice(_step: Json, ctx: Context) -> list[Any]:
    first, second = await asyncio.gather(ctx.tool("look", query="a"), ctx.tool("look", query="b"))
    third = await ctx.tool("look", query=first)
    return [first, second, third]


def value_of(end: StepResult | StepFailure) -> Any:
    assert isinstance(end, StepResult), end
    return msgspec.json.decode(end.value)


def keys_said(peer: Peer) -> list[str]:
    return [said.body.key for said in peer.said("effect") if isinstance(said.body, EffectRequest)]


async def test_a_replaced_agent_asks_the_same_keys_and_gets_what_was_recorded(
    peer: Peer, thinker: Thinker
) -> None:
    # Given an attempt that died after its first calls were answered
    station = await peer.join(thinker(look_twice))
    await peer.assign({})
    recorded: dict[str, str] = {}
    for value in ("x", "y"):
        request = await peer.asked()
        recorded[request.key] = value
        await peer.answer(request.key, value)
    third = await peer.asked()
    await station.stop("it died")
    # When another process runs the same code, and the supervisor answers what is recorded
    await peer.join(thinker(look_twice))
    await peer.assign({}, attempt=2)
    for _ in range(2):
        request = await peer.asked()
        await peer.answer(request.key, recorded.pop(request.key))
    # Then it goes on at the very call at which the other stopped
    again = await peer.asked()
    assert (again.key, again.attempt) == (third.key, 2)
    await peer.answer(again.key, "z")
    end = await peer.ends.get()
    assert isinstance(end, StepResult)
    assert msgspec.json.decode(end.value) == ["x", "y", "z"]


async def test_an_outcome_that_comes_before_its_question_is_kept(peer: Peer, thinker: Thinker) -> None:
    # Given the key of a call, from an earlier run
    await peer.join(thinker(look_twice))
    await peer.assign({}, step="other")
    first, second = await peer.asked(), await peer.asked()
    for request in (first, second):
        await peer.answer(request.key, "x", step="other")
    third = await peer.asked()
    # When its outcome arrives ahead of the call
    await peer.assign({})
    await peer.asked()
    await peer.asked()
    await peer.answer(third.key, "early")
    await peer.answer(first.key, "x")
    await peer.answer(second.key, "y")
    # Then the call is answered from it, and never made
    end = await peer.ends.get()
    assert isinstance(end, StepResult)
    assert msgspec.json.decode(end.value) == ["x", "y", "early"]
    assert keys_said(peer).count(third.key) == 1


async def test_an_outcome_that_comes_twice_counts_once(peer: Peer, thinker: Thinker) -> None:
    await peer.join(thinker(look_twice))
    await peer.assign({})
    first, second = await peer.asked(), await peer.asked()
    for value in ("x", "other"):
        await peer.answer(first.key, value)
    await peer.answer(second.key, "y")
    await peer.answer((await peer.asked()).key, "z")
    end = await peer.ends.get()
    assert isinstance(end, StepResult)
    assert msgspec.json.decode(end.value) == ["x", "y", "z"]


async def test_what_is_not_answered_is_asked_again_with_the_same_key(peer: Peer, thinker: Thinker) -> None:
    # Given two calls without an outcome
    station = await peer.join(thinker(look_twice))
    await peer.assign({})
    asked = [(await peer.asked()).key, (await peer.asked()).key]
    # When less than 10 s pass, nothing is said again; after that it is, and then after 30 s
    for seconds, times in ((9.0, 1), (2.0, 2), (15.0, 2), (16.0, 3)):
        peer.clock.seconds += seconds
        station.sweep()
        assert keys_said(peer) == asked * times
    # And the outcome still counts, once
    await peer.answer(asked[0], "x")
    await peer.answer(asked[1], "y")
    await peer.settle()
    assert len(set(keys_said(peer))) == 3


async def test_a_long_wait_is_asked_about_more_and_more_seldom(peer: Peer, thinker: Thinker) -> None:
    station = await peer.join(thinker(look_twice))
    await peer.assign({})
    for _ in range(24 * 60):
        peer.clock.seconds += 60
        station.sweep()
    # A day's wait of two calls costs the log some hundreds of records, not thousands
    assert 2 * 60 < len(keys_said(peer)) < 2 * 300


async def test_a_person_may_take_months(peer: Peer, thinker: Thinker) -> None:
    # Given an agent that waits for somebody, for half a year
    station = await peer.join(thinker(look_twice))
    await peer.assign({})
    first = await peer.asked()
    for _ in range(24 * 180):
        peer.clock.seconds += 3_600
        station.sweep()
    # Then it still waits, and has asked seldom enough
    assert peer.ends.empty()
    assert len(keys_said(peer)) < 2 * 600
    # And the answer counts
    await peer.answer(first.key, "a")
    await peer.settle()
    assert station.workbench.in_hand == 1


async def test_nobody_waits_for_ever(peer: Peer, thinker: Thinker) -> None:
    station = await peer.join(thinker(look_twice))
    await peer.assign({})
    await peer.asked()
    peer.clock.seconds += 366 * 86_400
    station.sweep()
    end = await peer.ends.get()
    assert isinstance(end, StepFailure)
    assert end.kind == "transient"


async def test_a_restored_connection_asks_at_once_for_what_may_have_passed_by(
    peer: Peer, thinker: Thinker
) -> None:
    station = await peer.join(thinker(look_twice))
    await peer.assign({})
    asked = [(await peer.asked()).key, (await peer.asked()).key]
    station.lost()
    station.restored()
    assert keys_said(peer) == asked * 2
    # And again after the first wait, as for a new call: the effect may have ended while nobody heard
    peer.clock.seconds += 10.5
    station.sweep()
    assert keys_said(peer) == asked * 3


async def test_a_full_log_delays_a_call_and_does_not_fail_it(peer: Peer, thinker: Thinker) -> None:
    # Given a log that takes nothing more
    station = await peer.join(thinker(look_twice))
    peer.server.full = True
    await peer.assign({})
    await peer.settle()
    assert not keys_said(peer)
    # When there is room again
    peer.server.full = False
    peer.clock.seconds += 1.5
    station.sweep()
    # Then the call is made
    assert len(keys_said(peer)) == 2


async def test_a_call_that_the_server_forbids_fails(peer: Peer, thinker: Thinker) -> None:
    await peer.join(thinker(look_twice))
    peer.server.forbidden = ".effect."
    end = await peer.work({})
    assert isinstance(end, StepFailure)
    assert (end.kind, "may publish" in end.message) == ("permanent", True)


async def test_a_step_that_is_taken_away_while_people_are_asked_frees_its_hand_and_goes_on_later(
    peer: Peer, thinker: Thinker
) -> None:
    # Given an agent that has looked, and pays only when somebody agrees
    async def handle(step: Json, ctx: Context) -> Any:
        looked = await ctx.tool("look", step=step["name"])
        return [looked, await ctx.tool("pay") if step["name"] == "pays" else None]

    station = await peer.join(thinker(handle))
    await peer.assign({"name": "pays"})
    await peer.answer((await peer.asked()).key, "a bill")
    waiting = await peer.asked()
    # When the step is taken away, as while people are asked
    await peer.cancel(step=STEP, attempt=1, reason="people are asked")
    await within_bound(peer.stops.get())
    assert station.workbench.in_hand == 0
    # Then the agent does something else meanwhile
    await peer.assign({"name": "other"}, step="other")
    await peer.answer((await peer.asked()).key, "a tree", step="other")
    assert value_of(await within_bound(peer.ends.get())) == ["a tree", None]
    # And when it has the step again, it asks by the same keys, and is told what was recorded
    assert await peer.assign({"name": "pays"}, attempt=2) == b"taken"
    again = await peer.asked()
    assert again.attempt == 2
    await peer.answer(again.key, "a bill")
    assert (await peer.asked()).key == waiting.key
    await peer.answer(waiting.key, "paid")
    assert value_of(await within_bound(peer.ends.get())) == ["a bill", "paid"]
