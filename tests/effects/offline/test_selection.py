"""The reasoner quotes what answers, exactly, and says so when nothing does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.effects.documents import Index, find_quote
from interlock.effects.offline import Findings, merged, queries, select

ORCHARD = """# The orchard

The orchard has forty trees. It was planted in 1987.

## Harvest

Apples are picked by hand, because bruised fruit rots within days. Pears are picked earlier
and ripen in the cellar. Wages are paid on Fridays.

## Tools

| tool | use |
| --- | --- |
| ladder | reaching high branches |
| `prune --hard` | cuts a tree back to its trunk |
"""
FENCES = """# Fences

A fence keeps deer out. The fence is two metres high. It is repaired each spring.
"""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    root = tmp_path / "docs"
    root.mkdir()
    (root / "orchard.md").write_text(ORCHARD)
    (root / "fences.md").write_text(FENCES)
    opened = Index(root, tmp_path / "cache")
    opened.refresh()
    yield opened
    opened.close()


def ask(index: Index, question: str) -> Findings:
    hits, terms, passages = merged([index.search(query, 32) for query in queries(question)])
    return select(question, hits, terms, passages)


@pytest.mark.parametrize(
    ("question", "file", "words"),
    [
        ("Why are apples picked by hand?", "orchard.md", "bruised fruit rots"),
        ("How high is the fence?", "fences.md", "two metres high"),
        ("When was the orchard planted?", "orchard.md", "1987"),
        ("What does prune --hard do?", "orchard.md", "back to its trunk"),
        ("When do wages get paid?", "orchard.md", "Fridays"),
    ],
)
def test_the_answer_is_quoted_from_where_it_stands(
    index: Index, question: str, file: str, words: str
) -> None:
    found = ask(index, question)
    citation = found.claims[0].citations[0]
    assert citation.file == file
    assert words in citation.quote
    assert found.abstained == ""


@pytest.mark.parametrize(
    "question",
    [
        "Who owns the tractor?",
        "How does Orchard.sell_all work?",
        "What is the default port of PostgreSQL?",
        "",
        "🙂",
    ],
)
def test_what_the_documents_do_not_say_is_not_answered(index: Index, question: str) -> None:
    found = ask(index, question)
    assert found.claims == ()
    assert "documents do not" in found.abstained


def test_every_quotation_stands_in_its_file_at_its_line(index: Index) -> None:
    for question in ("Why are apples picked by hand?", "How high is the fence?", "What is the ladder for?"):
        for claim in ask(index, question).claims:
            for citation in claim.citations:
                found = find_quote(index.root, citation.file, citation.quote, citation.line)
                assert found is not None
                assert found.line == citation.line


def test_a_claim_says_no_word_that_is_not_in_the_document(index: Index) -> None:
    for claim in ask(index, "How is the fence repaired?").claims:
        assert claim.text in " ".join(FENCES.split())


def test_the_same_question_gives_the_same_findings(index: Index) -> None:
    assert ask(index, "How high is the fence?") == ask(index, "How high is the fence?")


def test_nothing_found_is_nothing_said() -> None:
    assert select("How high is the fence?", []).abstained
