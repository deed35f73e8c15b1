"""Keys: the name of a call within its step, so that the same code asks for the same effect again.

A key is the digest of the call and how often the step has made that very call. Calls made at once are told
apart by what they ask; identical ones are numbered, and which of them is which makes no difference.
"""

import hashlib
from collections import Counter

import msgspec

from interlock.contracts.effect import Call

DIGEST_BYTES = 16

_canonical = msgspec.json.Encoder(order="deterministic").encode


class Keys:
    """The calls of one attempt at one step, in the order in which they are made."""

    def __init__(self) -> None:
        self._made: Counter[str] = Counter()

    def key(self, call: Call) -> str:
        """Return the key of the next such call."""
        digest = hashlib.blake2b(_canonical(call), digest_size=DIGEST_BYTES).hexdigest()
        self._made[digest] += 1
        return f"{digest}.{self._made[digest]}"
