import re

import msgspec
import pytest
from tests.console.conftest import accepted, decision
from tests.contracts.examples import EXAMPLES

from interlock.bus.ports import Record
from interlock.console.story import told
from interlock.contracts.control import Control
from interlock.contracts.effect import (
    AskCall,
    EffectCounted,
    EffectFailed,
    EffectRequest,
    ModelCall,
    ToolCall,
)
from interlock.contracts.message import Message, encode
from interlock.contracts.observed import ConnectionEnded, ProcessExited, Violation
from interlock.contracts.people import Answer, Delegate, Reject
from interlock.contracts.step import StepStopped
from interlock.contracts.subjects import decision_subject, input_subject
from interlock.contracts.task import Submit


def record(subject: str, message: Message | bytes, seq: int = 43) -> Record:
    data = message if isinstance(message, bytes) else encode(message)
    return Record(seq=seq, time_ms=1500, subject=subject, data=data)


def asks(call: ModelCall | ToolCall | AskCall) -> EffectRequest:
    return EffectRequest(step="plan", attempt=1, key="k", call=call)


EFFECT = input_subject("planner-1", "agent", "effect", 42)


@pytest.mark.parametrize(
    ("subject", "message", "words"),
    [
        (input_subject("alice", "task", "submit"), Submit(goal="find\nout"), "alice submits: find out"),
        (EFFECT, asks(ModelCall(purpose="plan", prompt="p")), "planner-1 asks for the model to plan in plan"),
        (EFFECT, asks(ToolCall(tool="search")), "planner-1 asks for the tool search in plan"),
        (EFFECT, asks(AskCall(question="which?")), "planner-1 asks for a person: which? in plan"),
        (
            input_subject("effects-1", "effect", "failed", 42),
            EffectFailed(effect=50, grant=1, transient=True, message="429"),
            "effects-1 failed at effect 50: 429",
        ),
        (
            input_subject("effects-1", "effect", "counted", 42),
            EffectCounted(effect=50, grant=1, prompt_tokens=9_084),
            "effects-1 had the prompt of effect 50 counted: 9,084 tokens",
        ),
        (
            input_subject("effects-1", "effect", "counted", 42),
            EffectCounted(effect=50, grant=1),
            "effects-1 could not have the prompt of effect 50 counted",
        ),
        (
            input_subject("bob", "control", "kill", "task", 42),
            Control(reason="enough"),
            "bob says kill: enough",
        ),
        (
            input_subject("bob", "control", "pause", "task", 42),
            Control(for_s=600),
            "bob says pause for 10m",
        ),
        (
            input_subject("bob", "control", "kill", "step", 42, "plan"),
            Control(reason="odd"),
            "bob says kill of step plan of task 42: odd",
        ),
        (input_subject("bob", "control", "drain", "fleet"), Control(), "bob says drain of everything"),
        (input_subject("bob", "control", "kill", "42"), Control(), "bob says kill, but of what? '42' is"),
        (
            input_subject("planner-1", "agent", "stopped", 42),
            StepStopped(step="plan", attempt=1, stopped_us=5),
            "planner-1 has stopped plan",
        ),
        (
            input_subject("guard-1", "guard", "exited"),
            ProcessExited(principal="clerk-1", pid=7, signal=9, processes=3, reason="killed"),
            "guard-1 saw the process of clerk-1 end by signal 9, and 2 that it had started: killed",
        ),
        (
            input_subject("guard-1", "guard", "exited"),
            ProcessExited(principal="clerk-1", pid=7, code=1),
            "guard-1 saw the process of clerk-1 end with code 1",
        ),
        (
            input_subject("guard-1", "guard", "exited"),
            ProcessExited(principal="clerk-1", pid=0, given_up="it cannot be started"),
            "guard-1 keeps clerk-1 no more: it cannot be started",
        ),
        (
            input_subject("access-1", "access", "ended"),
            ConnectionEnded(principal="clerk-1", kicked=True, clients=2),
            "access-1 saw that a connection of clerk-1 was cut; 2 left",
        ),
        (
            input_subject("access-1", "access", "violated"),
            Violation(principal="clerk-1", action="publish", target="a.b"),
            "access-1 saw that clerk-1 tried to publish on a.b",
        ),
        (input_subject("bob", "human", "answer", 42, 1), Answer(text="yes"), "bob answers: yes (42.1)"),
        (
            input_subject("bob", "human", "answer", 42, 1),
            Answer(value=msgspec.Raw(b'{"ok": true}')),
            'bob answers: {"ok": true} (42.1)',
        ),
        (
            input_subject("bob", "human", "reject", 0, 7),
            Reject(reason="no", undo=True),
            "bob rejects, and wants it undone: no (0.7)",
        ),
        (
            input_subject("bob", "human", "delegate"),
            Delegate(to="carol", for_s=28_800, reason="train"),
            "bob lets carol answer instead for 8h: train",
        ),
        (
            input_subject("bob", "human", "delegate"),
            Delegate(to="carol", for_s=0),
            "bob takes back that carol answers instead",
        ),
        (decision_subject(42), decision(accepted()), "  accepted from alice: find out"),
        (decision_subject(42), b"{", "a decision that this program cannot read"),
        (EFFECT, b"\xff", "planner-1 says something unreadable"),
    ],
)
def test_each_record_is_told_in_words(subject: str, message: Message | bytes, words: str) -> None:
    line = told(record(subject, message), began_ms=1000)
    assert line.startswith(f"     43    0.500  {words}")


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name.startswith("in.")])
def test_no_message_is_without_words(name: str) -> None:
    _, kind, verb = name.split(".")
    for message in EXAMPLES[name]:
        line = told(record(input_subject("bob", kind, verb, "task", 42), message), began_ms=1500)
        assert re.fullmatch(r" +43 +0\.000  bob [a-z].*", line), line


def test_a_huge_goal_is_told_in_one_short_line() -> None:
    line = told(record(input_subject("alice", "task", "submit"), Submit(goal="x" * 10_000)), began_ms=1500)
    assert len(line) < 250
    assert line.endswith("…")
