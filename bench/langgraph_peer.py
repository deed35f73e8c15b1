"""LangGraph beside us: makes an environment for it and measures it there.

One process, no governance. An environment of its own keeps its dependencies out of ours.
"""

import asyncio
import json
import subprocess
import venv
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

from bench.measure import Contender, Result, Round

ENVIRONMENT = Path(__file__).parent / ".venv-langgraph"
PYTHON = ENVIRONMENT / "bin" / "python"
INSTALLED = ENVIRONMENT / "installed"
REQUIREMENTS = ("langgraph>=1.2,<2", "langgraph-checkpoint-sqlite>=3.1,<4", "uvloop")
TASKS = {"memory": {1: 300, 32: 600}, "sqlite": {1: 100, 32: 200}}
NAMES = {f"langgraph-{saver}": saver for saver in TASKS}
INSTALL_LIMIT_S = 300.0
ANSWER_LIMIT_S = 150.0
END_LIMIT_S = 5.0


class PeerUnavailable(Exception):
    """The peer cannot be measured here; the sentence says why."""


@asynccontextmanager
async def langgraph(name: str) -> AsyncGenerator[Contender]:
    """Run LangGraph with a saver; raise PeerUnavailable when it cannot be installed or does not run."""
    saver = NAMES[name]
    await asyncio.to_thread(_install)
    process = await asyncio.create_subprocess_exec(
        PYTHON, "-m", "bench.langgraph_job", saver, stdin=PIPE, stdout=PIPE
    )

    async def run(round_: Round) -> Result:
        return Result(**json.loads(await _answer(process, json.dumps(asdict(round_)))))

    try:
        await _answer(process, "")
        yield Contender(name, TASKS[saver], run)
    finally:
        await _end(process)


async def _answer(process: Process, question: str) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    if question:
        process.stdin.write(question.encode() + b"\n")
    async with asyncio.timeout(ANSWER_LIMIT_S):
        answer = await process.stdout.readline()
    if not answer:
        raise PeerUnavailable("LangGraph is left out: it ended; its own message stands above")
    return answer


async def _end(process: Process) -> None:
    # it ends with its input
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(END_LIMIT_S):
            await process.wait()
    except TimeoutError:
        process.kill()


def _install() -> None:
    if INSTALLED.exists():
        return
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    try:
        subprocess.run(
            [PYTHON, "-m", "pip", "install", "-qq", *REQUIREMENTS], check=True, timeout=INSTALL_LIMIT_S
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise PeerUnavailable(f"LangGraph is left out: {error}; pip's message stands above") from error
    INSTALLED.touch()
