"""Who gets which step next: by free hands, fairness between tenants, priority and age."""

from hypothesis import given
from hypothesis import strategies as st
from tests.supervisor.core.world import ONE, PLAN, World, all_of, limited

from interlock.contracts import facts
from interlock.contracts.plan import Plan, PlannedStep


def in_hand(world: World) -> dict[str, int]:
    """Return how many steps each tenant has in hand."""
    return {tenant: count for tenant, count in world.state.running.items() if count}


def assigned(world: World) -> list[int]:
    """Return the tasks whose steps are in somebody's hand."""
    return sorted(task for agent in world.state.agents.values() for task, _ in agent.in_hand)


def test_a_step_for_a_role_that_is_absent_waits_with_a_reason_and_begins_on_hello() -> None:
    # Given a task whose role nobody has
    world = World()
    number = world.submit(plan=Plan(steps=(PlannedStep(id="a", role="astrologer"),)))
    reason = "no agent with the role astrologer is here; it begins as soon as one says hello"
    assert world.step(number, "a").waiting == reason
    # When time passes, the reason is not said again
    world.tick(1_000)
    assert world.kinds(number) == []
    # And when one says hello, it begins
    world.agent("astrologer-1")
    assert world.only(number, facts.StepAssigned).principal == "astrologer-1"
    assert world.step(number, "a").waiting == ""


def test_steps_go_to_whoever_has_the_fewest_in_hand() -> None:
    world = World()
    for name in ("researcher-1", "researcher-2"):
        world.agent(name)
    for _ in range(6):
        world.submit(plan=ONE)
    assert [len(agent.in_hand) for _, agent in sorted(world.state.agents.items())] == [3, 3]


def test_nobody_gets_more_than_they_can_hold_and_the_next_begins_when_a_hand_is_free() -> None:
    world = World()
    world.agent("researcher-1", capacity=2)
    numbers = [world.submit(plan=ONE) for _ in range(4)]
    assert assigned(world) == numbers[:2]
    world.result(numbers[0], "a")
    assert assigned(world) == numbers[1:3]


def test_capacity_is_the_smaller_of_what_the_agent_and_its_charter_say() -> None:
    world = World()
    world.agent("researcher-1", capacity=9)
    assert world.state.agents["researcher-1"].capacity == 8


def test_a_higher_priority_goes_first_and_age_decides_among_equals() -> None:
    # Given one hand that is busy, and tasks that wait
    world = World()
    world.agent("researcher-1", capacity=1)
    busy = world.submit(plan=ONE)
    low, first, second, urgent = (world.submit(plan=ONE, priority=rank) for rank in (1, 5, 5, 9))
    # When the hand is free again and again
    order: list[int] = []
    for number in (busy, urgent, first, second):
        world.result(number, "a")
        order += assigned(world)
    # Then they come by priority, then by age
    assert order == [urgent, first, second, low]


def test_a_tenant_with_many_tasks_does_not_push_out_another() -> None:
    # Given a tenant with ten tasks, and one hand
    world = World()
    world.agent("researcher-1", capacity=2)
    greedy = [world.submit(plan=ONE, tenant="greedy", priority=9) for _ in range(10)]
    # When another comes with one of low priority
    modest = world.submit(plan=ONE, tenant="modest", priority=0)
    world.result(greedy[0], "a")
    # Then it is next
    assert in_hand(world) == {"greedy": 1, "modest": 1}
    assert modest in assigned(world)


@given(st.lists(st.integers(0, 9), min_size=30, max_size=30), st.integers(1, 7))
def test_with_equal_demand_no_tenant_is_more_than_one_step_ahead(
    priorities: list[int], capacity: int
) -> None:
    # Given two tenants with as many waiting tasks each, whatever their priorities
    world = World()
    for place, priority in enumerate(priorities):
        world.submit(plan=ONE, tenant=("red", "blue")[place % 2], priority=priority, review=False)
    # When agents take and finish them in any order
    world.agent("researcher-1", capacity=capacity)
    while queued(world, "red") and queued(world, "blue"):
        # Then, while both have demand, neither has more than one step more in hand
        hands = in_hand(world)
        assert abs(hands.get("red", 0) - hands.get("blue", 0)) <= 1
        richer = max(sorted(hands), key=lambda tenant: hands[tenant])
        mine = [number for number in assigned(world) if world.task(number).tenant == richer]
        world.result(mine[0], "a")


def queued(world: World, tenant: str) -> int:
    """Return how many steps of a tenant wait."""
    return sum(len(lines.get(tenant, ())) for lines in world.state.ready.values())


def test_a_step_counts_against_the_budget_of_steps_and_the_task_parks_when_none_is_left() -> None:
    world = World()
    world.everybody()
    number = world.submit(plan=PLAN, budget=limited(steps=2))
    world.result(number, "a")
    world.result(number, "b")
    assert world.only(number, facts.Parked).kind == "budget"
    assert world.step(number, "tell").state == "ready"
    world.more(number, steps=1)
    assert world.step(number, "tell").state == "assigned"


def test_steps_without_order_between_them_run_in_parallel() -> None:
    world = World()
    for name in ("researcher-1", "researcher-2"):
        world.agent(name)
    number = world.submit(plan=PLAN)
    assert {world.step(number, name).principal for name in ("a", "b")} == {"researcher-1", "researcher-2"}


def test_two_hundred_tasks_at_once_all_complete() -> None:
    world = World()
    world.agent("researcher-1", capacity=5)
    numbers = [world.submit(plan=ONE, review=False) for _ in range(200)]
    for _ in numbers:
        world.result(assigned(world)[0], "a")
    assert all(all_of(world.told, number, facts.Completed) for number in numbers)
