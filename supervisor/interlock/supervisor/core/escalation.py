"""What people are asked and have not decided yet, as it stands now; what was said first is the fact."""

import msgspec

from interlock.contracts.facts import ApprovalCounted, Escalated
from interlock.contracts.message import Json
from interlock.contracts.people import Need, Rule


class Escalation(msgspec.Struct, frozen=True):
    """One open escalation.

    `arguments`, `needs`, `rules` and `excluded` are as edited; `approvals` are of these arguments and count
    still. `desk` is the role or person that is asked now, since `since_ms` and until `deadline_ms`; `desks`
    are all that were.
    """

    said: Escalated
    desk: str
    deadline_ms: int | None
    arguments: Json
    digest: str
    needs: tuple[Need, ...]
    rules: tuple[Rule, ...]
    excluded: tuple[str, ...] = ()
    since_ms: int = 0
    desks: tuple[str, ...] = ()
    approvals: tuple[ApprovalCounted, ...] = ()
    edited_by: str = ""
