"""nats-py's socket, whose end is not waited for for ever; what goes over it, it must not know.

asyncio never tells the end of a socket whose TLS handshake was given up, because by then it is another's
(CPython 3.11, `loop.start_tls`). nats-py waits for it, between two attempts too.
"""

import asyncio

from nats.aio.transport import TcpTransport

CLOSE_S = 1.0


class Socket(TcpTransport):
    """A TCP connection to a server, with or without TLS."""

    async def wait_closed(self) -> None:
        """Wait until it is closed, or long enough; raise what closing it has raised."""
        closing = asyncio.ensure_future(super().wait_closed())  # type: ignore[no-untyped-call]  # nats-py left it so
        try:
            await asyncio.wait({closing}, timeout=CLOSE_S)
            if closing.done() and not closing.cancelled():
                closing.result()
        finally:
            closing.cancel()
