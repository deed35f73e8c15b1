"""What type checkers make of the public SDK; `make check` reads this, nothing runs it."""

from dataclasses import dataclass
from typing import Any, assert_type

from interlock.agents import Agent, Context

agent = Agent("typist", charter="typist.toml")


@dataclass
class City:
    name: str


@agent.handle
async def handle(step: City, ctx: Context) -> City:
    assert_type(await ctx.model("Where?"), str)
    assert_type(await ctx.model("Where?", returns=City), City)
    assert_type(await ctx.model("Where?", returns=list[City], schema={"type": "array"}), list[City])
    assert_type(await ctx.tool("look", query="x"), Any)
    assert_type(await ctx.tool("look", returns=City, query="x"), City)
    assert_type(await ctx.ask("Shall I?"), str)
    assert_type(ctx.given_as(City), dict[str, City])
    return step


async def a_handler_keeps_its_own_type(ctx: Context) -> None:
    assert_type(await handle(City("Riga"), ctx), City)
