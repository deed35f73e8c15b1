"""What a policy asks for besides yes or no, read from its annotations, which Cedar carries and ignores.

An annotation that nobody obeys would be a promise that nobody keeps: unknown ones are refused.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

import msgspec

from interlock.contracts.limits import MAX_LINE_CHARS, MAX_QUORUM
from interlock.contracts.people import Need

OF_ALL = ("id", "says")
OF_PERMITS = ("require_approval", "quorum", "requester", "review", "redact", "cap")

_PATH = r"arguments((?:\.[A-Za-z_][A-Za-z0-9_]*)+)"
_REDACT = re.compile(_PATH)
_CAP = re.compile(_PATH + r"\s*(<=|<)\s*(-?\d+(?:\.\d+)?)")
_ROLE = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class Cap(msgspec.Struct, frozen=True):
    """The most that a numeric argument may be."""

    path: tuple[str, ...]
    most: Decimal
    inclusive: bool
    text: str


class Obligations(msgspec.Struct, frozen=True, kw_only=True):
    """What comes with a permit: who must agree, what is looked at afterwards, withheld, or capped."""

    says: str = ""
    need: Need | None = None
    requester_may: bool = False
    review: bool = False
    redact: tuple[str, ...] = ()
    cap: Cap | None = None

    @property
    def of_tools(self) -> tuple[str, ...]:
        """The annotations that say something of tools alone."""
        said = {"review": self.review, "redact": self.redact, "cap": self.cap}
        return tuple(name for name, value in said.items() if value)


def read_obligations(effect: str, said: Mapping[str, str | None]) -> Obligations | str:
    """Read the annotations of a policy; a string is the sentence that says what is wrong with them."""
    known = OF_ALL + (OF_PERMITS if effect == "permit" else ())
    for name in said:
        if name not in known:
            what = "a forbid says only" if name in OF_PERMITS else "known are"
            return f"nobody obeys @{name} here: {what} {', '.join(f'@{each}' for each in known)}"
    words = {name: value or "" for name, value in said.items()}
    if len(words.get("says", "")) > MAX_LINE_CHARS:
        return f"@says has at most {MAX_LINE_CHARS} characters"
    for read in (_need, _requester, _redacted, _capped):
        wrong = read(words)
        if isinstance(wrong, str):
            return wrong
    need, cap = _need(words), _capped(words)
    assert not isinstance(need, str), "looked at above"
    assert not isinstance(cap, str), "looked at above"
    return Obligations(
        says=words.get("says", ""),
        need=need,
        requester_may=words.get("requester") == "may",
        review="review" in words,
        redact=(words["redact"],) if "redact" in words else (),
        cap=cap,
    )


def is_beyond(cap: Cap, arguments: Mapping[str, Any]) -> bool:
    """Tell whether an argument is more than a cap allows; what is no number is beyond any."""
    value: Any = arguments
    for name in cap.path:
        value = cast("Mapping[str, Any]", value).get(name) if isinstance(value, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    number = Decimal(str(value))
    return not number.is_finite() or not (number <= cap.most if cap.inclusive else number < cap.most)


def _need(words: Mapping[str, str]) -> Need | str | None:
    role, quorum = words.get("require_approval"), words.get("quorum", "1")
    if role is None:
        return "@quorum says how many of whom: add @require_approval" if "quorum" in words else None
    if not _ROLE.fullmatch(role):
        return f"@require_approval({role!r}) names no role or person: use a-z, 0-9, '-' and '_'"
    if not quorum.isdecimal() or not 1 <= int(quorum) <= MAX_QUORUM:
        return f"@quorum({quorum!r}) is no number from 1 to {MAX_QUORUM}"
    return Need(role=role, quorum=int(quorum))


def _requester(words: Mapping[str, str]) -> str | None:
    if "requester" not in words:
        return None
    if "require_approval" not in words:
        return "@requester says whether who asks may approve: add @require_approval"
    if words["requester"] not in {"may", "may not"}:
        return f'@requester({words["requester"]!r}) is neither "may" nor "may not"'
    return None


def _redacted(words: Mapping[str, str]) -> str | None:
    if "redact" in words and not _REDACT.fullmatch(words["redact"]):
        return f'@redact({words["redact"]!r}) names no argument, such as "arguments.to"'
    return None


def _capped(words: Mapping[str, str]) -> Cap | str | None:
    if "cap" not in words:
        return None
    found = _CAP.fullmatch(words["cap"].strip())
    if found is None:
        return f'@cap({words["cap"]!r}) is no cap, such as "arguments.amount_cents <= 50000"'
    path = tuple(found.group(1).lstrip(".").split("."))
    return Cap(path, Decimal(found.group(3)), found.group(2) == "<=", words["cap"])
