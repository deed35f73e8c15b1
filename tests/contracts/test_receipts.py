"""A receipt can say everything that may have been seen, and a full one still fits into a decision."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.contracts import facts as f
from interlock.contracts import limits
from interlock.contracts.decision import Decision
from interlock.contracts.errors import MalformedMessage
from interlock.contracts.message import decode, encode
from interlock.contracts.scope import FLEET, Scope

times = st.none() | st.integers(-(2**40), 2**40)
names = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
effects: st.SearchStrategy[f.EffectReceipt] = st.builds(
    f.EffectReceipt,
    task=st.integers(0, 2**50),
    effect=st.integers(0, 2**50),
    step=names,
    name=names,
    fate=st.sampled_from(get_args(f.EffectFate)),
    worker=names | st.just(""),
    outcome=st.integers(0, 2**50),
    started_us=times,
    ended_us=times,
)
processes: st.SearchStrategy[f.ProcessReceipt] = st.builds(
    f.ProcessReceipt,
    principal=names,
    fate=st.sampled_from(get_args(f.ProcessFate)),
    incarnation=names,
    stopped_us=times,
    disconnected_us=times,
    exited_us=times,
    observers=st.lists(names, max_size=3).map(tuple),
    records=st.lists(st.integers(0, 2**50), max_size=3).map(tuple),
    note=st.text(max_size=20),
)
receipts: st.SearchStrategy[f.Receipted] = st.builds(
    f.Receipted,
    at_ms=st.integers(0, 2**43),
    kill=st.integers(0, 2**50),
    scope=st.sampled_from((FLEET, Scope(kind="task", task=42), Scope(kind="model", name="openai/*"))),
    by=names,
    complete=st.booleans(),
    effects=st.lists(effects, max_size=3).map(tuple),
    processes=st.lists(processes, max_size=3).map(tuple),
    last_start_us=times,
    last_connection_us=times,
    last_exit_us=times,
)
LEAST: dict[str, Any] = {
    "fact": "receipted",
    "at_ms": 1,
    "kill": 61,
    "scope": {"kind": "fleet"},
    "by": "alice",
}


def deciding(*facts: Any) -> dict[str, Any]:
    return {"task": 42, "cause": 61, "at_ms": 1, "by": "supervisor-1", "facts": facts}


@given(receipts)
def test_what_a_receipt_says_is_what_is_read_of_it(receipt: f.Receipted) -> None:
    (read,) = decode(Decision, encode(deciding(msgspec.Raw(encode(receipt))))).facts
    assert read == receipt


def test_the_least_receipt_claims_nothing() -> None:
    (read,) = decode(Decision, encode(deciding(LEAST))).facts
    assert isinstance(read, f.Receipted)
    assert (read.effects, read.processes, read.more_effects, read.more_processes) == ((), (), 0, 0)
    assert (read.last_start_us, read.last_connection_us, read.last_exit_us) == (None, None, None)


def test_what_was_not_observed_is_left_out_on_the_wire_and_zero_is_not() -> None:
    process = f.ProcessReceipt(principal="clerk-1", fate="disconnected", disconnected_us=0)
    assert msgspec.json.decode(encode(process)) == {
        "principal": "clerk-1",
        "fate": "disconnected",
        "disconnected_us": 0,
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kill", -1),
        ("scope", {"kind": "planet"}),
        ("effects", [{"task": 42, "effect": 7, "step": "a", "name": "b", "fate": "lost"}]),
        ("effects", [{"task": 42, "effect": 7, "step": "a", "name": "b"}]),
        ("effects", [{"task": 42, "effect": 7, "step": "a", "name": "b", "fate": "aborted"}] * 1_025),
        ("processes", [{"principal": "a", "fate": "dead"}]),
        ("processes", [{"principal": "a", "fate": "exited", "exited_us": "soon"}]),
        ("processes", [{"principal": "a", "fate": "exited"}] * 1_025),
    ],
)
def test_what_no_receipt_may_say_is_refused_at_its_place(field: str, value: Any) -> None:
    with pytest.raises(MalformedMessage, match=rf"at `\$\.facts\[0\]\.{field}|missing required field `fate`"):
        decode(Decision, encode(deciding(LEAST | {field: value})))


def test_a_full_receipt_of_usual_names_fits_into_a_decision() -> None:
    # Given as many effects and processes as a receipt names, with the times and records of each
    effect = f.EffectReceipt(
        task=2**40,
        effect=2**40,
        step="p1-facts-12",
        name="anthropic/claude-sonnet-4-5",
        fate="aborted",
        worker="effects-12",
        outcome=2**40,
        started_us=-(10**12),
        ended_us=10**7,
    )
    process = f.ProcessReceipt(
        principal="researcher-123",
        fate="exited",
        incarnation="0123456789abcdef",
        stopped_us=10**7,
        disconnected_us=10**7,
        exited_us=10**7,
        observers=("access-12", "guard-123"),
        records=(2**40, 2**40),
        note="its connection was cut by an order of the access service",
    )
    full = f.Receipted(
        at_ms=2**41,
        kill=2**40,
        scope=FLEET,
        by="alice",
        reason="x" * limits.MAX_REASON_CHARS,
        effects=(effect,) * limits.MAX_RECEIPT_EFFECTS,
        processes=(process,) * limits.MAX_RECEIPT_PROCESSES,
    )
    # Then one decision holds it
    data = encode(Decision(task=0, cause=2**40, at_ms=2**41, by="supervisor-1", facts=(full,)))
    assert len(data) <= limits.MAX_DECISION_BYTES
    assert decode(Decision, data).facts == (full,)
