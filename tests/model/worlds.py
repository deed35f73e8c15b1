"""The worlds in which the model is checked: how many of what, and what may happen there.

Each is small enough to be searched to the last state. `EVERY_RUN` is for every change; `DEEP` takes minutes.
"""

from collections.abc import Iterable
from typing import NamedTuple

BOUND = 2
TASK_LIMIT = 4
INVARIANTS = ("NoWriteTwice", "NoGrantTwice", "NoOvershoot", "NothingUnpaidFor", "NothingWrong", "NoPhantom")


class World(NamedTuple):
    """Bounds of one search: `lives` are supervisors that lead in turn, `uses` what an effect may cost."""

    effects: tuple[str, ...] = ("call", "write")
    tenant_limit: int = 4
    lives: int = 1
    incarnations: int = 1
    kills: int = 0
    crashes: int = 0
    suspicions: int = 0
    uses: tuple[int, ...] = (1, 2)

    @property
    def constants(self) -> dict[str, str]:
        """The constants of Core and Interlock, as TLC reads them."""
        return {
            "Effects": f"= {_set(map(_quoted, self.effects))}",
            "TaskLimit": f"= {TASK_LIMIT}",
            "TenantLimit": f"= {self.tenant_limit}",
            "Bound": f"= {BOUND}",
            "Lives": f"= {_set(map(str, range(1, self.lives + 1)))}",
            "Incarnations": f"= {self.incarnations}",
            "MaxKills": f"= {self.kills}",
            "MaxCrashes": f"= {self.crashes}",
            "MaxSuspicions": f"= {self.suspicions}",
            "Uses": f"= {_set(map(str, self.uses))}",
        }


def _quoted(word: str) -> str:
    return f'"{word}"'


def _set(words: Iterable[str]) -> str:
    return "{" + ", ".join(words) + "}"


TAKEOVER = World(lives=2, tenant_limit=3)
TWO_TAKEOVERS = World(effects=("call",), lives=3, uses=(2,))
RESTART = World(incarnations=2, crashes=1, uses=(2,))
RESTART_ONE_CALL = RESTART._replace(effects=("call",))
RESTART_ONE_WRITE = RESTART._replace(effects=("write",))
KILL = World(kills=1, tenant_limit=3)
FALSE_ALARM = World(suspicions=1, uses=(2,))
TAKEOVER_AND_KILL = World(effects=("call",), lives=2, kills=1, uses=(2,))
TAKEOVER_AND_RESTART = World(effects=("write",), lives=2, incarnations=2, uses=(2,))
LITTLE_MONEY = World(lives=2, incarnations=2, tenant_limit=3, uses=(1,))
CRASH = World(lives=2, crashes=1, tenant_limit=3, uses=(1,))
CRASH_AND_KILL = World(effects=("write",), lives=2, kills=1, crashes=1, uses=(2,))

EVERY_RUN = {
    "takeover": TAKEOVER,
    "two takeovers": TWO_TAKEOVERS,
    "restart": RESTART,
    "kill": KILL,
    "false alarm": FALSE_ALARM,
    "takeover and kill": TAKEOVER_AND_KILL,
    "takeover and restart": TAKEOVER_AND_RESTART,
    "takeover and restart with little money": LITTLE_MONEY,
}

DEEP = {
    "takeover and crash": CRASH,
    "takeover, crash and kill": CRASH_AND_KILL,
    "two takeovers, two effects": World(lives=3, tenant_limit=3),
    "takeover, restart and kill": World(effects=("write",), lives=2, incarnations=2, kills=1, uses=(2,)),
    "takeover and kill, two effects": World(lives=2, kills=1, tenant_limit=3, uses=(1,)),
    "takeover and false alarm": World(lives=2, suspicions=1, uses=(2,)),
}
