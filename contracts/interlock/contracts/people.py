"""What people say about what they are asked, and what they are asked for.

The subject names the escalation: `human.<verb>.<task>.<number>`, task 0 being the fleet. Who may answer, and
what follows, the supervisor decides.
"""

from typing import Annotated, Literal

import msgspec

from interlock.contracts import limits
from interlock.contracts.approval import Approval
from interlock.contracts.budget import Amounts
from interlock.contracts.message import Json, Line, Message, Name, Part, Reason, Sequence

EscalationKind = Literal[
    "approval",
    "question",
    "step",
    "budget",
    "rejection",
    "loop",
    "overrun",
    "in_doubt",
    "deadline",
    "crash",
    "violation",
    "review",
]
VerdictKind = Literal[
    "approved", "edited", "rejected", "answered", "raised", "resumed", "aborted", "expired", "void"
]
Reversible = Literal["", "yes", "undo", "no"]

HUMAN_VERBS = ("approve", "edit", "reject", "answer", "raise", "reassign", "abort")
HUMAN = "human"
"""The role of a step that a person does."""


class Need(Part, frozen=True, kw_only=True):
    """So many different people of a role have to agree."""

    role: Name
    quorum: Annotated[int, msgspec.Meta(ge=1, le=limits.MAX_QUORUM)] = 1


class Rule(Part, frozen=True, kw_only=True):
    """A policy that led here, and what it says in plain words."""

    id: str
    says: Line = ""


class Evidence(Part, frozen=True, kw_only=True):
    """A record whose content led here; `untrusted` content came from outside, and may be hostile."""

    record: Sequence
    what: Line
    untrusted: bool = False


class Approve(Message, frozen=True, kw_only=True):
    """Yes. Of an effect it needs the signed `approval`; of anything else that waits it means: go on."""

    approval: Approval | None = None
    reason: Reason = ""


class Edit(Message, frozen=True, kw_only=True):
    """Yes, but with these arguments, over which the approval stands; the gate is asked again."""

    arguments: Json
    approval: Approval
    reason: Reason = ""


class Reject(Message, frozen=True, kw_only=True):
    """No, and why: whoever asked is told. Of a review with `undo`, what was done is undone."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.MAX_REASON_CHARS)]
    undo: bool = False


class Answer(Message, frozen=True, kw_only=True):
    """The answer to a question, in words, or to a form, as its schema asks."""

    text: Annotated[str, msgspec.Meta(max_length=limits.MAX_GOAL_CHARS)] = ""
    value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Raise(Message, frozen=True, kw_only=True):
    """Go on with more: as much is added to the limits of the task's budget."""

    more: Amounts
    reason: Reason = ""


class Reassign(Message, frozen=True, kw_only=True):
    """Let this person or role answer; who may approve stays as the policy says."""

    to: Name
    reason: Reason = ""


class Abort(Message, frozen=True, kw_only=True):
    """End the task that asks, with what it has."""

    reason: Reason = ""


class Delegate(Message, frozen=True, kw_only=True):
    """Somebody else answers in my place, for so long (0: from now on not any more)."""

    to: Name
    for_s: Annotated[int, msgspec.Meta(ge=0, le=limits.MAX_PAUSE_S)]
    reason: Reason = ""


class PlantCanary(Message, frozen=True, kw_only=True):
    """Ask people of a role for something that must be rejected; it is never carried out.

    The subject names the task in which it seems to be asked for.
    """

    role: Name
    tool: Name
    arguments: Json = {}
