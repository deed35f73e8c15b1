"""What people may say about stopping: bounds hold, and what is left out stays as it was."""

from typing import Any

import pytest

from interlock.contracts import limits
from interlock.contracts.control import CONTROL_VERBS, Control, ReleaseRule
from interlock.contracts.errors import MalformedMessage
from interlock.contracts.inputs import INPUT_KINDS, Malformed, read_record
from interlock.contracts.message import decode, encode


def test_the_four_verbs_are_one_message() -> None:
    assert {verb: INPUT_KINDS["control", verb] for verb in CONTROL_VERBS} == dict.fromkeys(
        CONTROL_VERBS, Control
    )
    assert INPUT_KINDS["control", "release"] is ReleaseRule


def test_a_control_needs_nothing_but_its_subject() -> None:
    assert decode(Control, b"{}") == Control(reason="", for_s=None)


@pytest.mark.parametrize("for_s", [1, 60, limits.MAX_PAUSE_S, None])
def test_a_pause_has_an_end_or_none(for_s: int | None) -> None:
    assert decode(Control, encode(Control(for_s=for_s))).for_s == for_s


@pytest.mark.parametrize("for_s", [0, -1, limits.MAX_PAUSE_S + 1, 1.5, "10m", True])
def test_a_pause_beyond_its_bounds_is_refused_at_its_place(for_s: Any) -> None:
    with pytest.raises(MalformedMessage, match=r"at `\$\.for_s`"):
        decode(Control, encode({"for_s": for_s}))


@pytest.mark.parametrize("people", [1, 2, limits.MAX_RELEASERS])
def test_a_release_needs_at_least_one_person(people: int) -> None:
    assert decode(ReleaseRule, encode(ReleaseRule(people=people))).people == people


@pytest.mark.parametrize("people", [0, -1, limits.MAX_RELEASERS + 1, 1.5, None])
def test_a_release_by_nobody_or_too_many_is_refused(people: Any) -> None:
    with pytest.raises(MalformedMessage, match=r"at `\$\.people`"):
        decode(ReleaseRule, encode({"people": people}))


def test_a_release_rule_says_how_many() -> None:
    with pytest.raises(MalformedMessage, match="missing required field `people`"):
        decode(ReleaseRule, b'{"reason": "four eyes"}')


@pytest.mark.parametrize("kind", [Control, ReleaseRule])
def test_a_reason_has_a_length(kind: type[Control | ReleaseRule]) -> None:
    reason = "x" * limits.MAX_REASON_CHARS
    assert decode(kind, encode({"people": 1, "reason": reason})).reason == reason
    with pytest.raises(MalformedMessage, match=r"at `\$\.reason`"):
        decode(kind, encode({"people": 1, "reason": reason + "x"}))


@pytest.mark.parametrize("verb", CONTROL_VERBS)
def test_a_control_that_cannot_be_read_is_malformed_and_still_of_its_task(verb: str) -> None:
    said = read_record(7, 0, f"interlock.in.alice.control.{verb}.step.42.plan", b'{"for_s":0}')
    assert (type(said.body), said.task, said.rest) == (Malformed, 42, ("step", "42", "plan"))


def test_an_input_knows_its_time_in_microseconds() -> None:
    subject = "interlock.in.alice.control.kill.fleet"
    assert read_record(7, 5, subject, b"{}").time_us == 5_000
    assert read_record(7, 5, subject, b"{}", time_us=5_123).time_us == 5_123
