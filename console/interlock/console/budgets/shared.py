"""The limits of what many tasks share, as they stand on the bus; and how somebody sets them.

The newest well-formed input of a scope holds all of its limits, so that is read, and written anew.
"""

from collections.abc import Callable

import msgspec

from interlock.bus.ports import Bus, Record
from interlock.console.errors import BadInput
from interlock.contracts.control import SetLimits
from interlock.contracts.errors import ContractError, MalformedSubject
from interlock.contracts.message import decode, encode
from interlock.contracts.subjects import input_subject, read_input, token

FLEET = "fleet"
NAMED = ("tenant", "role")
MOST_ROUNDS = 5
FILE_REASON = "limits file "

Change = Callable[[SetLimits], SetLimits]


class Standing(msgspec.Struct, frozen=True):
    """The limits of a scope, and the record that set them (0: none), and who did."""

    limits: SetLimits
    seq: int = 0
    by: str = ""

    def differs(self, wanted: SetLimits) -> bool:
        """Tell whether other limits are wanted; the reason does not count."""
        return (self.limits.total, self.limits.day) != (wanted.total, wanted.day)


def scope_named(kind: str, name: str) -> str:
    """Return a scope as facts call it: fleet, tenant acme, role executor; raises BadInput."""
    if kind == FLEET:
        if name:
            raise BadInput(f"the fleet has no name: leave out {name!r}")
        return FLEET
    if not name:
        raise BadInput(f"which {kind}? Name it behind the word {kind}")
    try:
        return f"{kind} {token(name)}"
    except MalformedSubject as error:
        raise BadInput(f"{kind} {error}") from error


def is_shared(scope: str) -> bool:
    """Tell whether a scope is what many tasks share, and not a task's own."""
    return scope == FLEET or scope.split(maxsplit=1)[0] in NAMED


def pattern(scope: str = "") -> str:
    """Return the filter of everything said about the limits of a scope, or of all."""
    words = scope.split() if scope else [">"]
    return input_subject("*", "control", "limit", *words)


async def standing(bus: Bus, scope: str) -> Standing:
    """Return the limits of one scope as the newest input sets them."""
    newest = await bus.last(pattern(scope))
    if newest is None:
        return Standing(SetLimits())
    found = _read(newest)
    if found is not None:
        return found[1]
    return (await all_standing(bus, scope)).get(scope, Standing(SetLimits()))


async def all_standing(bus: Bus, scope: str = "") -> dict[str, Standing]:
    """Return the limits of every scope (or of one) about which somebody has spoken."""
    found: dict[str, Standing] = {}
    async for record in bus.history([pattern(scope)]):
        read = _read(record)
        if read is not None:
            found[read[0]] = read[1]
    return found


async def set_limits(bus: Bus, scope: str, change: Change) -> tuple[int, SetLimits]:
    """Set a scope's limits to what `change` makes of those that stand; return the record's sequence.

    Somebody may do the same at the same moment: what theirs changed is kept, and ours set again upon it.
    """
    before = await standing(bus, scope)
    known_seq = before.seq
    for _ in range(MOST_ROUNDS):
        wanted = change(before.limits)
        subject = input_subject(bus.principal, "control", "limit", *scope.split())
        data = encode(wanted)
        decode(SetLimits, data)
        seq = (await bus.append(subject, data)).seq
        between = [
            read[1]
            async for record in bus.history([pattern(scope)], start_seq=known_seq + 1)
            if record.seq < seq and (read := _read(record)) is not None
        ]
        if not between:
            return seq, wanted
        before, known_seq = between[-1], seq
    raise BadInput(f"the limits of the {scope} are being set by others all the time; try again")


def _read(record: Record) -> tuple[str, Standing] | None:
    """Return the scope and its limits; None for what the supervisor would refuse."""
    try:
        where = read_input(record.subject)
        limits = decode(SetLimits, record.data)
    except ContractError:
        return None
    rest = where.rest
    if rest != (FLEET,) and (len(rest) != len(NAMED) or rest[0] not in NAMED):
        return None
    return " ".join(rest), Standing(limits, record.seq, where.principal)
