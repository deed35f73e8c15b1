"""Reading a stored record never raises, whatever anybody has written, and what came of it can be kept."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contracts.examples import EXAMPLES

from interlock.contracts import limits
from interlock.contracts.decision import Decision
from interlock.contracts.facts import Rejected
from interlock.contracts.inputs import INPUT_KINDS, Malformed, read_record
from interlock.contracts.message import decode, encode
from interlock.contracts.task import Submit

KINDS = sorted(INPUT_KINDS)
WORDS = ["interlock", "in", "task", "42", "fleet", "a-1", *(word for kind in KINDS for word in kind)]
words = st.sampled_from(WORDS)
rests = st.lists(words | st.text(max_size=25), max_size=4)
subjects = st.lists(words | st.text(max_size=12), max_size=9).map(".".join) | st.tuples(
    st.sampled_from(KINDS), rests
).map(lambda found: ".".join(("interlock.in.alice", *found[0], *found[1])))
json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
honest = [encode(example) for name in EXAMPLES if name.startswith("in.") for example in EXAMPLES[name]]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """An honest message with a piece cut out, doubled, or replaced."""
    data = draw(st.sampled_from(honest))
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 20)))
    return data[:start] + draw(st.binary(max_size=6)) + data[end:]


FIELDS = ["v", "goal", "step", "attempt", "key", "call", "effect", "grant", "value", "reason", "used"]
fields = st.sampled_from(FIELDS)
payloads = (
    st.binary(max_size=300)
    | json_values.map(encode)
    | st.dictionaries(fields, json_values, max_size=6).map(encode)
    | damaged()
)


def check(subject: str, data: bytes) -> None:
    said = read_record(7, 1_000, subject, data)
    assert said.seq == 7
    assert said.task >= 0
    expected = INPUT_KINDS.get((said.kind, said.verb), Malformed)
    assert isinstance(said.body, expected | Malformed)
    if isinstance(said.body, Malformed):
        # A decision about it can be written and read again
        decision = Decision(task=7, cause=7, at_ms=0, by="s", facts=(Rejected(reason=said.body.reason),))
        assert decode(Decision, encode(decision)) == decision
    else:
        assert decode(type(said.body), encode(said.body)) == said.body


@given(subjects, payloads)
def test_any_bytes_on_any_subject_are_read_without_raising(subject: str, data: bytes) -> None:
    check(subject, data)


@given(st.sampled_from(KINDS), damaged())
def test_damaged_messages_are_read_without_raising(kind: tuple[str, str], data: bytes) -> None:
    check(".".join(("interlock.in.alice", *kind, "42")), data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 1_000,
        b"[" * 50_000,
        b'{"a":' * 50_000,
        b"1" * 10_000,
        b'{"goal":"\\ud800\\udfff"}',
        b'{"goal":NaN}',
        b'{"goal":Infinity}',
        b"x" * (limits.MAX_MESSAGE_BYTES + 1),
        encode({"call": {"call": "z" * 10_000}, "step": "a", "attempt": 1, "key": "k"}),
        encode({"z" * 10_000: 1}),
        b'{"v":' + b"9" * 5_000 + b"}",
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_the_worst_known_bytes_are_read_without_raising(kind: tuple[str, str], data: bytes) -> None:
    check(".".join(("interlock.in.alice", *kind, "42")), data)


def test_what_nobody_says_is_answered_by_a_sentence_of_bounded_length() -> None:
    said = read_record(7, 0, f"interlock.in.alice.agent.{'shout' * 1_000}.42", b"{}")
    assert isinstance(said.body, Malformed)
    assert said.body.reason.startswith("nobody says agent.shout")
    assert len(said.body.reason) <= limits.MAX_LINE_CHARS


def test_a_submission_is_a_task_by_its_sequence() -> None:
    said = read_record(42, 9, "interlock.in.alice.task.submit", b'{"goal":"why"}')
    assert (said.task, said.principal, said.time_ms, said.body) == (42, "alice", 9, Submit(goal="why"))


@pytest.mark.parametrize(
    ("rest", "task"),
    [
        ("control.kill.task.42", 42),
        ("control.raise.task.42", 42),
        ("control.canary.task.42", 42),
        ("control.canary.fleet", 0),
        ("control.kill.fleet", 0),
        ("control.kill.42", 0),
        ("control.kill.task.x", 0),
        ("human.answer.42.77", 42),
        ("agent.effect.42", 42),
        ("agent.effect.-1", 0),
        ("agent.effect.\u00b2", 0),
        ("agent.effect." + "9" * 5_000, 0),
        ("agent.hello", 0),
        ("effect.completed.42", 42),
    ],
)
def test_which_task_an_input_is_about_stands_in_its_subject(rest: str, task: int) -> None:
    assert read_record(7, 0, f"interlock.in.alice.{rest}", b"{}").task == task
