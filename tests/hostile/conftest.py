"""One environment for all attempts: a victim's step waits for a model, a hostile agent has a valid key."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.hostile.attacker import Attacker
from tests.hostile.attempts import ME
from tests.processes.environment import Environment, Story, running
from tests.processes.model_server import MODEL, ModelServer

from interlock.bus.identity import load
from interlock.bus.logs import structlog
from interlock.bus.principals import Principals
from interlock.contracts import facts as f

PATIENCE_S = 10.0
LAMP = "# The lamp\n\nThe lamp is green while the pump runs.\n"


class Scene:
    """The environment, what is decided about the fleet, the victim's task, and the attacker's key."""

    def __init__(self, environment: Environment, fleet: Story, victim: Story) -> None:
        self.environment = environment
        self.fleet = fleet
        self.victim = victim
        self.url = environment.local.note.url
        granted = victim.all(f.EffectGranted, step="facts")[-1]
        self.names = {"task": str(victim.task), "effect": str(granted.effect)}
        self.seed = load(environment.local.state.key_file(ME)).seed
        self.attacker = Attacker(self.url, ME, self.seed)

    async def recorded(self, action: str, target: str, *, principal: str = ME) -> f.AccessViolated:
        """Wait until the log holds the security fact about an attempt."""
        return await self._told(self.fleet, action, target, principal)

    async def accused(self, action: str, target: str) -> f.AccessViolated:
        """Wait until the victim's task holds it, as the supervisor saw it."""
        return await self._told(self.victim, action, target, ME)

    async def _told(self, story: Story, action: str, target: str, principal: str) -> f.AccessViolated:
        def found() -> list[f.AccessViolated]:
            violations = story.all(f.AccessViolated, principal=principal)
            return [fact for fact in violations if fact.action == action and target in fact.target]

        try:
            async with asyncio.timeout(PATIENCE_S):
                while not found():
                    await story.more()
        except TimeoutError:
            known = [(v.action, v.target) for v in story.all(f.AccessViolated)]
            raise AssertionError(f"no {action} of {target!r} by {principal} among {known}") from None
        return found()[-1]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("hostile")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "lamp.md").write_text(LAMP)
    prices = folder / "prices.toml"
    prices.write_text(f'[models."{MODEL}"]\nprice = "free"\n')
    model = ModelServer()
    await model.start()
    model.hold("answer")
    Principals(folder / "state" / "store").admit(ME, ["agent"])
    async with contextlib.AsyncExitStack() as stack:
        environment = await stack.enter_async_context(
            running(folder / "state", docs, MODEL, OPENAI_BASE_URL=model.url, INTERLOCK_PRICES=str(prices))
        )
        victim = await environment.submit()
        await model.asked("answer")
        fleet = await environment.story(0)
        made = Scene(environment, fleet, victim)
        await made.attacker.connect()
        yield made
        await made.attacker.close()
    await model.stop()
    structlog.reset_defaults()
