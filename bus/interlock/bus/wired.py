"""One message as it came over the wire; its headers are read only by those who ask for them."""

from collections.abc import Awaitable, Callable

import msgspec

_VERSION = "NATS/1.0"


class Wired(msgspec.Struct, frozen=True, gc=False):
    """A message; `head` are the headers' bytes, empty where there are none."""

    subject: str
    data: bytes
    reply: str = ""
    head: bytes = b""

    @property
    def headers(self) -> dict[str, str]:
        """The headers by name; the server's own status stands under `Status` and `Description`."""
        if not self.head:
            return {}
        first, *lines = self.head.decode(errors="replace").split("\r\n")
        status, _, description = first.removeprefix(_VERSION).strip().partition(" ")
        named = {"Status": status, "Description": description} if status else {}
        for line in lines:
            name, _, value = line.partition(":")
            if name:
                named[name] = value.strip()
        return named


OnWire = Callable[[Wired], Awaitable[None] | None]
