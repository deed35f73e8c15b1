"""The principals of one server: a file that keeps them, and the server's configuration rendered from it.

It must not know how the server is started; whoever adds a user to a running one reloads it afterwards.
"""

import secrets
from pathlib import Path

import msgspec

from interlock.bus.identity import load_or_create
from interlock.bus.lock import locked
from interlock.bus.permissions import permissions_of
from interlock.contracts.subjects import token

OWNER_ONLY = 0o600


class Principal(msgspec.Struct, frozen=True):
    """One who may connect."""

    role: str
    public_key: str


class Users:
    """Everybody who may connect to the server of one state folder.

    Without a single enrolment the server is open; from the first one on it refuses everybody else, even
    when all have been removed again.
    """

    def __init__(self, state_folder: Path) -> None:
        self._folder = state_folder
        self._file = state_folder / "users.json"
        self._configuration = state_folder / "users.conf"

    def read(self) -> dict[str, Principal]:
        """Return all principals by name."""
        if not self._file.exists():
            return {}
        return msgspec.json.decode(self._file.read_bytes(), type=dict[str, Principal])

    def admit(self, principal: str, role: str) -> Path:
        """Enrol a principal with the key below `keys/`, created where missing; return the key's file."""
        key_file = self._folder / "keys" / f"{token(principal)}.nk"
        self.enrol(principal, role, load_or_create(key_file).public_key)
        return key_file

    def enrol(self, principal: str, role: str, public_key: str) -> None:
        """Add or replace a principal; raise MalformedSubject or NotPermitted for an unusable name or role."""
        permissions_of(token(principal), (role,))
        self._change({principal: Principal(role, public_key)})

    def remove(self, principal: str) -> None:
        """Refuse a principal from the next reload on; somebody unknown is no error."""
        self._change({}, without=principal)

    def _change(self, added: dict[str, Principal], *, without: str = "") -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(self._folder / "users.lock"):
            principals = self.read() | added
            principals.pop(without, None)
            _write(self._configuration, render(principals).encode())
            _write(self._file, msgspec.json.format(msgspec.json.encode(principals)))


def render(principals: dict[str, Principal]) -> str:
    """Return the server's `authorization` block."""
    if not principals:
        # An empty list of users would open the server to everybody.
        return f'authorization {{ token: "{secrets.token_urlsafe()}" }}\n'
    users = "".join(_render_user(name, principal) for name, principal in sorted(principals.items()))
    return f"authorization {{\n  users: [\n{users}  ]\n}}\n"


def _render_user(name: str, principal: Principal) -> str:
    permissions = permissions_of(name, (principal.role,))
    publish = msgspec.json.encode(permissions.publish).decode()
    subscribe = msgspec.json.encode(permissions.subscribe).decode()
    return (
        f"    # {name}: {principal.role}\n"
        f'    {{ nkey: "{principal.public_key}", permissions: {{\n'
        f"      publish: {{ allow: {publish} }}\n"
        f"      subscribe: {{ allow: {subscribe} }}\n"
        "    } }\n"
    )


def _write(path: Path, data: bytes) -> None:
    """Replace a file at once, so that a server that reloads now reads the old or the new one."""
    draft = path.with_suffix(".new")
    draft.touch(mode=OWNER_ONLY)
    draft.write_bytes(data)
    draft.replace(path)
