"""No false quotation leaves the effect worker, whatever shape the answer has."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interlock.effects.documents import find_quote
from interlock.effects.errors import Unfit
from interlock.effects.guards.quotations import concerns, without_false_quotes
from interlock.effects.nodes import as_list, as_object

OAK = {"quote": "An oak lives for a thousand years.", "file": "trees.md", "line": 5}
FALSE = {"quote": "An oak lives for ever.", "file": "trees.md", "line": 5}


def guarded(answer: Any, folder: Path | None) -> Any:
    return msgspec.json.decode(without_false_quotes(msgspec.json.encode(answer), folder))


def test_a_true_quotation_passes_unchanged(docs: Path) -> None:
    answer = {"claims": [{"text": "Oaks are old.", "citations": [OAK]}], "unanswered": ""}
    assert guarded(answer, docs) == answer


def test_a_false_quotation_goes_and_its_claim_with_it(docs: Path) -> None:
    answer = {
        "claims": [
            {"text": "Oaks are old.", "citations": [FALSE, OAK]},
            {"text": "Oaks live for ever.", "citations": [FALSE]},
        ]
    }
    assert guarded(answer, docs) == {
        "claims": [{"text": "Oaks are old.", "citations": [OAK]}],
        "discarded_quotes": 2,
    }


def test_a_wrong_line_is_put_right(docs: Path) -> None:
    wrong = {**OAK, "line": 400}
    assert guarded({"citations": [wrong]}, docs) == {"citations": [OAK]}
    nowhere = {key: value for key, value in OAK.items() if key != "line"}
    assert guarded({"citations": [nowhere]}, docs) == {"citations": [OAK]}


def test_white_space_alone_is_put_right_to_the_sources_own(docs: Path) -> None:
    wrapped = {"quote": "thousand years. Its  wood is hard.", "file": "trees.md", "line": 1}
    (quote,) = guarded([wrapped], docs)
    assert quote == {"quote": "thousand years.\nIts wood is hard.", "file": "trees.md", "line": 5}


@pytest.mark.parametrize(
    "quote",
    [
        {**OAK, "file": "birds.md"},
        {**OAK, "file": "../docs/trees.md/../../secret.md"},
        {**OAK, "quote": ""},
        {**OAK, "quote": " \n "},
        {**OAK, "quote": "an oak lives for a thousand years."},
        {**OAK, "quote": "An oak lives ... years."},
        {**OAK, "quote": 7},
        {**OAK, "file": None},
        {**OAK, "quote": "x" * 1_000_000},
    ],
)
def test_what_does_not_stand_there_goes(docs: Path, quote: dict[str, Any]) -> None:
    assert guarded({"citations": [quote]}, docs) == {"citations": [], "discarded_quotes": 1}


def test_without_documents_no_quotation_stands() -> None:
    assert guarded({"one": OAK, "two": 2}, None) == {"two": 2, "discarded_quotes": 1}


def test_a_quotation_may_stand_anywhere_in_the_answer(docs: Path) -> None:
    deep = {"a": [{"b": {"proof": FALSE, "kept": OAK}}], "quote": "no file, no quotation"}
    assert guarded(deep, docs) == {
        "a": [{"b": {"kept": OAK}}],
        "quote": "no file, no quotation",
        "discarded_quotes": 1,
    }
    assert guarded(FALSE, docs) == {"discarded_quotes": 1}


def test_a_count_that_the_model_made_up_is_replaced(docs: Path) -> None:
    assert guarded({"q": FALSE, "discarded_quotes": 99}, docs) == {"discarded_quotes": 1}


def test_a_key_cannot_hide_behind_escapes() -> None:
    assert concerns(rb'{"\u0071uote": "x", "file": "y"}')
    assert not concerns(b'{"text": "x"}')


def test_an_answer_that_is_a_well_is_refused() -> None:
    with pytest.raises(Unfit, match="nested"):
        without_false_quotes(b'{"quote":' * 100 + b"1" + b"}" * 100, None)


def answers() -> st.SearchStrategy[Any]:
    """Answers of any shape in which quotations, true and false, stand anywhere."""
    quotes = st.sampled_from(
        ["An oak lives", "wood is hard.\n\n## Birches", "a BIRCH lives", "\x00", "", "  Its wood  is"]
    )
    files = st.sampled_from(["trees.md", "page.html", "../docs/trees.md", "", "none.md"])
    quotation = st.fixed_dictionaries(
        {"quote": quotes, "file": files}, optional={"line": st.integers() | st.none()}
    )
    return st.recursive(
        quotation | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["claims", "citations", "quote", "x"]), inner, max_size=3)
        ),
        max_leaves=12,
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=answers())
def test_whatever_the_answer_only_true_quotations_are_left(docs: Path, answer: Any) -> None:
    cleaned = guarded(answer, docs)
    for quotation in quotations(cleaned):
        found = find_quote(docs, quotation["file"], quotation["quote"], quotation["line"])
        assert found is not None
        assert found.line == quotation["line"]
    # And what was clean stays as it is
    assert guarded(cleaned, docs) == cleaned


def quotations(node: Any) -> Iterator[dict[str, Any]]:
    fields = as_object(node)
    if "quote" in fields and "file" in fields:
        yield fields
        return
    for part in (*fields.values(), *as_list(node)):
        yield from quotations(part)
