"""An agent as its author writes it: a role, a charter, a handler."""

import inspect
import os
import sys
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from interlock.agents.environment import forget_secrets
from interlock.agents.errors import MalformedAgent
from interlock.agents.handler import Handle, Handler
from interlock.agents.service import serve
from interlock.bus import process
from interlock.contracts.charter import Charter, read_charter
from interlock.contracts.errors import MalformedCharter

F = TypeVar("F", bound=Handle)


class Agent:
    """A role in a team. `charter` is a TOML file, found from the file that makes the agent.

    ```python
    agent = Agent("translator", charter="translator.toml")


    @agent.handle
    async def translate(step: Passage, ctx: Context) -> Translation:
        return await ctx.model(f"Translate to {step.language}: {step.text}", returns=Translation)


    agent.run()
    ```
    """

    def __init__(self, role: str, *, charter: str | Path) -> None:
        self.role = role
        self.charter_path = _beside_caller(Path(charter))
        self._handler: Handler | None = None

    def handle(self, function: F) -> F:
        """Make `async def f(step: In, context: Context) -> Out` what this agent does with a step.

        In and Out may be msgspec Structs, dataclasses, TypedDicts, pydantic models or plain JSON types.
        Raises MalformedAgent for a function that is no handler, or a second one.
        """
        if self._handler is not None:
            raise MalformedAgent(f"{self.role} has a handler already: one agent does one thing")
        self._handler = Handler(function)
        return function

    @property
    def handler(self) -> Handler:
        """What it does with a step; raises MalformedAgent when there is none."""
        if self._handler is None:
            raise MalformedAgent(f"{self.role} has no handler: put @agent.handle before a coroutine function")
        return self._handler

    @cached_property
    def charter(self) -> Charter:
        """Its job description; raises MalformedCharter when the file is none, or is another role's."""
        try:
            text = self.charter_path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise MalformedCharter(f"the charter {self.charter_path} cannot be read: {error}") from error
        charter = read_charter(text, str(self.charter_path))
        if charter.role != self.role:
            raise MalformedCharter(
                f"{self.charter_path} is the charter of {charter.role}, not of {self.role}"
            )
        return charter

    def run(self) -> None:
        """Join the bus that the environment names and work until SIGTERM; then end this process.

        Exit codes: 0 told to stop, 2 something to correct here, 7 no bus. INTERLOCK_PRINCIPAL is the name
        under which it speaks, else `<role>-1`.
        """
        forgotten = forget_secrets(os.environ)

        async def main(settings: process.Settings) -> int:
            return await serve(settings, self.charter, self.handler, forgotten=forgotten)

        sys.exit(process.run(main, principal=f"{self.role}-1"))


def _beside_caller(path: Path) -> Path:
    frame = inspect.currentframe()
    caller = frame.f_back.f_back if frame is not None and frame.f_back is not None else None
    return path if caller is None else Path(caller.f_code.co_filename).parent / path
