"""The offline reasoner behind the interface of a model: each purpose, from data to data."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.effects.conftest import Heard, question

from interlock.contracts.message import Json
from interlock.contracts.plan import Plan
from interlock.contracts.roles import Claim
from interlock.effects.errors import CutOff, EffectError, Unfit, UnknownEffect
from interlock.effects.models.allowance import Allowance
from interlock.effects.models.offline import OfflineModel, within
from interlock.effects.settings import EffectSettings
from interlock.effects.threads import Threads

TRANSLATOR: Json = {
    "role": "translator",
    "objective": "Translate a text.",
    "keywords": ["translate", "translation"],
    "input_schema": {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "language": {"type": "string"},
            "tone": {"type": "string"},
        },
        "required": ["text", "language"],
    },
}
BUILT_IN: list[Json] = [{"role": role, "objective": "Work."} for role in ("executor", "researcher")]


@pytest.fixture
def model(settings: EffectSettings) -> OfflineModel:
    return OfflineModel(settings, Threads(1))


async def ask(model: OfflineModel, purpose: str, docs: str = "", limit: int = 1_024, **inputs: Any) -> Any:
    call = question(purpose=purpose, inputs=inputs)
    answer = await model.answer(call, allowance=Allowance(10**6, limit, 0), docs=docs, on_tokens=Heard())
    return msgspec.json.decode(answer.value)


async def plan(model: OfflineModel, goal: str, *roles: Json) -> Plan:
    return msgspec.convert(await ask(model, "plan", goal=goal, roles=[*BUILT_IN, *roles]), Plan)


async def test_a_plan_has_a_researcher_for_each_question_and_a_report_after_them(model: OfflineModel) -> None:
    made = await plan(model, "How old do oaks get, and how old do birches get?")
    assert [(step.role, step.after) for step in made.steps] == [
        ("researcher", ()),
        ("researcher", ()),
        ("executor", ("facts-1", "facts-2")),
    ]
    assert made.steps[1].input == {"question": "How old do birches get?"}
    assert made.criteria


@pytest.mark.parametrize(
    ("goal", "text"),
    [
        ('Translate "Good morning" to German.', "Good morning"),
        ("Write a translation into German: Good morning", "Good morning"),
        ("Translate \u201cGood morning\u201d (German)", "Good morning"),
    ],
)
async def test_a_teams_own_role_gets_what_the_goal_says_in_plain_sight(
    model: OfflineModel, goal: str, text: str
) -> None:
    made = await plan(model, goal, TRANSLATOR)
    last = made.steps[-1]
    assert (last.role, last.after) == ("translator", ("report",))
    assert last.input == {"text": text, "language": "German"}


@pytest.mark.parametrize(
    "goal", ["Translate the report.", 'Translate "Good morning".', 'Say "Good morning" in German.']
)
async def test_a_role_whose_input_is_not_said_is_not_planned(model: OfflineModel, goal: str) -> None:
    made = await plan(model, goal, TRANSLATOR)
    assert {step.role for step in made.steps} == {"researcher", "executor"}


async def test_queries_fit_the_search(model: OfflineModel) -> None:
    found = await ask(model, "queries", question="How long does an oak live? " + "Really? " * 50)
    assert 1 <= len(found["queries"]) <= 3
    assert all(2 <= len(query) <= 100 for query in found["queries"])


async def test_an_answer_quotes_the_passage_exactly(model: OfflineModel, docs: Path) -> None:
    passage: Json = {
        "file": "trees.md",
        "line": 5,
        "heading": "Trees > Oaks",
        "text": "An oak lives for a thousand years.\nIts wood is hard.",
        "score": 1.0,
    }
    told = await ask(
        model, "answer", str(docs), question="How many years does an oak live?", passages=[passage]
    )
    (citation, *_) = msgspec.convert(told["claims"][0], Claim).citations
    assert "An oak lives for a thousand years." in citation.quote
    assert citation.quote in passage["text"]
    assert (citation.file, citation.line, told["unanswered"]) == ("trees.md", 5, "")


async def test_an_answer_that_the_documents_do_not_hold_is_not_made_up(
    model: OfflineModel, docs: Path
) -> None:
    passage = {"file": "trees.md", "line": 5, "text": "An oak lives for a thousand years."}
    told = await ask(model, "answer", str(docs), question="What does the Zeppelin cost?", passages=[passage])
    assert told["claims"] == []
    assert told["unanswered"]


async def test_a_report_keeps_the_claims_of_a_question_together(model: OfflineModel) -> None:
    claims = [{"number": n, "question": q, "text": "x"} for n, q in ((1, "a"), (2, "b"), (3, "a"))]
    assert (await ask(model, "report", goal="g", claims=claims))["order"] == [1, 3, 2]


async def test_a_review_approves_what_its_quotations_carry(model: OfflineModel) -> None:
    citation = {"quote": "An oak lives for a thousand years.", "file": "trees.md", "line": 5}
    carried = {"text": "An oak lives for a thousand years.", "citations": [citation]}
    assert (await ask(model, "review", goal="g", claims=[carried]))["decision"] == "approve"
    invented = carried | {"text": "Dragons guard every palace of the northern emperor."}
    judged = await ask(model, "review", goal="g", claims=[invented])
    assert judged["decision"] == "revise"
    assert judged["reasons"]


async def test_an_honest_report_without_claims_is_approved(model: OfflineModel) -> None:
    judged = await ask(model, "review", goal="g", claims=[], unanswered=["a: no"])
    assert judged["decision"] == "approve"


async def test_tokens_are_counted_and_nothing_is_charged(model: OfflineModel) -> None:
    call = question(purpose="queries", inputs={"question": "oak"})
    answer = await model.answer(call, allowance=Allowance(10**6, 100, 0), docs="", on_tokens=Heard())
    assert answer.used is not None
    tokens = -(-len(b'{"question":"oak"}') // 4) - (-len(answer.value) // 4)
    assert (answer.used.tokens, answer.used.model_calls, answer.used.spend_usd_micros) == (tokens, 1, 0)


def test_claims_beyond_the_limit_are_left_out_but_never_the_last() -> None:
    value: Json = {"claims": [{"text": "x" * 50}, {"text": "y" * 50}], "unanswered": ""}
    size = len(msgspec.json.encode(value)) // 4
    assert msgspec.json.decode(within(value, size + 1)) == value
    assert msgspec.json.decode(within(value, size - 5)) == value | {"claims": value["claims"][:1]}
    with pytest.raises(CutOff):
        within(value, 10)


async def test_a_plan_that_is_too_long_is_cut_off(model: OfflineModel) -> None:
    with pytest.raises(CutOff, match="5 tokens"):
        await ask(model, "plan", limit=5, goal="How old do oaks get?")


NOTHING: Json = {}


@pytest.mark.parametrize(
    ("purpose", "inputs", "kind"),
    [
        ("translate", NOTHING, UnknownEffect),
        ("plan", NOTHING, Unfit),
        ("plan", {"goal": 7}, Unfit),
        ("answer", {"question": "x", "passages": [NOTHING]}, Unfit),
        ("queries", {"question": "x", "unfit": {"answer": "..."}}, Unfit),
    ],
)
async def test_what_it_cannot_do_is_said(
    model: OfflineModel, purpose: str, inputs: Json, kind: type[EffectError]
) -> None:
    with pytest.raises(kind) as caught:
        await ask(model, purpose, **inputs)
    assert purpose in str(caught.value)
    assert not caught.value.transient
