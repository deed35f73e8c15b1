"""By what a connection proves who it is: an nkey, an access token, a client certificate, or nothing.

A secret may be given as a function that reads it anew: then a key that was rotated, or a token that was
renewed, is used from the next connection on. It must not know what a principal may do.
"""

import ssl
from collections.abc import Callable
from typing import Generic, TypeVar

from interlock.bus.errors import MalformedKey
from interlock.bus.identity import Identity
from interlock.bus.logs import log

Secret = str | Callable[[], str]

Read = TypeVar("Read")


class _Latest(Generic[Read]):
    """A secret as it is now, or as it was when it could be read last."""

    def __init__(self, secret: Secret, of: Callable[[str], Read]) -> None:
        self._secret = secret
        self._of = of
        self._last = self._read()

    def __call__(self) -> Read:
        if not isinstance(self._secret, str):
            try:
                self._last = self._read()
            except MalformedKey as failure:
                log.warning("bus_secret_unreadable", reason=str(failure))
        return self._last

    def _read(self) -> Read:
        return self._of(self._secret if isinstance(self._secret, str) else self._secret())


class Credentials:
    """What one connection shows; raises MalformedKey when a secret cannot be read at first.

    What cannot be read later is what it was before.
    """

    def __init__(
        self, key: Secret | None = None, token: Secret | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.tls = tls
        self.identity = _Latest(key, Identity) if key is not None else None
        self.token = _Latest(token, str) if token is not None else None

    @property
    def kind(self) -> str:
        """What is shown, for a sentence."""
        return "the token" if self.token is not None else "the key"

    @property
    def doubt(self) -> str:
        """What may be wrong with it when it is refused, for a sentence."""
        if self.token is not None:
            return "that it has not ended, and gives a role and a name that may be had here"
        return "whether it is the right one, and not revoked"
