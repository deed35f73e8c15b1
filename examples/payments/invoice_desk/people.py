"""The people of the desk: what each may say, and for which groups each may approve."""

import msgspec

from interlock.bus.principals import Principal, Principals
from interlock.console.state import StateFolder

OPERATOR = "dora"


class Person(msgspec.Struct, frozen=True):
    """Somebody with a key of their own."""

    name: str
    roles: tuple[str, ...]
    groups: tuple[str, ...] = ()


PEOPLE = (
    Person("alice", ("submitter", "approver"), ("desk", "finance")),
    Person("bob", ("approver",), ("finance",)),
    Person("carol", ("approver",), ("finance",)),
    Person("erin", ("approver",), ("board", "cfo")),
    Person(OPERATOR, ("admin",)),
)


def admit_people(state: StateFolder) -> None:
    """Give everybody a key who has none, and nobody more than stands above."""
    state.make()
    principals = Principals(state.store)
    for person in PEOPLE:
        known = principals.read().get(person.name, Principal(roles=()))
        wished = msgspec.structs.replace(known, roles=person.roles, groups=person.groups)
        principals.enrol(person.name, wished)
        principals.admit(person.name, person.roles)
