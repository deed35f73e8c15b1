"""A port at which misbehaving processes say in lines what they have come to, and are told it was read."""

import asyncio

PATIENCE_S = 20.0


class Confessions:
    """`port` is where to speak; what was said is read in its order."""

    def __init__(self) -> None:
        self._said: asyncio.Queue[list[str]] = asyncio.Queue()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    def stop(self) -> None:
        assert self._server is not None
        self._server.close()

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def next(self) -> list[str]:
        """Wait for the next line, and return its words."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._said.get()

    def so_far(self) -> list[list[str]]:
        """Return what was said and not read yet."""
        return [self._said.get_nowait() for _ in range(self._said.qsize())]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._said.put_nowait((await reader.readline()).decode().split())
        writer.write(b".")
        writer.close()
