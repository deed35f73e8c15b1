"""A report tells findings in the order asked, and its check names each defect."""

import pytest

from interlock.effects.documents import Hit
from interlock.effects.offline import Citation, Claim, Findings, check, compose

HIGH = "The fence is two metres high."
EVIDENCE = [Hit("fences.md", 3, ("Fences",), f"A fence keeps deer out. {HIGH}", 1.0)]
GOOD = Claim(HIGH, (Citation("fences.md", 3, HIGH),), 0.9)


def test_claims_with_their_quotations_are_approved() -> None:
    assert check([GOOD], EVIDENCE, "How high is the fence?").decision == "approve"


def test_an_honest_report_without_claims_is_approved() -> None:
    assert check([], EVIDENCE, "How high is the fence?").decision == "approve"


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (Claim(HIGH, (), 0.9), "no citation"),
        (
            Claim(HIGH, (Citation("fences.md", 3, "The fence is three metres high."),), 0.9),
            "not in the evidence",
        ),
        (Claim(HIGH, (Citation("other.md", 3, HIGH),), 0.9), "not in the evidence"),
        (Claim(HIGH, (Citation("fences.md", 3, " "),), 0.9), "not in the evidence"),
        (Claim("Wolves cannot jump over barbed wire.", GOOD.citations, 0.9), "says more than its quotations"),
        (Claim(" ", GOOD.citations, 0.9), "says nothing"),
    ],
)
def test_each_defect_is_named(claim: Claim, reason: str) -> None:
    verdict = check([GOOD, claim], EVIDENCE)
    assert verdict.decision == "revise"
    assert len(verdict.reasons) == 1
    assert reason in verdict.reasons[0]


def test_claims_beside_the_question_are_sent_back() -> None:
    verdict = check([GOOD], EVIDENCE, "Who paints the barn door?")
    assert verdict.decision == "revise"
    assert "do not answer" in verdict.reasons[0]


def test_a_report_follows_the_questions_and_tells_what_is_missing() -> None:
    silent = Findings("Who owns the tractor?", abstained="The documents do not say: nothing of tractor.")
    outline = compose("How high, and who owns?", [Findings("How high?", (GOOD,), confidence=0.9), silent])
    assert [section.heading for section in outline.sections] == ["How high?", "Who owns the tractor?"]
    assert outline.sections[1].claims == ()
    assert "tractor" in outline.sections[1].abstained
    assert outline.summary.startswith("Answered 1 of 2 questions from 1 quotation from 1 file")


def test_a_report_about_nothing_says_so() -> None:
    assert compose("Who?", [Findings("Who?")]).summary == "The documents do not say."
