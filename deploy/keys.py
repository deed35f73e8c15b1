"""Gives every container of compose.yaml a key of its own; decides nothing about what a role may do.

`python keys.py FOLDER NAME=ROLE ...` leaves each name's key in FOLDER/NAME/key, so that a container can be
shown that one folder; the directory of principals and the server's keys in FOLDER/store, for access services
alone; and the server's accounts, which have no secrets, in FOLDER/nats. Keys that stand there are kept; names
that are gone are refused. INTERLOCK_TLS names a folder, the same one here and for nats, if it shall encrypt.
"""

import os
import sys
from pathlib import Path

import msgspec

from interlock.bus import identity, tls
from interlock.bus.clock import now_ms
from interlock.bus.errors import BusError
from interlock.bus.principals import Key, Principal, Principals
from interlock.bus.server_home import write_accounts
from interlock.contracts.errors import ContractError

ACCOUNTS = "accounts.conf"
TLS = "tls.conf"


def main() -> int:
    """Return 0 when every name has its key, 2 when called wrongly, 1 when a key or role cannot be used."""
    match sys.argv[1:]:
        case [folder, *words] if words and all(word.count("=") == 1 for word in words):
            roles = dict(word.split("=") for word in words)
        case _:
            sys.stderr.write("usage: keys.py FOLDER NAME=ROLE ... (such as keys planner-1=agent)\n")
            return 2
    try:
        _enrol(Path(folder), roles)
    except (BusError, ContractError) as error:
        sys.stderr.write(f"keys: {error}\n")
        return 1
    return 0


def _enrol(folder: Path, roles: dict[str, str]) -> None:
    principals = Principals(folder / "store")
    known = principals.read()
    for name, role in roles.items():
        public_key = identity.load_or_create(folder / name / "key").public_key
        principal = known.get(name, Principal(roles=(role,)))
        if public_key not in principal.valid_keys:
            principal = msgspec.structs.replace(principal, keys=(Key(public_key, now_ms()),))
        principals.enrol(name, msgspec.structs.replace(principal, roles=(role,), revoked_ms=0))
    for name in known.keys() - roles.keys():
        principals.revoke(name)
    nats = folder / "nats"
    nats.mkdir(mode=0o700, exist_ok=True)
    write_accounts(folder / "store", nats / ACCOUNTS)
    encrypted = tls.server_of(os.environ)
    (nats / TLS).write_text(encrypted.block() if encrypted else "# INTERLOCK_TLS was not set.\n")


if __name__ == "__main__":
    sys.exit(main())
