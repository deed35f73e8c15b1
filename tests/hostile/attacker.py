"""A hostile agent: a plain NATS client with a valid researcher's key, which follows no rules of ours."""

import asyncio
from typing import Any

import nats.errors
from nats.aio.client import Client

PATIENCE_S = 10.0


class Attacker:
    """Speaks to the server without our bus; `complaints` is what the server answered."""

    def __init__(self, url: str, name: str, seed: str) -> None:
        self.url = url
        self.name = name
        self.complaints: list[str] = []
        self.heard: list[Any] = []
        self._seed = seed
        self._complained = asyncio.Event()
        self._client: Any = None

    @property
    def client(self) -> Any:
        """The client, untyped as nats-py half is."""
        assert self._client is not None, "it has to connect first"
        return self._client

    async def connect(self, **options: Any) -> None:
        """Connect with the stolen or given credential."""
        chosen: dict[str, Any] = {
            "nkeys_seed_str": self._seed,
            "inbox_prefix": f"_INBOX_{self.name}",
            "error_cb": self._complain,
            "allow_reconnect": False,
            "connect_timeout": 5,
        }
        half_typed: Any = Client()
        await half_typed.connect(self.url, **(chosen | options))
        self._client = half_typed

    async def publish(self, subject: str, data: bytes = b"{}", **options: Any) -> None:
        """Publish, and wait until the server has looked at it."""
        await self.client.publish(subject, data, **options)
        await self._flush()

    async def listen(self, subject: str, queue: str = "", *, flush: bool = True) -> None:
        """Try to hear a subject."""
        await self.client.subscribe(subject, queue=queue, cb=self._hear)
        if flush:
            await self._flush()

    async def ask(self, subject: str, data: bytes = b"{}") -> bytes | None:
        """Make a request; None when nobody answers, because the server did not let it through."""
        try:
            answer: bytes = (await self.client.request(subject, data, timeout=0.3)).data
        except (nats.errors.TimeoutError, nats.errors.NoRespondersError):
            return None
        return answer

    async def refused(self, subject: str) -> bool:
        """Wait until the server has said that it may not; False when it does not say so."""
        violation = f'"{subject}"'.lower()
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not any(violation in complaint.lower() for complaint in self.complaints):
                    self._complained.clear()
                    await self._complained.wait()
        except TimeoutError:
            return False
        return True

    async def send_past_the_check(self, subject: str, data: bytes) -> None:
        """Publish without the client's own look at the size, which is not what protects us."""
        await self.client._send_publish(subject, "", data, len(data), None)

    async def close(self) -> None:
        if self._client is not None and not self._client.is_closed:
            await self._client.close()

    async def _flush(self) -> None:
        try:
            await self.client.flush(timeout=5)
        except (TimeoutError, nats.errors.Error):
            return

    async def _complain(self, error: Exception) -> None:
        self.complaints.append(str(error))
        self._complained.set()

    async def _hear(self, message: Any) -> None:
        self.heard.append(message)
