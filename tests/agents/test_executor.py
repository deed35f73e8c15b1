"""The executor writes what was proven, with its proof; a model may order it and refer to it."""

from typing import Any

import msgspec
import pytest
from tests.agents.conftest import Peer, within_bound
from tests.agents.shelf import FALSE, TRUE, Shelf, citation, claim, findings

from interlock.agents.executor.agent import agent
from interlock.agents.executor.arrangement import Arrangement, grounded_summary, reading_order
from interlock.contracts.effect import EffectEnd
from interlock.contracts.message import encode
from interlock.contracts.roles import Outcome
from interlock.contracts.step import StepResult

RENEWED = "It is renewed by its holder."


def given(**results: Any) -> dict[str, msgspec.Raw]:
    return {step: msgspec.Raw(encode(result)) for step, result in results.items()}


TWO = given(
    a=findings(claim("A lease ends.", TRUE)),
    b=findings(claim("Holders renew.", RENEWED), question="And then?"),
)


async def executed(peer: Peer, shelf: Shelf, **fields: Any) -> Outcome:
    peer.script = shelf
    await peer.join(agent)
    fields = {"given": TWO} | fields
    end = await peer.work({"instruction": "Write."}, role="executor", **fields)
    assert isinstance(end, StepResult), end
    return msgspec.json.decode(end.value, type=Outcome)


async def test_every_claim_stands_in_the_report_with_quotation_file_and_line(peer: Peer) -> None:
    shelf = Shelf(report={"order": [2, 1], "summary": "Leases end [1]."})
    outcome = await executed(peer, shelf)
    assert [c.text for c in outcome.claims] == ["Holders renew.", "A lease ends."]
    assert outcome.report == (
        "# the goal\n\n"
        "Leases end [2].\n\n"
        "## And then?\n\n"
        "Holders renew. [1]\n\n"
        f"> {RENEWED}\n>\n> [1] `lease.md:3`\n\n"
        "## What is a lease?\n\n"
        "A lease ends. [2]\n\n"
        "> A lease ends\n> by itself.\n>\n> [2] `lease.md:3`\n"
    )


async def test_the_report_is_written_to_a_file(peer: Peer) -> None:
    shelf = Shelf(report={"order": [1, 2], "summary": ""})
    outcome = await executed(peer, shelf)
    assert shelf.tools("write_file") == [{"path": "report.md", "text": outcome.report}]
    assert [artifact.path for artifact in outcome.artifacts] == ["report.md"]


@pytest.mark.parametrize(
    ("end", "message", "why"),
    [
        ("recommended", "an executor suggests only", "an executor suggests only"),
        ("denied", "person: not now,\nplease", "not now, please"),
    ],
)
async def test_a_report_that_may_not_be_written_is_the_result_all_the_same(
    peer: Peer, end: EffectEnd, message: str, why: str
) -> None:
    # Given somebody, or something, that says no to the file
    shelf = Shelf(report={"order": [1, 2], "summary": ""})
    peer.script = lambda call: None if getattr(call, "tool", "") == "write_file" else shelf(call)
    await peer.join(agent)
    await peer.assign({"instruction": "Write."}, role="executor", given=TWO)
    while getattr((request := await peer.asked()).call, "tool", "") != "write_file":
        pass
    await peer.answer(request.key, None, end, message=message)
    # Then the report is there, with its claims, and says why it stands in no file
    result = await within_bound(peer.ends.get())
    assert isinstance(result, StepResult)
    outcome = msgspec.json.decode(result.value, type=Outcome)
    assert (outcome.artifacts, len(outcome.claims)) == ((), 2)
    assert "Holders renew. [2]" in outcome.report
    assert outcome.report.endswith(f"## What was not done\n\nreport.md was not written: {why}\n")


async def test_a_claim_that_says_no_more_than_its_quotation_is_not_said_twice(peer: Peer) -> None:
    shelf = Shelf(report={"order": [], "summary": ""})
    outcome = await executed(peer, shelf, given=given(a=findings(claim("A lease ends by itself.", TRUE))))
    assert outcome.report.count("lease ends") == 1


async def test_what_the_documents_do_not_say_is_said_plainly_and_without_a_model(peer: Peer) -> None:
    nothing = given(a=findings(unanswered="No passage speaks of it."))
    outcome = await executed(peer, Shelf(), given=nothing)
    assert "The documents do not say." in outcome.report
    assert outcome.unanswered == ("What is a lease?: No passage speaks of it.",)
    assert "- What is a lease?: No passage speaks of it." in outcome.report


async def test_a_claim_without_a_quotation_is_left_out(peer: Peer) -> None:
    shelf = Shelf(report={"order": [1], "summary": ""})
    outcome = await executed(
        peer, shelf, given=given(a=findings(claim("Bare."), claim("A lease ends.", TRUE)))
    )
    assert [c.text for c in outcome.claims] == ["A lease ends."]
    assert "Bare." not in outcome.report


async def test_two_claims_of_the_same_words_keep_each_its_question(peer: Peer) -> None:
    same = given(
        a=findings(claim("It ends.", TRUE), question="One?"),
        b=findings({"text": "It ends.", "citations": [citation(RENEWED, 4)]}, question="Two?"),
    )
    shelf = Shelf(report={"order": [1, 2], "summary": ""})
    outcome = await executed(peer, shelf, given=same, notes=("Again.",))
    assert outcome.report.index("## One?") < outcome.report.index("## Two?")


async def test_results_of_a_team_s_own_role_have_their_place(peer: Peer) -> None:
    own = given(german={"text": "Ein Pachtvertrag", "language": "German"}, deep={"list": [1, {"a": 2}]})
    outcome = await executed(peer, Shelf(), given=own)
    assert "## Result of step german\n\n- text: Ein Pachtvertrag\n- language: German" in outcome.report
    assert '"a": 2' in outcome.report
    assert "do not say" not in outcome.report


async def test_after_a_review_the_quotations_are_checked_and_the_notes_are_told(peer: Peer) -> None:
    shelf = Shelf(report={"order": [1], "summary": ""})
    mixed = given(a=findings(claim("A lease ends.", TRUE), claim("It stays.", FALSE)))
    outcome = await executed(peer, shelf, given=mixed, notes=("Leave out what is false.",))
    assert [c.text for c in outcome.claims] == ["A lease ends."]
    assert "Leave out what is false." in shelf.model("report").prompt


async def test_more_than_a_report_can_hold_is_left_out_and_said(peer: Peer) -> None:
    many = [claim(f"Claim {number}.", f"{number} " + "x" * 3_500) for number in range(40)]
    shelf = Shelf(report={"order": [], "summary": ""})
    outcome = await executed(peer, shelf, given=given(a=findings(*many)))
    assert 10 < len(outcome.claims) < 40
    assert f"{40 - len(outcome.claims)} more claims were found" in outcome.report


@pytest.mark.parametrize(
    ("order", "expected"), [((), [1, 2, 3]), ((3,), [3, 1, 2]), ((9, 2, 2, 0, -1), [2, 1, 3])]
)
def test_no_claim_is_lost_or_doubled_by_an_order(order: tuple[int, ...], expected: list[int]) -> None:
    assert reading_order(Arrangement(order=order), 3) == expected


@pytest.mark.parametrize(
    ("summary", "kept"),
    [
        ("Leases end [1].", "Leases end [2]."),
        ("Leases end. [1] They stay [1] [2]!", "Leases end. [2] They stay [2] [1]!"),
        ("Leases end [1]. They are red.", ""),
        ("Leases end [7]. They stay [1]!", ""),
        ("x" * 2_000 + " [1]", ""),
        ("No reference at all", ""),
        ("", ""),
    ],
)
def test_a_summary_is_kept_when_each_of_its_sentences_refers_to_claims(summary: str, kept: str) -> None:
    assert grounded_summary(Arrangement(summary=summary), [2, 1]) == kept
