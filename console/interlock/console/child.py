"""One running process: starts it in a session of its own, keeps its output, and sees it end."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import msgspec

from interlock.console.errors import NotRunning
from interlock.console.processes import Child

TAIL_LINES = 5
TAIL_BYTES = 8_192
MAX_LOG_BYTES = 32 * 1024 * 1024


class Running:
    """A started child. Its process group is its own, so that a signal reaches everything it has started."""

    def __init__(self, child: Child, process: asyncio.subprocess.Process) -> None:
        self.child = child
        self.process = process

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.process.pid

    async def ended(self) -> int:
        """Wait for the process to end and return its exit code (negative: the signal)."""
        return await self.process.wait()

    async def stop(self, *, grace_s: float) -> int:
        """Ask the whole group to end, kill what has not within `grace_s`, and return the exit code."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                code = await self.process.wait()
        except TimeoutError:
            self._signal(signal.SIGKILL)
            code = await self.process.wait()
        self._signal(signal.SIGKILL)
        return code

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


async def start(child: Child, log: Path) -> Running:
    """Start `child` with its output appended to `log`; raises NotRunning when it cannot be started."""
    _turn_over(log)
    with log.open("ab", buffering=0) as output:
        try:
            process = await asyncio.create_subprocess_exec(
                *child.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=child.environment,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise NotRunning(
                f"{child.name} cannot be started: {error.strerror}: {child.command[0]}"
            ) from error
    return Running(child, process)


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Return the reason in a log's last line, else its last lines; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            last = file.read().decode("utf-8", errors="replace").splitlines()[-lines:]
    except OSError:
        return ""
    return (_reason(last[-1]) if last else "") or "\n".join(last)


def _reason(line: str) -> str:
    """Return the reason that a process gave in its last log line, if that line is one with a reason."""
    try:
        return msgspec.json.decode(line, type=_Complaint).reason
    except msgspec.MsgspecError:
        return ""


class _Complaint(msgspec.Struct):
    reason: str


def _turn_over(log: Path) -> None:
    """Begin a new log when the old one is large; one older one is kept."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > MAX_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
