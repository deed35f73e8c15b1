"""Facts about which supervisor decides."""

from interlock.contracts.facts.fact import Fact
from interlock.contracts.message import Sequence


class LeaderTook(Fact, frozen=True, kw_only=True):
    """The named life of a supervisor decides from here on; the record's sequence is the name of its term."""

    principal: str
    incarnation: str
    at_ms: int


class LeaderLeft(Fact, frozen=True, kw_only=True):
    """It decides nothing more, and nobody has to wait for it to fall silent."""

    principal: str
    incarnation: str
    at_ms: int


class Led(Fact, frozen=True, kw_only=True):
    """The leader of this term has read what was decided here; whoever led before can add nothing more."""

    term: Sequence
    at_ms: int = 0
