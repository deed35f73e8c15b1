"""What operators and people say: stop and go, raise a limit, answer. The scope stands in the subject."""

from typing import Annotated

import msgspec

from interlock.contracts import limits
from interlock.contracts.budget import Amounts
from interlock.contracts.message import Message, Reason

CONTROL_VERBS = ("pause", "drain", "kill", "resume")
CONTROL_SCOPES = ("task", "fleet")


class Control(Message, frozen=True, kw_only=True):
    """Pause, drain, kill or resume what the subject names."""

    reason: Reason = ""


class RaiseLimit(Message, frozen=True, kw_only=True):
    """Add to the limits of a task's budget."""

    more: Amounts
    reason: Reason = ""


class Answer(Message, frozen=True, kw_only=True):
    """A person's answer to the question that the subject names."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.MAX_GOAL_CHARS)]
