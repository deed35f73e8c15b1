"""Approvals that are none: server, supervisor and effect worker each refuse what is theirs to see."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Any, NamedTuple

import msgspec
import pytest
import pytest_asyncio
from msgspec.structs import replace
from tests.hostile.vault import Vault, opened

from interlock.bus import identity
from interlock.bus.errors import NotPermitted
from interlock.bus.logs import structlog
from interlock.bus.nats_bus import NatsBus
from interlock.contracts import facts as f
from interlock.contracts.approval import Approval, digest_of
from interlock.contracts.budget import NOTHING
from interlock.contracts.dispatch import DoEffect
from interlock.contracts.effect import EffectFailed, ToolCall
from interlock.contracts.message import encode
from interlock.contracts.observed import Entitlement
from interlock.contracts.people import Approve, Delegate, Need, Reject
from interlock.contracts.subjects import dispatch_subject, input_subject

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

PATIENCE_S = 10.0
LATER_MS = 4_000_000_000_000
WORKER, LIAR = "effects-1", "supervisor-1"
TWO = (Need(role="finance", quorum=2),)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vault(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Vault]:
    async with opened(tmp_path_factory.mktemp("vault")) as made:
        yield made
    structlog.reset_defaults()


# What the server does not let through: who it is, nobody says but the server.


class Outsider(NamedTuple):
    """Somebody who says what is not theirs to say; `whose` is in whose name."""

    who: str
    kind: str = "human"
    verb: str = "approve"
    whose: str = ""


@pytest.mark.parametrize(
    "outsider",
    [
        Outsider("researcher-1"),
        Outsider("executor-1"),
        Outsider("executor-1", whose="bob"),
        Outsider("effects-1"),
        Outsider("supervisor-1", whose="bob"),
        Outsider("dora"),
        Outsider("olga"),
        Outsider("mallory", whose="bob"),
        Outsider("bob", whose="carol"),
        Outsider("executor-1", verb="edit"),
        Outsider("executor-1", verb="delegate", whose="bob"),
        Outsider("mallory", "access", "entitled"),
        Outsider("mallory", "access", "entitled", whose="access-1"),
        Outsider("effects-1", "access", "entitled"),
    ],
    ids=lambda outsider: f"{outsider.who} {outsider.verb} as {outsider.whose or outsider.who}",
)
async def test_nobody_says_it_who_may_not_or_in_anothers_name(vault: Vault, outsider: Outsider) -> None:
    # Given a real signature, or the rights to make one
    body = encode(Approve(approval=vault.signed("bob")))
    rest: tuple[str | int, ...] = (vault.story.task, vault.asked.number)
    if outsider.kind == "access":
        body = encode(Entitlement(roles=("approver",), groups=("finance",)))
        rest = (outsider.who,)
    subject = input_subject(outsider.whose or outsider.who, outsider.kind, outsider.verb, *rest)
    fleet = await vault.environment.story(0)
    # When somebody publishes it whose it is not, then the server says no, and the log says who tried
    with pytest.raises(NotPermitted):
        await (await vault.bus(outsider.who)).append(subject, body)
    async with asyncio.timeout(PATIENCE_S):
        while not fleet.all(f.AccessViolated, principal=outsider.who, action="publish", target=subject):
            await fleet.more()
    assert not vault.story.all(f.Resolved, number=vault.asked.number)


# What the server lets through, for an approver says it in their own name: the supervisor refuses it.


def stolen(vault: Vault, by: str) -> Approval:
    """Return an approval that shows somebody's public key, which is no secret, and another's signature."""
    return replace(vault.signed(by, identity.create()), public_key=vault.keys[by].public_key)


def bent(vault: Vault, who: str, **changed: Any) -> Approval:
    """Return somebody's real signature over a statement that was changed since."""
    real = vault.signed(who)
    return replace(real, statement=replace(real.statement, **changed))


OTHER = digest_of({"path": "report.md", "text": "Another text."})
FORGED: dict[str, tuple[str, Callable[[Vault], Approval]]] = {
    "signed by another in her name": ("bob", lambda v: v.signed("bob", v.keys["carol"])),
    "another's approval handed in": ("carol", lambda v: v.signed("bob")),
    "an approval for somebody absent": ("bob", lambda v: v.signed("carol", v.keys["bob"])),
    "a key that nobody has": ("bob", lambda v: v.signed("bob", identity.create())),
    "a stolen public key": ("bob", lambda v: stolen(v, "bob")),
    "a statement that lasts longer": ("bob", lambda v: bent(v, "bob", valid_s=86_400)),
    "a statement of other arguments": ("bob", lambda v: bent(v, "bob", arguments=OTHER)),
    "a statement of another name": ("bob", lambda v: bent(v, "carol", by="bob")),
    "no signature": ("bob", lambda v: replace(v.signed("bob"), signature="AAAA")),
}
NOT_THIS: dict[str, tuple[str, Callable[[Vault], Approval | None], str]] = {
    "nothing signed": ("bob", lambda _: None, "needs a signature"),
    "other arguments": ("bob", lambda v: v.signed("bob", arguments=OTHER), "not what"),
    "another tool": ("bob", lambda v: v.signed("bob", tool="search"), "not what"),
    "another effect": ("bob", lambda v: v.signed("bob", effect=v.asked.effect - 1), "not for"),
    "another question": ("bob", lambda v: v.signed("bob", number=v.asked.number + 1), "not for"),
    "another task": ("bob", lambda v: v.signed("bob", task=v.story.task - 1), "not for"),
    "policies of before": ("bob", lambda v: v.signed("bob", policies="0" * 64), "policies"),
    "the requester": ("alice", lambda v: v.signed("alice"), "has asked"),
    "another's, by an approver of no group": ("mallory", lambda v: v.signed("bob"), "for finance"),
    "an approver of no group": ("mallory", lambda v: v.signed("mallory"), "for finance"),
}


@pytest.mark.parametrize("attempt", FORGED)
async def test_what_is_forged_is_refused_and_named(vault: Vault, attempt: str) -> None:
    who, made = FORGED[attempt]
    refused = await vault.refusal(await vault.approves(who, made(vault)))
    assert (refused.principal, refused.violated) == (who, "forge")


@pytest.mark.parametrize("attempt", NOT_THIS)
async def test_what_is_no_approval_of_this_is_refused_with_a_reason(vault: Vault, attempt: str) -> None:
    who, made, sentence = NOT_THIS[attempt]
    assert sentence in (await vault.refusal(await vault.approves(who, made(vault)))).reason


async def test_a_key_that_was_retired_since_signs_nothing(vault: Vault) -> None:
    # Given what Carol has signed, and another key of hers since
    await vault.bus("carol")
    old = vault.signed("carol")
    await vault.with_new_key("carol")
    # When she hands it in, then it does not count
    refused = await vault.refusal(await vault.approves("carol", old))
    assert refused.violated == "forge"


async def test_an_approval_of_another_task_is_none_of_this_one(vault: Vault) -> None:
    # Given an approval of the same text in another task, which counted there
    story = await vault.environment.submit(review=False)
    asked = await story.first(f.Escalated, kind="approval")
    other = Vault(vault.environment, story, asked)
    replayed = other.signed("bob")
    seq = await other.approves("bob", replayed)
    await story.first(f.ApprovalCounted, input=seq)
    assert asked.digest == vault.asked.digest
    # When it is replayed here, then it is refused, and there it counts once
    assert "not for" in (await vault.refusal(await vault.approves("bob", replayed))).reason
    assert "already" in (await other.refusal(await other.approves("bob", replayed))).reason
    # And what one said no to, nobody approves any more
    await other.say("carol", Reject(reason="not twice"), "reject")
    await story.first(f.Resolved, verdict="rejected")
    late = await other.approves("bob", other.signed("bob"))
    assert "was rejected by carol" in (await story.first(f.Refused, input=late)).reason
    await other.close()


# What a supervisor may dispatch that lies, or was broken into: the effect worker refuses it.


class Liar:
    """Speaks as the supervisor, and dispatches grants that nobody has decided."""

    grants = count(1_000)

    def __init__(self, vault: Vault, bus: NatsBus, incarnation: str) -> None:
        self._vault = vault
        self._bus = bus
        self._incarnation = incarnation

    async def grant(self, *approvals: Approval, **changed: Any) -> str:
        """Dispatch a grant, and return why the worker did nothing."""
        asked, task = self._vault.asked, self._vault.story.task
        work = DoEffect(
            task=task,
            step=asked.step,
            attempt=asked.attempt,
            effect=asked.effect,
            grant=next(self.grants),
            key=asked.key,
            agent="",
            incarnation=self._incarnation,
            call=ToolCall(tool=asked.tool, arguments=asked.arguments),
            reserved=NOTHING,
            as_of=await self._vault.environment.bus.last_seq(),
            needs=TWO,
            approvals=approvals,
            approved_until_ms=LATER_MS,
        )
        work = replace(work, **changed)
        failed: asyncio.Queue[EffectFailed] = asyncio.Queue()

        def hear(message: Any) -> None:
            failed.put_nowait(msgspec.json.decode(message.data, type=EffectFailed))

        told = input_subject(WORKER, "effect", "failed", work.task)
        heard = await self._vault.environment.bus.listen(told, hear)
        await self._bus.send(dispatch_subject(WORKER), encode(work))
        async with asyncio.timeout(PATIENCE_S):
            while (end := await failed.get()).grant != work.grant:
                pass
        await heard.stop()
        assert (end.transient, end.doubtful) == (False, False)
        assert not self._vault.report.exists()
        return end.message


@pytest_asyncio.fixture(loop_scope="module")
async def liar(vault: Vault) -> Liar:
    fleet = await vault.environment.story(0)
    joined = await fleet.first(f.EffectsJoined, principal=WORKER)
    return Liar(vault, await vault.environment.speak_as(LIAR), joined.incarnation)


def altered(vault: Vault) -> ToolCall:
    text = str(vault.asked.arguments["text"])
    return ToolCall(tool=vault.asked.tool, arguments={**vault.asked.arguments, "text": text + " "})


REQUESTER = "whoever has submitted the task may not agree to it"

LIES: dict[str, tuple[Callable[[Vault], tuple[Approval, ...]], Callable[[Vault], dict[str, Any]], str]] = {
    "nobody agreed": (lambda _: (), lambda _: {}, "has 0"),
    "one agreed": (lambda v: (v.signed("bob"),), lambda _: {}, "has 1"),
    "one agreed twice": (lambda v: (v.signed("bob"), v.signed("bob")), lambda _: {}, "has 1"),
    "one byte more": (
        lambda v: (v.signed("bob"), v.signed("carol")),
        lambda v: {"call": altered(v)},
        "other arguments",
    ),
    "an approval of something else": (
        lambda v: (v.signed("bob"), v.signed("carol", effect=v.asked.effect - 1)),
        lambda _: {},
        "is of effect",
    ),
    "the supervisor's own key": (
        lambda v: (v.signed("bob"), v.signed("carol", v.key(LIAR))),
        lambda _: {},
        "not one by which carol signs",
    ),
    "a stolen public key": (lambda v: (v.signed("bob"), stolen(v, "carol")), lambda _: {}, "signature"),
    "somebody of no group": (lambda v: (v.signed("bob"), v.signed("mallory")), lambda _: {}, "has 1"),
    "the requester": (lambda v: (v.signed("bob"), v.signed("alice")), lambda _: {}, REQUESTER),
    "a record that submits nothing": (
        lambda v: (v.signed("bob", task=v.asked.effect), v.signed("carol", task=v.asked.effect)),
        lambda v: {"task": v.asked.effect},
        "submits no task",
    ),
    "too late": (
        lambda v: (v.signed("bob"), v.signed("carol")),
        lambda _: {"approved_until_ms": 1},
        "expired",
    ),
}


@pytest.mark.parametrize("lie", LIES)
async def test_the_effect_worker_does_not_believe_a_supervisor(vault: Vault, liar: Liar, lie: str) -> None:
    made, changed, sentence = LIES[lie]
    assert sentence in await liar.grant(*made(vault), **changed(vault))


async def test_nor_who_stands_in_for_the_requester(vault: Vault, liar: Liar) -> None:
    # Given that the requester, who is of finance too, has asked another to stand in
    fleet = await vault.environment.story(0)
    body = encode(Delegate(to="mallory", for_s=3_600))
    await (await vault.bus("alice")).append(input_subject("alice", "human", "delegate"), body)
    await fleet.first(f.Delegated, by="alice", to="mallory")
    # When the supervisor takes that for a second of finance, then the worker does not
    assert "has 1" in await liar.grant(vault.signed("bob"), vault.signed("mallory"))


async def test_and_with_two_real_approvals_it_is_done_once(vault: Vault) -> None:
    # When Bob and Carol agree
    await vault.story.first(f.ApprovalCounted, input=await vault.approves("bob", vault.signed("bob")))
    twice = await vault.refusal(await vault.approves("bob", vault.signed("bob")))
    assert "has approved" in twice.reason
    await vault.approves("carol", vault.signed("carol"))
    # Then it is written, and the verdict is theirs
    await vault.story.completed()
    resolved = await vault.story.first(f.Resolved, number=vault.asked.number)
    assert (resolved.verdict, set(resolved.by)) == ("approved", {"bob", "carol"})
    assert vault.report.read_text() == vault.asked.arguments["text"]
    assert len(vault.story.all(f.EffectGranted, effect=vault.asked.effect)) == 1
