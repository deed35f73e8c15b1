"""A grant to which people had to agree: the worker looks itself whether they have, to this very call."""

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.effects.conftest import AGENT, TASK, Office

from interlock.bus import identity
from interlock.bus.clock import now_ms
from interlock.bus.errors import Unreachable
from interlock.bus.identity import Identity
from interlock.bus.memory_bus import MemoryBus
from interlock.bus.ports import Record
from interlock.contracts.approval import Approval, Statement, digest_of, signed_bytes
from interlock.contracts.control import Control
from interlock.contracts.effect import EffectAborted, EffectCompleted, EffectFailed, ToolCall
from interlock.contracts.message import encode
from interlock.contracts.observed import Entitlement
from interlock.contracts.people import Delegate, Need
from interlock.contracts.subjects import input_subject
from interlock.contracts.task import Submit
from interlock.effects import approvals as approvals_module
from interlock.effects.calls import Calls
from interlock.effects.settings import EffectSettings

EFFECT = 50
ARGUMENTS = {"path": "note.md", "text": "Pay 500 to the baker."}
WRITE = ToolCall(tool="write_file", arguments=ARGUMENTS)
TWO = (Need(role="finance", quorum=2),)
MINUTE_MS = 60_000


class Bank:
    """People with keys, whom the log knows, and a worker that may write."""

    def __init__(self, office: Office, workspaces: Path) -> None:
        self.office = office
        self.written = workspaces / str(TASK) / "note.md"
        self.keys: dict[str, Identity] = {}
        self.last_entitled = 0
        self.asked_ms = 0

    async def entitle(
        self, name: str, *groups: str, role: str = "approver", keys: int = 1, until_ms: int = 0
    ) -> None:
        """Let access say what somebody may approve, and by which new keys (0: by none), until then."""
        made = [identity.create() for _ in range(keys)]
        if made:
            self.keys[name] = made[-1]
        public = tuple(key.public_key for key in made)
        body = Entitlement(roles=(role,), groups=groups, keys=public, until_ms=until_ms)
        await self.say("access-1", "access", "entitled", name, body=body)
        self.last_entitled = self.office.newest

    async def delegate(self, by: str, to: str, for_s: int = 60) -> None:
        await self.say(by, "human", "delegate", body=Delegate(to=to, for_s=for_s))

    async def submit(self, *submitters: str) -> None:
        """Let people submit tasks, one after another, of which the last is the one at hand."""
        while self.office.newest < TASK - len(submitters):
            await self.say("zoe", "control", "pause", "fleet", body=Control())
        for submitter in submitters:
            await self.say(submitter, "task", "submit", body=Submit(goal="Pay."))
        assert self.office.newest == TASK
        self.asked_ms = now_ms()

    async def say(self, principal: str, kind: str, verb: str, *rest: str, body: Any) -> None:
        await self.office.supervisor.append(input_subject(principal, kind, verb, *rest), encode(body))

    def agrees(self, who: str, *, key: Identity | None = None, **changed: Any) -> Approval:
        """Return somebody's signed approval, of what is asked for or, as changed, of something else."""
        said = {
            "task": TASK,
            "number": 1,
            "effect": EFFECT,
            "asked_ms": self.asked_ms,
            "tool": WRITE.tool,
            "arguments": digest_of(ARGUMENTS),
            "policies": "v1",
            "verdict": "approve",
            "by": who,
        } | changed
        statement = Statement(**said)  # type: ignore[arg-type]  # the table's own words
        signer = key or self.keys[who]
        signature = base64.b64encode(signer.sign(signed_bytes(statement))).decode()
        return Approval(
            statement=statement, public_key=signer.public_key, signature=signature, counted_ms=now_ms()
        )

    async def grant(self, *approvals: Approval, **fields: Any) -> None:
        asked: dict[str, Any] = {"needs": TWO, "approved_until_ms": now_ms() + MINUTE_MS, "call": WRITE}
        fields = asked | fields
        await self.office.grant(fields.pop("call"), EFFECT, approvals=approvals, **fields)

    async def refusal(self) -> str:
        """Return why it was not done; nothing was."""
        (end,) = await self.office.until_logged()
        assert isinstance(end.body, EffectFailed)
        assert (end.body.transient, end.body.doubtful, self.written.exists()) == (False, False, False)
        assert [outcome.end for outcome in await self.office.until_ended()] == ["failed"]
        return end.body.message

    async def done(self) -> None:
        (end,) = await self.office.until_logged()
        assert isinstance(end.body, EffectCompleted)
        assert self.written.read_text() == ARGUMENTS["text"]


@pytest.fixture
async def bank(office: Office, settings: EffectSettings) -> Bank:
    made = Bank(office, settings.workspaces)
    await office.open(Calls(settings))
    for name in ("bob", "carol"):
        await made.entitle(name, "finance")
    for name in ("alice", "erin"):
        await made.entitle(name, role="submitter")
    await made.submit("carol", "alice")
    await made.say("bob", "task", "submit", body=Submit(goal="Pay more."))
    return made


async def test_what_enough_people_have_agreed_to_is_done(bank: Bank) -> None:
    await bank.grant(bank.agrees("bob"), bank.agrees("carol"))
    await bank.done()


async def test_what_nobody_had_to_agree_to_is_done_without_a_look_at_people(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> None:
        pytest.fail("it looked")

    monkeypatch.setattr(MemoryBus, "history", never)
    await bank.grant(needs=(), approved_until_ms=0)
    await bank.done()


def forged(bank: Bank, who: str) -> Approval:
    """Return an approval in somebody's name and with their public key, signed by somebody else."""
    real, mine = bank.agrees(who), bank.agrees(who, key=identity.create())
    return replace(real, signature=mine.signature)


def bent(bank: Bank, who: str, **changed: Any) -> Approval:
    """Return somebody's real signature over a statement that was changed afterwards."""
    real = bank.agrees(who)
    return replace(real, statement=replace(real.statement, **changed))


ONE_BYTE = {**ARGUMENTS, "text": "Pay 900 to the baker."}
REFUSED: dict[str, tuple[Callable[[Bank], tuple[Approval, ...]], dict[str, Any], str]] = {
    "nobody": (lambda _: (), {}, "needs 2 of finance, and has 0"),
    "too few": (lambda b: (b.agrees("bob"),), {}, "needs 2 of finance, and has 1"),
    "one twice": (lambda b: (b.agrees("bob"), b.agrees("bob")), {}, "has 1"),
    "not of the group": (lambda b: (b.agrees("bob"), b.agrees("erin")), {}, "has 1"),
    "one byte": (
        lambda b: (b.agrees("bob"), b.agrees("carol")),
        {"call": replace(WRITE, arguments=ONE_BYTE)},
        "by bob does not hold: it is of other arguments",
    ),
    "another tool": (
        lambda b: (b.agrees("bob"), b.agrees("carol", tool="search")),
        {},
        "it is of search, not of write_file",
    ),
    "another effect": (
        lambda b: (b.agrees("bob"), b.agrees("carol", effect=EFFECT - 1)),
        {},
        f"of effect {EFFECT - 1} of task {TASK}",
    ),
    "another task": (lambda b: (b.agrees("bob", task=7), b.agrees("carol")), {}, "of task 7"),
    "another log": (
        lambda b: (b.agrees("bob", asked_ms=now_ms() - MINUTE_MS), b.agrees("carol")),
        {},
        "by bob does not hold: it is older than the task, and so of another log",
    ),
    "another time": (
        lambda b: (b.agrees("bob"), b.agrees("carol", asked_ms=now_ms() + MINUTE_MS)),
        {},
        "not of one question",
    ),
    "another question": (
        lambda b: (b.agrees("bob"), b.agrees("carol", number=2)),
        {},
        "not of one question",
    ),
    "other policies": (
        lambda b: (b.agrees("bob"), b.agrees("carol", policies="v2")),
        {},
        "not of one question",
    ),
    "forged": (lambda b: (b.agrees("bob"), forged(b, "carol")), {}, "by carol does not hold: its signature"),
    "signed for another": (
        lambda b: (b.agrees("bob"), b.agrees("carol", key=b.keys["bob"])),
        {},
        "its key is not one by which carol signs now",
    ),
    "a strange key": (
        lambda b: (b.agrees("bob"), b.agrees("carol", key=identity.create())),
        {},
        "its key is not one by which carol signs now",
    ),
    "bent name": (lambda b: (b.agrees("bob"), bent(b, "bob", by="carol")), {}, "its signature"),
    "bent time": (lambda b: (b.agrees("bob"), bent(b, "carol", valid_s=86_400)), {}, "its signature"),
    "somebody unknown": (
        lambda b: (b.agrees("bob"), b.agrees("mallory", key=b.keys["bob"])),
        {},
        "not one by which mallory signs",
    ),
    "no signature": (lambda b: (b.agrees("bob"), replace(b.agrees("carol"), signature="!")), {}, "signature"),
    "expired": (
        lambda b: (b.agrees("bob"), b.agrees("carol")),
        {"approved_until_ms": now_ms() - 1},
        "has expired",
    ),
    "without an end": (lambda b: (b.agrees("bob"), b.agrees("carol")), {"approved_until_ms": 0}, "expired"),
    "a second need": (
        lambda b: (b.agrees("bob"), b.agrees("carol")),
        {"needs": (*TWO, Need(role="law"))},
        "needs 1 of law, and has 0",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_does_not_hold_is_refused_and_nothing_is_done(bank: Bank, case: str) -> None:
    made, fields, sentence = REFUSED[case]
    await bank.grant(*made(bank), **fields)
    assert sentence in await bank.refusal()


async def test_a_key_that_was_revoked_after_it_had_signed_does_not_count(bank: Bank) -> None:
    # Given an approval, and then another key for whoever gave it
    agreed = (bank.agrees("bob"), bank.agrees("carol"))
    await bank.entitle("carol", "finance")
    await bank.grant(*agreed)
    assert "its key is not one by which carol signs now" in await bank.refusal()


async def test_who_left_the_group_after_it_had_signed_does_not_count(bank: Bank) -> None:
    agreed = (bank.agrees("bob"), bank.agrees("carol"))
    await bank.say(
        "access-1", "access", "entitled", "carol", body=Entitlement(keys=(bank.keys["carol"].public_key,))
    )
    await bank.grant(*agreed)
    assert "has 1" in await bank.refusal()


async def test_a_key_that_has_ended_since_it_signed_does_not_count(bank: Bank) -> None:
    await bank.entitle("carol", "finance", until_ms=now_ms() - 1)
    await bank.grant(bank.agrees("bob"), bank.agrees("carol"))
    assert "its key is not one by which carol signs now" in await bank.refusal()


async def test_a_key_that_ends_later_counts(bank: Bank) -> None:
    await bank.entitle("carol", "finance", until_ms=now_ms() + MINUTE_MS)
    await bank.grant(bank.agrees("bob"), bank.agrees("carol"))
    await bank.done()


async def test_nobody_stands_in_for_whose_group_has_ended(bank: Bank) -> None:
    # Given Dora, for whom Carol has said that she answers, and Carol's group, which has ended
    await bank.entitle("dora")
    await bank.delegate("carol", "dora")
    await bank.entitle("carol", "finance", until_ms=now_ms() - 1)
    await bank.grant(bank.agrees("bob"), bank.agrees("dora"))
    assert "has 1" in await bank.refusal()


@pytest.mark.parametrize(
    ("role", "who"), [("carol", "carol"), ("approver", "bob"), ("approver", "ada"), ("operator", "ada")]
)
async def test_a_role_is_also_a_name_or_a_role_of_people(bank: Bank, role: str, who: str) -> None:
    await bank.entitle("ada", role="admin")
    await bank.grant(bank.agrees(who), needs=(Need(role=role),))
    await bank.done()


@pytest.mark.parametrize(("role", "who"), [("finance", "ada"), ("bob", "carol"), ("operator", "bob")])
async def test_an_admin_is_in_no_group_and_nobody_is_another(bank: Bank, role: str, who: str) -> None:
    await bank.entitle("ada", role="admin")
    await bank.grant(bank.agrees(who), needs=(Need(role=role),))
    assert f"needs 1 of {role}, and has 0" in await bank.refusal()


async def test_who_stands_in_for_somebody_counts_for_that_person(bank: Bank) -> None:
    # Given Dora, who is of no group, and for whom Carol has said that she answers
    await bank.entitle("dora")
    await bank.delegate("carol", "dora")
    await bank.grant(bank.agrees("bob"), bank.agrees("dora"))
    await bank.done()


@pytest.mark.parametrize("for_s", [0, 60])
async def test_who_stands_in_counts_once_and_only_as_long_as_it_does(bank: Bank, for_s: int) -> None:
    # Given Dora in Carol's place, for a while or not any more
    await bank.entitle("dora")
    await bank.delegate("carol", "dora", for_s)
    agreed = [bank.agrees("dora")]
    if for_s:
        # Then both of them are one voice
        agreed.append(bank.agrees("carol"))
    else:
        agreed.append(bank.agrees("bob"))
    await bank.grant(*agreed)
    assert "needs 2 of finance, and has 1" in await bank.refusal()


async def test_a_member_that_stands_in_counts_for_itself_where_that_makes_more(bank: Bank) -> None:
    # Given Bob, of finance himself and in Abel's place, and Abel
    await bank.entitle("abel", "finance")
    await bank.delegate("abel", "bob")
    await bank.grant(bank.agrees("bob"), bank.agrees("abel"))
    await bank.done()


async def test_a_delegation_ends(bank: Bank) -> None:
    # Given a delegation that had not begun when the approval was counted
    await bank.entitle("dora")
    early = replace(bank.agrees("dora"), counted_ms=now_ms() - MINUTE_MS)
    await bank.delegate("carol", "dora")
    await bank.grant(bank.agrees("bob"), early)
    assert "has 1" in await bank.refusal()


async def test_who_has_submitted_the_task_is_none_of_those_who_agree(bank: Bank) -> None:
    await bank.entitle("alice", "finance")
    await bank.grant(bank.agrees("bob"), bank.agrees("alice"))
    assert "by alice does not hold: whoever has submitted the task may not agree" in await bank.refusal()


async def test_nobody_stands_in_for_who_has_submitted_the_task(bank: Bank) -> None:
    await bank.entitle("alice", "finance")
    await bank.entitle("dora")
    await bank.delegate("alice", "dora")
    await bank.grant(bank.agrees("bob"), bank.agrees("dora"))
    assert "has 1" in await bank.refusal()


@pytest.mark.parametrize("who", ["alice", "dora"])
async def test_where_policies_let_them_they_are(bank: Bank, who: str) -> None:
    await bank.entitle("alice", "finance")
    await bank.entitle("dora")
    await bank.delegate("alice", "dora")
    await bank.grant(bank.agrees("bob"), bank.agrees(who), requester_may=True)
    await bank.done()


@pytest.mark.parametrize("task", [TASK - 2, TASK + 1_000])
async def test_of_a_task_that_nobody_has_submitted_no_approval_holds(bank: Bank, task: int) -> None:
    agreed = (bank.agrees("bob", task=task), bank.agrees("carol", task=task))
    await bank.grant(*agreed, task=task)
    assert f"record {task} submits no task" in await bank.refusal()


async def test_another_grant_of_the_same_effect_carries_the_same_approvals(bank: Bank) -> None:
    agreed = (bank.agrees("bob"), bank.agrees("carol"))
    await bank.grant(*agreed)
    await bank.done()
    await bank.grant(*agreed, grant=2)
    ends = await bank.office.until_logged(2)
    assert isinstance(ends[1].body, EffectCompleted)


async def test_what_was_read_before_is_not_read_again(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    await bank.grant(bank.agrees("bob"), bank.agrees("carol"))
    await bank.done()
    starts: list[int] = []
    real = MemoryBus.history

    def history(bus: MemoryBus, *args: Any, **named: Any) -> Any:
        starts.append(named["start_seq"])
        return real(bus, *args, **named)

    monkeypatch.setattr(MemoryBus, "history", history)
    await bank.grant(bank.agrees("bob"), bank.agrees("carol"), grant=2)
    await bank.office.until_logged(2)
    # Given that four people were entitled, nobody has delegated; the submission is looked up by its number
    assert starts == [TASK, bank.last_entitled + 1, 1]


async def test_an_effect_for_which_nobody_waits_is_told_to_the_log_alone(bank: Bank) -> None:
    await bank.grant(bank.agrees("bob"), bank.agrees("carol"), agent="")
    await bank.done()
    assert bank.office.outcomes == []
    # And an agent hears of the next one
    await bank.grant(bank.agrees("bob"), bank.agrees("carol"), agent=AGENT, grant=2)
    assert len(await bank.office.until_ended()) == 1


class Shut:
    """A log that cannot be read until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = asyncio.Event()
        self._open = asyncio.Event()
        real = MemoryBus.history

        async def history(bus: MemoryBus, *args: Any, **named: Any) -> Any:
            if not self._open.is_set() and named.get("consumer") != "controls":
                self.asked.set()
                raise Unreachable("the log is away")
            record: Record
            async for record in real(bus, *args, **named):
                yield record

        monkeypatch.setattr(MemoryBus, "history", history)
        monkeypatch.setattr(approvals_module, "AGAIN_S", 0.01)

    def open(self) -> None:
        self._open.set()


async def test_while_people_cannot_be_read_it_waits_and_then_does_it(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut = Shut(monkeypatch)
    await bank.grant(bank.agrees("bob"), bank.agrees("carol"))
    await shut.asked.wait()
    assert not bank.office.ends()
    shut.open()
    await bank.done()


async def test_it_waits_no_longer_than_the_approval_holds(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    Shut(monkeypatch)
    await bank.grant(bank.agrees("bob"), bank.agrees("carol"), approved_until_ms=now_ms() + 200)
    assert "has expired" in await bank.refusal()


async def test_a_kill_ends_the_wait_and_nothing_had_begun(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut = Shut(monkeypatch)
    await bank.grant(bank.agrees("bob"), bank.agrees("carol"))
    await shut.asked.wait()
    await bank.office.control("kill", "task", str(TASK))
    (end,) = await bank.office.until_logged()
    assert isinstance(end.body, EffectAborted)
    assert (end.body.started, bank.written.exists()) == (False, False)
