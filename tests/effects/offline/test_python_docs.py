"""Quality on a large manual that none of us wrote; the questions and answers are data beside this file.

Set INTERLOCK_PYTHON_DOCS to the folder of the HTML documentation of Python 3.11, or install python3.11-doc.
"""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from interlock.effects.documents import Index, find_quote
from interlock.effects.offline import Findings, merged, queries, select

DEBIAN = "/usr/share/doc/python3.11/html"
DOCS = Path(os.environ.get("INTERLOCK_PYTHON_DOCS", DEBIAN))
THRESHOLDS = {
    # One question less than what was reached, so that the level is held:
    # right file first, right words first, right words at all, precision and recall of abstaining
    "tuning": (0.80, 0.70, 0.78, 0.92, 0.97),
    "held_out": (0.77, 0.60, 0.76, 0.95, 0.95),
    "newcomers": (0.61, 0.40, 0.66, 0.95, 0.95),
}
QUESTIONS = ("questions.toml", "newcomers.toml")
# A researcher is shown so many passages, and may cite their files only.
SHOWN = 8
READ = 40
# Of the many tuning questions each second one is asked: the level shows, and the wait is bearable.
TUNING_STEP = 2

pytestmark = pytest.mark.skipif(
    not (DOCS / "library" / "functions.html").is_file(),
    reason=f"the documentation of Python is not in {DOCS}",
)


class Asked(msgspec.Struct, frozen=True):
    """A question of the file questions.toml with its findings."""

    expected_files: list[str]
    expected_phrases: list[str]
    findings: Findings

    def in_file(self) -> bool:
        return bool(self.findings.claims) and self.findings.claims[0].citations[0].file in self.expected_files

    def quoted(self, first: int) -> bool:
        return any(
            citation.file in self.expected_files
            and any(phrase.lower() in citation.quote.lower() for phrase in self.expected_phrases)
            for claim in self.findings.claims[:first]
            for citation in claim.citations
        )


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    opened = Index(DOCS, tmp_path_factory.mktemp("cache"))
    opened.refresh()
    yield opened
    opened.close()


def ask(index: Index, question: str) -> Findings:
    hits, terms, passages = merged([index.search(query, READ) for query in queries(question)])
    files = {hit.file for hit in hits[:SHOWN]}
    return select(question, [hit for hit in hits if hit.file in files], terms, passages)


def chosen_questions(chosen: str) -> list[dict[str, Any]]:
    folder = Path(__file__).parent
    every = [
        one
        for name in QUESTIONS
        for one in tomllib.loads((folder / name).read_text(encoding="utf-8"))["question"]
        if one["set"] == chosen
    ]
    return every[:: TUNING_STEP if chosen == "tuning" else 1]


def share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("chosen", list(THRESHOLDS))
def test_answers_are_the_passages_a_person_would_point_to(index: Index, chosen: str) -> None:
    asked = [
        Asked(one["files"], one["phrases"], ask(index, one["question"])) for one in chosen_questions(chosen)
    ]
    answerable = [one for one in asked if one.expected_files]
    silent = [one for one in asked if not one.findings.claims]
    rightly_silent = sum(not one.expected_files for one in silent)
    reached = (
        share(sum(one.in_file() for one in answerable), len(answerable)),
        share(sum(one.quoted(1) for one in answerable), len(answerable)),
        share(sum(one.quoted(3) for one in answerable), len(answerable)),
        share(rightly_silent, len(silent)),
        share(rightly_silent, len(asked) - len(answerable)),
    )
    assert all(got >= least for got, least in zip(reached, THRESHOLDS[chosen], strict=True)), reached


def test_every_quotation_of_the_manual_stands_at_its_line(index: Index) -> None:
    for question in (
        "How do I get the number of CPUs?",
        "What does contextlib.suppress do?",
        "What is a metaclass?",
    ):
        for claim in ask(index, question).claims:
            for citation in claim.citations:
                found = find_quote(DOCS, citation.file, citation.quote, citation.line)
                assert found is not None
                assert found.line == citation.line


def test_a_refresh_with_nothing_changed_reads_nothing(index: Index) -> None:
    refreshed = index.refresh()
    assert refreshed.read == 0
    assert refreshed.files > 400


@pytest.mark.parametrize(
    ("question", "file", "words"),
    [
        ("How do I read a file line by line?", "tutorial/inputoutput.html", "line"),
        ("How do I merge two dictionaries?", "library/stdtypes.html", "update"),
        ("What is the default for a timeout for subprocess.run?", "library/subprocess.html", "timeout=None"),
        ("What is a namedtuple?", "library/collections.html", "tuple subclass"),
        ("What is the speed of light?", "", ""),
        ("How do I deploy a Flask app to Heroku?", "", ""),
    ],
)
def test_what_users_have_complained_about_stays_mended(
    index: Index, question: str, file: str, words: str
) -> None:
    claims = ask(index, question).claims
    assert [claim.citations[0].file for claim in claims[:1]] == ([file] if file else [])
    assert all(words in claim.citations[0].quote for claim in claims[:1])
