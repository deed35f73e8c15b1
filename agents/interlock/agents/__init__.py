"""The agent SDK: what thinks. It has no keys and no network; all it does, it asks the bus for.

`Agent` and `Context` are what an author needs; the errors are what a handler may catch.
"""

from interlock.agents.agent import Agent
from interlock.agents.context import Context
from interlock.agents.errors import (
    AgentError,
    Cancelled,
    EffectAborted,
    EffectDenied,
    EffectError,
    EffectFailed,
    InDoubt,
    Recommended,
    UnfitAnswer,
)
from interlock.agents.prompts import Prompt

__all__ = [
    "Agent",
    "AgentError",
    "Cancelled",
    "Context",
    "EffectAborted",
    "EffectDenied",
    "EffectError",
    "EffectFailed",
    "InDoubt",
    "Prompt",
    "Recommended",
    "UnfitAnswer",
]
