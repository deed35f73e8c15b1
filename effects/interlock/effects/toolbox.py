"""How a tool is run: found, bounded in time, stopped where it can be, and again where its end is unknown.

A tool that changes something and does not tell what became of it has not failed: that is not known.
"""

import asyncio

from interlock.contracts.budget import Amounts
from interlock.contracts.dispatch import DoEffect
from interlock.contracts.effect import ToolCall
from interlock.contracts.presence import ToolOffer
from interlock.effects.deed import Deed, Stopped
from interlock.effects.errors import EffectError, TooLate, UnknownEffect, Unsure
from interlock.effects.models.answer import Answer
from interlock.effects.registry import BUILT_IN
from interlock.effects.settings import EffectSettings
from interlock.effects.threads import Threads
from interlock.effects.tools.outside import with_those_of
from interlock.effects.tools.tool import AnyTool, Place

TOOL_TIMEOUT_S = 60.0
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
# What is cancelled has this long to end, before it is told that it goes on.
END_S = 1.0


class _Broken(Unsure):
    """A tool that broke; it would again."""


class Toolbox:
    """All tools of a worker; raises BadSettings for those that cannot be had."""

    def __init__(self, settings: EffectSettings, threads: Threads, timeout_s: float) -> None:
        self._settings = settings
        self._threads = threads
        self._timeout_s = timeout_s
        self._tools = with_those_of(settings.tools, BUILT_IN)

    def offers(self) -> tuple[ToolOffer, ...]:
        """Describe the tools."""
        return tuple(tool.offer() for tool in self._tools.values())

    async def run(self, call: ToolCall, work: DoEffect) -> Answer:
        """Run the tool; raises EffectError, and Stopped when it is cancelled."""
        tool = self._tools.get(call.tool)
        if tool is None:
            raise UnknownEffect(f"this worker has no tool {call.tool!r}; it has {', '.join(self._tools)}")
        used = Amounts(tool_calls=1)
        try:
            return Answer(await self._until_known(tool, call, work), used)
        except EffectError as error:
            error.used = used
            raise

    async def _until_known(self, tool: AnyTool, call: ToolCall, work: DoEffect) -> bytes:
        """Run it, and again with the same key as long as nobody can tell whether it happened."""
        unsure: Unsure | None = None
        pause_s = FIRST_PAUSE_S
        deed = Deed(asks_leave=tool.asks_leave)
        try:
            async with asyncio.timeout(self._timeout_s):
                while True:
                    try:
                        return await self._once(tool, call, work, deed)
                    except Unsure as error:
                        if isinstance(error, _Broken) or not tool.traits.repeatable:
                            raise
                        unsure = error
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                    deed = Deed(asks_leave=tool.asks_leave)
        except asyncio.CancelledError as stop:
            started = unsure is not None or deed.may_have_happened
            doubtful = started and _changes(tool)
            raise Stopped(started=started, running=deed.runs, doubtful=doubtful) from stop
        except TimeoutError as error:
            raise self._too_late(tool, deed, unsure) from error

    async def _once(self, tool: AnyTool, call: ToolCall, work: DoEffect, deed: Deed) -> bytes:
        place = self._place(work, deed)
        try:
            if tool.waits:
                return await _stoppable(tool, call, place, deed)
            return await self._threads.run(lambda: tool.run(call.arguments, place), deed)
        except EffectError:
            raise
        except Exception as error:
            if not _changes(tool):
                raise
            raise _Broken(
                f"{tool.name} broke, and may have happened ({type(error).__name__}: {error})"
            ) from error

    def _too_late(self, tool: AnyTool, deed: Deed, unsure: Unsure | None) -> EffectError:
        sentence = f"{tool.name} did not end within {self._timeout_s:g} s"
        if unsure is not None:
            return Unsure(f"{sentence}: {unsure}")
        if _changes(tool) and deed.may_have_happened:
            return Unsure(f"{sentence}, and may have happened; look there before it is done again")
        return TooLate(f"{sentence}; try again")

    def _place(self, work: DoEffect, deed: Deed) -> Place:
        settings = self._settings
        return Place(
            task=work.task,
            docs=work.docs,
            roots=settings.docs,
            workspaces=settings.workspaces,
            cache=settings.cache,
            key=f"{work.task}.{work.effect}",
            agent=work.agent,
            tenant=work.tenant,
            leave=deed.leave,
        )


def _changes(tool: AnyTool) -> bool:
    return tool.traits.risk != "read"


async def _stoppable(tool: AnyTool, call: ToolCall, place: Place, deed: Deed) -> bytes:
    """Run one that waits; cancelled, it ends its connections first, unless that takes too long."""
    deed.begin()
    running = asyncio.get_running_loop().create_task(tool.run_waiting(call.arguments, place))
    running.add_done_callback(lambda done: _ended(done, deed))
    try:
        await asyncio.wait({running})
    except asyncio.CancelledError:
        deed.stop()
        running.cancel()
        await asyncio.wait({running}, timeout=END_S)
        raise
    return running.result()


def _ended(done: "asyncio.Task[bytes]", deed: Deed) -> None:
    deed.end()
    if not done.cancelled():
        # Looked at, so that nobody complains of an error that the order to stop has brought about.
        done.exception()
