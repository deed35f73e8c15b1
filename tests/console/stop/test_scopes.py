"""What can be switched is named by one table, and what is no name is refused in a sentence."""

import shlex
from typing import get_args

import pytest

from interlock.console.errors import BadInput
from interlock.console.stop.scopes import KINDS, MAX_MODEL_CHARS, said_scope, scope_named, typed
from interlock.contracts.scope import FLEET, Scope, ScopeKind, read_scope, task_scope
from interlock.contracts.subjects import input_subject, read_input

NAMED: tuple[ScopeKind, ...] = ("agent", "role", "tool", "tenant")
SCOPES = (
    FLEET,
    task_scope(42),
    Scope(kind="step", task=42, step="facts-1"),
    *(Scope(kind=kind, name="some-name_1") for kind in NAMED),
    Scope(kind="model", name="openai/gpt-5-mini"),
    Scope(kind="model", name="openai/*"),
    Scope(kind="model", name="openrouter/meta/llama-3.1-8b:free"),
    Scope(kind="model", name="*/gpt-5.?"),
)


def test_every_kind_of_scope_can_be_named() -> None:
    assert set(KINDS) == set(get_args(ScopeKind))


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_a_scope_is_named_by_its_words_and_stands_whole_in_a_subject(scope: Scope) -> None:
    # Given what a person types
    kind, *words = shlex.split(typed(scope))
    task = int(words[0]) if kind in {"task", "step"} else 0
    name = words[-1] if kind not in {"task", "fleet"} else ""
    # Then it is that scope, and so it is read from the subject of the command
    assert scope_named(scope.kind, task, name) == scope
    subject = input_subject("alice", "control", "kill", *scope.words)
    assert read_scope(read_input(subject).rest) == scope


def test_a_person_calls_the_fleet_everything() -> None:
    assert said_scope(FLEET) == "everything"
    assert said_scope(Scope(kind="step", task=42, step="plan")) == "step plan of task 42"


@pytest.mark.parametrize("kind", [*NAMED, "step"])
@pytest.mark.parametrize("name", ["", "*", ">", "a.b", "a b", "A", "a/b", "-a", "a\n", "é", "x" * 65])
def test_what_is_no_token_is_no_name(kind: ScopeKind, name: str) -> None:
    with pytest.raises(BadInput, match=f"^{kind} .*is not a name on the bus: use 1 to 64"):
        scope_named(kind, 42, name)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "has 1 to 128 characters"),
        ("openai/gpt 5", "none of them a space or '>'"),
        ("openai/gpt\t5", "none of them a space"),
        ("openai/\x00", "none of them a space"),
        ("openai.>", "none of them a space or '>'"),
        ("x" * (MAX_MODEL_CHARS + 1), "has 1 to 128 characters"),
        ("*", r"more than a lone '\*'; all models of a provider are 'openai/\*'"),
        ("openai/gpt-5.*", r"more than a lone '\*'"),
        (".openai", "between dots, and at the ends"),
        ("openai..x", "between dots, and at the ends"),
        ("openai.", "between dots, and at the ends"),
    ],
)
def test_what_would_break_a_subject_names_no_model(name: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        scope_named("model", 0, name)
