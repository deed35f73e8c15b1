"""People who come with tokens, and what the log is told of them before they say anything."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.supervisor.access.issuer import Issuer, forged, write_settings
from tests.supervisor.access.site import Ear, Site

from interlock.bus.clock import now_ms
from interlock.bus.errors import NotPermitted
from interlock.bus.stream import StreamSettings, ensure_stream
from interlock.contracts.facts import Entitled
from interlock.contracts.observed import Entitlement, Violation
from interlock.contracts.subjects import input_subject

# nats-py leaves the socket of a connection that was refused to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

ENTITLEMENTS = '[entitlements]\ntenants = "tenants"\n'


@pytest.fixture
def issuer() -> Issuer:
    return Issuer("RSA", 2048, "RS256")


def told_of(site: Site, principal: str) -> list[Any]:
    """Return what the log was told so far that may be done in somebody's name."""
    return [one.body for one in site.inputs if one.verb == "entitled" and one.rest == (principal,)]


def keys_of(site: Site, principal: str) -> tuple[str, ...]:
    return site.principals.read()[principal].valid_keys


async def open_to_people(site: Site, issuer: Issuer, more: str = "", folder: Path | None = None) -> None:
    """Let the site's access service believe the issuer."""
    folder = folder or site.folder
    (folder / "jwks.json").write_bytes(issuer.jwks)
    await site.begin(oidc=write_settings(folder, "jwks.json", more))


async def test_a_person_with_a_token_may_what_its_roles_may(bare: Site, issuer: Issuer) -> None:
    # Given an access service that believes an issuer
    await open_to_people(bare, issuer)
    # When an operator comes with a token
    carol = await bare.connect("carol", token=issuer.token())
    # Then she may operate, in her name, and not submit
    await carol.append(input_subject("carol", "control", "pause", "fleet"), b"{}")
    with pytest.raises(NotPermitted):
        await carol.append(input_subject("carol", "task", "submit"), b"{}")
    with pytest.raises(NotPermitted):
        await carol.append(input_subject("alice", "control", "pause", "fleet"), b"{}")
    # And the log knows her roles, and no key: with a token nobody signs
    await bare.quiet()
    assert told_of(bare, "carol") == [Entitlement(roles=("operator",))]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"exp": now_ms() // 1_000 - 3_600}, "does not hold"),
        ({"aud": "another"}, "does not hold"),
        ({"iss": "https://elsewhere.example.org/"}, "does not hold"),
        ({"nbf": now_ms() // 1_000 + 3_600}, "does not hold"),
        ({"groups": ["staff"]}, "no role"),
        ({"preferred_username": "Carol"}, "name cannot be used"),
        ({"preferred_username": "alice"}, "a principal of the directory has"),
        ({"preferred_username": "supervisor-1"}, "a principal of the directory has"),
        ({"header": {"kid": "strange"}}, "does not publish"),
    ],
)
async def test_a_token_that_does_not_hold_opens_nothing(
    bare: Site, issuer: Issuer, changed: dict[str, Any], reason: str
) -> None:
    await open_to_people(bare, issuer)
    token = issuer.token(**changed)
    with pytest.raises(NotPermitted):
        await bare.connect("carol", token=token)
    (violation, *_) = await bare.said(Violation)
    assert violation.action == "connect"
    assert reason in violation.detail
    assert token.rsplit(".", 1)[-1][:20] not in repr(violation)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
async def test_a_token_that_anybody_could_have_made_opens_nothing(
    bare: Site, issuer: Issuer, algorithm: str
) -> None:
    await open_to_people(bare, issuer)
    with pytest.raises(NotPermitted):
        await bare.connect("carol", token=forged(issuer, algorithm))


async def test_without_an_issuer_nobody_comes_with_a_token(site: Site, issuer: Issuer) -> None:
    with pytest.raises(NotPermitted):
        await site.connect("carol", token=issuer.token())
    (violation, *_) = await site.said(Violation)
    assert "nobody may come with a token here" in violation.detail


async def test_a_restriction_stands_in_the_log_before_anything_that_the_person_says(
    bare: Site, issuer: Issuer
) -> None:
    # Given a person whose token restricts her
    await open_to_people(bare, issuer, ENTITLEMENTS)
    carol = await bare.connect("carol", token=issuer.token(tenants=["acme"]))
    await carol.append(input_subject("carol", "control", "pause", "fleet"), b"{}")
    # Then that is said first
    await bare.quiet()
    said = [
        (one.principal, one.verb) for one in bare.inputs if one.principal == "carol" or one.rest == ("carol",)
    ]
    assert said == [("access-1", "entitled"), ("carol", "pause")]
    assert told_of(bare, "carol") == [Entitlement(roles=("operator",), tenants=("acme",))]
    # When she comes again with the same, then nothing is said; with something else, that is
    await bare.connect("carol", token=issuer.token(tenants=["acme"]))
    await bare.quiet()
    assert len(told_of(bare, "carol")) == 1
    await bare.connect("carol", token=issuer.token(tenants=["other"]))
    await bare.quiet()
    assert [one.tenants for one in told_of(bare, "carol")] == [("acme",), ("other",)]
    # And that nothing restricts her any more is said too
    await bare.connect("carol", token=issuer.token(tenants=["*"]))
    await bare.connect("carol", token=issuer.token(tenants=["*"]))
    await bare.quiet()
    assert told_of(bare, "carol")[2:] == [Entitlement(roles=("operator",))]


async def test_who_is_restricted_stays_out_while_the_log_cannot_say_it(bare: Site, issuer: Issuer) -> None:
    # Given a log that holds nothing more
    await open_to_people(bare, issuer, ENTITLEMENTS)
    await ensure_stream(bare.supervisor, StreamSettings(max_bytes=1))
    # When a restricted person comes, then she is kept out; who is not restricted gets in
    with pytest.raises(NotPermitted):
        await bare.connect("carol", token=issuer.token(tenants=["acme"]))
    await bare.connect("carol", token=issuer.token(tenants=["*"]))


async def test_what_the_log_said_in_another_life_is_taken_back(bare: Site, issuer: Issuer) -> None:
    # Given a restriction that the log holds from before, and a token that says nothing of it
    await open_to_people(bare, issuer)
    await bare.decide(Entitled(principal="carol", roles=("operator",), tenants=("acme",)))
    await bare.quiet()
    # When she comes, then the log is told that nothing restricts her, once
    for _ in range(2):
        await bare.connect("carol", token=issuer.token())
    await bare.quiet()
    assert told_of(bare, "carol") == [Entitlement(roles=("operator",))]


async def test_what_the_directory_restricts_is_said_as_well_and_again_when_it_changes(site: Site) -> None:
    # Given a person of the directory with a restriction
    site.principals.admit("dora", ("submitter",))
    found = site.principals.read()["dora"]
    site.principals.enrol("dora", replace(found, tools=("search",)))
    bus = await site.admitted("dora")
    (entitlement,) = await site.said(Entitlement, lambda one: "submitter" in one.roles)
    assert entitlement == Entitlement(roles=("submitter",), tools=("search",), keys=keys_of(site, "dora"))
    # When it changes, then she is cut off, and it is said before she is there again
    ear = Ear(bus)
    site.principals.enrol("dora", replace(found, tools=("search", "read_file")))
    await site.said(Entitlement, lambda one: one.tools == ("search", "read_file"))
    await ear.whole.wait()
    await bus.append(input_subject("dora", "task", "submit"), b"{}")
    assert ear.breaks >= 1


async def test_a_key_counts_more_than_a_token(bare: Site, issuer: Issuer) -> None:
    await open_to_people(bare, issuer)
    agent = await bare.connect("researcher-1", key=bare.key("researcher-1"), token=issuer.token())
    await agent.listen("interlock.do.researcher-1", lambda _: None)
    with pytest.raises(NotPermitted):
        await agent.append(input_subject("carol", "control", "pause", "fleet"), b"{}")


async def test_nobody_stays_longer_than_the_token(bare: Site, issuer: Issuer) -> None:
    await open_to_people(bare, issuer)
    carol = await bare.connect("carol", token=issuer.token(exp=now_ms() // 1_000 + 2))
    ear = Ear(carol)
    await ear.broken.wait()
    (violation, *_) = await bare.said(Violation)
    assert violation.action == "connect"


async def test_a_person_of_a_token_goes_when_the_directory_takes_her_name(bare: Site, issuer: Issuer) -> None:
    await open_to_people(bare, issuer)
    ear = Ear(await bare.connect("carol", token=issuer.token()))
    bare.principals.admit("carol", ("viewer",))
    await ear.broken.wait()
    await bare.admitted("carol")


async def test_no_kill_keeps_people_out(bare: Site, issuer: Issuer) -> None:
    await open_to_people(bare, issuer)
    ear = Ear(await bare.connect("carol", token=issuer.token()))
    await bare.control("kill", "fleet")
    await bare.control("kill", "agent", "carol")
    await bare.quiet()
    assert ear.breaks == 0
    await bare.connect("carol", token=issuer.token())
