"""An agent with one hand that asks a person in the middle of its work."""

import msgspec

from interlock.agents import Agent, Context

agent = Agent("asker", charter="asker.toml")


class Order(msgspec.Struct):
    """What it is called."""

    name: str


class Done(msgspec.Struct):
    """What the person has said."""

    said: str


@agent.handle
async def ask(order: Order, context: Context) -> Done:
    """Buy something, ask, and buy something else."""
    await context.model(f"before {order.name}")
    said = await context.ask(f"May {order.name} go on?")
    await context.model(f"after {order.name}")
    return Done(said)


if __name__ == "__main__":
    agent.run()
