"""What a simulation finds: something that must never be."""

import msgspec


class Violation(msgspec.Struct, frozen=True):
    """A law that was broken: which, how, after which record of the log, and when (virtual seconds)."""

    law: str
    sentence: str
    seq: int
    at_s: float
