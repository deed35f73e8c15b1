"""`python -m tests.supervisor.access.timing`: from the publish of a kill to the agent's connection closed.

Access runs as a process of its own; a hundred agents are killed one after the other while nothing else is
going on. Prints milliseconds.
"""

import asyncio
import base64
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.supervisor.access.site import Raw, Site, raw

from interlock.bus.identity import Identity
from interlock.bus.stream import StreamSettings, ensure_stream
from interlock.contracts.control import Control
from interlock.contracts.message import encode
from interlock.contracts.subjects import INPUTS, input_subject

KILLS = 100


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


async def cut_ms(site: Site, name: str) -> tuple[float, float]:
    """Kill one agent; return when its connection had ended, and when the kill was stored."""
    key = Identity(site.key(name))

    async with raw(site.url) as client:
        signature = base64.b64encode(key.sign(client.nonce.encode())).decode()
        assert await client.present(nkey=key.public_key, sig=signature, version="1", lang="x") == "PONG"
        # By then access has been told that it stands.
        await site.alice.last_seq()
        return await _kill(site, name, client)


async def _kill(site: Site, name: str, client: Raw) -> tuple[float, float]:
    subject, body = input_subject("alice", "control", "kill", "agent", name), encode(Control(reason="timing"))
    began = time.perf_counter()
    stored = site.alice.append_soon(subject, body)
    stored_at: list[float] = []
    stored.add_done_callback(lambda _: stored_at.append(time.perf_counter()))
    while await client.line():
        pass
    ended = time.perf_counter()
    await stored
    return (ended - began) * 1_000, ((stored_at or [ended])[0] - began) * 1_000


async def main(folder: Path) -> None:
    """Print the table."""
    site = Site(folder)
    names = [f"worker-{number}" for number in range(KILLS)]
    for name in names:
        site.principals.admit(name, ("agent",))
    readable, writable = os.pipe()
    variables = {
        "INTERLOCK_URL": site.url,
        "INTERLOCK_DIRECTORY": str(folder),
        "INTERLOCK_SERVER_LOG": str(folder / "nats-server.log"),
        "INTERLOCK_READY_FD": str(writable),
    }
    began = time.perf_counter()
    access = subprocess.Popen(  # noqa: ASYNC220 - it starts before anything is timed
        [sys.executable, "-m", "interlock.supervisor.access"],
        env=os.environ | variables,
        pass_fds=[writable],
        stderr=subprocess.DEVNULL,
    )
    os.close(writable)
    with os.fdopen(readable, "rb") as end:
        end.read()
    say(f"access answers after {(time.perf_counter() - began) * 1_000:.0f} ms")
    try:
        site.supervisor = await site.connect("supervisor-1")
        await ensure_stream(site.supervisor, StreamSettings())
        site.alice = await site.connect("alice")
        await site.alice.follow([INPUTS], site.note)
        await site.greeted()
        taken = [await cut_ms(site, name) for name in names]
    finally:
        access.terminate()
        access.wait()
        await site.end()
    for what, times in (
        ("connection ended", [cut for cut, _ in taken]),
        ("kill stored", [kept for _, kept in taken]),
    ):
        parts = statistics.quantiles(times, n=100)
        say(f"{what}: p50 {parts[49]:.2f} ms, p99 {parts[98]:.2f} ms, worst {max(times):.2f} ms")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(main(Path(temporary) / "state"))
