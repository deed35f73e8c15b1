"""Facts about everything: who is there, and the switch over all."""

from typing import Literal

from interlock.contracts.charter import Charter
from interlock.contracts.facts.fact import Fact
from interlock.contracts.message import Json, Line
from interlock.contracts.presence import ModelOffer, ToolOffer


class AgentJoined(Fact, frozen=True, kw_only=True):
    """An agent process is there."""

    principal: str
    incarnation: str
    capacity: int
    charter: Charter
    input_schema: Json = {}


class EffectsJoined(Fact, frozen=True, kw_only=True):
    """An effect worker is there."""

    principal: str
    incarnation: str
    capacity: int
    models: tuple[ModelOffer, ...] = ()
    tools: tuple[ToolOffer, ...] = ()


class Left(Fact, frozen=True, kw_only=True):
    """An agent or effect worker is gone; whatever it had in hand is lost."""

    principal: str
    incarnation: str
    reason: Line


class FleetSwitched(Fact, frozen=True, kw_only=True):
    """The switch over everything."""

    at_ms: int
    state: Literal["running", "paused", "draining", "killed"]
    by: str
    reason: str = ""
