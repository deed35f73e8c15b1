"""A goal becomes questions that can be answered by themselves."""

import pytest

from interlock.effects.offline import decompose, queries


@pytest.mark.parametrize(
    ("goal", "questions"),
    [
        (
            "How does Interlock stop a runaway agent, and what can it not undo?",
            ["How does Interlock stop a runaway agent?", "What can Interlock not undo?"],
        ),
        ("What is a closure?", ["What is a closure?"]),
        (
            "What is the difference between a list and a tuple?",
            ["What is the difference between a list and a tuple?"],
        ),
        (
            "How do I create a virtual environment and how do I delete it?",
            ["How do I create a virtual environment?", "How do I delete a virtual environment?"],
        ),
        (
            "How does the supervisor decide? What does it log? Who may stop it?",
            [
                "How does the supervisor decide?",
                "What does the supervisor log?",
                "Who may stop the supervisor?",
            ],
        ),
        ("What is os.walk and does it follow links?", ["What is os.walk?", "Does os.walk follow links?"]),
        ("Explain budgets", ["Explain budgets"]),
        (
            "How do I set a timeout for subprocess.run, and what is the default?",
            [
                "How do I set a timeout for subprocess.run?",
                "What is the default for a timeout for subprocess.run?",
            ],
        ),
        (
            "How many worker threads does ThreadPoolExecutor use, and what is the default?",
            [
                "How many worker threads does ThreadPoolExecutor use?",
                "What is the default for the worker threads of ThreadPoolExecutor?",
            ],
        ),
        (
            "What is the recursion limit and how do I change it?",
            ["What is the recursion limit?", "How do I change the recursion limit?"],
        ),
        (
            "What is a virtual environment and how do I create one?",
            ["What is a virtual environment?", "How do I create a virtual environment?"],
        ),
        (
            "How do I read a file line by line, and how do I close it?",
            ["How do I read a file line by line?", "How do I close a file?"],
        ),
        (
            "How long may a quote be and why?",
            ["How long may a quote be?", "Why may a quote be?"],
        ),
        (
            "How do I open a file and what is the default port of a server?",
            ["How do I open a file?", "What is the default port of a server?"],
        ),
    ],
)
def test_each_question_keeps_its_subject(goal: str, questions: list[str]) -> None:
    assert [part.text for part in decompose(goal)] == questions


@pytest.mark.parametrize(
    "goal", ["", "   ", "?", "\n\n", "🙂", "what " * 5000, "a? " * 100, "a" * 100_000, "\ud800"]
)
def test_any_goal_gives_one_to_four_questions(goal: str) -> None:
    parts = decompose(goal)
    assert 1 <= len(parts) <= 4
    assert all(part.text for part in parts)
    assert queries(goal) is not None


def test_a_question_is_searched_whole_and_by_its_names() -> None:
    assert queries("How does asyncio.TaskGroup fail?") == [
        "How does asyncio.TaskGroup fail?",
        "asyncio.TaskGroup",
    ]
    assert queries("How do tasks fail?") == ["How do tasks fail?"]
