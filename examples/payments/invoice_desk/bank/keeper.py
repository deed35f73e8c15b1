"""Keeps the bank's process running: started when the desk opens, and again whenever it dies.

It is a firm of its own: Interlock neither starts nor stops it. What it books, this does not know.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

START_S = 10.0
PAUSE_S = 0.02
MOST_IN_VAIN = 8


class NotStarted(Exception):
    """The bank has ended before it answered."""


class BankProcess:
    """The bank at one address, in one life after the other."""

    def __init__(self, file: Path, token: str) -> None:
        self._command = (sys.executable, "-P", "-m", "invoice_desk.bank", str(file))
        self._environment = {"BANK_TOKEN": token, "PATH": os.environ.get("PATH", "")}
        self._port = 0
        self._process: asyncio.subprocess.Process | None = None
        self.url = ""

    @property
    def pid(self) -> int:
        """Its process id, which changes when it is started again."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it and wait until it answers; the first start chooses the port. Raises NotStarted."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            "--port",
            str(self._port),
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(START_S):
                url = (await self._process.stdout.readline()).decode().strip()
        except TimeoutError:
            self._process.kill()
            raise NotStarted(f"the bank has not started within {START_S:g} s") from None
        if not url:
            raise NotStarted("the bank has not started; what it says stands above")
        self.url = url
        self._port = int(url.rpartition(":")[2])

    async def keep(self) -> None:
        """Start it again whenever it dies, until this is cancelled; raises NotStarted when it cannot be."""
        in_vain = 0
        while in_vain < MOST_IN_VAIN:
            assert self._process is not None
            await self._process.wait()
            await asyncio.sleep(PAUSE_S * 2**in_vain)
            try:
                await self.start()
                in_vain = 0
            except NotStarted:
                in_vain += 1
        raise NotStarted(f"the bank died {in_vain} times in a row before it had started")

    async def stop(self) -> None:
        """Let it finish what it does, and end it."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


@contextlib.asynccontextmanager
async def kept_bank(file: Path, token: str) -> AsyncGenerator[BankProcess]:
    """Keep a bank running while the context is open."""
    bank = BankProcess(file, token)
    await bank.start()
    keeping = asyncio.create_task(bank.keep())
    try:
        yield bank
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
        await bank.stop()
