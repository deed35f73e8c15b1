"""A server that asks whom to admit, and a small answerer; what is tested is what the server does.

The answerer reads the directory for every question, so that what is written there holds at once.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from interlock.bus import accounts, identity, server, tickets
from interlock.bus.clock import now_ms
from interlock.bus.errors import BusError
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.permissions import permissions_of
from interlock.bus.ports import Message
from interlock.bus.principals import Principal, Principals
from interlock.bus.server_keys import ServerKeys
from interlock.bus.stream import ensure_stream

SERVICE = "access-1"
WHO: dict[str, str] = {
    "alice": "admin",
    "vera": "viewer",
    "olga": "operator",
    "researcher-1": "agent",
    "effects-1": "effects",
    "guard-1": "guard",
    "supervisor-1": "supervisor",
    SERVICE: "access",
}


class Door:
    """Answers the server's questions by the directory; `tokens` and `lasts_s` are a test's to set."""

    def __init__(self, principals: Principals, keys: ServerKeys) -> None:
        self.principals = principals
        self.questions: list[tickets.Question] = []
        self.asked_s: list[float] = []
        self.tokens: dict[str, str] = {}
        self.lasts_s = 3600
        self.refused = asyncio.Event()
        self._issuer = keys.issuer
        self._key = keys.system.seed
        self._bus: NatsBus | None = None

    @property
    def bus(self) -> NatsBus:
        """The connection in the server's own account."""
        assert self._bus is not None
        return self._bus

    async def open(self, url: str, **options: Any) -> None:
        self._bus = await connect(url, SERVICE, key=self._key, **options)
        await self._bus.listen(accounts.ASKED_ON, self._on_question, queue="access")

    async def close(self) -> None:
        if self._bus is not None:
            await self._bus.close()
            self._bus = None

    async def kick(self, principal: str) -> int:
        """End the principal's connections; return how many there were."""
        answer = await self.bus.request("$SYS.REQ.SERVER.PING.CONNZ", b'{"auth":true}', timeout_s=5)
        found = msgspec.json.decode(answer)
        server_id = found["server"]["id"]
        clients = [
            client["cid"]
            for client in found["data"]["connections"]
            if client.get("authorized_user") == principal
        ]
        for cid in clients:
            await self.bus.request(
                f"$SYS.REQ.SERVER.{server_id}.KICK", msgspec.json.encode({"cid": cid}), timeout_s=5
            )
        return len(clients)

    def _on_question(self, message: Message) -> None:
        question = tickets.read_question(message.data)
        self.questions.append(question)
        self.asked_s.append(asyncio.get_running_loop().time())
        self.bus.send_soon(message.reply, self._answer(question))

    def _answer(self, question: tickets.Question) -> bytes:
        now_s = now_ms() // 1000
        known = self.principals.read()
        name = self._named(question, known)
        if name is None:
            self.refused.set()
            return tickets.refuse(question, self._issuer, "nobody knows this one", now_s=now_s)
        return tickets.admit(
            question,
            self._issuer,
            principal=name,
            account=accounts.account(known[name].environment),
            permissions=permissions_of(name, known[name].roles),
            now_s=now_s,
            expires_s=now_s + self.lasts_s,
        )

    def _named(self, question: tickets.Question, known: Mapping[str, Principal]) -> str | None:
        if question.token:
            return self.tokens.get(question.token)
        for name, principal in known.items():
            if question.public_key in principal.valid_keys:
                return name
            if question.certificate and principal.certificate and not principal.revoked_ms:
                return name
        return None


class Guarded:
    """A server with a directory of principals, the answerer, and a connection for each principal."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.principals = Principals(state)
        for principal, role in WHO.items():
            self.principals.admit(principal, [role])
        self.server = server.start(state)
        self.keys = ServerKeys(state)
        self.door = Door(self.principals, self.keys)
        self.buses: dict[str, NatsBus] = {}
        self._all: list[NatsBus] = []

    def seed(self, principal: str) -> str:
        return identity.load(self.principals.key_file(principal)).seed

    async def connect(self, principal: str, **options: Any) -> NatsBus:
        seed = self.keys.access(SERVICE, "development").seed if principal == SERVICE else self.seed(principal)
        shown: dict[str, Any] = {"key": seed} | options
        bus = await connect(self.server.url, principal, **shown)
        self._all.append(bus)
        self.buses[principal] = bus
        return bus

    async def begin(self) -> None:
        await self.door.open(self.server.url)
        for principal in WHO:
            await self.connect(principal)
        await ensure_stream(self.buses["supervisor-1"])

    async def end(self) -> None:
        for bus in self._all:
            await bus.close()
        await self.door.close()
        self.server.stop()


async def until_stored(bus: NatsBus, seq: int) -> None:
    """Wait until the log has that many records; answers of the server are stored after what they answer."""
    async with asyncio.timeout(10):
        while await bus.last_seq() < seq:
            pass


async def refusal_of(bus: NatsBus, subject: str, body: bytes) -> str:
    """Ask something; return why it was not done, or an empty string."""
    try:
        answer = msgspec.json.decode(await bus.request(subject, body, timeout_s=5))
    except BusError as refusal:
        return str(refusal)
    return str(answer.get("error", {}).get("description", ""))
