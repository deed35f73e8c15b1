"""Subjects are built and read by the same words; what is no name is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.contracts import subjects
from interlock.contracts.errors import MalformedSubject
from interlock.contracts.inputs import INPUT_KINDS

tokens = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,63}", fullmatch=True)
kinds = st.sampled_from(sorted(INPUT_KINDS))


@given(tokens, kinds, st.lists(tokens | st.integers(0, 2**60), max_size=3))
def test_an_input_subject_round_trips(principal: str, kind: tuple[str, str], rest: list[str | int]) -> None:
    read = subjects.read_input(subjects.input_subject(principal, *kind, *rest))
    assert read == subjects.InputSubject(principal, *kind, tuple(str(word) for word in rest))


@given(st.integers(0, 2**60))
def test_a_decision_subject_round_trips(task: int) -> None:
    assert subjects.decided_task(subjects.decision_subject(task)) == task


def test_the_fleet_and_who_leads_it_are_task_0() -> None:
    assert subjects.decision_subject(0) == "interlock.decision.fleet" == subjects.FLEET_DECISIONS
    assert subjects.decided_task(subjects.LEADER_DECISIONS) == 0


@given(tokens)
def test_a_name_is_a_token(name: str) -> None:
    assert subjects.token(name) == name


@pytest.mark.parametrize("name", ["", "a.b", "a*", ">", "A", "-a", "a b", "é", "a" * 65, "a\n", "_a"])
def test_what_would_break_a_subject_is_no_name(name: str) -> None:
    with pytest.raises(MalformedSubject, match="is not a name on the bus: use 1 to 64"):
        subjects.token(name)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "interlock",
        "interlock.in.alice.task",
        "interlock.decision.42",
        "other.in.a.b.c",
        "interlock.do.a.b.c",
    ],
)
def test_what_is_no_input_is_refused(subject: str) -> None:
    with pytest.raises(MalformedSubject, match=r"is not interlock\.in"):
        subjects.read_input(subject)


def test_the_other_subjects_are_as_the_protocol_says() -> None:
    assert subjects.dispatch_subject("planner-1") == "interlock.do.planner-1"
    assert subjects.beat_subject("planner-1") == "interlock.beat.planner-1"
    assert subjects.live_subject(42, "plan", "p-1") == "interlock.live.42.plan.p-1"
    assert subjects.task_records(42)[0] == "interlock.decision.42"


@pytest.mark.parametrize(
    ("scope", "heard"),
    [
        ("fleet", True),
        ("agent.thinker-1", True),
        ("agent.thinker-2", False),
        ("role.thinker", True),
        ("role.planner", False),
        ("tenant.acme", True),
        ("task.42", True),
        ("step.42.facts", True),
        ("tool.web_search", False),
        ("model.openai.gpt", False),
    ],
)
def test_an_agent_hears_of_kills_that_may_be_over_its_work_and_of_no_others(scope: str, heard: bool) -> None:
    said = f"interlock.in.alice.control.kill.{scope}".split(".")
    patterns = [pattern.split(".") for pattern in subjects.kills_over("thinker-1", "thinker")]
    fitting = [
        pattern
        for pattern in patterns
        if len(pattern) == len(said)
        and all(word in {"*", its} for word, its in zip(pattern, said, strict=True))
    ]
    assert len(fitting) == heard
