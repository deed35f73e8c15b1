"""Facts about who is there: agents and effect workers, with what they offer."""

from interlock.contracts.charter import Charter
from interlock.contracts.facts.fact import Fact
from interlock.contracts.message import Json, Line
from interlock.contracts.presence import ModelOffer, ToolOffer


class AgentJoined(Fact, frozen=True, kw_only=True):
    """An agent process is there; `host` and `pid` are what it said of itself."""

    principal: str
    incarnation: str
    capacity: int
    charter: Charter
    input_schema: Json = {}
    output_schema: Json = {}
    host: str = ""
    pid: int = 0


class EffectsJoined(Fact, frozen=True, kw_only=True):
    """An effect worker is there; `pid` is what it said of itself."""

    principal: str
    incarnation: str
    capacity: int
    models: tuple[ModelOffer, ...] = ()
    tools: tuple[ToolOffer, ...] = ()
    pid: int = 0


class Left(Fact, frozen=True, kw_only=True):
    """An agent, effect worker, guard or access service is gone; whatever it had in hand is lost."""

    principal: str
    incarnation: str
    reason: Line
