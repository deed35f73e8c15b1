"""The context: all that a handler may do and know. Each call is an effect that the supervisor decides on."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar, overload

import msgspec

from interlock.agents.answers import read_answer, read_text, repair_prompt, was_unfit
from interlock.agents.errors import EffectFailed, Unfit, UnfitAnswer
from interlock.agents.journal import Journal
from interlock.agents.outcomes import value_of
from interlock.agents.shapes import shape_of
from interlock.bus.errors import BusError
from interlock.bus.ports import Bus
from interlock.contracts.dispatch import DoStep
from interlock.contracts.effect import AskCall, ModelCall, ToolCall
from interlock.contracts.limits import DEFAULT_OUTPUT_TOKENS, MAX_LINE_CHARS
from interlock.contracts.message import Json, encode
from interlock.contracts.step import Progress
from interlock.contracts.subjects import live_subject

T = TypeVar("T")


class Context:
    """One attempt at one step, as its handler sees it."""

    def __init__(self, bus: Bus, step: DoStep, journal: Journal) -> None:
        self._bus = bus
        self._step = step
        self._journal = journal

    @property
    def task(self) -> int:
        """The task's id."""
        return self._step.task

    @property
    def step(self) -> str:
        """The step's id in the plan."""
        return self._step.step

    @property
    def attempt(self) -> int:
        """Which attempt at the step this is, from 1."""
        return self._step.attempt

    @property
    def goal(self) -> str:
        """What the whole task is for."""
        return self._step.goal

    @property
    def docs(self) -> str:
        """The folder of documents that the task is about, as its submitter named it; empty for none."""
        return self._step.docs

    @property
    def notes(self) -> tuple[str, ...]:
        """A reviewer's reasons, when the step was done before and must be better."""
        return self._step.notes

    @property
    def deadline(self) -> datetime | None:
        """When the step is given to another agent; it moves while the task is paused."""
        milliseconds = self._step.deadline_ms
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None

    @property
    def given(self) -> dict[str, Any]:
        """The results of the steps before this one, by step."""
        return {step: msgspec.json.decode(value) for step, value in self._step.given.items()}

    def given_as(self, kind: type[T]) -> dict[str, T]:
        """Return those results of the steps before that are of this type, by step."""
        shape = shape_of(kind)
        fitting: dict[str, T] = {}
        for step, value in self._step.given.items():
            try:
                fitting[step] = shape.from_json(bytes(value))
            except Unfit:
                continue
        return fitting

    @overload
    async def model(
        self,
        prompt: str,
        *,
        returns: type[T],
        purpose: str = "",
        inputs: Mapping[str, Any] | None = None,
        schema: Json | None = None,
        model: str = "",
        max_output_tokens: int = DEFAULT_OUTPUT_TOKENS,
        temperature: float = 0.0,
        prompt_version: str = "",
    ) -> T: ...

    @overload
    async def model(
        self,
        prompt: str,
        *,
        returns: None = None,
        purpose: str = "",
        inputs: Mapping[str, Any] | None = None,
        model: str = "",
        max_output_tokens: int = DEFAULT_OUTPUT_TOKENS,
        temperature: float = 0.0,
        prompt_version: str = "",
    ) -> str: ...

    async def model(  # noqa: PLR0913 - each is one plain thing to say about a call, and has a default
        self,
        prompt: str,
        *,
        returns: type[T] | None = None,
        purpose: str = "",
        inputs: Mapping[str, Any] | None = None,
        schema: Json | None = None,
        model: str = "",
        max_output_tokens: int = DEFAULT_OUTPUT_TOKENS,
        temperature: float = 0.0,
        prompt_version: str = "",
    ) -> T | str:
        """Ask a language model, and return its answer in the type `returns` (none: as text).

        `purpose` (else the role) and `inputs` say as data what the prompt says as prose. `model` is
        `provider/name` (else the task's, else the effect worker's first). `schema` may narrow what the type
        allows, for this call. An answer that does not fit is repaired once, as an effect of its own.

        Raises UnfitAnswer after that, EffectDenied, EffectFailed, EffectAborted, InDoubt, Cancelled.
        """
        call = ModelCall(
            purpose=purpose or self._step.role,
            prompt=prompt,
            inputs=dict(inputs or {}),
            returns={} if returns is None else schema or shape_of(returns).schema,
            model=model or self._step.model,
            prompt_version=prompt_version,
            max_output_tokens=max_output_tokens,
            temperature=temperature,
        )
        if returns is None:
            return read_text(await self._value(call, call.purpose))
        try:
            return await self._answer(call, returns)
        except Unfit as error:
            return await self._repaired(call, error, returns)

    @overload
    async def tool(self, name: str, /, *, returns: type[T], **arguments: Any) -> T: ...

    @overload
    async def tool(self, name: str, /, *, returns: None = None, **arguments: Any) -> Any: ...

    async def tool(self, name: str, /, *, returns: type[T] | None = None, **arguments: Any) -> Any:
        """Run a tool with these arguments, and return its result (in the type `returns`, when given).

        What people have to agree to waits for them; the step may be taken away meanwhile, and begun anew.

        Raises UnfitAnswer, EffectDenied, Recommended, EffectFailed, EffectAborted, InDoubt, Cancelled.
        """
        value = await self._value(ToolCall(tool=name, arguments=arguments), name)
        if returns is None:
            return msgspec.json.decode(value)
        try:
            return shape_of(returns).from_json(value)
        except Unfit as error:
            raise UnfitAnswer(f"{name} gave what does not fit {shape_of(returns).name}: {error}") from error

    async def ask(self, question: str) -> str:
        """Ask a person and wait for the answer, which costs nothing. Raises EffectDenied, Cancelled."""
        return read_text(await self._value(AskCall(question=question), "the question"))

    async def progress(self, text: str) -> None:
        """Show people what is being done; nothing is stored."""
        shown = Progress(principal=self._bus.principal, text=text[:MAX_LINE_CHARS])
        with contextlib.suppress(BusError):
            await self._bus.send(live_subject(self.task, self.step, self._bus.principal), encode(shown))

    async def _value(self, call: ModelCall | ToolCall | AskCall, name: str) -> bytes:
        return value_of(await self._journal.outcome(call), name)

    async def _answer(self, call: ModelCall, returns: type[T]) -> T:
        try:
            value = await self._value(call, call.purpose)
        except EffectFailed as error:
            if was_unfit(error):
                raise Unfit(str(error)) from error
            raise
        return read_answer(value, shape_of(returns))

    async def _repaired(self, call: ModelCall, error: Unfit, returns: type[T]) -> T:
        again = msgspec.structs.replace(
            call, prompt=repair_prompt(call.prompt, error), inputs={**call.inputs, "unfit": str(error)}
        )
        try:
            return await self._answer(again, returns)
        except Unfit as still:
            kind = shape_of(returns).name
            raise UnfitAnswer(
                f"{call.purpose}: neither the model's answer nor its second one fits {kind}: {still}"
            ) from still
