"""The keys that the server itself relies on: who signs what others may do, and the access services' own.

Whoever holds them can admit anybody, so only the access services are shown them. It must not know what is
signed with them.
"""

from collections.abc import Iterable
from pathlib import Path

from interlock.bus.identity import Identity, load, load_or_create
from interlock.contracts.subjects import token


class ServerKeys:
    """The keys below `server-keys/` of a store, each in a file with mode 0600.

    The issuer's signs tickets; the system user's connects to the server's own account, where the server asks
    about connections and tells of them. An access service has one more for each environment.
    """

    def __init__(self, store: Path) -> None:
        self.folder = store / "server-keys"

    def make(self, services: Iterable[str], environments: Iterable[str]) -> None:
        """Make what is missing for these access services in these environments; nothing is replaced."""
        load_or_create(self._issuer, "account")
        load_or_create(self._system)
        accesses = list(services)
        for environment in environments:
            for service in accesses:
                load_or_create(self._access(service, environment))

    @property
    def issuer(self) -> Identity:
        """The key of the account that signs tickets; raises MalformedKey where it cannot be read."""
        return load(self._issuer, "account")

    @property
    def system(self) -> Identity:
        """The key of the user of the server's own account; raises MalformedKey."""
        return load(self._system)

    def access(self, service: str, environment: str) -> Identity:
        """Return the key of an access service in the account of an environment; raises MalformedKey."""
        return load(self._access(service, environment))

    @property
    def _issuer(self) -> Path:
        return self.folder / "issuer.nk"

    @property
    def _system(self) -> Path:
        return self.folder / "system.nk"

    def _access(self, service: str, environment: str) -> Path:
        return self.folder / f"{token(service)}.{token(environment)}.nk"
