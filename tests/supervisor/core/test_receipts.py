"""The receipt of a kill: one for each, with what became of every effect and process, as far as was seen."""

from typing import Any

import msgspec
import pytest
from tests.supervisor.core.world import LOOK, ONE, PUT, THINK, World, all_of

from interlock.contracts import facts
from interlock.contracts.budget import Amounts
from interlock.contracts.effect import AskCall, EffectAborted, EffectCompleted, EffectFailed
from interlock.contracts.limits import MAX_RECEIPT_EFFECTS
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.scope import FLEET
from interlock.supervisor.core.evolve import evolve
from interlock.supervisor.core.limits import RECEIPT_MS

USED = Amounts(tokens=1, model_calls=1)


def at_work(*, guard: bool = False, access: bool = False) -> tuple[World, int]:
    world = World()
    world.everybody()
    if guard:
        world.guard()
    if access:
        world.access()
    return world, world.submit(plan=ONE)


def the_receipt(world: World) -> facts.Receipted:
    """Return the one receipt that was ever written."""
    found = [fact for said in world.told.values() for fact in said if isinstance(fact, facts.Receipted)]
    (receipt,) = found
    return receipt


def the_process(world: World) -> facts.ProcessReceipt:
    (process,) = the_receipt(world).processes
    return process


def test_a_kill_of_nothing_at_work_has_its_receipt_at_once() -> None:
    world = World()
    seq = world.switch("kill", "tool search", "just so")
    receipt = world.only(0, facts.Receipted)
    assert (receipt.kill, str(receipt.scope), receipt.by) == (seq, "tool search", "olga")
    assert (receipt.reason, receipt.commanded_us) == ("just so", world.now_ms * 1_000)
    assert receipt.complete
    assert (receipt.effects, receipt.processes) == ((), ())
    assert receipt.last_start_us is receipt.last_connection_us is receipt.last_exit_us is None


def test_what_waited_is_refused_and_what_was_in_flight_is_waited_for() -> None:
    # Given an effect in flight, a question, and one that waits for a worker
    world, number = at_work()
    flying = world.ask(number, "a", THINK, key="k1")
    question = world.ask(number, "a", AskCall(question="May I?"), key="k2")
    world.switch("pause", "tool search")
    waiting = world.ask(number, "a", LOOK, key="k3")
    # When the task is killed, and the agent confirms
    world.control("kill", number)
    world.stopped(number, "a", "researcher-1")
    assert not all_of(world.told, number, facts.Receipted)
    # Then the receipt is written when the worker has said what became of the one in flight
    commanded_us = world.now_ms * 1_000
    world.now_ms += 3
    grant = world.effect(number, flying).grant
    aborted = EffectAborted(
        effect=flying,
        grant=grant,
        started=True,
        reason="stop",
        used=USED,
        started_us=commanded_us - 500,
        ended_us=commanded_us + 2_000,
    )
    world.say("effects-1", "effect", "aborted", aborted, number)
    receipt = world.only(number, facts.Receipted)
    assert {one.effect: one.fate for one in receipt.effects} == {
        flying: "aborted",
        question: "refused",
        waiting: "refused",
    }
    cut = receipt.effects[0]
    assert (cut.name, cut.worker, cut.outcome) == ("model offline/x", "effects-1", world.seq)
    assert (cut.started_us, cut.ended_us, cut.task, cut.step) == (-500, 2_000, number, "a")
    assert receipt.last_start_us == -500
    assert receipt.complete


def ends(world: World, number: int, seq: int) -> dict[str, Any]:
    grant = world.effect(number, seq).grant
    at_us = world.now_ms * 1_000
    aborted: dict[str, Any] = {"effect": seq, "grant": grant, "reason": "stop", "used": USED}
    cut: dict[str, Any] = aborted | {"started": True, "started_us": at_us + 7}
    unbegun: dict[str, Any] = aborted | {"started": False}
    raw = msgspec.Raw(b"1")
    return {
        "completed": EffectCompleted(effect=seq, grant=grant, value=raw, used=USED, started_ms=world.now_ms),
        "failed after use": EffectFailed(effect=seq, grant=grant, transient=True, message="x", used=USED),
        "failed": EffectFailed(effect=seq, grant=grant, transient=True, message="429"),
        "unsure": EffectFailed(
            effect=seq, grant=grant, transient=False, message="x", used=USED, doubtful=True
        ),
        "not started": EffectAborted(**unbegun),
        "cut off": EffectAborted(**cut),
        "runs on": EffectAborted(**cut, running=True),
        "may have written": EffectAborted(**cut, doubtful=True),
    }


@pytest.mark.parametrize(
    ("call", "end", "fate", "started_us"),
    [
        (THINK, "completed", "completed", 0),
        (THINK, "failed after use", "completed", None),
        (THINK, "failed", "aborted", None),
        (THINK, "not started", "refused", None),
        (THINK, "cut off", "aborted", 7),
        (THINK, "runs on", "in_doubt", 7),
        (PUT, "completed", "completed", 0),
        (PUT, "not started", "refused", None),
        (PUT, "cut off", "in_doubt", 7),
        (PUT, "unsure", "in_doubt", None),
        (LOOK, "may have written", "in_doubt", 7),
        (LOOK, "cut off", "aborted", 7),
    ],
)
def test_the_fate_of_an_effect_is_what_its_worker_says(
    call: Any, end: str, fate: str, started_us: int | None
) -> None:
    world, number = at_work()
    seq = world.ask(number, "a", call)
    world.control("kill", number)
    world.stopped(number, "a", "researcher-1")
    body = ends(world, number, seq)[end]
    verb = {"EffectCompleted": "completed", "EffectFailed": "failed", "EffectAborted": "aborted"}
    world.say("effects-1", "effect", verb[type(body).__name__], body, number)
    (effect,) = world.only(number, facts.Receipted).effects
    assert (effect.fate, effect.started_us) == (fate, started_us)
    assert world.only(number, facts.EffectSettled).fate == fate


@pytest.mark.parametrize("call", [THINK, PUT])
def test_what_a_lost_worker_did_is_in_doubt(call: Any) -> None:
    world, number = at_work()
    world.ask(number, "a", call)
    world.control("kill", number)
    world.stopped(number, "a", "researcher-1")
    world.silence("effects-1")
    assert the_receipt(world).effects[0].fate == "in_doubt"
    assert the_receipt(world).last_start_us is None


def test_when_the_time_is_over_the_receipt_says_what_is_missing() -> None:
    world, number = at_work()
    world.ask(number, "a", PUT)
    world.control("kill", number)
    world.tick(RECEIPT_MS - 1)
    assert "Receipted" not in world.kinds(number)
    world.tick(1)
    receipt = world.only(number, facts.Receipted)
    assert not receipt.complete
    assert receipt.effects[0].fate == "in_doubt"
    assert the_process(world).fate == "unobserved"
    assert the_process(world).note == "it has not confirmed that 1 of its steps ended"
    # And what comes later changes nothing
    world.completed(number, receipt.effects[0].effect)
    world.stopped(number, "a", "researcher-1")
    the_receipt(world)


def test_an_agent_that_confirmed_has_stopped_and_lives_on() -> None:
    world, number = at_work(guard=True, access=True)
    world.control("kill", number)
    world.stopped(number, "a", "researcher-1", stopped_us=world.now_ms * 1_000 + 40)
    process = the_process(world)
    assert (process.principal, process.fate, process.stopped_us) == ("researcher-1", "stopped", 40)
    assert process.incarnation == world.state.incarnation_of("researcher-1")
    assert process.records == (world.seq,)
    assert (process.note, the_receipt(world).last_exit_us) == ("", None)


def test_a_condemned_agent_has_exited_when_its_guard_has_seen_it() -> None:
    world, number = at_work(guard=True, access=True)
    world.control("kill", number)
    world.unconfirmed("researcher-1")
    assert not all_of(world.told, number, facts.Receipted)
    world.exited("researcher-1", exited_us=world.now_ms * 1_000 + 300_000)
    process = the_process(world)
    assert (process.fate, process.exited_us, process.observers) == ("exited", 300_000, ("guard-1",))
    assert the_receipt(world).last_exit_us == 300_000
    assert the_receipt(world).complete


@pytest.mark.parametrize("scope", ["agent researcher-1", "role researcher"])
def test_a_killed_agent_is_seen_to_lose_its_connection_and_to_exit(scope: str) -> None:
    world, _ = at_work(guard=True, access=True)
    world.switch("kill", scope)
    world.disconnected("researcher-1", ended_us=world.now_ms * 1_000 + 900)
    assert not all_of(world.told, 0, facts.Receipted)
    world.exited("researcher-1", exited_us=world.now_ms * 1_000 + 4_000)
    receipt = world.only(0, facts.Receipted)
    process = the_process(world)
    assert (process.fate, process.disconnected_us, process.exited_us) == ("exited", 900, 4_000)
    assert process.observers == ("access-1", "guard-1")
    assert (receipt.last_connection_us, receipt.last_exit_us) == (900, 4_000)
    assert receipt.complete


def test_without_a_guard_nobody_claims_that_a_process_has_ended() -> None:
    world, _ = at_work(access=True)
    world.switch("kill", "agent researcher-1")
    world.disconnected("researcher-1")
    process = the_process(world)
    assert process.fate == "disconnected"
    assert process.note == "exit not observed: no guard has it in its hands"
    assert the_receipt(world).complete
    assert the_receipt(world).last_exit_us is None


def test_where_nobody_watches_the_receipt_says_so_at_once() -> None:
    world, _ = at_work()
    world.switch("kill", "agent researcher-1")
    process = the_process(world)
    assert process.fate == "unobserved"
    assert process.note == (
        "exit not observed: no guard has it in its hands; "
        "end of its connection not observed: no access service is here"
    )
    assert not the_receipt(world).complete


def test_an_exit_alone_is_complete_when_the_time_is_over() -> None:
    world, _ = at_work(guard=True, access=True)
    world.switch("kill", "agent researcher-1")
    world.exited("researcher-1")
    world.tick(RECEIPT_MS)
    process = the_process(world)
    assert (process.fate, process.note) == ("exited", "end of its connection not observed")
    assert the_receipt(world).complete


def test_an_exit_that_was_not_seen_in_time_is_not_claimed() -> None:
    world, _ = at_work(guard=True, access=True)
    world.switch("kill", "agent researcher-1")
    world.disconnected("researcher-1")
    world.tick(RECEIPT_MS)
    process = the_process(world)
    assert (process.fate, process.note) == ("disconnected", "exit not observed in time")
    assert not the_receipt(world).complete


@pytest.mark.parametrize(("pid", "told_us"), [(4, 9), (0, 9)])
def test_the_exit_of_another_life_is_not_taken_for_it(pid: int, told_us: int) -> None:
    world, _ = at_work(guard=True)
    former = world.pids["researcher-1"]
    world.agent("researcher-1")
    world.switch("kill", "agent researcher-1")
    world.exited("researcher-1", pid=pid or former, told_us=told_us)
    assert world.last == {}


def test_a_connection_that_ended_before_the_command_is_not_taken_for_it() -> None:
    world, _ = at_work(access=True)
    world.switch("kill", "agent researcher-1")
    before_us = world.now_ms * 1_000 - 1
    world.disconnected("researcher-1", kicked=False, ended_us=before_us)
    world.disconnected("researcher-1", clients=1)
    assert not all_of(world.told, 0, facts.Receipted)
    world.disconnected("researcher-1", kicked=False, ended_us=before_us + 1)
    assert the_process(world).disconnected_us == 0


def test_a_fleet_kill_answers_for_everything() -> None:
    world, number = at_work(guard=True)
    other = world.submit(plan=ONE, tenant="red")
    effects = {each: world.ask(each, "a", LOOK) for each in (number, other)}
    seq = world.control("kill", reason="stop")
    for each, effect in effects.items():
        world.aborted(each, effect, started=False)
    names = sorted(f"{role}-1" for role in ("planner", "researcher", "executor", "reviewer"))
    for name in names:
        world.exited(name)
    receipt = world.only(0, facts.Receipted)
    assert (receipt.kill, receipt.scope) == (seq, FLEET)
    assert [(one.task, one.effect) for one in receipt.effects] == sorted(effects.items())
    assert [one.principal for one in receipt.processes] == names
    # And the tasks have none of their own
    the_receipt(world)


def test_a_tenant_kill_answers_for_its_tasks_alone() -> None:
    world, number = at_work()
    other = world.submit(plan=ONE, tenant="red")
    mine, _ = (world.ask(each, "a", LOOK) for each in (number, other))
    world.switch("kill", "tenant default")
    world.aborted(number, mine, started=False)
    world.stopped(number, "a", "researcher-1")
    receipt = world.only(0, facts.Receipted)
    assert [one.effect for one in receipt.effects] == [mine]
    assert [one.fate for one in receipt.processes] == ["stopped"]


def test_a_step_kill_answers_for_its_step_alone() -> None:
    world = World()
    world.everybody()
    plan = Plan(steps=(PlannedStep(id="a", role="researcher"), PlannedStep(id="b", role="executor")))
    number = world.submit(plan=plan)
    mine, _ = (world.ask(number, name, LOOK, key=name) for name in ("a", "b"))
    world.switch("kill", f"step {number} a")
    world.stopped(number, "a", "researcher-1")
    world.aborted(number, mine, started=False)
    receipt = world.only(number, facts.Receipted)
    assert [one.effect for one in receipt.effects] == [mine]
    assert [one.principal for one in receipt.processes] == ["researcher-1"]


def test_a_tool_kill_answers_for_its_calls_alone_and_no_process() -> None:
    world, number = at_work()
    mine = world.ask(number, "a", LOOK)
    world.ask(number, "a", THINK, key="k2")
    world.switch("kill", "tool search")
    world.aborted(number, mine, started=False)
    receipt = world.only(0, facts.Receipted)
    assert [one.effect for one in receipt.effects] == [mine]
    assert receipt.processes == ()


def test_two_kills_of_the_same_have_a_receipt_each() -> None:
    world, number = at_work()
    effect = world.ask(number, "a", LOOK)
    first = world.control("kill", number)
    second = world.control("kill")
    world.aborted(number, effect, started=False)
    world.tick(RECEIPT_MS)
    receipts = {
        fact.kill: fact for said in world.told.values() for fact in said if isinstance(fact, facts.Receipted)
    }
    assert sorted(receipts) == [first, second]
    assert all([one.fate for one in receipt.effects] == ["refused"] for receipt in receipts.values())


def test_a_refused_kill_has_no_receipt() -> None:
    world, number = at_work()
    world.control("kill", number)
    world.control("kill", number)
    assert world.kinds(number) == ["Refused"]
    world.tick(RECEIPT_MS)
    the_receipt(world)


def test_a_receipt_names_so_many_and_counts_the_rest() -> None:
    world = World()
    world.agent("researcher-1")
    number = world.submit(plan=ONE)
    more = 3
    for place in range(MAX_RECEIPT_EFFECTS + more):
        world.seq += 1
        held = facts.EffectHeld(
            effect=world.seq,
            step="a",
            attempt=1,
            key=f"k{place}",
            demand=facts.Demand(kind="tool", name="search"),
            waits_for="capacity",
            reason="nobody is here",
        )
        world.state = evolve(world.state, number, held)
    world.control("kill", number)
    world.stopped(number, "a", "researcher-1")
    receipt = world.only(number, facts.Receipted)
    assert (len(receipt.effects), receipt.more_effects) == (MAX_RECEIPT_EFFECTS, more)


@pytest.mark.parametrize("scope", ["agent researcher-1", "tool search", "tenant default", "fleet"])
def test_a_crash_between_a_kill_and_what_follows_is_made_good_by_the_next_tick(scope: str) -> None:
    # Given a kill of which only the fleet's record has reached the log
    world, number = at_work()
    world.control("pause", number)
    held = world.ask(number, "a", LOOK)
    world.switch("kill", scope)
    world.unreceipted.add(world.seq)
    world.crash_after(1)
    # When time passes
    world.tick(250)
    # Then it is carried out: what waited is over, and once its agent has confirmed, the receipt says so
    effect = world.task(number).effects.get(held)
    assert effect is None or effect.state in {"denied", "aborted"}
    if scope == "tenant default":
        world.stopped(number, "a", "researcher-1")
    assert [one.fate for one in world.only(0, facts.Receipted).effects] == ["refused"]


def test_what_may_have_begun_under_an_earlier_grant_is_in_doubt() -> None:
    # Given an effect that was lost with its worker, and waits for another
    world, number = at_work()
    world.ask(number, "a", THINK)
    world.silence("effects-1")
    # When its task is killed
    world.control("kill", number)
    world.stopped(number, "a", "researcher-1")
    # Then nobody claims that it never began
    assert world.only(number, facts.Receipted).effects[0].fate == "in_doubt"
