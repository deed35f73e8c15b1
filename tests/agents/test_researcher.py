"""The researcher says only what stands in the documents, and says so when they do not answer."""

from typing import Any

import jsonschema
import msgspec
import pytest
from tests.agents.conftest import Peer
from tests.agents.shelf import FALSE, FILE, PASSAGE, TRUE, Shelf, claim

from interlock.agents.quotations import MOST_PASSAGE_CHARS
from interlock.agents.researcher.agent import NO_DOCUMENTS, NOTHING_FOUND, NOTHING_PROVEN, agent
from interlock.contracts.roles import Findings
from interlock.contracts.step import StepResult

QUERIES = {"queries": ["lease", "end of a lease"]}


async def found(peer: Peer, shelf: Shelf, **fields: Any) -> Findings:
    peer.script = shelf
    await peer.join(agent)
    known = {"role": "researcher", "docs": "docs"}
    end = await peer.work({"question": "What is a lease?"}, **(known | fields))
    assert isinstance(end, StepResult), end
    return msgspec.json.decode(end.value, type=Findings)


async def test_true_quotations_stay_and_false_ones_are_counted(peer: Peer) -> None:
    # Given a model that quotes rightly, wrongly, and both at once
    answer = {"claims": [claim("It ends.", TRUE), claim("It stays.", FALSE), claim("Both.", TRUE, FALSE)]}
    shelf = Shelf(queries=QUERIES, answer=answer | {"unanswered": ""})
    # When it researches
    result = await found(peer, shelf)
    # Then each claim rests on what stands there, and nothing else
    assert [(c.text, [q.quote for q in c.citations]) for c in result.claims] == [
        ("It ends.", [TRUE]),
        ("Both.", [TRUE]),
    ]
    assert (result.discarded_quotes, result.unanswered) == (1, "")
    assert result.question == "What is a lease?"


async def test_the_question_and_the_model_s_queries_are_searched_at_once(peer: Peer) -> None:
    shelf = Shelf(queries=QUERIES, answer={"claims": [], "unanswered": "No."})
    await found(peer, shelf)
    assert [call["query"] for call in shelf.tools("search")] == [
        "What is a lease?",
        "lease",
        "end of a lease",
    ]


async def test_passages_are_shown_once_and_only_their_files_can_be_cited(peer: Peer) -> None:
    shelf = Shelf(queries=QUERIES, answer={"claims": [], "unanswered": "No."})
    await found(peer, shelf)
    call = shelf.model("answer")
    assert call.inputs["passages"] == [PASSAGE]
    assert call.prompt.count("A lease ends") == 1
    said = claim("It ends.", TRUE)
    jsonschema.validate({"claims": [said], "unanswered": ""}, call.returns)
    said["citations"][0]["file"] = "other.md"
    with pytest.raises(jsonschema.ValidationError, match=FILE):
        jsonschema.validate({"claims": [said], "unanswered": ""}, call.returns)


async def test_what_several_searches_find_is_merged_best_first_each_passage_once(peer: Peer) -> None:
    # Given searches that find the same passages in different orders, one of them very long
    def hit(line: int) -> dict[str, Any]:
        return PASSAGE | {"line": line, "text": "word " * (5_000 if line == 3 else 5)}

    found_lines = {"What is a lease?": [1, 2, 3], "lease": [2, 1, 4], "end of a lease": []}
    shelf = Shelf(queries=QUERIES, answer={"claims": [], "unanswered": "No."})
    shelf.found = {query: [hit(line) for line in lines] for query, lines in found_lines.items()}
    # When the researcher reads
    await found(peer, shelf)
    # Then they take turns, none comes twice, and none is too large for a call
    passages = shelf.model("answer").inputs["passages"]
    assert [passage["line"] for passage in passages] == [1, 2, 3, 4]
    assert max(len(passage["text"]) for passage in passages) == MOST_PASSAGE_CHARS


async def test_without_documents_or_passages_no_model_is_asked_to_answer(peer: Peer) -> None:
    shelf = Shelf(hits=0, queries=QUERIES)
    assert (await found(peer, shelf)).unanswered == NOTHING_FOUND
    assert (await found(peer, shelf, docs="", step="s2")).unanswered == NO_DOCUMENTS


async def test_what_the_documents_do_not_say_is_said(peer: Peer) -> None:
    shelf = Shelf(queries=QUERIES, answer={"claims": [], "unanswered": "They speak of ends only."})
    result = await found(peer, shelf)
    assert (result.claims, result.unanswered) == ((), "They speak of ends only.")


@pytest.mark.parametrize(
    "guarded", [{"claims": [claim("It stays.", FALSE)]}, {"claims": [], "discarded_quotes": 2}]
)
async def test_an_answer_of_false_quotations_only_is_no_answer(peer: Peer, guarded: dict[str, Any]) -> None:
    shelf = Shelf(queries=QUERIES, answer={"unanswered": ""} | guarded)
    result = await found(peer, shelf)
    assert (result.claims, result.unanswered) == ((), NOTHING_PROVEN)
    assert result.discarded_quotes


async def test_a_reviewer_s_notes_reach_the_model(peer: Peer) -> None:
    shelf = Shelf(queries=QUERIES, answer={"claims": [], "unanswered": "No."})
    await found(peer, shelf, notes=("Look at renewals.",))
    assert "Look at renewals." in shelf.model("answer").prompt
    assert shelf.model("answer").inputs["notes"] == ["Look at renewals."]
