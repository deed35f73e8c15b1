"""Everything that brings people in, what they may say of it, and what then happens."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.supervisor.core.world import LOOK, ONE, PUT, THINK, World, limited

from interlock.contracts import facts
from interlock.contracts.budget import Amounts
from interlock.contracts.effect import AskCall
from interlock.contracts.observed import ProcessExited
from interlock.contracts.people import Abort, Answer, Approve, Raise, Reassign
from interlock.supervisor.core.deciding.people import escalating
from interlock.supervisor.core.limits import MAX_ASKED, MAX_REVIEW_ROUNDS, MAX_SAME_EFFECTS


def at_work(**fields: Any) -> tuple[World, int]:
    world = World()
    world.everybody()
    world.person("olga", roles=("operator",))
    world.person("ada", roles=("admin",))
    world.person("bob", "finance")
    return world, world.submit(plan=ONE, **fields)


def out_of_budget() -> tuple[World, int]:
    world, number = at_work(budget=limited(tool_calls=0))
    world.ask(number, "a", LOOK)
    return world, number


def rejected_by_the_reviewer() -> tuple[World, int]:
    world, number = at_work()
    world.result(number, "a")
    for _ in range(MAX_REVIEW_ROUNDS - 1):
        world.verdict(number, "revise", "more")
        world.result(number, "a")
    world.verdict(number, "revise", "more")
    return world, number


def in_a_loop() -> tuple[World, int]:
    world, number = at_work()
    for time in range(MAX_SAME_EFFECTS):
        world.completed(number, world.ask(number, "a", LOOK, key=f"k{time}"), Amounts(tool_calls=1))
    world.ask(number, "a", LOOK, key="again")
    return world, number


def in_doubt() -> tuple[World, int]:
    world, number = at_work()
    world.ask(number, "a", PUT)
    world.bye("effects-1")
    return world, number


def overrun() -> tuple[World, int]:
    world, number = at_work()
    world.completed(number, world.ask(number, "a", THINK), Amounts(tokens=1_000, model_calls=1))
    return world, number


PARKINGS: dict[str, Callable[[], tuple[World, int]]] = {
    "budget": out_of_budget,
    "rejection": rejected_by_the_reviewer,
    "loop": in_a_loop,
    "in_doubt": in_doubt,
    "overrun": overrun,
}
parkings = pytest.mark.parametrize("kind", PARKINGS)


def say(world: World, verb: str, body: object, number: int, each: int = 1, by: str = "olga") -> None:
    world.say(by, "human", verb, body, number, each)  # type: ignore[arg-type]  # a message


def refused(world: World, number: int) -> str:
    return str(world.only(number, facts.Refused).reason)


@parkings
def test_whatever_parks_a_task_asks_people_and_a_yes_lets_it_go_on(kind: str) -> None:
    world, number = PARKINGS[kind]()
    said = world.escalation(number).said
    assert (said.kind, said.summary, said.desk, said.blocks) == (
        kind,
        world.task(number).reason,
        "operator",
        True,
    )
    assert world.task(number).hold == "parked"
    say(world, "approve", Approve(), number)
    closed = [fact for fact in world.said(number) if isinstance(fact, facts.Resolved)]
    assert [(one.number, one.verdict, one.by) for one in closed] == [(1, "resumed", ("olga",))]
    assert world.said(number, facts.Resumed)


@parkings
@pytest.mark.parametrize("verb", ["reject", "abort"])
def test_a_no_ends_the_task_with_what_it_has(kind: str, verb: str) -> None:
    world, number = PARKINGS[kind]()
    if verb == "reject":
        world.reject(number, reason="enough")
    else:
        say(world, "abort", Abort(reason="enough"), number)
    failed = world.only(number, facts.Failed)
    assert (failed.kind, failed.reason) == ("person", "olga has ended it: enough")
    assert world.only(number, facts.Resolved).verdict == "aborted"


@parkings
def test_a_resume_or_raise_that_lets_it_go_on_closes_what_was_asked(kind: str) -> None:
    world, number = PARKINGS[kind]()
    verdict = "raised" if kind == "budget" else "resumed"
    if kind == "budget":
        world.more(number, tool_calls=5)
    else:
        world.control("resume", number)
    closed = world.only(number, facts.Resolved)
    assert (closed.verdict, closed.by, closed.input) == (verdict, ("olga",), world.seq)


def test_more_of_a_budget_is_one_of_the_answers() -> None:
    world, number = out_of_budget()
    say(world, "raise", Raise(more=Amounts(tool_calls=5), reason="go"), number)
    assert world.kinds(number)[:3] == ["Resolved", "LimitRaised", "Resumed"]
    assert world.only(number, facts.Resolved).verdict == "raised"
    assert world.only(number, facts.EffectGranted)


def test_more_of_the_tasks_budget_does_not_help_against_a_limit_that_it_shares() -> None:
    world, number = at_work()
    world.limit("tenant", "default", total=limited(tool_calls=0))
    world.ask(number, "a", LOOK)
    say(world, "raise", Raise(more=Amounts(tool_calls=5)), number)
    assert "`interlock limits set tenant default`" in refused(world, number)


def test_the_task_that_somebody_has_paused_is_not_let_go_by_another() -> None:
    world, number = out_of_budget()
    world.control("pause", number)
    say(world, "approve", Approve(), number)
    assert f"task {number} is paused" in refused(world, number)


def test_what_is_asked_once_is_not_asked_again_after_a_pause() -> None:
    world, number = out_of_budget()
    world.switch("pause", f"task {number}", for_s=5)
    world.tick(5_000)
    assert world.task(number).hold == "parked"
    assert world.state.escalated[number] == 1


def test_a_doubt_while_a_task_is_parked_is_asked_too_and_both_have_to_be_answered() -> None:
    # Given a task that is parked for a budget, and has a write in flight
    world, number = at_work(budget=limited(tool_calls=1))
    world.ask(number, "a", PUT, key="k1")
    world.limit("tenant", "default", total=limited(tokens=0))
    world.ask(number, "a", THINK, key="k2")
    # When the write's worker is lost
    world.bye("effects-1")
    assert [world.escalation(number, each).said.kind for each in (1, 2)] == ["budget", "in_doubt"]
    # Then the task goes on when both are answered
    say(world, "approve", Approve(), number, 2)
    assert world.task(number).hold == "parked"
    say(world, "approve", Approve(), number, 1)
    assert world.said(number, facts.Resumed)


def test_a_doubt_about_a_task_that_is_over_is_asked_beside_it() -> None:
    world, number = at_work(review=False)
    effect = world.ask(number, "a", PUT)
    world.result(number, "a")
    world.bye("effects-1")
    said = world.escalation(0).said
    assert (said.kind, said.about, said.effect, said.blocks) == ("in_doubt", number, effect, False)
    say(world, "approve", Approve(reason="it is there"), 0)
    assert world.only(0, facts.Resolved).reason == "it is there"


# Who may.


@pytest.mark.parametrize(("who", "may"), [("olga", True), ("ada", True), ("bob", False), ("mallory", False)])
def test_only_the_desk_and_who_operates_decide(who: str, may: bool) -> None:
    world, number = out_of_budget()
    say(world, "approve", Approve(), number, by=who)
    assert bool(world.said(number, facts.Resumed)) == may
    if not may:
        assert refused(world, number) == f"{number}.1 is on the desk of operator: {who} does not belong there"


def test_another_desk_may_be_asked_and_then_decides_too() -> None:
    world, number = out_of_budget()
    say(world, "reassign", Reassign(to="finance"), number)
    moved = world.only(number, facts.EscalationMoved)
    assert (moved.desk, moved.by, moved.input) == ("finance", "olga", world.seq)
    say(world, "approve", Approve(), number, by="bob")
    assert world.only(number, facts.Resolved).by == ("bob",)


@pytest.mark.parametrize("desk", ["Nobody Here", "a.b", "operator"])
def test_a_desk_has_a_name_and_is_another(desk: str) -> None:
    world, number = out_of_budget()
    say(world, "reassign", Reassign(to=desk), number)
    assert world.kinds(number) == ["Refused"]


def test_whose_agent_asks_may_answer_and_so_may_the_desk_of_its_charter() -> None:
    world = World()
    world.agent("researcher-1", escalation="finance")
    world.person("bob", "finance")
    number = world.submit(plan=ONE)
    world.ask(number, "a", AskCall(question="How much?"))
    assert world.escalation(number).desk == "finance"
    say(world, "answer", Answer(text="All"), number, by="bob")
    assert world.only(number, facts.EffectSettled).end == "answered"


@pytest.mark.parametrize("rest", [(), (1,), ("x", 1), (1, "9" * 50), (1, 2, 3), (77, 1), (0, 5)], ids=str)
def test_a_verdict_has_to_name_something(rest: tuple[int | str, ...]) -> None:
    world, _ = out_of_budget()
    before = world.state
    world.say("olga", "human", "approve", Approve(), *rest)
    assert world.state == before
    said = [fact for told in world.last.values() for fact in told]
    assert [type(fact) for fact in said] == [facts.Refused]


def test_a_task_asks_only_so_much_at_once() -> None:
    world, number = at_work()
    for each in range(MAX_ASKED):
        world.ask(number, "a", AskCall(question=f"{each}?"), key=f"k{each}")
    world.ask(number, "a", AskCall(question="more?"), key="more")
    denied = world.only(number, facts.EffectDenied)
    assert denied.rule == "limits.asked"
    assert f"asked {MAX_ASKED} things for this task already, as many as they may be at once" in denied.reason
    say(world, "answer", Answer(text="yes"), number, 1)
    world.ask(number, "a", AskCall(question="now?"), key="now")
    assert world.only(number, facts.Escalated).number == MAX_ASKED + 1


def test_of_the_fleet_the_oldest_gives_way_when_too_many_are_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(escalating, "MAX_OPEN_OF_FLEET", 2)
    world, _ = at_work()
    world.guard()
    for _ in range(3):
        world.exited("researcher-1", told_us=0, given_up="it died too often")
    assert world.kinds(0)[:2] == ["Resolved", "Escalated"]
    assert sorted(each for _, each in world.state.escalations) == [2, 3]


# News.


def test_who_can_still_help_is_told_once_that_a_deadline_is_near() -> None:
    world, number = at_work(deadline_s=400)
    world.tick(339_000)
    assert not world.said(number, facts.Escalated)
    world.tick(1_000)
    said = world.only(number, facts.Escalated)
    assert (said.kind, said.blocks) == ("deadline", False)
    assert "in 60 s the time of task" in said.summary
    world.tick(1_000)
    assert not world.said(number, facts.Escalated)
    say(world, "approve", Approve(), number)
    assert world.only(number, facts.Resolved).verdict == "approved"
    assert world.task(number).moving


def test_of_a_short_time_half_has_to_be_over() -> None:
    world, number = at_work(deadline_s=10)
    world.tick(4_999)
    assert not world.said(number, facts.Escalated)
    world.tick(1)
    assert world.only(number, facts.Escalated).kind == "deadline"


def test_a_process_that_its_guard_gives_up_is_brought_to_people() -> None:
    world, _ = at_work()
    world.guard()
    world.exited("researcher-1", told_us=0, given_up="researcher-1 died 6 times within 10 s")
    said = world.only(0, facts.Escalated)
    assert (said.kind, said.asks, said.summary) == (
        "crash",
        "researcher-1",
        "researcher-1 died 6 times within 10 s",
    )
    say(world, "approve", Approve(), 0)
    assert world.only(0, facts.Resolved).verdict == "approved"


def test_a_process_that_could_not_be_started_is_brought_to_people_and_no_end_is_made_of_it() -> None:
    world, number = at_work()
    world.guard()
    body = ProcessExited(principal="researcher-1", pid=0, given_up="researcher-1 cannot be started")
    world.say("guard-1", "guard", "exited", body)
    assert world.kinds(0) == ["Escalated"]
    assert world.only(0, facts.Escalated).kind == "crash"
    assert "researcher-1" in world.state.agents
    assert world.task(number).moving
