"""docs/protocol.md names what there is: every verb, every scope, every thing that a watcher says."""

import re
from pathlib import Path
from typing import get_args

import pytest

from interlock.contracts import facts as f
from interlock.contracts.control import CONTROL_VERBS
from interlock.contracts.inputs import INPUT_KINDS
from interlock.contracts.message import snake
from interlock.contracts.scope import ScopeKind, read_scope

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")


def named() -> set[tuple[str, str]]:
    """Return the kinds and verbs of inputs that the page writes with braces."""
    found = re.findall(r"\b([a-z]+)\.\{([a-z,]+)\}", PAGE)
    return {(kind, verb) for kind, verbs in found for verb in verbs.split(",")}


@pytest.mark.parametrize("kind", ["agent", "guard", "access"])
def test_the_page_names_what_processes_say(kind: str) -> None:
    assert {words for words in named() if words[0] == kind} == {
        words for words in INPUT_KINDS if words[0] == kind
    }


@pytest.mark.parametrize("verb", CONTROL_VERBS)
def test_the_page_names_each_verb_of_stopping(verb: str) -> None:
    assert f"`interlock.in.alice.control.{verb}.task.42`" in PAGE


def test_the_page_names_each_scope_and_where_its_decision_stands() -> None:
    table = PAGE.partition("| scope | end of the subject |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\|[^|]+\| (`[^|]+`) \| `(interlock\.decision\.\w+)` \|$", table, re.MULTILINE)
    stands = {
        read_scope(tuple(words.split("."))).kind: subject
        for cell, subject in rows
        for words in re.findall(r"`([^`]+)`", cell)
    }
    assert set(stands) == set(get_args(ScopeKind))
    of_task = {kind for kind, subject in stands.items() if subject == "interlock.decision.42"}
    assert of_task == {"task", "step"}


@pytest.mark.parametrize(
    "fact",
    [
        f.Paused,
        f.Drained,
        f.Resumed,
        f.Halted,
        f.Switched,
        f.FleetSwitched,
        f.ReleaseRuleSet,
        f.ReleaseAsked,
        f.Receipted,
        f.AccessViolated,
        f.Refused,
    ],
)
def test_the_page_names_the_facts_that_answer(fact: type[f.Fact]) -> None:
    assert f"`{snake(fact.__name__)}`" in PAGE
