"""What is told outside about what people are asked, scrubbed: numbers, roles, names of what is run, rules.

No arguments, goals, answers, reasons or names of people; whatever does not look like a name of the kind that
it should be is left out. Whether a request is planted cannot be seen. It must not know how it is told.
"""

import re
from typing import Literal

import msgspec

from interlock.contracts.people import EscalationKind, Need, Reversible, VerdictKind
from interlock.contracts.policy import AtLast

News = Literal["asked", "moved", "resolved"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_LONG_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}")
MOST_RULES = 8


class Notice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One piece of news about one escalation; `id` is the same however often it is told.

    `desk` is the role that is asked, empty where that is a person. Times are milliseconds since the epoch.
    """

    id: str
    what: News | Literal["test"]
    at_ms: int
    number: str
    kind: EscalationKind | Literal["test"]
    desk: str = ""
    role: str = ""
    tool: str = ""
    model: str = ""
    risk: str = ""
    reversible: Reversible = ""
    needs: tuple[Need, ...] = ()
    rules: tuple[str, ...] = ()
    deadline_ms: int | None = None
    at_last: AtLast | Literal[""] = ""
    verdict: VerdictKind | Literal[""] = ""


def as_name(text: str) -> str:
    """Return a name of a role or tool, or nothing where it is none."""
    return text if _NAME.fullmatch(text) else ""


def as_model(text: str) -> str:
    """Return the name of a model, or nothing where it is none."""
    return text if _LONG_NAME.fullmatch(text) else ""


def as_rules(ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of rules that are names, a few of them."""
    return tuple(name for name in ids if _LONG_NAME.fullmatch(name))[:MOST_RULES]
