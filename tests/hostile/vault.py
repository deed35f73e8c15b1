"""A write that needs two of finance, people with keys of their own, and whatever can be said of it."""

import base64
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from tests.processes.environment import PERSON, Environment, Story, running

from interlock.bus.identity import Identity, load
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.principals import Principal, Principals
from interlock.contracts import facts as f
from interlock.contracts.approval import Approval, Statement, signed_bytes
from interlock.contracts.message import Message, encode
from interlock.contracts.people import Approve
from interlock.contracts.subjects import input_subject

POLICIES = """
@id("models") permit (principal, action == Action::"model", resource);
@id("reads") permit (principal, action in Action::"read", resource);
@id("two-of-finance") @says("what is written takes two of finance")
@require_approval("finance") @quorum("2")
permit (principal, action in Action::"write", resource);
"""
PEOPLE: dict[str, Principal] = {
    PERSON: Principal(roles=("admin",), groups=("finance",)),
    "bob": Principal(roles=("approver",), groups=("finance",)),
    "carol": Principal(roles=("approver",), groups=("finance",)),
    "mallory": Principal(roles=("approver", "submitter")),
    "dora": Principal(roles=("submitter",)),
    "olga": Principal(roles=("operator",)),
}


class Vault:
    """The environment, one question that stays open, and everybody's keys."""

    def __init__(self, environment: Environment, story: Story, asked: f.Escalated) -> None:
        self.environment = environment
        self.story = story
        self.asked = asked
        self.keys = {name: self.key(name) for name in PEOPLE}
        self._buses: dict[str, NatsBus] = {}

    @property
    def report(self) -> Path:
        """The file that is written when enough people have agreed."""
        return self.environment.local.state.workspaces / str(self.story.task) / "report.md"

    def key(self, name: str) -> Identity:
        """Return the key of somebody as it is now."""
        return load(self.environment.local.state.key_file(name))

    def statement(self, by: str, **changed: Any) -> Statement:
        """Return what somebody signs who agrees to what is asked, or, as changed, to something else."""
        asked = self.asked
        honest = Statement(
            task=self.story.task,
            number=asked.number,
            effect=asked.effect,
            asked_ms=asked.at_ms,
            tool=asked.tool,
            arguments=asked.digest,
            policies=asked.policies,
            verdict="approve",
            by=by,
        )
        return replace(honest, **changed)

    def signed(self, by: str, key: Identity | None = None, **changed: Any) -> Approval:
        """Return an approval with a signature by somebody's own, or by another key."""
        statement, signer = self.statement(by, **changed), key or self.keys[by]
        signature = base64.b64encode(signer.sign(signed_bytes(statement))).decode()
        return Approval(statement=statement, public_key=signer.public_key, signature=signature)

    async def bus(self, name: str) -> NatsBus:
        """Return a connection by somebody's key."""
        if name not in self._buses:
            url = self.environment.local.note.url
            self._buses[name] = await connect(url, name, key=self.key(name).seed)
        return self._buses[name]

    async def known(self) -> None:
        """Let everybody come once, and wait until the log knows of them."""
        fleet = await self.environment.story(0)
        for name in PEOPLE:
            await self.bus(name)
            await fleet.first(f.Entitled, principal=name)

    async def with_new_key(self, name: str) -> None:
        """Give somebody another key, retire the one before, and wait until the log knows."""
        principals = Principals(self.environment.local.state.store)
        principals.rotate(name)
        principals.retire(name)
        await self._buses.pop(name).close()
        key = self.keys[name] = self.key(name)
        fleet = await self.environment.story(0)
        await fleet.first(f.Entitled, principal=name, keys=(key.public_key,))

    async def say(self, who: str, body: Message, verb: str = "approve", number: int = 0) -> int:
        """Let somebody say something of the question; return its record."""
        place = (self.story.task, number or self.asked.number)
        subject = input_subject(who, "human", verb, *place)
        return (await (await self.bus(who)).append(subject, encode(body))).seq

    async def approves(self, who: str, approval: Approval | None) -> int:
        """Let somebody hand in an approval, whosoever it is."""
        return await self.say(who, Approve(approval=approval))

    async def refusal(self, seq: int) -> f.Refused:
        """Wait until that was refused; it has counted for nothing."""
        refused = await self.story.first(f.Refused, input=seq)
        assert not self.story.all(f.ApprovalCounted, input=seq)
        assert not self.story.all(f.Resolved, number=self.asked.number)
        assert not self.report.exists()
        return refused

    async def close(self) -> None:
        for bus in self._buses.values():
            await bus.close()


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncGenerator[Vault]:
    """Start everything, and hand in a task whose report waits for people."""
    docs, policies = folder / "docs", folder / "policies"
    docs.mkdir()
    policies.mkdir()
    (docs / "lamp.md").write_text("# The lamp\n\nThe lamp is green while the pump runs.\n")
    (policies / "vault.cedar").write_text(POLICIES)
    principals = Principals(folder / "state" / "store")
    for name, principal in PEOPLE.items():
        principals.enrol(name, principal)
        principals.admit(name, principal.roles)
    variables = {"INTERLOCK_POLICIES": str(policies)}
    async with running(folder / "state", docs, "offline/extractive", **variables) as environment:
        story = await environment.submit(review=False)
        asked = await story.first(f.Escalated, kind="approval")
        vault = Vault(environment, story, asked)
        try:
            await vault.known()
            yield vault
        finally:
            await vault.close()
