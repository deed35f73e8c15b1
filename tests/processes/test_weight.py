"""What each process loads beyond what all need, and how much memory it takes.

Every process that starts pays for what it loads, in time and in memory, though it may never use it.
"""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.processes.conftest import lamp
from tests.processes.environment import running

from interlock.console.processes import GUARD, SERVICES

pytestmark = pytest.mark.processes

MIB = 1024 * 1024
COMMON = {"msgspec", "nacl", "nats", "nkeys", "structlog", "typing_extensions", "uvloop"}
POLICIES = {"cedarpy", "immutables"}
TOOLS = {"annotated_types", "pydantic", "pydantic_core", "typing_inspection"}
SEARCH = {"numpy", "tokenizers"}
LOADS = {
    "interlock.supervisor.guard.joining": COMMON,
    "interlock.supervisor.access.__main__": COMMON,
    "interlock.supervisor.__main__": COMMON | POLICIES | {"jsonschema_rs"},
    "interlock.effects.__main__": COMMON | TOOLS | SEARCH | {"jsonschema_rs"},
    "interlock.agents.__main__": COMMON,
    "interlock.console.commands.run": COMMON | {"click", "immutables", "psutil"},
    "interlock.console.commands.up": COMMON | {"click", "psutil"},
}
"""Which libraries are loaded when a process has started; those of the standard library do not count."""
PROGRAM = """
import importlib, sys
importlib.import_module(sys.argv[1])
tops = {name.partition(".")[0] for name in sys.modules}
print(*(name for name in tops - sys.stdlib_module_names if not name.startswith("_")))
"""
OURS = {"interlock", "cython_runtime"}
MOST_MIB = {GUARD: 40, "access-1": 42, "supervisor-1": 64, "effects-1": 105, "planner-1": 41} | dict.fromkeys(
    ("researcher-1", "executor-1", "reviewer-1"), 41
)
"""How much each process may have resident after a task; measured, and a fifth for other machines."""
ALL_MIB, STARTER_MIB = 429, 40
"""450 MB for all together; whoever starts them is this test here."""


def resident_mib(pid: int) -> float:
    return psutil.Process(pid).memory_info().rss / MIB


@pytest.mark.parametrize("module", LOADS)
def test_a_process_loads_what_it_needs_and_nothing_else(module: str) -> None:
    said = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, module], capture_output=True, text=True, check=True
    )
    assert set(said.stdout.split()) - OURS == LOADS[module]


async def test_what_runs_here_fits_a_small_machine(tmp_path: Path) -> None:
    assert MOST_MIB.keys() == {GUARD, *(service.name for service in SERVICES)}
    # Given every process that `interlock up` starts, after a task that used them all
    async with running(tmp_path / "state", lamp(tmp_path), "offline/extractive") as environment:
        await (await environment.submit()).completed()
        # When their memory is looked at
        resident = {name: resident_mib(environment.pid(name)) for name in MOST_MIB}
        server = resident_mib(environment.local.server.pid)
    # Then each takes as much as it may, and all together leave room for whoever starts them
    heavy = {name: mib for name, mib in resident.items() if mib > MOST_MIB[name]}
    assert not heavy
    assert sum(resident.values()) + server < ALL_MIB - STARTER_MIB, resident
