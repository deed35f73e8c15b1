"""What a kill does to threads: what has not begun never begins, and what goes on is not hidden."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.effects.conftest import PATIENCE_S, TASK, Office, question

from interlock.contracts.budget import NOTHING, Amounts
from interlock.contracts.effect import EffectAborted, ToolCall
from interlock.effects import calls as calls_module
from interlock.effects import toolbox
from interlock.effects.calls import Calls
from interlock.effects.deed import Deed
from interlock.effects.models import answering
from interlock.effects.registry import BUILT_IN
from interlock.effects.settings import EffectSettings
from interlock.effects.tools.tool import Place, Strict, Tool, Traits

WRITE = ToolCall(tool="write_file", arguments={"path": "folder/note.md", "text": "Hello."})


class Held:
    """A place in a thread's work where it waits; `reached` and `passed` are seen from outside."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.gate = threading.Event()
        self.passed = threading.Event()
        self.times = 0

    def wait(self) -> None:
        self.times += 1
        self.reached.set()
        assert self.gate.wait(PATIENCE_S)

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with the wait before it."""

        def held(*args: Any, **named: Any) -> Any:
            self.wait()
            try:
                return function(*args, **named)
            finally:
                self.passed.set()

        return held


class Nothing(Strict):
    """Nothing is asked or told."""


@pytest.fixture
def held() -> Iterator[Held]:
    made = Held()
    yield made
    made.gate.set()


@pytest.fixture
def calls(settings: EffectSettings, held: Held, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """One thread, and a tool that waits in it."""

    def wait(_asked: Nothing, _place: Place) -> Nothing:
        held.wait()
        return Nothing()

    traits = Traits(risk="read", repeatable=True)
    tool = Tool("wait", wait, asks=Nothing, tells=Nothing, traits=traits, description="Wait.")
    monkeypatch.setattr(toolbox, "BUILT_IN", (*BUILT_IN, tool))
    monkeypatch.setattr(calls_module, "THREADS", 1)
    return Calls(settings)


async def reached(event: threading.Event) -> None:
    """Wait for a thread without holding up the loop."""
    assert await asyncio.to_thread(event.wait, PATIENCE_S)


async def killed(office: Office, number: int = 1) -> dict[int, EffectAborted]:
    """Kill the task and return how its effects ended."""
    await office.control("kill", "task", str(TASK))
    bodies = [end.body for end in await office.until_logged(number)]
    return {body.effect: body for body in bodies if isinstance(body, EffectAborted)}


async def test_what_waits_for_a_thread_never_begins_and_what_has_one_goes_on(
    office: Office, calls: Calls, held: Held
) -> None:
    # Given a tool at work in the only thread, and one behind it
    await office.open(calls)
    for effect in (50, 51):
        await office.grant(ToolCall(tool="wait"), effect)
    await reached(held.reached)
    # When both are killed
    first, second = (await killed(office, 2)).values()
    # Then one cannot be interrupted, and that is said; the other never began
    assert (first.effect, first.started, first.running) == (50, True, True)
    assert first.used == Amounts(tool_calls=1)
    assert (second.effect, second.started, second.running) == (51, False, False)
    assert (second.used, second.started_us) == (NOTHING, 0)
    # And when the thread is free, it does not begin either
    held.gate.set()
    await office.grant(ToolCall(tool="wait"), 52, task=43)
    await office.until_logged(3)
    assert held.times == 2


async def test_a_write_that_was_stopped_before_the_file_had_its_name_did_not_happen(
    office: Office, calls: Calls, held: Held, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Given a write whose draft is on its way to the disk
    monkeypatch.setattr(os, "fsync", held.before(os.fsync))
    monkeypatch.setattr(os, "unlink", (removed := Held()).before(os.unlink))
    removed.gate.set()
    await office.open(calls)
    await office.grant(WRITE)
    await reached(held.reached)
    # When it is killed
    (end,) = (await killed(office)).values()
    # Then it says that it did not happen, and it does not
    assert (end.started, end.running, end.used) == (False, False, NOTHING)
    held.gate.set()
    await reached(removed.passed)
    assert not [path for path in (tmp_path / "workspaces").rglob("*") if path.is_file()]


async def test_a_write_that_had_leave_may_have_happened(
    office: Office, calls: Calls, held: Held, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "rename", held.before(os.rename))
    await office.open(calls)
    await office.grant(WRITE)
    await reached(held.reached)
    (end,) = (await killed(office)).values()
    assert (end.started, end.running) == (True, True)
    held.gate.set()
    await reached(held.passed)
    assert (tmp_path / "workspaces" / str(TASK) / "folder" / "note.md").read_text() == "Hello."


async def test_a_model_that_thinks_here_goes_on_and_says_so(
    office: Office, calls: Calls, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "search_queries", held.before(answering.search_queries))
    await office.open(calls)
    await office.grant(question(purpose="queries", inputs={"question": "How old do oaks get?"}), 50)
    await reached(held.reached)
    await office.grant(question(purpose="queries", inputs={"question": "How hard is oak?"}), 51)
    ends = await killed(office, 2)
    assert (ends[50].started, ends[50].running) == (True, True)
    assert (ends[51].started, ends[51].running) == (False, False)


def test_a_deed_that_was_stopped_does_not_begin_and_gets_no_leave() -> None:
    waiting, working = Deed(), Deed(asks_leave=True)
    waiting.stop()
    assert not waiting.begin()
    assert not waiting.may_have_happened
    assert working.begin()
    assert working.runs
    working.stop()
    assert not working.leave()
    assert not working.may_have_happened
    assert not working.runs


def test_a_deed_that_had_leave_keeps_it() -> None:
    deed = Deed(asks_leave=True)
    deed.begin()
    assert deed.leave()
    deed.stop()
    assert deed.leave()
    assert deed.may_have_happened
    assert deed.runs
    deed.end()
    assert not deed.runs
