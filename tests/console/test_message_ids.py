"""Ids of messages: the log compares them alone, so somebody else's must not pass for one's own."""

import pytest

from interlock.bus.clock import now_ms
from interlock.bus.memory import MemoryServer
from interlock.bus.memory_bus import MemoryBus
from interlock.console.errors import BadInput
from interlock.console.sayings import submit
from interlock.contracts.subjects import input_subject
from interlock.contracts.task import Submit

ORDER = Submit(goal="Why?")


async def test_the_same_submission_said_again_is_the_same_task() -> None:
    bus = MemoryBus(MemoryServer(now_ms), "alice")
    task = await submit(bus, ORDER, message_id="order-7")
    assert await submit(bus, ORDER, message_id="order-7") == task


async def test_an_id_that_somebody_else_has_used_up_is_told_and_is_no_task() -> None:
    # Given an agent that has guessed the id and used it for a record of its own
    server = MemoryServer(now_ms)
    agent, alice = MemoryBus(server, "researcher-9"), MemoryBus(server, "alice")
    await agent.append(input_subject("researcher-9", "agent", "bye"), b"{}", message_id="order-7")
    # When the person hands in a task under that id, then it is not taken for the agent's record
    with pytest.raises(BadInput, match="used by somebody else"):
        await submit(alice, ORDER, message_id="order-7")
