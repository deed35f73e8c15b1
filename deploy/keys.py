"""Gives every container of compose.yaml a key of its own; decides nothing about what a role may do.

`python keys.py FOLDER NAME=ROLE ...` leaves each name's key in FOLDER/NAME/key, so that a container can be
shown that one folder, and the server's list of public keys in FOLDER/nats. Keys that stand there are kept.
"""

import sys
from pathlib import Path

from interlock.bus import identity
from interlock.bus.errors import BusError
from interlock.bus.users import Users
from interlock.contracts.errors import ContractError


def main() -> int:
    """Return 0 when every name has its key, 2 when called wrongly, 1 when a key or role cannot be used."""
    match sys.argv[1:]:
        case [folder, *words] if words and all(word.count("=") == 1 for word in words):
            roles = dict(word.split("=") for word in words)
        case _:
            sys.stderr.write("usage: keys.py FOLDER NAME=ROLE ... (such as keys planner-1=agent)\n")
            return 2
    users = Users(Path(folder) / "nats")
    try:
        for name, role in roles.items():
            users.enrol(name, role, identity.load_or_create(Path(folder) / name / "key").public_key)
        for name in users.read().keys() - roles.keys():
            users.remove(name)
    except (BusError, ContractError) as error:
        sys.stderr.write(f"keys: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
