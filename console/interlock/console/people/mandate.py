"""Whether an escalation is a person's to decide, as the log tells; the supervisor has the last word."""

from collections.abc import Iterator
from typing import NamedTuple

from interlock.console.people.asked import Asked
from interlock.console.people.docket import Docket

ADMIN = "admin"
OF_ADMINS = ("operator", "approver")


class Standing(NamedTuple):
    """Whether it is theirs, and why, or why not."""

    mine: bool
    why: str


def standing(docket: Docket, person: str, asked: Asked, now_ms: int) -> Standing:
    """Return how a person stands to what is asked."""
    if person in asked.excluded:
        return Standing(mine=False, why="you asked for it, so somebody else decides")
    if any(one.by == person for one in docket.counting(asked, now_ms)):
        return Standing(mine=False, why="you have agreed")
    wanted = [need.role for need in asked.needs] if asked.is_signed else [asked.desk]
    for name, instead_of in _names(docket, person, now_ms):
        if name in wanted:
            return Standing(mine=True, why=_as(person, name, instead_of))
    return Standing(mine=False, why=f"it is for {' and '.join(wanted) or 'nobody'}")


def _as(person: str, name: str, instead_of: str) -> str:
    if instead_of:
        return f"you may, for {instead_of}"
    return "you are asked by name" if name == person else f"you may, as {name}"


def _names(docket: Docket, person: str, now_ms: int) -> Iterator[tuple[str, str]]:
    """Yield what a person answers to, each with whom they stand in for, where they do."""
    yield from ((name, "") for name in _roles(docket, person))
    for fact in docket.delegated.values():
        if fact.to == person and fact.until_ms > now_ms:
            yield from ((name, fact.by) for name in _roles(docket, fact.by))


def _roles(docket: Docket, person: str) -> Iterator[str]:
    yield person
    known = docket.entitled.get(person)
    if known is not None:
        yield from known.groups
        yield from known.roles
        if ADMIN in known.roles:
            yield from OF_ADMINS
