"""The environment of a process that thinks: it holds no keys of models, whoever started it."""

import re
from collections.abc import MutableMapping

_SECRET = re.compile(r"(?:.*_)?(?:API_?KEY|ACCESS_?KEY(?:_ID)?|TOKEN|SECRET(?:_\w+)?|PASSWORD)")


def forget_secrets(environment: MutableMapping[str, str]) -> list[str]:
    """Take every variable away that is named like a secret; return their names, sorted.

    INTERLOCK_KEY_FILE stays: it names the file with this process's own identity on the bus.
    """
    names = sorted(name for name in environment if _SECRET.fullmatch(name.upper()))
    for name in names:
        del environment[name]
    return names
