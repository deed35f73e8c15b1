"""Real processes: environments to be started, and a model that answers when the test lets it."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from tests.processes.environment import Environment, running
from tests.processes.model_server import MODEL, ModelServer
from tests.processes.scene import Scene, scene

from interlock.bus.logs import structlog

LAMP = "# The lamp\n\nThe lamp is green while the pump runs.\n"

Start = Callable[..., Awaitable[Environment]]


def lamp(folder: Path) -> Path:
    """Make a folder of documents in this one, with a small document in it."""
    docs = folder / "docs"
    docs.mkdir()
    (docs / "lamp.md").write_text(LAMP)
    return docs


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """One small document."""
    return lamp(tmp_path)


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    """A model that a test holds up and releases."""
    server = ModelServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def start(tmp_path: Path, docs: Path) -> AsyncIterator[Start]:
    """Return what starts an environment: `await start(model)`, or with the offline model `await start()`."""
    async with contextlib.AsyncExitStack() as stack:

        async def starts(
            model: ModelServer | None = None, *, prices: str = "", **variables: str
        ) -> Environment:
            if model is None:
                return await stack.enter_async_context(
                    running(tmp_path / "state", docs, "offline/extractive", **variables)
                )
            price_file = tmp_path / "prices.toml"
            price_file.write_text(prices or f'[models."{MODEL}"]\nprice = "free"\n')
            return await stack.enter_async_context(
                running(
                    tmp_path / "state",
                    docs,
                    MODEL,
                    OPENAI_BASE_URL=model.url,
                    INTERLOCK_PRICES=str(price_file),
                    **variables,
                )
            )

        yield starts
    structlog.reset_defaults()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """One environment for all tests of a module: each leaves it as it was."""
    async with scene(tmp_path_factory.mktemp("scene")) as made:
        yield made
    structlog.reset_defaults()
