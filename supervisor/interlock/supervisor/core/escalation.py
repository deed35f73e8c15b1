"""What people are asked and have not decided yet, as it stands now; what was said first is the fact."""

import msgspec

from interlock.contracts.facts import ApprovalCounted, Escalated
from interlock.contracts.message import Json
from interlock.contracts.people import Need, Rule


class Escalation(msgspec.Struct, frozen=True):
    """One open escalation.

    `arguments`, `needs` and `rules` are as edited; `approvals` are of these arguments. `desk` is the role or
    person that is asked now, until `deadline_ms`.
    """

    said: Escalated
    desk: str
    deadline_ms: int | None
    arguments: Json
    digest: str
    needs: tuple[Need, ...]
    rules: tuple[Rule, ...]
    approvals: tuple[ApprovalCounted, ...] = ()
    edited_by: str = ""
