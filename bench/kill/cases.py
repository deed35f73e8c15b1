"""The cases: who is killed, in what state, and what of it is measured; in ms after the operator's publish.

Agents are killed one after the other and start again when all are down: so nothing else goes on meanwhile.
"""

import signal
from collections.abc import Awaitable, Callable

import msgspec
from bench.kill.agents import Manner
from bench.kill.load import Load
from bench.kill.scene import Scene, Struck

from interlock.console.stop.receipts import Kill, Receipt, await_receipt
from interlock.contracts.scope import FLEET, Scope, task_scope
from interlock.supervisor.core.limits import GRACE_MS

MANY = 500
TENANT_ROUNDS = 3


class Samples(msgspec.Struct):
    """What was measured, in ms; an empty list: it does not happen in this case, or nobody can see it.

    `granted`: no grant after this. `aborted`: the model's server saw the call's connection closed. `cut`: the
    server ended the agent's connection. `gone`: the process was gone, beyond the grace where there is one.
    `disturbed` counts the kills before which the machine was not as idle as it should have been.
    """

    kills: int = 0
    granted: list[float] = []
    aborted: list[float] = []
    cut: list[float] = []
    gone: list[float] = []
    latest_start_ms: float | None = None
    condemned: int = 0
    disturbed: int = 0

    def take(self, struck: Struck, receipt: Receipt | None) -> None:
        """Take what every kill tells."""
        self.kills += 1
        self.aborted += map(struck.after_ms, struck.closed_us)
        if receipt is None or receipt.fact.last_start_us is None:
            return
        start_ms = struck.after_ms(receipt.fact.commanded_us + receipt.fact.last_start_us)
        self.latest_start_ms = max(start_ms, self.latest_start_ms or start_ms)


Run = Callable[[Scene, Load, int], Awaitable[Samples]]


def agents(manner: Manner, *, frozen: bool = False) -> Run:
    """Kill agents at work in that manner; with `frozen` the supervisor stands still meanwhile."""

    async def run(scene: Scene, load: Load, kills: int) -> Samples:
        samples = Samples()
        while samples.kills < kills:
            tenant = await scene.busy(manner, len(scene.names))
            async with load.turning():
                for name in scene.names:
                    if manner == "hung":
                        await scene.hang(name)
                    samples.disturbed += not await load.settled(spinning=manner == "hung")
                    await _kill_agent(scene, name, samples, frozen=frozen)
            await scene.say_kill(Scope(kind="tenant", name=tenant))
            await scene.release([_agent(name) for name in scene.names])
        return samples

    return run


async def _kill_agent(scene: Scene, name: str, samples: Samples, *, frozen: bool) -> None:
    if frozen:
        scene.freeze(signal.SIGSTOP)
    struck = await scene.strike(_agent(name), [name])
    samples.gone += map(struck.after_ms, await scene.gone([name]))
    await scene.news.cut([name])
    samples.cut.append(struck.after_ms(scene.news.cut_us[name]))
    if frozen:
        scene.freeze(signal.SIGCONT)
    await scene.news.receipted(struck.kill)
    if not frozen:
        samples.granted.append(struck.after_ms(scene.news.decided_us[struck.kill]))
    samples.take(struck, scene.news.gathering.receipts[struck.kill])


async def condemned(scene: Scene, load: Load, kills: int) -> Samples:
    """Kill the tasks of agents that hang: each has its grace, then its process is killed."""
    samples = Samples()
    while samples.kills < kills:
        await scene.busy("hung", len(scene.names))
        async with load.turning():
            for name in scene.names:
                task = scene.task_of(name)
                await scene.hang(name)
                samples.disturbed += not await load.settled(spinning=True)
                struck = await scene.strike(task_scope(task), [name])
                samples.gone += (struck.after_ms(us) - GRACE_MS for us in await scene.gone([name]))
                # It would start again at once: it shall wait until nothing is measured.
                await scene.say_kill(_agent(name))
                receipt = await await_receipt(scene.here.bus, Kill(struck.kill, task_scope(task)))
                if receipt is not None:
                    samples.granted.append(struck.after_ms(receipt.decided_us))
                samples.take(struck, receipt)
                samples.condemned += 1
        await scene.release([_agent(name) for name in scene.names])
    return samples


async def tenant(scene: Scene, load: Load, kills: int) -> Samples:
    """Kill a tenant with 500 calls in flight, again and again; no process ends."""
    samples = Samples()
    while samples.kills < min(kills, TENANT_ROUNDS):
        scope = Scope(kind="tenant", name=await scene.busy("cooperative", MANY))
        scene.news.condemned.clear()
        async with load.turning():
            samples.disturbed += not await load.settled()
            struck = await scene.strike(scope, scene.names)
            await scene.news.receipted(struck.kill)
        samples.granted.append(struck.after_ms(scene.news.decided_us[struck.kill]))
        samples.take(struck, scene.news.gathering.receipts[struck.kill])
        samples.condemned += len(scene.news.condemned)
        await scene.back(sorted(scene.news.condemned), struck.kill)
    return samples


async def fleet(scene: Scene, load: Load, kills: int) -> Samples:
    """Kill everything, again and again, with a call of every agent in flight."""
    samples = Samples()
    while len(samples.gone) < kills:
        await scene.busy("cooperative", len(scene.names))
        async with load.turning():
            samples.disturbed += not await load.settled()
            struck = await scene.strike(FLEET, scene.names)
            samples.gone += map(struck.after_ms, await scene.gone(scene.names))
            await scene.news.cut(scene.names)
            samples.cut += (struck.after_ms(scene.news.cut_us[name]) for name in scene.names)
            await scene.news.receipted(struck.kill)
        samples.granted.append(struck.after_ms(scene.news.decided_us[struck.kill]))
        samples.take(struck, scene.news.gathering.receipts[struck.kill])
        await scene.release([FLEET])
    return samples


def _agent(name: str) -> Scope:
    return Scope(kind="agent", name=name)
