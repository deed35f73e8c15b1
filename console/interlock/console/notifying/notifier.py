"""All channels of one file, beside each other on one connection; it must not know what they tell."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Generator, Mapping
from pathlib import Path

from stamina.instrumentation import set_on_retry_hooks

from interlock.bus.lock import locked
from interlock.bus.ports import Bus
from interlock.console.errors import BadInput, NotRunning
from interlock.console.notifying.channel import Channel
from interlock.console.notifying.couriers import read_couriers
from interlock.console.notifying.patience import Patience
from interlock.console.notifying.position import Position
from interlock.console.notifying.questions import Questions

HELD_S = 1.0


@contextlib.asynccontextmanager
async def notifying(
    bus: Bus,
    path: Path,
    environment: Mapping[str, str],
    positions: Path,
    patience: Patience | None = None,
) -> AsyncGenerator["asyncio.Future[list[None]]"]:
    """Tell what the channels in a file are for, as long as the context is open.

    What it yields is done when a channel cannot go on, and raises why. `positions` is the folder that says
    how far they are, of this notifier alone. Raises BadInput for a file or folder that does not do, and
    NotRunning when another notifier has the folder.
    """
    file, couriers = read_couriers(path, environment)
    # Each channel says what it tries again; stamina does not know what that is.
    set_on_retry_hooks(())
    with _held(positions):
        channels = [
            Channel(
                name,
                file.channels[name],
                courier,
                Position(positions / f"{name}.json"),
                Questions(bus, file.desks),
                patience or Patience(),
            )
            for name, courier in couriers.items()
        ]
        try:
            for channel in channels:
                await channel.start(bus)
            broken = asyncio.gather(*(channel.broken() for channel in channels))
            try:
                yield broken
            finally:
                broken.cancel()
        finally:
            await asyncio.gather(*(channel.stop() for channel in channels))


@contextlib.contextmanager
def _held(folder: Path) -> Generator[None]:
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            stack.enter_context(locked(folder / "lock", timeout_s=HELD_S))
        except TimeoutError:
            raise NotRunning(f"another notifier keeps its place in {folder}; stop it first") from None
        except OSError as error:
            raise BadInput(f"the folder {folder} cannot be used: {error.strerror}") from error
        yield
