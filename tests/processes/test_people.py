"""People decide at the terminal of a real environment: by commands, and in the inbox itself."""

import asyncio
import os
import pty
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pytest
from tests.processes.conftest import Start
from tests.processes.environment import PATIENCE_S, PERSON, Environment, Story

from interlock.console.exits import Exit
from interlock.contracts import facts as f
from interlock.contracts.approval import digest_of
from interlock.contracts.control import SetAutonomy
from interlock.contracts.message import encode
from interlock.contracts.people import Reject
from interlock.contracts.plan import Plan, PlannedStep
from interlock.supervisor.policies import shipped_folder

pytestmark = pytest.mark.processes


async def typed(environment: Environment, *words: str) -> tuple[int, str]:
    """Run a command as the person, and return its exit code and what it printed."""
    command = (sys.executable, "-m", "interlock.console", *words)
    state = ("--state", str(environment.local.state.root), "--as", PERSON)
    process = await asyncio.create_subprocess_exec(
        *command, *state, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(PATIENCE_S):
        printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode()


async def proposes(environment: Environment) -> Story:
    """Hand in a task whose executor may only propose, and wait until it does."""
    await environment.say(encode(SetAutonomy(level=2)), "control", "autonomy", "role", "executor")
    task = await environment.submit()
    await task.first(f.StepSuspended)
    return task


async def test_what_a_person_approves_happens_and_the_task_completes(start: Start) -> None:
    # Given an agent that waits for a person
    environment = await start()
    task = await proposes(environment)
    asked = await task.first(f.Escalated)
    number = f"{task.task}.{asked.number}"
    code, printed = await typed(environment, "inbox")
    assert (code, number in printed) == (Exit.DONE, True)
    # When the person edits what is asked for
    code, printed = await typed(environment, "edit", number, "--set", "path=other.md")
    # Then it happens as edited, once, and the task completes
    assert code == Exit.DONE, printed
    assert f"{number} was edited and approved by {PERSON}" in printed
    await task.completed()
    edited = asked.arguments | {"path": "other.md"}
    assert [fact.digest for fact in task.all(f.ArgumentsEdited)] == [digest_of(edited)]
    assert len(task.all(f.EffectGranted, effect=asked.effect)) == 1
    settled = await task.first(f.EffectSettled, effect=asked.effect)
    assert settled.end == "completed"
    # And whoever comes later is told
    code, printed = await typed(environment, "approve", number)
    assert code == Exit.REJECTED
    assert f"{number} was edited and approved by {PERSON}" in printed


DEAR = """
@id("abroad") @says("what leaves the house takes an operator") @require_approval("operator") @requester("may")
permit (principal in Role::"reviewer", action == Action::"model", resource)
when { resource.region == "us" };
"""
WHERE = '[models."offline/extractive"]\nregion = "us"\n'


@pytest.fixture
def abroad(tmp_path: Path) -> dict[str, str]:
    """Policies under which a model abroad takes a person, and the file that says where the model runs."""
    policies, prices = tmp_path / "policies", tmp_path / "prices.toml"
    shutil.copytree(shipped_folder(), policies)
    (policies / "dear.cedar").write_text(DEAR, "utf-8")
    prices.write_text(WHERE, "utf-8")
    return {"INTERLOCK_POLICIES": str(policies), "INTERLOCK_PRICES": str(prices)}


async def test_a_model_is_used_when_a_person_has_agreed_whoever_decides_by_then(
    start: Start, abroad: dict[str, str]
) -> None:
    # Given an agent whose use of a model waits for a person, who sees all that it asks
    environment = await start(**abroad)
    task = await environment.submit()
    asked = await task.first(f.Escalated)
    number = f"{task.task}.{asked.number}"
    code, printed = await typed(environment, "show", number)
    assert code == Exit.DONE
    assert "model offline/extractive, internal data, in us" in printed
    assert "prompt reads:" in printed
    # When another supervisor has taken over, and the person agrees
    old = environment.pid("supervisor-1")
    environment.strike("supervisor-1")
    await environment.another("supervisor-1", old)
    code, printed = await typed(environment, "approve", number)
    # Then the worker finds the word good, and the task completes
    assert code == Exit.DONE, printed
    await task.completed()
    (granted,) = task.all(f.EffectGranted, effect=asked.effect)
    assert granted.demand.name == "offline/extractive"
    assert (await task.first(f.EffectSettled, effect=asked.effect)).end == "completed"


async def test_a_person_does_a_step_and_its_form_is_checked(start: Start) -> None:
    # Given a plan with a step for a person
    environment = await start()
    form = {"type": "object", "properties": {"edition": {"enum": ["a", "b"]}}, "required": ["edition"]}
    step = PlannedStep(id="choose", role="human", title="choose", input={"ask": "Which?", "form": form})
    task = await environment.submit(plan=Plan(steps=(step,)), review=False)
    await task.first(f.Escalated)
    # When the answer does not fit, it is not said; when it does, the task completes
    code, printed = await typed(environment, "answer", f"{task.task}.1", "--value", '{"edition": "c"}')
    assert (code, "does not fit the form" in printed) == (Exit.USAGE, True)
    code, printed = await typed(environment, "answer", f"{task.task}.1", "--value", '{"edition": "b"}')
    assert code == Exit.DONE, printed
    await task.completed()


async def test_the_inbox_shows_what_comes_and_a_key_decides(start: Start) -> None:
    # Given the inbox, open in a terminal
    environment = await start()
    root = str(environment.local.state.root)
    words = (sys.executable, "-m", "interlock.console", "inbox", "--state", root, "--as", PERSON)
    async with _Terminal(words) as terminal:
        await terminal.shows("nobody waits for anybody")
        # When something is asked
        task = await proposes(environment)
        await terminal.shows(f"{task.task}.1")
        # And the person rejects it by its keys
        terminal.types("r")
        await terminal.shows("Reject")
        terminal.types("not now\r")
        # Then that is what was said, and decided
        resolved = await task.first(f.Resolved, verdict="rejected")
        assert (resolved.by, resolved.reason) == ((PERSON,), Reject(reason="not now").reason)
        await terminal.shows("was rejected by")
        terminal.types("q")
        assert await terminal.ended() == Exit.DONE


class _Terminal:
    """A program in a terminal of its own; what it has drawn is kept as it came."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._drawn = ""
        self._more = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._ours, theirs = pty.openpty()
        environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
        self._process = await asyncio.create_subprocess_exec(
            *self._words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        asyncio.get_running_loop().add_reader(self._ours, self._read)
        return self

    async def __aexit__(self, *_error: object) -> None:
        asyncio.get_running_loop().remove_reader(self._ours)
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        os.close(self._ours)

    def types(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    async def shows(self, words: str) -> None:
        """Wait until it has drawn these words, and forget what was drawn before."""
        async with asyncio.timeout(PATIENCE_S):
            while words not in self._drawn:
                self._more.clear()
                await self._more.wait()
        self._drawn = ""

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            return await self._process.wait()

    def _read(self) -> None:
        try:
            self._drawn += os.read(self._ours, 65_536).decode(errors="replace")
        except OSError:
            asyncio.get_running_loop().remove_reader(self._ours)
        self._more.set()
