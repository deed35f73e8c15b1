"""Decides whether a process that died is started again; pure.

The rule is Erlang/OTP's restart intensity: at most so many restarts in a period. There it counts all children
of a supervisor together; here each child is counted by itself, for none of them needs another to live.
"""

from typing import NamedTuple


class Intensity(NamedTuple):
    """At most `restarts` within any `period_s` seconds."""

    restarts: int = 5
    period_s: float = 10.0


class Deaths(NamedTuple):
    """The deaths of one process that still count, oldest first, by a clock that never goes back."""

    at_s: tuple[float, ...] = ()

    def after(self, now_s: float, intensity: Intensity) -> "Deaths":
        """Return the deaths that count after one more at `now_s`."""
        recent = tuple(at_s for at_s in self.at_s if now_s - at_s < intensity.period_s)
        return Deaths((*recent, now_s))

    def are_too_many(self, intensity: Intensity) -> bool:
        """Tell whether the process may not be started again."""
        return len(self.at_s) > intensity.restarts
