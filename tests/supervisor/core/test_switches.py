"""Switches over agents, roles, tools, models, tenants and steps: what stands still, and what goes on."""

import pytest
from tests.supervisor.core.world import COUNTING, LOOK, MODEL, ONE, PUT, THINK, TOOLS, World, all_of

from interlock.contracts import facts
from interlock.contracts.effect import ModelCall
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.scope import Scope

TWO = Plan(steps=(PlannedStep(id="a", role="researcher"), PlannedStep(id="b", role="researcher")))
STEP_SCOPES = ("agent researcher-1", "role researcher", "tenant default")
EFFECT_SCOPES = (*STEP_SCOPES, "step {task} a", "tool search")


def at_work(plan: Plan = ONE) -> tuple[World, int]:
    world = World()
    world.everybody()
    return world, world.submit(plan=plan)


def over(scope: str, number: int) -> str:
    return scope.format(task=number)


@pytest.mark.parametrize("scope", STEP_SCOPES)
def test_nothing_is_assigned_in_a_paused_scope_until_it_is_resumed(scope: str) -> None:
    world, _ = at_work()
    world.switch("pause", scope, "lunch")
    assert world.only(0, facts.Switched).reason == "lunch"
    waiting = world.submit(plan=ONE)
    world.tick(1_000)
    assert world.step(waiting, "a").state == "ready"
    world.switch("resume", scope)
    assert world.only(waiting, facts.StepAssigned).principal == "researcher-1"


def test_a_step_that_is_paused_lets_the_others_of_its_line_pass() -> None:
    # Given two steps that wait for an agent, the first of them paused
    world = World()
    number = world.submit(plan=TWO)
    world.switch("pause", f"step {number} a")
    # When the agent comes, then it gets the other one
    world.agent("researcher-1", capacity=1)
    assert world.only(number, facts.StepAssigned).step == "b"
    world.result(number, "b")
    assert world.step(number, "a").state == "ready"
    world.switch("resume", f"step {number} a")
    assert world.only(number, facts.StepAssigned).step == "a"


@pytest.mark.parametrize("scope", EFFECT_SCOPES)
def test_nothing_is_granted_in_a_paused_scope_and_what_is_in_flight_may_end(scope: str) -> None:
    world, number = at_work()
    flying = world.ask(number, "a", LOOK, key="k1")
    world.switch("pause", over(scope, number))
    held = world.ask(number, "a", LOOK, key="k2")
    assert world.only(number, facts.EffectHeld).waits_for == "switch"
    assert "is paused" in world.only(number, facts.EffectHeld).reason
    world.completed(number, flying)
    assert world.kinds(number) == ["EffectSettled"]
    world.switch("resume", over(scope, number))
    assert world.only(number, facts.EffectGranted).effect == held


def test_a_switch_is_over_whom_it_names_and_nobody_else() -> None:
    world, number = at_work()
    for scope in ("agent researcher-2", "role executor", "tenant red", "tool write_file", "model no/*"):
        world.switch("pause", scope)
    for key, call in (("k1", LOOK), ("k2", THINK)):
        world.ask(number, "a", call, key=key)
        assert world.kinds(number) == ["EffectGranted"]


def test_a_pattern_is_over_every_model_that_it_fits() -> None:
    world, number = at_work()
    world.worker(models=(MODEL, COUNTING))
    world.switch("kill", "model offline/c*")
    named = ModelCall(purpose="p", prompt="p", model=COUNTING.model, max_output_tokens=10)
    world.ask(number, "a", named)
    assert world.only(number, facts.EffectDenied).rule == "switch"
    world.ask(number, "a", THINK, key="k2")
    assert world.kinds(number) == ["EffectGranted"]


@pytest.mark.parametrize(("verb", "came_of_it"), [("kill", "EffectDenied"), ("pause", "EffectHeld")])
def test_a_call_that_leaves_its_model_open_is_judged_by_the_one_it_would_get(
    verb: str, came_of_it: str
) -> None:
    world, number = at_work()
    world.switch(verb, f"model {MODEL.model}")
    world.ask(number, "a", THINK)
    assert world.kinds(number) == [came_of_it]


def test_a_drained_tool_does_what_was_asked_for_and_nothing_new() -> None:
    # Given one call in flight, and one that waits for a worker's hand
    world = World()
    world.agent("researcher-1")
    world.worker(capacity=1)
    number = world.submit(plan=ONE)
    flying, waiting = (world.ask(number, "a", LOOK, key=f"k{n}") for n in (1, 2))
    world.switch("drain", "tool search")
    # Then a new one is denied, and those go on
    world.ask(number, "a", LOOK, key="k3")
    assert world.only(number, facts.EffectDenied).rule == "switch"
    world.completed(number, flying)
    assert world.only(number, facts.EffectGranted).effect == waiting


@pytest.mark.parametrize("scope", ["agent researcher-1", "role researcher", "step {task} b"])
def test_a_drained_scope_gets_no_new_step_and_goes_on_with_those_in_hand(scope: str) -> None:
    world = World()
    world.agent("researcher-1", capacity=1)
    world.worker()
    number = world.submit(plan=TWO)
    world.switch("drain", over(scope, number))
    world.ask(number, "a", LOOK)
    assert world.kinds(number) == ["EffectGranted"]
    world.result(number, "a")
    assert world.kinds(number) == ["StepCompleted"]
    assert world.step(number, "b").state == "ready"


def test_a_drained_tenant_takes_nothing_new_and_finishes_what_it_has() -> None:
    world, number = at_work()
    world.switch("drain", "tenant default")
    rejected = world.only(world.submit(), facts.Rejected)
    assert rejected.reason.startswith("the tenant default is draining")
    assert "interlock resume tenant default" in rejected.reason
    assert world.kinds(world.submit(tenant="red"))[0] == "Accepted"
    world.result(number, "a")
    world.verdict(number, "approve")
    assert world.task(number).phase == "completed"


def test_the_clocks_of_a_paused_tenant_stand_still_and_deadlines_move() -> None:
    world, number = at_work()
    deadline_ms = world.step(number, "a").deadline_ms
    world.switch("pause", "tenant default")
    spent = world.task(number).account.wall_ms(world.now_ms)
    world.tick(10_000)
    assert world.task(number).account.wall_ms(world.now_ms) == spent
    # And a task that comes meanwhile does not begin to count
    other = world.submit(plan=ONE)
    assert not world.task(other).account.clocks
    world.switch("resume", "tenant default")
    assert world.step(number, "a").deadline_ms == deadline_ms + 10_000


def test_a_task_stands_still_as_long_as_anything_stops_it() -> None:
    world, number = at_work()
    world.control("pause")
    world.switch("pause", "tenant default")
    world.control("pause", number)
    for scope in ("fleet", f"task {number}"):
        world.switch("resume", scope)
        assert not world.task(number).account.clocks
    world.switch("resume", "tenant default")
    assert world.task(number).account.clocks


def test_a_killed_tool_is_denied_and_what_waited_for_it_too() -> None:
    world = World()
    world.agent("researcher-1")
    world.worker(capacity=1)
    number = world.submit(plan=ONE)
    flying, waiting = (world.ask(number, "a", LOOK, key=f"k{n}") for n in (1, 2))
    world.switch("kill", "tool search", "it deletes things")
    denied = world.only(number, facts.EffectDenied)
    assert (denied.effect, denied.rule) == (waiting, "switch")
    assert denied.reason == "tool search is killed, by olga: it deletes things"
    world.ask(number, "a", LOOK, key="k3")
    assert world.kinds(number) == ["EffectDenied"]
    # And an aborted call is not done again
    world.aborted(number, flying, started=False)
    assert world.kinds(number) == ["EffectSettled"]
    world.switch("resume", "tool search")
    world.ask(number, "a", LOOK, key="k4")
    assert world.kinds(number) == ["EffectGranted"]


def test_what_a_lost_worker_did_is_not_granted_again_when_its_tool_is_killed() -> None:
    world, number = at_work()
    world.ask(number, "a", LOOK)
    world.worker("effects-2")
    world.switch("kill", "tool search")
    world.silence("effects-1")
    assert world.kinds(number)[:2] == ["EffectSettled", "EffectDenied"]


@pytest.mark.parametrize("scope", ["agent researcher-1", "role researcher"])
def test_a_killed_agent_is_gone_and_kept_out_until_it_is_resumed(scope: str) -> None:
    world, number = at_work()
    asked = world.ask(number, "a", PUT)
    waiting = world.say("olga", "control", "pause", b"{}", "tool", "search") and world.ask(
        number, "a", LOOK, key="k2"
    )
    world.switch("kill", scope, "it goes mad")
    left = world.only(0, facts.Left)
    assert (left.principal, left.reason) == ("researcher-1", f"{scope} is killed by olga: it goes mad")
    assert "StepLost" in world.kinds(number)
    # What was asked for and not begun is over; what is in flight ends by itself
    assert (world.effect(number, waiting).state, world.effect(number, asked).state) == ("aborted", "granted")
    world.agent("researcher-1")
    refused = world.only(0, facts.Refused).reason
    assert refused == f"{scope} is killed: it may come again after `interlock resume {scope}`"
    assert "researcher-1" not in world.state.agents
    world.switch("resume", scope)
    world.agent("researcher-1")
    assert world.step(number, "a").principal == "researcher-1"


def test_a_killed_agent_of_many_leaves_its_steps_to_the_others() -> None:
    world, number = at_work()
    world.agent("researcher-2")
    world.switch("kill", "agent researcher-1")
    assert world.only(number, facts.StepAssigned).principal == "researcher-2"


def test_a_switch_over_somebody_who_is_not_here_holds_for_who_comes() -> None:
    world = World()
    world.switch("kill", "agent researcher-1")
    world.agent("researcher-1")
    assert world.kinds(0) == ["Refused"]
    world.switch("pause", "role planner")
    number = world.submit()
    world.agent("planner-1")
    assert world.step(number, "plan").state == "ready"


def test_a_killed_step_dies_and_the_plan_goes_on_as_after_a_dead_step() -> None:
    world, number = at_work()
    effect = world.ask(number, "a", THINK)
    world.switch("kill", f"step {number} a", "wrong way")
    assert world.kinds(number)[:3] == ["Switched", "StepDead", "PlanRequested"]
    assert "olga has killed it: wrong way" in world.only(number, facts.StepDead).reason
    assert world.effect(number, effect).state == "granted"
    assert world.effect(number, effect).withdrawn
    assert Scope(kind="step", task=number, step="a") not in world.state.switches
    # And once dead it stays so
    for verb in ("resume", "pause", "kill"):
        world.switch(verb, f"step {number} a")
        assert world.only(number, facts.Refused).reason == f"step a of task {number} has ended: it is dead"


@pytest.mark.parametrize("wanted", ["blocked", "ready", "assigned", "backing_off"])
def test_a_step_can_be_killed_wherever_it_is(wanted: str) -> None:
    # Given a step in that state
    world = World()
    after = ("a",) if wanted == "blocked" else ()
    plan = Plan(
        steps=(PlannedStep(id="a", role="researcher"), PlannedStep(id="b", role="executor", after=after))
    )
    world.agent("researcher-1")
    number = world.submit(plan=plan)
    if wanted in {"assigned", "backing_off"}:
        world.agent("executor-1")
    if wanted == "backing_off":
        world.failure(number, "b")
    assert world.step(number, "b").state == wanted
    # When it is killed
    world.switch("kill", f"step {number} b")
    # Then it is dead
    assert world.step(number, "b").state == "dead"


def test_without_its_planner_a_task_has_failed() -> None:
    world = World()
    world.everybody()
    number = world.submit()
    world.switch("kill", f"step {number} plan")
    assert "Failed" in world.kinds(number)
    world.switch("kill", f"step {number} plan")
    assert world.only(number, facts.Refused).reason == f"task {number} has ended: failed"


def test_a_killed_tenant_loses_its_tasks_and_takes_none() -> None:
    world, number = at_work()
    other = world.submit(tenant="red", plan=ONE)
    world.switch("kill", "tenant default")
    halted = world.only(number, facts.Halted)
    assert (halted.by, halted.reason) == ("olga", "tenant default is killed")
    assert world.task(other).active
    assert world.only(world.submit(), facts.Rejected).reason.startswith("the tenant default is killed")
    # And its agents live on
    assert "researcher-1" in world.state.agents


def test_a_switch_is_written_with_its_command() -> None:
    world, number = at_work()
    seq = world.switch("pause", "tool search", for_s=60)
    switched = world.only(0, facts.Switched)
    assert (switched.input, switched.commanded_us) == (seq, world.now_ms * 1_000)
    assert switched.until_ms == world.now_ms + 60_000
    seq = world.control("pause", number)
    assert world.only(number, facts.Paused).input == seq
    seq = world.control("kill", number)
    halted = world.only(number, facts.Halted)
    assert (halted.input, halted.commanded_us) == (seq, world.now_ms * 1_000)
    seq = world.control("drain")
    assert world.only(0, facts.FleetSwitched).input == seq


@pytest.mark.parametrize("scope", ["fleet", "tool search", "task {task}", "step {task} a", "tenant default"])
def test_a_pause_for_some_time_ends_by_itself(scope: str) -> None:
    world, number = at_work()
    world.switch("pause", over(scope, number), for_s=60)
    held = world.ask(number, "a", LOOK)
    world.tick(59_999)
    assert world.effect(number, held).state == "held"
    world.tick(1)
    assert world.only(number, facts.EffectGranted).effect == held
    said = [getattr(fact, "by", "") for told in world.last.values() for fact in told]
    assert [by for by in said if by] == ["supervisor"]


def test_only_a_pause_ends_by_itself() -> None:
    world, number = at_work()
    for verb in ("drain", "kill", "resume"):
        world.switch(verb, f"task {number}", for_s=5)
        assert "only a pause can end by itself" in world.only(number, facts.Refused).reason


def test_when_a_pause_of_a_parked_task_is_over_a_person_still_decides() -> None:
    world = World()
    world.everybody()
    number = world.to_review()
    world.verdict(number, "escalate")
    world.switch("pause", f"task {number}", for_s=5)
    world.tick(5_000)
    assert world.only(number, facts.Parked).kind == "review"
    assert world.task(number).hold == "parked"


@pytest.mark.parametrize("scope", ["tool search", "agent researcher-1", "tenant default", "fleet"])
@pytest.mark.parametrize(("first", "second"), [("pause", "pause"), ("kill", "pause"), ("", "resume")])
def test_a_switch_that_changes_nothing_is_refused(scope: str, first: str, second: str) -> None:
    world, _ = at_work()
    if first:
        world.switch(first, scope)
    world.switch(second, scope)
    assert f"it cannot {second}" in world.only(0, facts.Refused).reason


def test_a_switch_over_a_step_is_forgotten_with_its_task() -> None:
    world, number = at_work()
    world.switch("pause", f"step {number} a")
    world.switch("drain", "tool search")
    world.control("kill", number)
    assert [str(scope) for scope in world.state.switches] == ["tool search"]


def test_a_drained_task_finishes_its_steps_in_hand_and_is_paused_then() -> None:
    # Given a task with one step in hand and another that waits
    world = World()
    world.agent("researcher-1", capacity=1)
    world.worker(tools=TOOLS)
    number = world.submit(plan=TWO)
    world.control("drain", number, "later", by="ada")
    assert world.kinds(number) == ["Drained"]
    # Then the step in hand may still have things done
    effect = world.ask(number, "a", LOOK)
    assert world.kinds(number) == ["EffectGranted"]
    world.completed(number, effect)
    world.result(number, "a")
    # And when it has ended, the task is paused, by who drained it
    paused = world.only(number, facts.Paused)
    assert (paused.by, paused.reason, world.task(number).hold) == ("ada", "later", "paused")
    assert world.step(number, "b").state == "ready"
    world.control("resume", number)
    assert world.only(number, facts.StepAssigned).step == "b"


def test_a_task_with_nothing_in_hand_is_drained_at_once() -> None:
    world = World()
    number = world.submit(plan=ONE)
    world.control("drain", number)
    assert world.kinds(number) == ["Drained", "Paused"]


def test_draining_a_paused_task_lets_its_steps_in_hand_go_on() -> None:
    world, number = at_work()
    world.control("pause", number)
    held = world.ask(number, "a", LOOK)
    world.control("drain", number)
    assert world.only(number, facts.EffectGranted).effect == held
    assert world.task(number).account.clocks


def test_a_killed_fleet_lets_no_second_halt_be_said() -> None:
    world, number = at_work()
    world.control("kill")
    assert len(all_of(world.told, number, facts.Halted)) == 1
    world.tick(1_000)
    assert world.last == {}


@pytest.mark.parametrize("verb", ["pause", "drain", "kill"])
def test_what_is_here_and_no_agent_is_not_switched_as_one(verb: str) -> None:
    # Given an effect worker that is here
    world, _ = at_work()
    worker = next(iter(world.state.workers))
    # When somebody takes it for an agent, then nothing is switched, and a sentence says what can be
    world.switch(verb, f"agent {worker}")
    assert "is no agent" in world.only(0, facts.Refused).reason
    assert not world.state.switches
