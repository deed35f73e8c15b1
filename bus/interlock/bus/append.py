"""One append on its way: what was asked, and how far it has come."""

import asyncio

import msgspec

from interlock.bus.errors import BusError
from interlock.bus.ports import Ack


class Append(msgspec.Struct, eq=False):
    """One append that has no answer yet.

    `due` and `sent_at` are loop time; `repeated` says that it was published again with the first copy's fate
    unknown, `moved` how often its expected sequence was moved behind an answer of the server.
    """

    subject: str
    data: bytes
    expected_subject_seq: int | None
    expected_on: str
    message_id: str
    answer: asyncio.Future[Ack]
    due: float
    sent: bool = False
    sent_at: float = 0.0
    repeated: bool = False
    moved: int = 0

    @property
    def conditional(self) -> bool:
        """Whether it shall be stored only after a certain record."""
        return self.expected_subject_seq is not None

    @property
    def watched(self) -> str:
        """The subject whose last record is its condition."""
        return self.expected_on or self.subject

    @property
    def repeatable(self) -> bool:
        """Whether a second copy cannot become a second record."""
        return bool(self.message_id) or (self.conditional and self.watched == self.subject)

    @property
    def headers(self) -> dict[str, str] | None:
        """The conditions as JetStream's headers; a message without any costs half as much."""
        if not self.message_id and not self.conditional:
            return None
        headers: dict[str, str] = {}
        if self.message_id:
            headers["Nats-Msg-Id"] = self.message_id
        if self.conditional:
            headers["Nats-Expected-Last-Subject-Sequence"] = str(self.expected_subject_seq)
        if self.expected_on:
            headers["Nats-Expected-Last-Subject-Sequence-Subject"] = self.expected_on
        return headers

    def settle(self, outcome: Ack | BusError) -> None:
        """Answer, unless whoever asked has given up."""
        if self.answer.done():
            return
        if isinstance(outcome, BusError):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)
