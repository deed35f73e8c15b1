"""The small job that every measured system does, with a model that answers at once.

goal -> plan -> 3 findings in parallel -> outcome -> verdict. Knows nothing of who carries the texts.
Runs in the peers' environments too: the standard library only.
"""

GOAL = "Weigh what the sources say about the subject, and report it with quotations. " * 2
"""About 160 bytes, near enough to what a step hands on; every system carries the same."""

PARTS = 3


def plan(goal: str) -> list[str]:
    """Return the questions that the researchers get, one each."""
    return [f"{part}: {goal}" for part in range(PARTS)]


def research(question: str) -> str:
    """Return the finding of one question."""
    return f"found {question}"


def execute(findings: list[str]) -> str:
    """Return the outcome that joins the findings."""
    return f"did {findings[0]}"


def review(outcome: str) -> str:
    """Return the verdict on the outcome."""
    return f"approve {outcome}"
