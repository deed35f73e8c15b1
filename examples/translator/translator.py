"""A role of our own: it translates a passage. Start it with `python translator.py`."""

from typing import Annotated

import msgspec

from interlock.agents import Agent, Context

agent = Agent("translator", charter="translator.toml")


class Passage(msgspec.Struct):
    """What to translate, and into which language."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=4_000)]
    language: Annotated[str, msgspec.Meta(min_length=2, max_length=40)]


class Translation(msgspec.Struct):
    """The passage in that language."""

    text: str
    language: str


@agent.handle
async def translate(step: Passage, ctx: Context) -> Translation:
    """Translate the passage, and nothing else."""
    await ctx.progress(f"translating to {step.language}")
    return await ctx.model(
        f"Translate this text to {step.language}. Keep its meaning and its tone.\n\n{step.text}",
        purpose="translate",
        inputs={"text": step.text, "language": step.language},
        returns=Translation,
    )


if __name__ == "__main__":
    agent.run()
