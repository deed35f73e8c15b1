"""What policies and levels of autonomy say of one call, as data; how they come to it, it must not know."""

import msgspec

from interlock.contracts.people import Need, Rule


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a call may happen, and what it takes.

    Of one that may not, `rule` and `reason` are told to whoever asked. `needs` are those people who must
    agree first, as `rules` say; whoever submitted the task is one of them only where `requester_may`.
    `flags` ride with the grant: `review`, or `redact:<where>`. `forbidden` is whether a policy that forbids
    has matched; `suggested` whether it may only stand as a recommendation.
    """

    allowed: bool
    rule: str = ""
    reason: str = ""
    needs: tuple[Need, ...] = ()
    rules: tuple[Rule, ...] = ()
    requester_may: bool = False
    flags: tuple[str, ...] = ()
    forbidden: bool = False
    suggested: bool = False
