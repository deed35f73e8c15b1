"""The name of a call within its step is the same whenever the same code makes the same calls."""

from typing import Any

from interlock.agents.keys import Keys
from interlock.contracts.effect import AskCall, Call, ToolCall


def call(**arguments: Any) -> ToolCall:
    return ToolCall(tool="search", arguments=arguments)


def test_the_same_calls_in_the_same_order_have_the_same_keys() -> None:
    calls: list[Call] = [call(query="a"), call(query="b"), call(query="a"), AskCall(question="a?")]
    first, second = Keys(), Keys()
    assert [first.key(c) for c in calls] == [second.key(c) for c in calls]


def test_the_order_of_arguments_makes_no_difference() -> None:
    assert Keys().key(call(query="a", limit=3)) == Keys().key(call(limit=3, query="a"))


def test_different_calls_and_repeated_calls_are_told_apart() -> None:
    keys = Keys()
    named = [keys.key(c) for c in (call(query="a"), call(query="a"), call(query="b"), AskCall(question="a"))]
    assert len(set(named)) == 4


def test_calls_made_at_once_have_the_same_keys_in_whatever_order_they_come() -> None:
    # Given two attempts in which three parallel calls, two of them identical, arrive in different orders
    one, other = Keys(), Keys()
    first = {one.key(c) for c in (call(query="a"), call(query="b"), call(query="a"))}
    second = {other.key(c) for c in (call(query="b"), call(query="a"), call(query="a"))}
    # Then together they ask for the same effects
    assert first == second


def test_a_key_fits_the_contract() -> None:
    assert 1 <= len(Keys().key(call(query="x" * 10_000))) <= 96
