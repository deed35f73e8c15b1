"""A scope is read from the words of a subject and written by the same; what it covers is a table."""

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.contracts.errors import MalformedSubject
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.message import encode
from interlock.contracts.scope import (
    FLEET,
    MOST_DIGITS,
    Doing,
    Scope,
    ScopeKind,
    covers,
    read_scope,
    task_scope,
)
from interlock.contracts.subjects import input_subject, read_input

tokens = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)
tasks = st.integers(0, 10**18)
model_words = st.from_regex(r"[a-zA-Z0-9/:*?_-]{1,12}", fullmatch=True).filter(lambda word: word != "*")
models = st.lists(model_words, min_size=1, max_size=4).map(".".join)
kinds: st.SearchStrategy[ScopeKind] = st.sampled_from(["agent", "role", "tool", "tenant"])
scopes = st.one_of(
    st.just(FLEET),
    tasks.map(task_scope),
    st.builds(Scope, kind=st.just("step"), task=tasks, step=tokens),
    st.builds(Scope, kind=kinds, name=tokens),
    models.map(lambda name: Scope(kind="model", name=name)),
)
doings = st.builds(
    Doing,
    task=st.integers(0, 3),
    step=st.sampled_from(["", "a", "b"]),
    agent=st.sampled_from(["", "a", "b"]),
    role=st.sampled_from(["", "a", "b"]),
    tenant=st.sampled_from(["", "a", "b"]),
    tool=st.sampled_from(["", "a", "b"]),
    model=st.sampled_from(["", "a", "a/b", "a/b.c"]),
)


@given(scopes)
def test_a_scope_is_read_from_its_own_words(scope: Scope) -> None:
    assert read_scope(scope.words) == scope


words = st.sampled_from(["task", "step", "model", "tool", "fleet", "42", "042", "\u0664\u0662", "plan", ""])


@given(st.lists(words | st.text(max_size=3), max_size=4).map(tuple))
def test_whatever_is_read_as_a_scope_has_no_other_words(found: tuple[str, ...]) -> None:
    try:
        scope = read_scope(found)
    except MalformedSubject:
        return
    assert ".".join(scope.words) == ".".join(found)


@given(scopes)
def test_a_scope_stands_whole_in_a_subject(scope: Scope) -> None:
    subject = input_subject("alice", "control", "kill", *scope.words)
    assert read_scope(read_input(subject).rest) == scope


@given(scopes)
def test_a_scope_travels_in_a_message(scope: Scope) -> None:
    assert msgspec.json.decode(encode(scope), type=Scope) == scope


@given(scopes, scopes)
def test_two_scopes_have_the_same_words_only_if_they_are_the_same(one: Scope, other: Scope) -> None:
    assert (one.words == other.words) == (one == other)
    assert (str(one) == str(other)) == (one == other)


@given(scopes.filter(lambda scope: scope.kind in {"task", "step"}))
def test_a_control_over_a_task_or_step_is_an_input_of_that_task(scope: Scope) -> None:
    assert heard(scope).task == scope.task


@given(scopes.filter(lambda scope: scope.kind not in {"task", "step"}))
def test_a_control_over_anything_else_is_an_input_of_the_fleet(scope: Scope) -> None:
    assert heard(scope).task == 0


def heard(scope: Scope) -> Input:
    return read_record(7, 0, input_subject("alice", "control", "kill", *scope.words), b"{}")


def test_every_kind_has_its_words() -> None:
    examples: dict[ScopeKind, tuple[str, ...]] = {
        "task": ("task", "42"),
        "step": ("step", "42", "facts-1"),
        "agent": ("agent", "clerk-1"),
        "role": ("role", "clerk"),
        "tool": ("tool", "search"),
        "model": ("model", "openai/gpt-4", "1"),
        "tenant": ("tenant", "acme"),
        "fleet": ("fleet",),
    }
    assert set(examples) == set(get_args(ScopeKind))
    for kind, words in examples.items():
        assert read_scope(words).kind == kind
        assert read_scope(words).words == words
    assert read_scope(examples["model"]).name == "openai/gpt-4.1"


@pytest.mark.parametrize(
    ("scope", "name"),
    [
        (FLEET, "fleet"),
        (task_scope(42), "task 42"),
        (Scope(kind="step", task=42, step="plan"), "step plan of task 42"),
        (Scope(kind="model", name="openai/*"), "model openai/*"),
    ],
)
def test_a_scope_is_named_in_words(scope: Scope, name: str) -> None:
    assert str(scope) == name


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("",),
        ("planet", "mars"),
        ("fleet", "now"),
        ("task",),
        ("task", ""),
        ("task", "one"),
        ("task", "-1"),
        ("task", "\u0664\u0662"),
        ("task", "042"),
        ("task", "1" * (MOST_DIGITS + 1)),
        ("task", "42", "plan"),
        ("step", "42"),
        ("step", "plan"),
        ("step", "plan", "42"),
        ("step", "42", "plan", "more"),
        ("agent",),
        ("agent", "a", "b"),
        ("role",),
        ("tool", "a", "b"),
        ("tenant",),
        ("model",),
        ("Fleet",),
    ],
    ids=".".join,
)
def test_what_names_no_scope_is_refused_with_what_would(words: tuple[str, ...]) -> None:
    with pytest.raises(MalformedSubject, match=r"is nothing to switch: name task\.<number>, .* or fleet"):
        read_scope(words)


HERE = Doing(
    task=42, step="plan", agent="clerk-1", role="clerk", tenant="acme", tool="search", model="openai/gpt-5"
)


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (FLEET, True),
        (task_scope(42), True),
        (task_scope(43), False),
        (Scope(kind="step", task=42, step="plan"), True),
        (Scope(kind="step", task=42, step="report"), False),
        (Scope(kind="step", task=43, step="plan"), False),
        (Scope(kind="agent", name="clerk-1"), True),
        (Scope(kind="agent", name="clerk"), False),
        (Scope(kind="role", name="clerk"), True),
        (Scope(kind="role", name="clerk-1"), False),
        (Scope(kind="tenant", name="acme"), True),
        (Scope(kind="tenant", name="search"), False),
        (Scope(kind="tool", name="search"), True),
        (Scope(kind="tool", name="s*"), False),
        (Scope(kind="model", name="openai/gpt-5"), True),
        (Scope(kind="model", name="openai/*"), True),
        (Scope(kind="model", name="*/gpt-?"), True),
        (Scope(kind="model", name="openai/gpt-[45]"), True),
        (Scope(kind="model", name="openai"), False),
        (Scope(kind="model", name="OpenAI/*"), False),
        (Scope(kind="model", name="anthropic/*"), False),
    ],
    ids=str,
)
def test_a_switch_covers_what_it_names(scope: Scope, covered: bool) -> None:
    assert covers(scope, HERE) is covered


@given(doings)
def test_the_fleet_is_over_everything(doing: Doing) -> None:
    assert covers(FLEET, doing)


@pytest.mark.parametrize(
    "scope",
    [
        task_scope(42),
        Scope(kind="step", task=42, step="plan"),
        Scope(kind="agent", name="a"),
        Scope(kind="role", name="a"),
        Scope(kind="tool", name="a"),
        Scope(kind="tenant", name="a"),
        Scope(kind="model", name="*"),
    ],
    ids=str,
)
def test_an_empty_field_is_covered_by_nothing_but_the_fleet(scope: Scope) -> None:
    assert not covers(scope, Doing())


@given(doings, kinds)
def test_a_named_scope_looks_at_its_own_field_only(doing: Doing, kind: ScopeKind) -> None:
    own = {"agent": doing.agent, "role": doing.role, "tool": doing.tool, "tenant": doing.tenant}[kind]
    assert covers(Scope(kind=kind, name="a"), doing) == (own == "a")
