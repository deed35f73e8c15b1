"""One append on its way: what was asked, and how far it has come."""

import asyncio

import msgspec

from interlock.bus.errors import BusError
from interlock.bus.ports import Ack


class Append(msgspec.Struct, eq=False):
    """One append that has no answer yet.

    `due` is loop time; `repeated` says that it was published again after a broken connection, `moved` how
    often its expected sequence was moved behind an answer of the server.
    """

    subject: str
    data: bytes
    expected_subject_seq: int | None
    message_id: str
    answer: asyncio.Future[Ack]
    due: float
    sent: bool = False
    repeated: bool = False
    moved: int = 0

    @property
    def repeatable(self) -> bool:
        """Whether a second copy cannot become a second record."""
        return bool(self.message_id) or self.expected_subject_seq is not None

    @property
    def headers(self) -> dict[str, str] | None:
        """The conditions as JetStream's headers; a message without any costs half as much."""
        if not self.repeatable:
            return None
        headers: dict[str, str] = {}
        if self.message_id:
            headers["Nats-Msg-Id"] = self.message_id
        if self.expected_subject_seq is not None:
            headers["Nats-Expected-Last-Subject-Sequence"] = str(self.expected_subject_seq)
        return headers

    def settle(self, outcome: Ack | BusError) -> None:
        """Answer, unless whoever asked has given up."""
        if self.answer.done():
            return
        if isinstance(outcome, BusError):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)
