"""Policies and autonomy with the real program: a folder that changes, a level that is set, and why."""

import asyncio
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.processes.test_newcomer import BOUND_S, QUESTION, Newcomer, line_with

from interlock.bus.ports import Record
from interlock.console.environment import Where, connected, find
from interlock.console.exits import Exit
from interlock.contracts.decision import Decision
from interlock.contracts.facts import AnyFact, PoliciesRefused, PoliciesSet
from interlock.contracts.message import decode
from interlock.contracts.subjects import FLEET_DECISIONS
from interlock.supervisor.policies import shipped_folder

pytestmark = pytest.mark.processes

FORBID = """
@id("today") @says("nothing is written today")
forbid (principal, action in Action::"write", resource);
"""


class Officer(Newcomer):
    """A newcomer with a folder of policies."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.policies = home / "policies"
        shutil.copytree(shipped_folder(), self.policies)
        self.environment["INTERLOCK_POLICIES"] = str(self.policies)
        self.up = self.starts("up", "--port", 0, "--docs", self.docs)
        self.seen_seq = 0

    def runs(self) -> tuple[int, Any]:
        """Hand a question in and follow it to its end; return the task and its result."""
        task = int(self.types("submit", QUESTION, "--docs", self.docs).stdout)
        self.types("watch", task)
        return task, self.read("result", task)

    def read(self, *words: str | int) -> Any:
        return msgspec.json.decode(self.types(*words, "--json").stdout)

    def denials(self, task: int) -> list[str]:
        """Return the effects of a task that were denied, as its story tells."""
        return [line for line in self.types("show", task).stdout.splitlines() if " denied by " in line]

    def told(self, kind: type[AnyFact]) -> None:
        """Wait until the fleet's decisions tell of something, behind what was waited for before."""
        asyncio.run(self._told(kind))

    async def _told(self, kind: type[AnyFact]) -> None:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def on_record(record: Record) -> None:
            tells = any(isinstance(fact, kind) for fact in decode(Decision, record.data).facts)
            if tells and not found.done():
                found.set_result(record.seq)

        where = Where(state=str(self.state), principal="alice")
        async with connected(find(where)) as bus:
            following = await bus.follow([FLEET_DECISIONS], on_record, start_seq=self.seen_seq + 1)
            async with asyncio.timeout(BOUND_S):
                self.seen_seq = await found
            await following.stop()


@pytest.fixture(scope="module")
def officer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Officer]:
    made = Officer(tmp_path_factory.mktemp("officer"))
    line_with(made.up, "stop everything: Ctrl-C")
    yield made
    made.up.send_signal(signal.SIGINT)
    out, _ = made.up.communicate(timeout=BOUND_S)
    assert (made.up.returncode, out) == (Exit.DONE, "")


@pytest.mark.timeout(BOUND_S * 2)
def test_a_folder_that_changes_holds_soon_and_a_bad_one_changes_nothing(officer: Officer) -> None:
    # Given policies under which the report is written
    officer.told(PoliciesSet)
    task, result = officer.runs()
    assert result["status"] == "completed"
    assert officer.denials(task) == []
    # When a file that will not do comes into the folder, then it is refused, and nothing else is so
    (officer.policies / "more.cedar").write_text("permit (principal", "utf-8")
    officer.told(PoliciesRefused)
    assert officer.denials(officer.runs()[0]) == []
    # And when it forbids writing, then nothing is written, and the agent hears why
    (officer.policies / "more.cedar").write_text(FORBID, "utf-8")
    officer.told(PoliciesSet)
    task, _ = officer.runs()
    (denied,) = officer.denials(task)
    assert "policy.today: nothing is written today" in denied
    # And it can be explained by what was so then, though that is over
    (officer.policies / "more.cedar").unlink()
    officer.told(PoliciesSet)
    effect = int(denied.partition("effect ")[2].split()[0])
    told = officer.read("policy", "explain", effect)
    assert (told["outcome"], told["policies"]) == ("deny", ["today"])
    # And the role goes less far by itself until a person says otherwise
    lowered = [level for level in officer.read("autonomy", "executor") if level["lowered"]]
    assert [(level["risk"], level["level"]) for level in lowered] == [("write", 3)]
    assert officer.types("autonomy", "executor", 1).returncode == Exit.DONE
    _, result = officer.runs()
    assert [each["tool"] for each in result["recommendations"]] == ["write_file"]
