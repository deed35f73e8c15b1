"""Requests over one connection: each has a token below one inbox, and its first answer ends it.

It must not know what is asked.
"""

import asyncio
from typing import NamedTuple

import nats.errors

from interlock.bus.connection import Connection
from interlock.bus.errors import BusError, MayNotSay, NotTaken
from interlock.bus.wired import Wired

NO_RESPONDERS = "503"


class _Asked(NamedTuple):
    """A request that has no answer yet."""

    subject: str
    data: bytes
    answer: asyncio.Future[Wired]
    repeatable: bool


class Requests:
    """All open requests of one connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._inbox = f"{connection.inbox()}."
        self._open: dict[str, _Asked] = {}
        self._last_token = 0

    async def start(self) -> None:
        """Listen for answers."""
        await self.connection.hear(self._inbox + "*", self._on_answer)
        self.connection.watchers.add(self)

    async def ask(self, subject: str, data: bytes, *, timeout_s: float, repeatable: bool = False) -> Wired:
        """Send and return the first answer; what is `repeatable` is sent again after a broken connection.

        Raises NotTaken when nobody listens or answers in time, MayNotSay when the server refused the
        publish, Unreachable when the connection did not stand within the time.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        await self.connection.wait_up(timeout_s)
        self._last_token += 1
        token = str(self._last_token)
        answer: asyncio.Future[Wired] = loop.create_future()
        self._open[token] = _Asked(subject, data, answer, repeatable)
        try:
            self.connection.publish(subject, data, self._inbox + token)
            async with asyncio.timeout_at(deadline):
                message = await answer
        except TimeoutError:
            raise NotTaken(f"no answer on {subject} within {timeout_s:g} s") from None
        except nats.errors.Error as failure:
            raise BusError(f"{subject!r} cannot be published ({failure}); check the subject") from failure
        finally:
            del self._open[token]
        if status_of(message) == NO_RESPONDERS:
            raise NotTaken(f"nobody listens on {subject}")
        return message

    def lost(self) -> None:
        """Nothing to do: every request is bounded in time."""

    def restored(self) -> None:
        """Send again what may be: question or answer was lost with the connection."""
        for token, asked in self._open.items():
            if asked.repeatable and not asked.answer.done():
                self.connection.publish(asked.subject, asked.data, self._inbox + token)

    def refused(self, subject: str) -> None:
        """Fail what was asked there."""
        for asked in self._open.values():
            if asked.subject.lower() == subject and not asked.answer.done():
                sentence = f"{self.connection.principal} may not publish on {asked.subject}"
                asked.answer.set_exception(MayNotSay(sentence))

    def _on_answer(self, message: Wired) -> None:
        asked = self._open.get(message.subject.removeprefix(self._inbox))
        if asked is not None and not asked.answer.done():
            asked.answer.set_result(message)


def status_of(message: Wired) -> str:
    """Return the status code of a message that the server itself wrote, or an empty string."""
    return message.headers.get("Status", "")
