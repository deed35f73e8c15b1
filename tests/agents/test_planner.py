"""The planner offers only what is present, and makes a plan of whatever a model drafts."""

from typing import Any

import jsonschema
import msgspec
import pytest
from tests.agents.conftest import Peer

from interlock.agents.planner.agent import agent
from interlock.agents.planner.tidying import Draft, DraftStep, tidy
from interlock.agents.shapes import shape_of
from interlock.contracts.effect import ModelCall
from interlock.contracts.plan import Plan
from interlock.contracts.roles import Goal, Instruction, Question, RoleOffer
from interlock.contracts.step import StepResult

RESEARCHER = RoleOffer(role="researcher", objective="Finds.", input_schema=shape_of(Question).schema)
EXECUTOR = RoleOffer(role="executor", objective="Writes.", input_schema=shape_of(Instruction).schema)
TRANSLATOR = RoleOffer(
    role="translator",
    objective="Translates.",
    input_schema={"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
)
GOAL = Goal(goal="What is a lease?", criteria=("Short.",), roles=(RESEARCHER, EXECUTOR, TRANSLATOR))


def step(name: str, role: str, *after: str, **given: Any) -> dict[str, Any]:
    return {"id": name, "role": role, "title": name, "input": given, "after": list(after)}


GOOD = {
    "steps": [
        step("facts", "researcher", question="What?"),
        step("report", "executor", "facts", instruction="Do"),
    ],
    "criteria": ["True."],
}


async def planned(peer: Peer, answer: Any, **fields: Any) -> tuple[ModelCall, Plan]:
    await peer.join(agent)
    await peer.assign(msgspec.to_builtins(GOAL), role="planner", **fields)
    request = await peer.asked()
    await peer.answer(request.key, answer)
    end = await peer.ends.get()
    assert isinstance(end, StepResult), end
    assert isinstance(request.call, ModelCall)
    return request.call, msgspec.json.decode(end.value, type=Plan)


async def test_a_model_is_asked_with_words_data_and_a_schema_of_what_is_present(peer: Peer) -> None:
    call, plan = await planned(peer, GOOD, docs="docs")
    assert call.purpose == "plan"
    assert all(words in call.prompt for words in ("What is a lease?", "`translator`: Translates.", "`text`"))
    assert call.inputs["goal"] == "What is a lease?"
    assert [role["role"] for role in call.inputs["roles"]] == ["researcher", "executor", "translator"]
    assert call.prompt_version
    jsonschema.validate(GOOD, call.returns)
    assert [(s.id, s.role, s.after) for s in plan.steps] == [
        ("facts", "researcher", ()),
        ("report", "executor", ("facts",)),
    ]
    assert plan.criteria == ("Short.", "True.")


@pytest.mark.parametrize(
    "bad",
    [
        step("a", "cook", dish="soup"),
        step("a", "translator", words="x"),
        step("a", "researcher"),
        step("A b", "researcher", question="What?"),
    ],
)
async def test_the_schema_admits_no_other_role_and_no_other_input(peer: Peer, bad: dict[str, Any]) -> None:
    call, _ = await planned(peer, GOOD)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"steps": [bad], "criteria": []}, call.returns)


async def test_no_length_is_left_for_guided_decoding_to_unroll(peer: Peer) -> None:
    call, _ = await planned(peer, GOOD)
    assert "Length" not in str(call.returns)
    assert "`question`" in call.prompt


async def test_refusals_are_told_to_the_model(peer: Peer) -> None:
    await peer.join(agent)
    refused = msgspec.structs.replace(GOAL, refusals=("there is no role cook",))
    await peer.assign(msgspec.to_builtins(refused), role="planner")
    call = (await peer.asked()).call
    assert isinstance(call, ModelCall)
    assert "there is no role cook" in call.prompt
    assert call.inputs["refusals"] == ["there is no role cook"]


def draft(*steps: DraftStep, criteria: tuple[str, ...] = ()) -> Draft:
    return Draft(steps=steps, criteria=criteria)


def test_ids_become_unique_ids_and_references_follow() -> None:
    plan = tidy(
        draft(
            DraftStep("Find It!", "researcher", input={"question": "a"}),
            DraftStep("Find It!", "researcher", input={"question": "b"}),
            DraftStep("...", "executor", input={"instruction": "c"}, after=("Find It!", "nowhere", "...")),
        ),
        GOAL,
    )
    assert [(s.id, s.after) for s in plan.steps] == [
        ("find-it", ()),
        ("find-it-2", ()),
        ("step", ("find-it",)),
    ]


def test_a_plan_without_a_report_gets_one_after_everything() -> None:
    plan = tidy(draft(DraftStep("a", "researcher"), DraftStep("b", "translator")), GOAL)
    assert (plan.steps[-1].role, plan.steps[-1].after) == ("executor", ("a", "b"))
    assert plan.steps[-1].input == {"instruction": "What is a lease?"}


def test_a_report_about_nothing_gets_a_researcher() -> None:
    plan = tidy(draft(DraftStep("report", "executor", input={"instruction": "Write."})), GOAL)
    assert [(s.id, s.role) for s in plan.steps] == [("facts", "researcher"), ("report", "executor")]
    assert plan.steps[0].input == {"question": "What is a lease?"}
    assert plan.steps[1].after == ("facts",)


def test_what_comes_after_the_report_is_not_waited_for_by_it() -> None:
    plan = tidy(
        draft(
            DraftStep("a", "researcher"),
            DraftStep("report", "executor"),
            DraftStep("german", "translator", after=("report",)),
        ),
        GOAL,
    )
    assert plan.steps[1].after == ("a",)


def test_a_researcher_without_a_question_asks_its_title() -> None:
    plan = tidy(draft(DraftStep("a", "researcher", title="What is it?", input={"question": " "})), GOAL)
    assert plan.steps[0].input == {"question": "What is it?"}


def test_researchers_work_at_once_since_they_read_documents_and_not_each_other() -> None:
    plan = tidy(draft(DraftStep("a", "researcher"), DraftStep("b", "researcher", after=("a",))), GOAL)
    assert [(s.id, s.after) for s in plan.steps] == [("a", ()), ("b", ()), ("report", ("a", "b"))]


def test_unknown_roles_and_cycles_are_left_for_the_supervisor_to_refuse() -> None:
    plan = tidy(draft(DraftStep("a", "cook", after=("b",)), DraftStep("b", "cook", after=("a",))), GOAL)
    assert [(s.role, s.after) for s in plan.steps[:2]] == [("cook", ("b",)), ("cook", ("a",))]


def test_without_an_executor_nothing_is_added() -> None:
    goal = msgspec.structs.replace(GOAL, roles=(RESEARCHER,))
    assert len(tidy(draft(DraftStep("a", "researcher")), goal).steps) == 1


@pytest.mark.parametrize(
    ("file", "kept"), [("out/lease.md", True), ("/etc/x", False), ("../x", False), (7, False)]
)
def test_a_file_outside_the_workspace_is_left_to_the_executor(file: Any, kept: bool) -> None:
    plan = tidy(draft(DraftStep("r", "executor", input={"instruction": "Do.", "file": file})), GOAL)
    assert ("file" in plan.steps[-1].input) == kept
