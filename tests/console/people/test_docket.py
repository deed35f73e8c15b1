"""What people are asked follows from the facts alone, whatever their order and number."""

import msgspec
import pytest
from tests.console.conftest import Environment, decision
from tests.console.people.examples import (
    ASKED_MS,
    DEADLINE_MS,
    POLICIES,
    delegated,
    entitled,
    payment,
    question,
    review,
)

from interlock.console.errors import BadInput
from interlock.console.people import docket as module
from interlock.console.people.docket import Docket, concerns
from interlock.console.people.listing import in_order
from interlock.console.people.mandate import Mandate, Standing
from interlock.console.people.numbers import Number, read_number
from interlock.console.people.reading import read_case, read_docket
from interlock.console.people.words import time_left
from interlock.contracts import facts as f
from interlock.contracts.approval import Approval, Statement
from interlock.contracts.effect import AskCall, EffectRequest
from interlock.contracts.message import encode
from interlock.contracts.people import Need
from interlock.contracts.policy import Policies
from interlock.contracts.scope import Scope
from interlock.contracts.subjects import input_subject
from interlock.contracts.task import Submit

FIRST = Number(42, 1)


def held(*facts: f.AnyFact, task: int = 42) -> Docket:
    made = Docket()
    for fact in facts:
        made.take(decision(fact, task=task))
    return made


def counted(by: str, number: int = 1, instead_of: str = "") -> f.ApprovalCounted:
    statement = Statement(
        task=42, number=number, effect=50, tool="pay", arguments="a", policies="", verdict="approve", by=by
    )
    return f.ApprovalCounted(
        at_ms=ASKED_MS,
        number=number,
        by=by,
        instead_of=instead_of,
        input=60,
        approval=Approval(statement=statement, public_key="U", signature="s"),
    )


def resolved(number: int = 1) -> f.Resolved:
    return f.Resolved(at_ms=ASKED_MS, number=number, verdict="approved", by=("bob", "carol"))


def test_what_is_asked_stays_open_until_it_is_resolved() -> None:
    made = held(payment(), question(2), counted("bob"))
    assert list(made.open) == [FIRST, Number(42, 2)]
    assert [one.by for one in made.open[FIRST].approvals] == ["bob"]
    made.take(decision(resolved()))
    assert list(made.open) == [Number(42, 2)]
    found = made.find(FIRST)
    assert found is not None
    assert found.resolved == resolved()


def test_the_same_number_of_another_task_is_another_escalation() -> None:
    made = held(payment())
    made.take(decision(payment(), task=43))
    made.take(decision(resolved(), task=43))
    assert list(made.open) == [FIRST]


def test_edited_arguments_take_the_place_and_what_was_agreed_to_before_is_void() -> None:
    edited = f.ArgumentsEdited(
        at_ms=ASKED_MS,
        number=1,
        by="carol",
        input=61,
        arguments={"amount_cents": 1},
        digest="d",
        needs=(Need(role="finance", quorum=1),),
    )
    asked = held(payment(), counted("bob"), edited).open[FIRST]
    assert (asked.arguments, asked.digest, asked.approvals) == ({"amount_cents": 1}, "d", [])
    assert asked.needs == (Need(role="finance", quorum=1),)


def test_whoever_is_asked_next_has_the_desk_from_then_on() -> None:
    moved = f.EscalationMoved(at_ms=ASKED_MS, number=1, desk="cfo", deadline_ms=7)
    asked = held(payment(), moved).open[FIRST]
    assert (asked.desk, asked.deadline_ms, asked.said.desk) == ("cfo", 7, "finance")


PAUSES = [
    (42, f.Paused(at_ms=0, by="alice"), f.Resumed(at_ms=0, by="alice")),
    (0, f.FleetSwitched(at_ms=0, state="paused", by="a"), f.FleetSwitched(at_ms=0, state="running", by="a")),
    (
        0,
        f.Switched(at_ms=0, scope=Scope(kind="tenant", name="acme"), state="paused", by="alice"),
        f.Switched(at_ms=0, scope=Scope(kind="tenant", name="acme"), state="running", by="alice"),
    ),
]


@pytest.mark.parametrize(("subject", "paused", "resumed"), PAUSES, ids=["task", "fleet", "tenant"])
def test_while_it_is_paused_the_clock_stands(subject: int, paused: f.AnyFact, resumed: f.AnyFact) -> None:
    # Given a payment with an hour's time, to which one has agreed
    made = held(entitled("bob", "finance"), payment(), counted("bob"))
    asked = made.open[FIRST]
    # When ten minutes later what asks is paused
    made.take(decision(paused, task=subject, at_ms=ASKED_MS + 600_000))
    # Then hours later its time is not over, and the approval counts
    assert time_left(asked, DEADLINE_MS + 1) == "paused"
    assert [one.by for one in made.counting(asked, DEADLINE_MS + 1)] == ["bob"]
    # When it goes on, then there is as much time as there was
    made.take(decision(resumed, task=subject, at_ms=ASKED_MS + 900_000))
    assert asked.deadline_ms == DEADLINE_MS + 300_000
    assert made.counting(asked, ASKED_MS + 1_199_999)
    assert not made.counting(asked, ASKED_MS + 1_200_000)


def test_what_is_asked_during_a_pause_has_its_time_from_the_end_of_it_on() -> None:
    made = held(f.Paused(at_ms=ASKED_MS - 5_000, by="alice"), payment())
    made.take(decision(f.Resumed(at_ms=ASKED_MS + 5_000, by="alice"), at_ms=ASKED_MS + 5_000))
    assert made.open[FIRST].deadline_ms == DEADLINE_MS + 5_000


def test_a_pause_of_another_task_stops_no_clock() -> None:
    made = held(payment())
    made.take(decision(f.Paused(at_ms=ASKED_MS, by="alice"), task=43))
    assert time_left(made.open[FIRST], ASKED_MS) == "in 1 h"


def test_what_is_said_of_an_unknown_number_changes_nothing() -> None:
    made = held(payment())
    assert made.take(decision(resolved(9), counted("bob", 9))) == []
    assert list(made.open) == [FIRST]


def test_only_a_bounded_number_is_held_and_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OPEN", 2)
    monkeypatch.setattr(module, "MOST_DECIDED", 1)
    made = held(*(question(number) for number in range(1, 5)))
    assert (list(made.open), made.overflow) == ([FIRST, Number(42, 2)], 2)
    made.take(decision(resolved(3), resolved(1), resolved(2)))
    assert (list(made.open), made.overflow, list(made.decided)) == ([], 1, [Number(42, 2)])


@pytest.mark.parametrize(
    "fact",
    [
        payment(),
        counted("bob"),
        resolved(),
        f.EscalationMoved(at_ms=1, number=1, desk="cfo"),
        f.ArgumentsEdited(at_ms=1, number=1, by="bob", input=1, arguments={}, digest="d"),
        delegated("bob", "carol"),
        entitled("bob"),
        f.PoliciesSet(at_ms=1, by="supervisor-1", digest="d", bundle=Policies()),
        f.Drained(at_ms=1, by="alice"),
        *(each for _, paused, resumed in PAUSES for each in (paused, resumed)),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_every_decision_that_matters_is_recognised_by_its_bytes(fact: f.AnyFact) -> None:
    assert concerns(encode(decision(fact)))


def test_a_decision_about_something_else_is_not_read() -> None:
    assert not concerns(encode(decision(f.StepCompleted(step="plan", attempt=1, result=7))))


def test_the_next_deadline_comes_first_then_what_blocks_then_the_oldest() -> None:
    made = held(
        question(1),
        payment(2, deadline_ms=DEADLINE_MS + 1),
        payment(3),
        review(4),
        payment(5, deadline_ms=None, at_ms=ASKED_MS - 1),
    )
    assert [one.number.place for one in in_order(made.open.values())] == [3, 2, 5, 1, 4]


# Whose it is.

PEOPLE = (
    entitled("alice", roles=("admin",)),
    entitled("bob", "finance"),
    entitled("carol", "finance", "cfo"),
    entitled("dora", "finance", roles=("submitter", "approver")),
    entitled("erik"),
)


@pytest.mark.parametrize(
    ("person", "mine", "why"),
    [
        ("bob", True, "you may, as finance"),
        ("dora", False, "you asked for it, so somebody else decides"),
        ("erik", False, "it is for finance"),
        ("alice", False, "it is for finance; you may reject it too, as operator"),
        ("nobody", False, "it is for finance"),
    ],
)
def test_an_approval_is_for_those_of_the_needed_group_but_not_for_whoever_asked(
    person: str, mine: bool, why: str
) -> None:
    made = held(*PEOPLE, payment())
    assert Mandate(made, person, ASKED_MS).standing(made.open[FIRST]) == Standing(mine, why)


def test_whom_an_approval_has_climbed_to_is_asked_and_told_that_others_have_to_agree() -> None:
    moved = f.EscalationMoved(at_ms=ASKED_MS, number=1, desk="erik")
    made = held(*PEOPLE, payment(), moved)
    assert Mandate(made, "erik", ASKED_MS).standing(made.open[FIRST]) == Standing(
        mine=True, why="you are asked now, and may reject, reassign or abort it; only finance may approve it"
    )
    assert Mandate(made, "bob", ASKED_MS).standing(made.open[FIRST]).why == "you may, as finance"


def test_who_has_agreed_is_not_asked_again() -> None:
    made = held(*PEOPLE, payment(), counted("bob"))
    assert Mandate(made, "bob", ASKED_MS).standing(made.open[FIRST]).why == "you have agreed"


def test_who_stands_in_for_another_may_until_that_is_over() -> None:
    made = held(*PEOPLE, payment(), delegated("bob", "erik"))
    asked = made.open[FIRST]
    assert Mandate(made, "erik", ASKED_MS).standing(asked) == Standing(mine=True, why="you may, for bob")
    assert not Mandate(made, "erik", DEADLINE_MS).standing(asked).mine


def test_what_came_with_a_token_is_over_when_that_ends() -> None:
    ends = entitled("erik", "finance", until_ms=DEADLINE_MS)
    made = held(*PEOPLE, payment(), ends, delegated("erik", "gus"))
    asked = made.open[FIRST]
    for who in ("erik", "gus"):
        assert Mandate(made, who, DEADLINE_MS - 1).standing(asked).mine
        assert not Mandate(made, who, DEADLINE_MS).standing(asked).mine


def test_whoever_was_asked_before_may_still_decide_and_so_may_whoever_handed_in_the_task() -> None:
    moved = f.EscalationMoved(at_ms=ASKED_MS, number=1, desk="cfo")
    asked = msgspec.structs.replace(question(), desk="finance", submitter="erik")
    made = held(*PEOPLE, asked, moved)
    (open_one,) = made.open.values()
    assert Mandate(made, "carol", ASKED_MS).standing(open_one).why == "you may, as cfo"
    assert Mandate(made, "bob", ASKED_MS).standing(open_one).why == "you may, as finance"
    erik = Mandate(made, "erik", ASKED_MS).standing(open_one)
    assert erik == Standing(mine=False, why="it is for cfo; you may decide it too, for the task is yours")


@pytest.mark.parametrize(("person", "mine"), [("alice", True), ("bob", False), ("erik", False)])
def test_a_question_is_for_its_desk_and_an_admin_counts_as_operator(person: str, mine: bool) -> None:
    made = held(*PEOPLE, question())
    assert Mandate(made, person, ASKED_MS).standing(made.open[FIRST]).mine is mine


def test_a_desk_may_be_a_person() -> None:
    moved = f.EscalationMoved(at_ms=ASKED_MS, number=1, desk="erik", by="alice")
    made = held(*PEOPLE, question(), moved)
    assert Mandate(made, "erik", ASKED_MS).standing(made.open[FIRST]).why == "you are asked by name"


# From a log.


async def test_one_is_read_with_its_goal_and_the_policies_in_force(environment: Environment) -> None:
    # Given two tasks that ask under the same number
    bus = environment.alice
    tasks = [
        (await bus.append(input_subject("dora", "task", "submit"), encode(Submit(goal=goal)))).seq
        for goal in ("pay March", "pay April")
    ]
    await environment.decide(0, f.PoliciesSet(at_ms=1, by="s", digest=POLICIES, bundle=Policies()))
    for task in tasks:
        await environment.decide(task, payment())
    await environment.decide(tasks[0], resolved())
    # When one is read
    case = await read_case(bus, Number(tasks[1], 1))
    # Then it is that one
    assert (case.goal, case.asked.resolved, case.docket.policies) == ("pay April", None, POLICIES)
    assert list((await read_docket(bus)).open) == [Number(tasks[1], 1)]


async def test_one_is_read_in_the_order_of_the_log(environment: Environment) -> None:
    # Given something that was asked, and everything paused after that
    bus = environment.alice
    task = (await bus.append(input_subject("dora", "task", "submit"), encode(Submit(goal="pay")))).seq
    await environment.decide(task, payment(at_ms=environment.now_ms))
    environment.now_ms += 60_000
    await environment.decide(0, f.FleetSwitched(at_ms=environment.now_ms, state="paused", by="alice"))
    # When it is read, then its clock stands since the pause
    asked = (await read_case(bus, Number(task, 1))).asked
    assert asked.stands_since_ms >= environment.now_ms


async def test_an_unknown_number_is_refused_with_those_that_there_are(environment: Environment) -> None:
    bus = environment.alice
    task = (await bus.append(input_subject("dora", "task", "submit"), encode(Submit(goal="pay")))).seq
    await environment.decide(task, payment())
    with pytest.raises(BadInput, match=rf"there is no {task}\.2; of task {task} there are {task}\.1"):
        await read_case(bus, Number(task, 2))
    with pytest.raises(BadInput, match=r"there is no 0\.1; interlock inbox lists them"):
        await read_case(bus, Number(0, 1))


async def test_a_question_that_is_longer_than_a_line_is_read_whole(environment: Environment) -> None:
    # Given a question of which the fact holds the beginning
    bus = environment.alice
    text = "why? " * 1_000
    asked = EffectRequest(step="plan", attempt=1, key="k", call=AskCall(question=text))
    effect = (await bus.append(input_subject("planner-1", "agent", "effect", 1), encode(asked))).seq
    await environment.decide(1, question(1, effect, text=text[:2_000]))
    # When it is read, then it is whole
    assert (await read_case(bus, Number(1, 1))).question == text


@pytest.mark.parametrize(
    "text", ["42", "42.", ".1", "42.0", "042.1", "42.1.1", "-1.1", "4 2.1", "42.1\n", "٤٢.1"]
)
def test_only_a_number_is_a_number(text: str) -> None:
    with pytest.raises(BadInput, match=r"it looks like 42\.1"):
        read_number(text)


def test_the_fleets_are_numbered_under_zero() -> None:
    assert str(read_number("0.7")) == "0.7"
