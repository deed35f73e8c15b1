import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest
from tests.console.terminal import Terminal

from interlock.bus.memory import MemoryServer
from interlock.bus.memory_bus import MemoryBus
from interlock.contracts import facts as f
from interlock.contracts.budget import DEFAULT_TASK_BUDGET, Amounts
from interlock.contracts.decision import Decision
from interlock.contracts.message import encode
from interlock.contracts.subjects import decision_subject

BEGAN_MS = 1_000_000


class Environment:
    """A log in memory with a supervisor's hand: the test decides what is decided."""

    def __init__(self) -> None:
        self.now_ms = BEGAN_MS
        server = MemoryServer(lambda: self.now_ms)
        self.alice = MemoryBus(server, "alice")
        self.supervisor = MemoryBus(server, "supervisor-1")

    async def decide(self, task: int, *facts: f.AnyFact, cause: int = 0) -> int:
        decision = Decision(task=task, cause=cause or task, at_ms=self.now_ms, by="supervisor-1", facts=facts)
        ack = await self.supervisor.append(decision_subject(task), encode(decision))
        return ack.seq


@pytest.fixture
async def environment() -> AsyncIterator[Environment]:
    made = Environment()
    yield made
    await made.alice.close()
    await made.supervisor.close()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal beside an empty log."""
    return Terminal(monkeypatch)


def decision(*facts: f.AnyFact, at_ms: int = BEGAN_MS, task: int = 42, cause: int = 42) -> Decision:
    return Decision(task=task, cause=cause, at_ms=at_ms, by="supervisor-1", facts=tuple(facts))


def accepted(goal: str = "find out") -> f.Accepted:
    return f.Accepted(
        at_ms=BEGAN_MS, goal=goal, submitter="alice", tenant="default", priority=5, budget=DEFAULT_TASK_BUDGET
    )


def granted(effect: int, step: str = "plan", tokens: int = 100) -> f.EffectGranted:
    return f.EffectGranted(
        effect=effect,
        step=step,
        attempt=1,
        key=f"k{effect}",
        grant=1,
        worker="effects-1",
        reserved=Amounts(tokens=tokens, model_calls=1),
        demand=f.Demand(kind="model", name="offline/extractive"),
        repeatable=True,
    )


def settled(effect: int, tokens: int = 10) -> f.EffectSettled:
    return f.EffectSettled(
        at_ms=1,
        effect=effect,
        grant=1,
        end="completed",
        basis="actual",
        spent=Amounts(tokens=tokens, model_calls=1),
    )


async def until(true: Callable[[], bool], turns: int = 1000) -> None:
    """Let everybody else run until something is so; fails when it does not become so."""
    for _ in range(turns):
        if true():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never became so")


Wait = Callable[[Sequence[str]], Awaitable[None]]
