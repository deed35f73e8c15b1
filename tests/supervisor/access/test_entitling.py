"""What the log knows of people who approve: their groups and keys, told anew as soon as they change."""

from msgspec.structs import replace
from tests.supervisor.access.site import Ear, Site

from interlock.bus.identity import load
from interlock.bus.stream import StreamSettings, ensure_stream
from interlock.contracts.facts import Entitled
from interlock.contracts.observed import Entitlement
from interlock.contracts.subjects import input_subject


def enrol(site: Site, name: str, *groups: str) -> None:
    site.principals.admit(name, ("approver",))
    site.principals.enrol(name, replace(site.principals.read()[name], groups=groups))


def keys_of(site: Site, name: str) -> tuple[str, ...]:
    return site.principals.read()[name].valid_keys


async def in_group(site: Site, group: str) -> None:
    """Wait until the log was told that somebody is in this group alone."""
    await site.said(Entitlement, lambda one: one.groups == (group,))


async def test_groups_and_keys_stand_in_the_log_before_anything_that_a_person_says(site: Site) -> None:
    # Given an approver of finance
    enrol(site, "fay", "finance")
    # When she comes, and says something
    fay = await site.admitted("fay")
    await fay.append(input_subject("fay", "human", "reject", 1, 1), b'{"reason":"no"}')
    await site.quiet()
    # Then what she may approve for, and by which key, was said before, by access
    said = [
        (one.principal, one.verb) for one in site.inputs if one.principal == "fay" or one.rest == ("fay",)
    ]
    assert said == [("access-1", "entitled"), ("fay", "reject")]
    (entitlement,) = [one.body for one in site.inputs if one.rest == ("fay",)]
    assert entitlement == Entitlement(roles=("approver",), groups=("finance",), keys=keys_of(site, "fay"))


async def test_a_key_is_told_when_it_is_made_and_when_it_ends_though_its_owner_is_not_there(
    site: Site,
) -> None:
    # Given an approver who has come and gone
    enrol(site, "fay", "finance")
    await (await site.admitted("fay")).close()
    (old,) = keys_of(site, "fay")
    # When her key is rotated, then both count; when the older is retired, then the newer does
    new = load(site.principals.rotate("fay")).public_key
    await site.said(Entitlement, lambda one: one.keys == (old, new))
    site.principals.retire("fay")
    await site.said(Entitlement, lambda one: one.keys == (new,))
    # When she is revoked, then none does
    site.principals.revoke("fay")
    await site.said(Entitlement, lambda one: one == Entitlement())


async def test_a_change_of_groups_is_told_and_cuts_nobody(site: Site) -> None:
    enrol(site, "fay", "finance")
    ear = Ear(await site.admitted("fay"))
    enrol(site, "fay", "finance", "law")
    await site.said(Entitlement, lambda one: one.groups == ("finance", "law"))
    enrol(site, "fay")
    await site.said(Entitlement, lambda one: not one.groups and one.keys == keys_of(site, "fay"))
    assert ear.breaks == 0


async def test_what_the_log_knows_is_not_told_again(site: Site) -> None:
    # Given an approver whom the log knows, and changes of the directory that are not about her
    enrol(site, "fay", "finance")
    enrol(site, "gus")
    await site.admitted("fay")
    await site.admitted("gus")
    for number in range(3):
        enrol(site, "gus", f"group-{number}")
        await in_group(site, f"group-{number}")
    # Then nothing is told of her again
    assert len([one for one in site.inputs if one.rest == ("fay",)]) == 1


async def test_what_changed_while_access_was_away_is_told_when_it_is_back(site: Site) -> None:
    # Given an approver whom the log knows, and no access service
    enrol(site, "fay", "finance")
    await site.admitted("fay")
    (entitled,) = await site.said(Entitlement, lambda one: one.groups == ("finance",))
    await site.decide(Entitled(principal="fay", groups=entitled.groups, keys=entitled.keys))
    await site.leave(site.services[0])
    # When her key is retired meanwhile
    new = load(site.principals.rotate("fay")).public_key
    site.principals.retire("fay")
    await site.serve("access-2")
    # Then the next service says so
    await site.said(Entitlement, lambda one: one.keys == (new,))


async def test_who_is_taken_out_of_the_directory_approves_nothing(site: Site) -> None:
    enrol(site, "fay", "finance")
    await site.admitted("fay")
    keys = keys_of(site, "fay")
    await site.said(Entitlement, lambda one: one.keys == keys)
    found = site.principals.read()
    # When she belongs somewhere else now
    site.principals.enrol("fay", replace(found["fay"], environment="staging"))
    # Then here her keys are nobody's
    await site.said(Entitlement, lambda one: one == Entitlement(roles=("approver",)))


async def test_who_came_while_the_log_was_full_is_told_of_when_it_is_not(bare: Site) -> None:
    # Given a log that holds nothing more, and an approver who is not restricted
    await bare.begin()
    enrol(bare, "fay", "finance")
    await ensure_stream(bare.supervisor, StreamSettings(max_bytes=1))
    await bare.admitted("fay")
    # When it has room again
    await ensure_stream(bare.supervisor, StreamSettings())
    # Then her key is told, though she does not come again
    await bare.said(Entitlement, lambda one: one.keys == keys_of(bare, "fay"))
