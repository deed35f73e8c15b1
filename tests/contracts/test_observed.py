"""What guards and access services say of what they saw: read strictly, never about a task."""

from typing import Any, get_args

import pytest

from interlock.contracts import limits
from interlock.contracts.errors import MalformedMessage
from interlock.contracts.inputs import INPUT_KINDS, Malformed, read_record
from interlock.contracts.message import Message, decode, encode
from interlock.contracts.observed import (
    AccessHello,
    ConnectionEnded,
    Entitlement,
    GuardHello,
    ProcessExited,
    ViolatedBy,
    Violation,
)

SAID: dict[tuple[str, str], type[Message]] = {
    ("guard", "hello"): GuardHello,
    ("guard", "exited"): ProcessExited,
    ("access", "hello"): AccessHello,
    ("access", "ended"): ConnectionEnded,
    ("access", "violated"): Violation,
    ("access", "entitled"): Entitlement,
}
LEAST: dict[type[Message], dict[str, Any]] = {
    GuardHello: {"incarnation": "i"},
    ProcessExited: {"principal": "clerk-1", "pid": 7},
    AccessHello: {"incarnation": "i"},
    ConnectionEnded: {"principal": "clerk-1"},
    Violation: {"action": "publish"},
    Entitlement: {},
}


def test_everything_that_is_seen_is_an_input() -> None:
    for words, kind in SAID.items():
        assert INPUT_KINDS[words] is kind


@pytest.mark.parametrize("kind", LEAST)
def test_the_least_of_each_can_be_read_and_one_field_less_cannot(kind: type[Message]) -> None:
    fields = LEAST[kind]
    assert decode(kind, encode(fields)) == decode(kind, encode(decode(kind, encode(fields))))
    for name in fields:
        with pytest.raises(MalformedMessage, match=f"missing required field `{name}`"):
            decode(kind, encode({key: value for key, value in fields.items() if key != name}))


def test_what_was_not_seen_is_zero_and_not_guessed() -> None:
    exited = decode(ProcessExited, encode(LEAST[ProcessExited]))
    assert (exited.signal, exited.code, exited.processes) == (0, 0, 1)
    assert (exited.told_us, exited.exited_us) == (0, 0)
    ended = decode(ConnectionEnded, encode(LEAST[ConnectionEnded]))
    assert (ended.kicked, ended.clients, ended.ended_us) == (False, 0, 0)
    assert decode(Violation, encode(LEAST[Violation])).principal == ""
    assert decode(Entitlement, b"{}") == Entitlement(roles=(), tenants=(), tools=(), models=())


@pytest.mark.parametrize("action", get_args(ViolatedBy))
def test_every_kind_of_attempt_can_be_said(action: str) -> None:
    assert decode(Violation, encode({"action": action, "principal": "clerk-1"})).action == action


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (Violation, "action", "steal"),
        (Violation, "times", -1),
        (Violation, "target", "x" * (limits.MAX_LINE_CHARS + 1)),
        (ProcessExited, "principal", ""),
        (ProcessExited, "processes", -1),
        (ProcessExited, "exited_us", -1),
        (ProcessExited, "exited_us", 2**53 + 1),
        (ProcessExited, "pid", "7"),
        (ConnectionEnded, "principal", "x" * 129),
        (ConnectionEnded, "kicked", "yes"),
        (ConnectionEnded, "clients", -1),
        (ConnectionEnded, "ended_us", 1.5),
        (GuardHello, "incarnation", ""),
        (GuardHello, "children", ["a"] * (limits.MAX_CHILDREN + 1)),
        (Entitlement, "models", ["a"] * (limits.MAX_OFFERS + 1)),
        (Entitlement, "roles", "admin"),
        (Entitlement, "tools", [""]),
        (Entitlement, "until_ms", -1),
    ],
)
def test_what_is_beyond_its_bounds_is_refused_at_its_place(
    kind: type[Message], field: str, value: Any
) -> None:
    with pytest.raises(MalformedMessage, match=rf"at `\$\.{field}"):
        decode(kind, encode(LEAST[kind] | {field: value}))


def test_as_many_children_as_a_guard_may_have_are_read() -> None:
    children = ["a" * 64] * limits.MAX_CHILDREN
    assert len(decode(GuardHello, encode({"incarnation": "i", "children": children})).children) == 1_024


@pytest.mark.parametrize(("words", "kind"), SAID.items())
@pytest.mark.parametrize("rest", ["", ".42", ".clerk-1"])
def test_what_was_seen_is_about_no_task(words: tuple[str, str], kind: type[Message], rest: str) -> None:
    said = read_record(7, 0, f"interlock.in.guard-1.{'.'.join(words)}{rest}", encode(LEAST[kind]))
    assert (said.task, type(said.body)) == (0, kind)


def test_an_access_service_does_not_speak_as_a_guard() -> None:
    assert isinstance(read_record(7, 0, "interlock.in.access-1.access.exited", b"{}").body, Malformed)
    assert isinstance(read_record(7, 0, "interlock.in.guard-1.guard.violated", b"{}").body, Malformed)
