"""What the bench sees for itself: a process that is a model's server and an eye on other processes.

As a server of OpenAI's chat completions it leaves every call open whose prompt begins with "hold", and tells
when its connection opens and closes; every other call is answered at once. Of processes that it shall watch
it tells when they end. One plain epoll loop does both, before all ordinary processes where that is permitted;
times are CLOCK_REALTIME, taken when epoll returns, before anything is done about it.
"""

import contextlib
import json
import os
import select
import socket
import sys

import msgspec

from interlock.bus.clock import now_us
from interlock.bus.patience import come_first

BACKLOG = 1_024
MOST_BYTES = 65_536
MOST_EVENTS = 1_024
HOLD = "hold "


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The server listens; `first` is whether this process runs before ordinary ones."""

    port: int
    first: bool


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """A call is in flight; `call` numbers it."""

    call: int
    prompt: str
    at_us: int


class Closed(msgspec.Struct, frozen=True, tag="closed"):
    """Its connection was closed from the other side."""

    call: int
    at_us: int


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """A watched process has ended."""

    pid: int
    at_us: int


Event = Ready | Opened | Closed | Ended


class Watch(msgspec.Struct, frozen=True):
    """Watch this process: the one thing that can be asked."""

    pid: int


class _Connection:
    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self.received = b""
        self.call = 0


class Witness:
    """The loop, until its standard input ends."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        self._listener.setblocking(False)
        self._connections: dict[int, _Connection] = {}
        self._watched: dict[int, int] = {}
        self._asked = b""
        self._calls = 0
        os.set_blocking(sys.stdin.fileno(), False)
        for descriptor in (self._listener.fileno(), sys.stdin.fileno()):
            self._poll.register(descriptor, select.EPOLLIN)

    def run(self) -> None:
        """See, and tell."""
        self._tell(Ready(self._listener.getsockname()[1], come_first()))
        while True:
            ready = self._poll.poll(maxevents=MOST_EVENTS)
            at_us = now_us()
            for descriptor, _ in ready:
                if descriptor in self._connections:
                    self._hear(self._connections[descriptor], at_us)
                elif descriptor in self._watched:
                    self._tell(Ended(self._forget(descriptor), at_us))
                elif descriptor == self._listener.fileno():
                    self._accept()
                elif not self._obey():
                    return

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                link, _ = self._listener.accept()
                link.setblocking(False)
                self._connections[link.fileno()] = _Connection(link)
                self._poll.register(link.fileno(), select.EPOLLIN)

    def _hear(self, connection: _Connection, at_us: int) -> None:
        try:
            received = connection.link.recv(MOST_BYTES)
        except BlockingIOError:
            return
        except ConnectionError:
            received = b""
        if not received:
            self._close(connection, at_us)
            return
        connection.received += received
        head, found, body = connection.received.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            connection.received = b""
            self._answer(connection, json.loads(body)["messages"][0]["content"], at_us)

    def _answer(self, connection: _Connection, prompt: str, at_us: int) -> None:
        if not prompt.startswith(HOLD):
            connection.link.sendall(_ANSWER)
            return
        self._calls += 1
        connection.call = self._calls
        self._tell(Opened(connection.call, prompt.removeprefix(HOLD), at_us))

    def _close(self, connection: _Connection, at_us: int) -> None:
        if connection.call:
            self._tell(Closed(connection.call, at_us))
        self._poll.unregister(connection.link)
        del self._connections[connection.link.fileno()]
        connection.link.close()

    def _obey(self) -> bool:
        asked = os.read(sys.stdin.fileno(), MOST_BYTES)
        *lines, self._asked = (self._asked + asked).split(b"\n")
        for line in lines:
            self._watch(msgspec.json.decode(line, type=Watch).pid)
        return bool(asked)

    def _watch(self, pid: int) -> None:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            self._tell(Ended(pid, 0))
            return
        self._watched[descriptor] = pid
        self._poll.register(descriptor, select.EPOLLIN)

    def _forget(self, descriptor: int) -> int:
        self._poll.unregister(descriptor)
        os.close(descriptor)
        return self._watched.pop(descriptor)

    def _tell(self, event: Event) -> None:
        os.write(sys.stdout.fileno(), msgspec.json.encode(event) + b"\n")


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    return 0


def _response() -> bytes:
    said = {"role": "assistant", "content": "answered"}
    usage = {"prompt_tokens": 5, "completion_tokens": 5}
    body = json.dumps({"choices": [{"message": said, "finish_reason": "stop"}], "usage": usage}).encode()
    head = ("HTTP/1.1 200 OK", "content-type: application/json", f"content-length: {len(body)}")
    return "\r\n".join((*head, "", "")).encode() + body


_ANSWER = _response()

if __name__ == "__main__":
    Witness().run()
