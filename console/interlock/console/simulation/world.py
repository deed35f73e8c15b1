"""The world outside: what was really executed, under which grant, and what it truly cost.

Nobody can take back what happened here. It does not know what was decided.
"""

from collections.abc import Callable
from random import Random

import msgspec
from msgspec.structs import asdict

from interlock.contracts.budget import Amounts
from interlock.contracts.dispatch import DoEffect
from interlock.contracts.effect import ModelCall, ToolCall
from interlock.contracts.message import Json
from interlock.contracts.presence import ModelOffer, ToolOffer

MODEL = ModelOffer(
    model="offline/x",
    input_usd_micros_per_mtok=1_000_000,
    output_usd_micros_per_mtok=2_000_000,
    price_source="the simulation",
    counts=True,
)
SMALL = ModelOffer(
    model="offline/small",
    input_usd_micros_per_mtok=100_000,
    output_usd_micros_per_mtok=300_000,
    price_source="the simulation",
)
UNPRICED = ModelOffer(model="new/unpriced")
SEARCH = ToolOffer(tool="search", risk="read", repeatable=True)
WRITE = ToolOffer(tool="write_file", risk="write", repeatable=False)
PAY = ToolOffer(
    tool="pay",
    risk="irreversible",
    repeatable=False,
    target="to",
    input_schema={
        "type": "object",
        "properties": {"cents": {"type": "integer"}, "to": {"type": "string"}},
        "required": ["cents", "to"],
    },
)
MODELS = (MODEL, SMALL, UNPRICED)
ABROAD = "abroad"
TOOLS = (SEARCH, WRITE, PAY)
WRITES = frozenset((WRITE.tool, PAY.tool))
MARGIN = 64
PRICES = {MODEL.model: (1, 1, 2, 1), SMALL.model: (1, 10, 3, 10)}
"""Micro-dollars for a token as fractions, in and out: told again here, so that the world counts by itself."""


def region_of(worker: str, *, wary: bool) -> str:
    """Return where a worker's models run: the second one's abroad, in a run in which anybody cares."""
    return ABROAD if wary and worker.endswith("-2") else ""


class Execution(msgspec.Struct, frozen=True):
    """One real execution: of which grant, where, when, and what it cost."""

    task: int
    step: str
    key: str
    effect: int
    grant: int
    worker: str
    incarnation: str
    write: bool
    cost: Amounts
    at_s: float
    tool: str = ""
    arguments: Json = {}


class World:
    """Everything that really happened; `on_executed` is told of each execution as it begins."""

    def __init__(self) -> None:
        self.executions: list[Execution] = []
        self.on_executed: Callable[[Execution], None] = _ignore

    def execute(self, work: DoEffect, worker: str, cost: Amounts, at_s: float) -> None:
        """Let an effect happen."""
        call = work.call if isinstance(work.call, ToolCall) else None
        name, arguments = _signed(work)
        execution = Execution(
            task=work.task,
            step=work.step,
            key=work.key,
            effect=work.effect,
            grant=work.grant,
            worker=worker,
            incarnation=work.incarnation,
            write=call is not None and call.tool in WRITES,
            cost=cost,
            at_s=at_s,
            tool=name,
            arguments=arguments,
        )
        self.executions.append(execution)
        self.on_executed(execution)


def _signed(work: DoEffect) -> tuple[str, Json]:
    """Return under which name people sign what is executed, and all that it is given."""
    if isinstance(work.call, ModelCall):
        return f"model:{work.call.model}", asdict(work.call)
    return (work.call.tool, work.call.arguments) if isinstance(work.call, ToolCall) else ("", {})


def prompt_count(work: DoEffect, chance: Random) -> int:
    """Return what a provider counts, with its margin, or 0 when it cannot: of an effect always the same."""
    assert isinstance(work.call, ModelCall)
    return 0 if chance.random() < 0.1 else chance.randint(1, len(work.call.prompt.encode()) + MARGIN)


def true_cost(work: DoEffect, chance: Random, counted: int = 0) -> Amounts:
    """Return what a call costs: the prompt's tokens, and as much output as the grant allows or less."""
    if not isinstance(work.call, ModelCall):
        return Amounts(tool_calls=1)
    tokens_in = chance.randint(1, max(1, len(work.call.prompt.encode())))
    tokens_in = min(tokens_in, counted) if counted else tokens_in
    tokens_out = chance.choice((work.max_output_tokens, chance.randint(0, work.max_output_tokens)))
    in_above, in_below, out_above, out_below = PRICES[work.call.model]
    price = tokens_in * in_above / in_below + tokens_out * out_above / out_below
    return Amounts(spend_usd_micros=-int(-price // 1), tokens=tokens_in + tokens_out, model_calls=1)


def _ignore(_execution: Execution) -> None:
    return
