"""People who come with a token and a key of their own: whose key it is then, and for how long."""

import base64
from pathlib import Path
from typing import Any

import pytest
from tests.supervisor.access.issuer import GROUPS, Issuer, of_finance, write_settings
from tests.supervisor.access.site import Site, raw

from interlock.bus import identity
from interlock.bus.clock import now_ms
from interlock.bus.errors import NotPermitted
from interlock.bus.identity import Identity, load
from interlock.contracts.facts import Entitled
from interlock.contracts.observed import Entitlement, Violation
from interlock.contracts.subjects import input_subject

# nats-py leaves the socket of a connection that was refused to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

REFUSED = "-ERR 'Authorization Violation'"


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
async def office(bare: Site, issuer: Issuer) -> Site:
    """A site whose access service believes the issuer."""
    await bare.begin(oidc=settings(bare.folder, issuer))
    return bare


def settings(folder: Path, issuer: Issuer) -> Path:
    (folder / "jwks.json").write_bytes(issuer.jwks)
    return write_settings(folder, "jwks.json", GROUPS)


def told_of(site: Site, principal: str) -> list[Any]:
    """Return what the log was told so far that may be done in somebody's name."""
    return [one.body for one in site.inputs if one.verb == "entitled" and one.rest == (principal,)]


def of_finance_by(key: Identity, until_s: int) -> Entitlement:
    return Entitlement(
        roles=("approver",), groups=("finance",), keys=(key.public_key,), until_ms=until_s * 1_000
    )


def later_s(seconds: int) -> int:
    return now_ms() // 1_000 + seconds


async def refused(site: Site, reason: str, **shown: Any) -> None:
    """Show something to access, and wait until it tells why it refuses."""
    with pytest.raises(NotPermitted):
        await site.connect("carol", **shown)
    await site.said(Violation, lambda one: one.action == "connect" and reason in one.detail)


async def test_the_key_of_who_comes_with_a_token_is_hers_until_the_token_ends(
    office: Site, issuer: Issuer
) -> None:
    # Given an approver of finance, with a token and a key that nobody has
    key, end_s = identity.create(), later_s(600)
    token = of_finance(issuer, exp=end_s)
    # When she comes, and says something
    carol = await office.connect("carol", key=key.seed, token=token)
    await carol.append(input_subject("carol", "human", "reject", 1, 1), b'{"reason":"no"}')
    await office.quiet()
    # Then the log knew her group and her key before, until the token ends
    said = [
        (one.principal, one.verb)
        for one in office.inputs
        if one.principal == "carol" or one.rest == ("carol",)
    ]
    assert said == [("access-1", "entitled"), ("carol", "reject")]
    assert told_of(office, "carol") == [of_finance_by(key, end_s)]
    # And whether she comes again with both, or without the key, nothing new is said
    await office.connect("carol", key=key.seed, token=token)
    await office.connect("carol", token=token)
    await office.quiet()
    assert len(told_of(office, "carol")) == 1


async def test_when_the_token_ends_the_key_is_nobodys(office: Site, issuer: Issuer) -> None:
    key = identity.create()
    await office.connect("carol", key=key.seed, token=of_finance(issuer, exp=later_s(2)))
    await office.said(Entitlement, lambda one: one == Entitlement(roles=("approver",)))
    # And somebody else may come with it
    await office.connect("dave", key=key.seed, token=of_finance(issuer, preferred_username="dave"))
    await office.said(Entitlement, lambda one: one.keys == (key.public_key,), count=2)


async def test_a_service_that_was_started_since_neither_takes_a_key_away_nor_forgets_its_end(
    office: Site, issuer: Issuer
) -> None:
    # Given two whom the log knows by tokens, of which one ends soon
    ends = {"carol": later_s(600), "dave": later_s(2)}
    for name, end_s in ends.items():
        known = of_finance_by(identity.create(), end_s)
        await office.decide(
            Entitled(
                principal=name,
                roles=known.roles,
                groups=known.groups,
                keys=known.keys,
                until_ms=known.until_ms,
            )
        )
    # When the service is another
    await office.leave(office.services[0])
    await office.serve("access-2", oidc=settings(office.folder, issuer))
    # Then it says when the one has ended, and nothing of the other
    await office.said(Entitlement, lambda one: one == Entitlement(roles=("approver",)))
    await office.quiet()
    assert (len(told_of(office, "dave")), told_of(office, "carol")) == (1, [])


async def test_what_another_service_has_told_since_counts(office: Site, issuer: Issuer) -> None:
    # Given what this service has told of carol, and what another one has told since
    key, end_s = identity.create(), later_s(600)
    token = of_finance(issuer, exp=end_s)
    await office.connect("carol", key=key.seed, token=token)
    await office.quiet()
    await office.decide(Entitled(principal="carol", roles=("viewer",)), cause=office.inputs[-1].seq)
    await office.quiet()
    # When she comes here again, then it is told again
    await office.connect("carol", key=key.seed, token=token)
    await office.quiet()
    assert told_of(office, "carol") == [of_finance_by(key, end_s)] * 2
    # And what was decided of an older record changes nothing
    await office.decide(Entitled(principal="carol", roles=("viewer",)), cause=1)
    await office.quiet()
    await office.connect("carol", key=key.seed, token=token)
    await office.quiet()
    assert len(told_of(office, "carol")) == 2


async def test_two_machines_of_one_person_have_a_key_each(office: Site, issuer: Issuer) -> None:
    keys, end_s = [identity.create() for _ in range(2)], later_s(300)
    for key, exp in zip(keys, (end_s, end_s + 300), strict=True):
        await office.connect("carol", key=key.seed, token=of_finance(issuer, exp=exp))
    await office.quiet()
    last = told_of(office, "carol")[-1]
    assert (last.keys, last.until_ms) == (tuple(key.public_key for key in keys), end_s * 1_000)


# What is no key of hers.


async def test_a_key_that_is_only_named_comes_in_nobodys_name(office: Site, issuer: Issuer) -> None:
    # Given bob's key, which stands in the log for everybody to read, and another's token
    bob, mine, token = identity.create(), identity.create(), of_finance(issuer)
    await office.connect("bob", key=bob.seed, token=of_finance(issuer, preferred_username="bob"))
    named = {"auth_token": token, "nkey": bob.public_key}
    async with raw(office.url) as client:
        # When carol names it, unsigned, or signed by her own, then she is refused with her good token
        assert await client.present(**named) == REFUSED
    async with raw(office.url) as client:
        signature = base64.b64encode(mine.sign(client.nonce.encode())).decode()
        assert await client.present(**named, sig=signature) == REFUSED
    (violation, *_) = await office.said(Violation)
    assert "not signed with the key that was named" in violation.detail
    # Nor does bob's own signature help her, for it was for another connection
    async with raw(office.url) as client:
        seen = base64.b64encode(bob.sign(client.nonce.encode())).decode()
        async with raw(office.url) as other:
            assert await other.present(**named, sig=seen) == REFUSED
    await office.quiet()
    assert told_of(office, "carol") == []


async def test_a_key_that_another_has_by_a_token_is_refused(office: Site, issuer: Issuer) -> None:
    key = identity.create()
    await office.connect("carol", key=key.seed, token=of_finance(issuer))
    await office.quiet()
    as_dave = of_finance(issuer, preferred_username="dave")
    await refused(office, "came with the token is somebody else's", key=key.seed, token=as_dave)
    await office.quiet()
    assert told_of(office, "dave") == []


async def test_with_a_key_of_the_directory_it_is_its_owner_who_comes(office: Site, issuer: Issuer) -> None:
    office.principals.admit("fay", ("approver",))
    fay = Identity(office.key("fay"))
    await office.admitted("fay")
    # When it comes with carol's token, then fay is there, and carol is not
    bus = await office.connect("fay", key=fay.seed, token=of_finance(issuer))
    with pytest.raises(NotPermitted):
        await bus.append(input_subject("carol", "human", "reject", 1, 1), b'{"reason":"no"}')
    # When it was retired, then nobody comes by it
    office.principals.rotate("fay")
    office.principals.retire("fay")
    await office.said(
        Entitlement, lambda one: one.keys == (load(office.principals.key_file("fay")).public_key,)
    )
    await refused(office, "this key has been retired", key=fay.seed, token=of_finance(issuer))
    await office.quiet()
    assert told_of(office, "carol") == []


async def test_a_key_that_the_directory_gets_is_not_a_tokens_any_more(office: Site, issuer: Issuer) -> None:
    # Given carol with a key, which then becomes fay's
    office.principals.admit("fay", ("approver",))
    await office.admitted("fay")
    fay, shown = Identity(office.key("fay")), identity.create()
    await office.connect("carol", key=shown.seed, token=of_finance(issuer))
    await office.quiet()
    identity.replace(shown, office.principals.key_file("fay"))
    office.principals.admit("fay", ("approver",))
    # Then it is hers, and carol's no more
    both = (fay.public_key, shown.public_key)
    await office.said(Entitlement, lambda one: one.keys == both)
    await office.said(Entitlement, lambda one: one.groups == ("finance",) and not one.keys)


async def test_a_token_that_does_not_hold_brings_no_key(office: Site, issuer: Issuer) -> None:
    key, stranger = identity.create(), Issuer()
    for token in (of_finance(stranger), of_finance(issuer, exp=later_s(-60))):
        await refused(office, "does not hold", key=key.seed, token=token)
    await office.quiet()
    assert key.public_key not in repr(office.so_far(Entitlement))


async def test_without_an_issuer_a_key_that_nobody_has_opens_nothing(site: Site, issuer: Issuer) -> None:
    key = identity.create()
    await refused(site, "nobody may come with a token here", key=key.seed, token=of_finance(issuer))
