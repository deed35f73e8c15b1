"""Steps that people do: who is asked, of what form the answer is, and what agents promise to be held to."""

from typing import Any

import msgspec
import pytest
from tests.supervisor.core.world import ONE, World

from interlock.contracts import facts
from interlock.contracts.charter import Charter
from interlock.contracts.message import Json
from interlock.contracts.people import Answer
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.presence import AgentHello
from interlock.supervisor.core.deciding.planning import objections

FORM: Json = {"type": "object", "required": ["iban"], "properties": {"iban": {"type": "string"}}}
CHECK: Json = {"ask": "Which IBAN is right?", "to": "finance", "form": FORM}


def plan(**given: Any) -> Plan:
    return Plan(
        steps=(
            PlannedStep(id="look", role="human", input=CHECK | given),
            PlannedStep(id="a", role="researcher", after=("look",)),
        )
    )


def asked(**given: Any) -> tuple[World, int]:
    world = World()
    world.everybody()
    world.person("bob", "finance")
    world.person("olga", roles=("operator",))
    return world, world.submit(plan=plan(**given), review=False)


def answer(world: World, number: int, value: Any = msgspec.UNSET, text: str = "", by: str = "bob") -> None:
    raw = value if value is msgspec.UNSET else msgspec.Raw(msgspec.json.encode(value))
    world.say(by, "human", "answer", Answer(text=text, value=raw), number, 1)


def test_a_persons_step_waits_in_the_inbox_and_in_no_agents_hand() -> None:
    world, number = asked()
    assert world.kinds(number) == ["Accepted", "Planned", "Escalated", "StepSuspended"]
    said = world.only(number, facts.Escalated)
    assert (said.kind, said.summary, said.desk, said.form) == ("step", CHECK["ask"], "finance", FORM)
    assert (said.step, said.role, said.blocks) == ("look", "human", True)
    world.tick(10**8)
    assert world.last == {}
    assert world.task(number).account.wall_ms(world.now_ms) == 0


def test_the_answer_completes_it_and_the_next_step_begins() -> None:
    world, number = asked()
    answer(world, number, {"iban": "DE1"})
    assert world.kinds(number) == ["Resolved", "StepCompleted", "StepAssigned"]
    look = world.step(number, "look").result
    assert look == world.seq
    world.result(number, "a")
    assert world.only(number, facts.Completed).results["look"] == look


@pytest.mark.parametrize(
    ("value", "text", "sentence"),
    [
        ({}, "", 'at $: "iban" is a required property'),
        ({"iban": 7}, "", "at $.iban: 7 is not of type"),
        ("DE1", "", 'at $: "DE1" is not of type'),
        (msgspec.UNSET, "DE1", "a form is asked for"),
    ],
    ids=["missing", "wrong", "no_object", "words"],
)
def test_an_answer_of_another_form_is_refused_with_the_place(value: Any, text: str, sentence: str) -> None:
    world, number = asked()
    answer(world, number, value, text)
    assert sentence in world.only(number, facts.Refused).reason
    assert world.step(number, "look").state == "awaiting"


def test_without_a_form_words_will_do_but_not_none() -> None:
    world, number = asked(form={})
    answer(world, number, text=" ")
    assert "the answer is empty" in world.only(number, facts.Refused).reason
    answer(world, number, text="the first")
    assert world.step(number, "look").state == "completed"


@pytest.mark.parametrize("who", ["researcher-1", "mallory"])
def test_only_who_is_asked_may_answer(who: str) -> None:
    world, number = asked()
    answer(world, number, {"iban": "DE1"}, by=who)
    assert "does not belong there" in world.only(number, facts.Refused).reason


def test_a_person_who_will_not_do_it_leads_to_another_plan() -> None:
    world, number = asked()
    world.reject(number, by="bob", reason="ask the vendor")
    dead = world.only(number, facts.StepDead)
    assert dead.reason == "step look (human) cannot be done: bob said no: ask the vendor"
    assert world.only(number, facts.PlanRequested).replan


def test_a_paused_task_asks_nobody_anything_new() -> None:
    world, number = asked()
    answer(world, number, {"iban": "DE1"})
    assert world.task(number).active
    world.control("pause")
    other = world.submit(plan=plan(), review=False)
    assert world.said(other, facts.Escalated) == []
    world.control("resume")
    assert world.only(other, facts.Escalated).kind == "step"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "a person needs to know what to do: say it in its input as `ask`"),
        ({"ask": " "}, "say it in its input as `ask`"),
        ({"ask": "x", "to": 7}, "`to` is the name of a role or person"),
        ({"ask": "x", "form": 7}, "`form` is a JSON Schema of the answer, but it is no object"),
        ({"ask": "x", "form": {"type": "wat"}}, "it is no JSON Schema"),
        ({"ask": "x", "form": {"$ref": "http://example.com/s.json"}}, "it is no JSON Schema"),
        ({"ask": "x", "form": {"$ref": "file:///etc/passwd"}}, "it is no JSON Schema"),
    ],
)
def test_a_plan_that_asks_people_badly_is_sent_back(given: Json, sentence: str) -> None:
    wrong = objections(Plan(steps=(PlannedStep(id="a", role="human", input=given),)), frozenset({"executor"}))
    assert sentence in "; ".join(wrong)


# What agents promise.


def promising(world: World, **schemas: Any) -> None:
    charter = Charter(role="researcher", version="1", objective="Work.", models=("*",))
    world.say("researcher-1", "agent", "hello", AgentHello(incarnation="i", charter=charter, **schemas))


def test_a_result_that_does_not_fit_what_its_agent_promises_is_a_failed_attempt() -> None:
    world = World()
    promising(world, output_schema=FORM)
    number = world.submit(plan=ONE, review=False)
    world.result(number, "a", {"iban": 7})
    failed = world.only(number, facts.StepFailed)
    assert "the result is not what researcher promises, at $.iban: 7 is not of type" in failed.message
    assert failed.retry_at_ms is not None
    world.tick(2_000)
    world.result(number, "a", {"iban": "DE1"})
    assert world.task(number).phase == "completed"


def test_a_step_whose_input_its_role_does_not_take_is_sent_back() -> None:
    world = World()
    promising(world, input_schema=FORM)
    number = world.submit(plan=ONE)
    assert "$.plan" in world.only(number, facts.Rejected).where
    assert "its input is not what researcher takes, at $" in world.only(number, facts.Rejected).reason
    world.agent("planner-1")
    number = world.submit()
    world.result(number, "plan", ONE)
    assert "its input is not what researcher takes" in world.only(number, facts.PlanRefused).reasons[0]


def test_an_agent_whose_schema_is_none_is_told_so() -> None:
    world = World()
    promising(world, output_schema={"type": "wat"})
    reason = world.only(0, facts.Refused).reason
    assert "the output_schema of researcher-1 will not do: it is no JSON Schema" in reason
    assert "researcher-1" not in world.state.agents
