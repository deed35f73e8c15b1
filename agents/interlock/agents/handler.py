"""A handler: an author's coroutine function with its types, and how its end becomes a result or a failure."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, get_type_hints

import msgspec

from interlock.agents.context import Context
from interlock.agents.errors import AgentError, EffectDenied, EffectFailed, InDoubt, MalformedAgent, Unfit
from interlock.agents.shapes import Shape, shape_of
from interlock.bus.logs import log
from interlock.contracts.dispatch import DoStep
from interlock.contracts.errors import ContractError
from interlock.contracts.limits import MAX_LINE_CHARS, MAX_MESSAGE_BYTES
from interlock.contracts.message import encode
from interlock.contracts.step import FailureKind, StepFailure, StepResult

Handle = Callable[[Any, Context], Awaitable[Any]]

ENVELOPE_BYTES = 1_024


class Handler:
    """What an agent does with one step."""

    def __init__(self, function: Handle) -> None:
        """Read the function's types; raises MalformedAgent for one that is no handler."""
        self.takes, self.gives = _shapes(function)
        self._function = function

    async def work(self, step: DoStep, context: Context) -> StepResult | StepFailure:
        """Do the step; whatever the function raises becomes a failure, only cancellation passes through."""
        try:
            given = self.takes.from_json(encode(step.input))
        except Unfit as error:
            return _failure(step, "unfit_input", f"the input of {step.step} is no {self.takes.name}: {error}")
        try:
            made = await self._function(given, context)
        except Exception as error:  # noqa: BLE001 - an author's code may raise anything
            return _failed(step, error)
        try:
            value = self.gives.to_json(made)
        except Unfit as error:
            return _failure(step, "permanent", f"the result of {step.step} is no {self.gives.name}: {error}")
        if len(value) > MAX_MESSAGE_BYTES - ENVELOPE_BYTES:
            sentence = f"the result of {step.step} has {len(value)} bytes; write what is large into a file"
            return _failure(step, "permanent", sentence)
        return StepResult(step=step.step, attempt=step.attempt, value=msgspec.Raw(value))


def _shapes(function: Handle) -> tuple[Shape[Any], Shape[Any]]:
    name = getattr(function, "__name__", repr(function))
    if not inspect.iscoroutinefunction(function):
        raise MalformedAgent(f"{name} must be a coroutine function: async def {name}(step, context)")
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise MalformedAgent(f"the types of {name} cannot be read when it runs: {error}") from error
    parameters = list(inspect.signature(function).parameters)
    if len(parameters) != 2 or parameters[0] not in hints or "return" not in hints:
        raise MalformedAgent(f"{name} must say its types: async def {name}(step: In, ctx: Context) -> Out")
    return shape_of(hints[parameters[0]]), shape_of(hints["return"])


def _failed(step: DoStep, error: Exception) -> StepFailure:
    match error:
        case EffectFailed():
            return _failure(step, "transient" if error.transient else "permanent", str(error))
        case EffectDenied() | InDoubt() | ContractError():
            return _failure(step, "permanent", str(error))
        case AgentError():
            return _failure(step, "transient", str(error))
        case _:
            log.warning("handler_raised", task=step.task, step=step.step, exc_info=error)
            return _failure(step, "transient", f"{type(error).__name__}: {error}")


def _failure(step: DoStep, kind: FailureKind, sentence: str) -> StepFailure:
    return StepFailure(step=step.step, attempt=step.attempt, kind=kind, message=sentence[:MAX_LINE_CHARS])
