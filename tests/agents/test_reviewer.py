"""The reviewer asks a model, but approves nothing whose quotation does not stand in its source."""

from typing import Any

import msgspec
import pytest
from tests.agents.conftest import Peer
from tests.agents.shelf import FALSE, TRUE, Shelf, claim, findings

from interlock.agents.reviewer.agent import agent
from interlock.contracts.message import encode
from interlock.contracts.roles import Verdict
from interlock.contracts.step import StepResult

APPROVE: dict[str, Any] = {"decision": "approve", "reasons": ["fine"], "note": "It answers."}
REVISE: dict[str, Any] = {"decision": "revise", "reasons": ["Say more."], "note": ""}
ESCALATE: dict[str, Any] = {"decision": "escalate", "reasons": [], "note": "A person must know."}


async def judged(peer: Peer, shelf: Shelf, *claims: dict[str, Any]) -> Verdict:
    peer.script = shelf
    await peer.join(agent)
    results = {
        "facts": findings(*claims),
        "german": {"text": "Ein Pachtvertrag"},
        "report": {"report": "# R", "claims": list(claims), "unanswered": ["And then?: No."]},
    }
    given = {step: msgspec.Raw(encode(result)) for step, result in results.items()}
    work = {"goal": "What is a lease?", "criteria": ["Short."], "round": 2}
    end = await peer.work(work, role="reviewer", given=given)
    assert isinstance(end, StepResult), end
    return msgspec.json.decode(end.value, type=Verdict)


async def test_good_work_is_approved_without_reasons(peer: Peer) -> None:
    shelf = Shelf(review=APPROVE)
    verdict = await judged(peer, shelf, claim("It ends.", TRUE))
    assert (verdict.decision, verdict.reasons, verdict.note) == ("approve", (), "It answers.")
    call = shelf.model("review")
    assert all(
        words in call.prompt
        for words in ("What is a lease?", "- Short.", TRUE, "- And then?: No.", "Pachtvertrag")
    )
    assert call.inputs["questions"] == ["What is a lease?"]
    assert (call.inputs["round"], len(call.inputs["claims"])) == (2, 1)


@pytest.mark.parametrize("unproven", [claim("It stays.", FALSE), claim("It stays.")])
async def test_a_model_cannot_approve_what_is_not_proven(peer: Peer, unproven: dict[str, Any]) -> None:
    verdict = await judged(peer, Shelf(review=APPROVE), claim("It ends.", TRUE), unproven)
    assert verdict.decision == "revise"
    assert verdict.reasons == ("No quotation stands in its source for this claim: It stays.",)


async def test_a_false_quotation_beside_a_true_one_is_not_approved(peer: Peer) -> None:
    verdict = await judged(peer, Shelf(review=APPROVE), claim("It ends.", TRUE, FALSE))
    assert verdict.decision == "revise"
    assert len(verdict.reasons) == 1


@pytest.mark.parametrize(
    ("judgement", "reasons"), [(REVISE, ("Say more.",)), (ESCALATE, ("A person must know.",))]
)
async def test_a_model_may_be_stricter_than_the_rule(
    peer: Peer, judgement: dict[str, Any], reasons: tuple[str, ...]
) -> None:
    verdict = await judged(peer, Shelf(review=judgement), claim("It ends.", TRUE))
    assert (verdict.decision, verdict.reasons) == (judgement["decision"], reasons)


async def test_revise_without_a_word_still_says_what_to_do(peer: Peer) -> None:
    shelf = Shelf(review={"decision": "revise", "reasons": [], "note": ""})
    verdict = await judged(peer, shelf, claim("It ends.", TRUE))
    assert verdict.reasons[0].startswith("The reviewer wants it better")
