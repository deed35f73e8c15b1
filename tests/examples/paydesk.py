"""The example's desk with everything running, people who agree in-process, and the means to strike at it."""

import asyncio
import base64
import contextlib
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from interlock.bus.errors import BusError
from interlock.bus.identity import Identity, load
from interlock.bus.logs import structlog
from interlock.bus.nats_bus import NatsBus, connect
from interlock.console.sayings import submit
from interlock.contracts import facts as f
from interlock.contracts.approval import Approval, Statement, digest_of, signed_bytes
from interlock.contracts.message import Json, Message, encode
from interlock.contracts.people import Approve, Edit, Reject
from interlock.contracts.subjects import input_subject
from interlock.contracts.task import Submit
from invoice_desk.audit import Account, account
from invoice_desk.bank.orders import Booking
from invoice_desk.cases import Kind
from invoice_desk.compare import one_moment
from invoice_desk.demo.watch import Watch, watching
from invoice_desk.desk import POLICIES, Desk, open_desk
from invoice_desk.make_invoices import Made, make
from invoice_desk.people import OPERATOR

PATIENCE_S = 30.0
LONG_S = 150.0
GOAL = "Pay the invoices of this folder."

T = TypeVar("T")


class Person:
    """Somebody at the desk, with a connection and a key."""

    def __init__(self, name: str, bus: NatsBus, key: Identity) -> None:
        self.name = name
        self.bus = bus
        self._key = key

    def approval(
        self, task: int, asked: f.Escalated, *, verdict: Any = "approve", arguments: Json | None = None
    ) -> Approval:
        """Sign for exactly these arguments."""
        statement = Statement(
            task=task,
            number=asked.number,
            effect=asked.effect,
            asked_ms=asked.at_ms,
            tool=asked.tool,
            arguments=asked.digest if arguments is None else digest_of(arguments),
            policies=asked.policies,
            verdict=verdict,
            by=self.name,
        )
        signature = base64.b64encode(self._key.sign(signed_bytes(statement))).decode()
        return Approval(statement=statement, public_key=self._key.public_key, signature=signature)

    async def approve(self, task: int, asked: f.Escalated) -> int:
        return await self.say(Approve(approval=self.approval(task, asked)), "approve", task, asked.number)

    async def edit(self, task: int, asked: f.Escalated, **changes: Any) -> int:
        arguments = asked.arguments | changes
        approval = self.approval(task, asked, verdict="edit", arguments=arguments)
        return await self.say(Edit(arguments=arguments, approval=approval), "edit", task, asked.number)

    async def reject(self, task: int, asked: f.Escalated, reason: str) -> int:
        return await self.say(Reject(reason=reason), "reject", task, asked.number)

    async def say(self, body: Message, verb: str, task: int, number: int) -> int:
        """Say it until the log has it; it has it once."""
        subject = input_subject(self.name, "human", verb, task, number)
        message_id = f"{self.name}.{verb}.{task}.{number}"
        ack = await patiently(lambda: self.bus.append(subject, encode(body), message_id=message_id))
        return ack.seq


class PayDesk:
    """A desk that runs, its log, and its people."""

    def __init__(self, desk: Desk, watch: Watch, people: dict[str, Person]) -> None:
        self.desk = desk
        self.watch = watch
        self.people = people

    async def submit(self, name: str, seed: int, kinds: tuple[Kind, ...]) -> tuple[int, tuple[Made, ...]]:
        """Let alice hand in a folder of new invoices."""
        made = make(self.desk.invoices / name, seed, kinds)
        order = Submit(goal=GOAL, docs=str(self.desk.invoices / name))
        alice = self.people["alice"].bus
        return await patiently(lambda: submit(alice, order, message_id=f"folder {name}")), made

    async def account(self) -> Account:
        """Hold the books against the log."""
        bus = self.people[OPERATOR].bus
        moment = await one_moment(bus, self.desk.teller)
        return account(moment.records, moment.bookings)

    async def refunded(self, task: int) -> Booking:
        """Wait until the bank has taken a payment of a task back, and return it."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = [one for one in await self.desk.teller.bookings(task) if one.refunded_by]
                if found:
                    return found[0]

    @property
    def pids(self) -> dict[str, int]:
        """Every process by its name."""
        local = self.desk.local
        return {"nats-server": local.server.pid, "bank": self.desk.bank.pid} | local.launcher.pids

    async def strike(self, name: str, number: int = signal.SIGKILL) -> None:
        """Send a signal to a process, as soon as there is one of that name, and wait for the next one."""
        async with asyncio.timeout(PATIENCE_S):
            while name not in self.pids:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0)
            pid = self.pids[name]
            os.kill(pid, number)
            while self.pids.get(name, pid) == pid:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0)


async def patiently(say: Callable[[], Awaitable[T]]) -> T:
    """Say something again until the log has taken it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(BusError):
                return await say()
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def paydesk(root: Path, policies: Path = POLICIES) -> AsyncGenerator[PayDesk]:
    """Open the desk, and connect its people."""
    try:
        async with open_desk(root, policies=policies) as desk, contextlib.AsyncExitStack() as stack:
            people: dict[str, Person] = {}
            for name in ("alice", "bob", "carol", "erin", OPERATOR):
                key = load(desk.local.state.key_file(name))
                bus = await connect(desk.local.note.url, name, key=key.seed)
                stack.push_async_callback(bus.close)
                people[name] = Person(name, bus, key)
            watch = await stack.enter_async_context(watching(people[OPERATOR].bus, LONG_S))
            yield PayDesk(desk, watch, people)
    finally:
        structlog.reset_defaults()
