"""A decision: what the supervisor made of an input, or of something that it observed itself."""

from typing import ClassVar

from interlock.contracts import limits
from interlock.contracts.facts import AnyFact
from interlock.contracts.message import Message, Sequence


class Decision(Message, frozen=True, kw_only=True):
    """Facts about one task (0: the fleet), in order.

    `cause` is the sequence of the last input that they follow from. `observed` is empty for a decision on
    inputs alone; `tick`, `silent:<principal>`, `back:<principal>` or `unconfirmed:<principal>` when the
    supervisor saw time pass, a process fall silent, one that was given up go on beating, or an agent not
    confirm in time that it has stopped what it was told to.
    """

    max_bytes: ClassVar[int] = limits.MAX_DECISION_BYTES
    max_depth: ClassVar[int] = limits.MAX_DEPTH + 8  # an input's JSON stands deeper in the facts about it

    task: Sequence
    cause: Sequence
    at_ms: int
    by: str
    facts: tuple[AnyFact, ...]
    observed: str = ""
