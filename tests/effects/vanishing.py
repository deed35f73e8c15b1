"""A server on loopback whose connections are gone as soon as they stand, for clients under uvloop.

It is served by the client's own loop: a reset one turn after the connection stands comes when anyio has it,
and httpcore is about to look at it.
"""

import asyncio
import socket
import struct
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def vanishing() -> Generator[str]:
    """Serve while the context lasts; the value is the address."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)

        def accept() -> None:
            connection, _ = server.accept()
            # With this, close() resets.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            loop.call_soon(connection.close)

        loop.add_reader(server, accept)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        loop.remove_reader(server)
