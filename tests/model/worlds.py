"""The worlds in which the model is checked: how many of what, and what may happen there.

Each is small enough to be searched to the last state. `EVERY_RUN` is for every change; `DEEP` takes minutes.
"""

from collections.abc import Iterable
from typing import NamedTuple

BOUND = 2
TASK_LIMIT = 4
INVARIANTS = ("NoOvershoot", "NothingUnpaidFor", "NoGrantTwice", "NoWriteTwice", "NothingWrong", "NoPhantom")


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
RESTART = World(incarnations=2, crashes=1)
KILL = World(kills=1, tenant_limit=3)
TAKEOVER_AND_KILL = World(effects=("call",), lives=2, kills=1, uses=(2,))
TAKEOVER_AND_RESTART = World(effects=("write",), lives=2, incarnations=2, uses=(2,))
TAKEOVER_WITH_LITTLE_MONEY = World(lives=2, incarnations=2, tenant_limit=3, uses=(1,))
TAKEOVER_CRASH_AND_KILL = World(effects=("write",), lives=2, kills=1, crashes=1, uses=(2,))

EVERY_RUN = {
    "takeover": TAKEOVER,
    "restart": RESTART,
    "kill": KILL,
    "takeover and kill": TAKEOVER_AND_KILL,
    "takeover and restart": TAKEOVER_AND_RESTART,
    "takeover with little money": TAKEOVER_WITH_LITTLE_MONEY,
    "takeover, crash and kill": TAKEOVER_CRASH_AND_KILL,
}

DEEP = {
    "takeover and kill of either": World(lives=2, kills=1, tenant_limit=3),
    "two takeovers": World(lives=3, tenant_limit=3),
    "takeover and false alarm": World(lives=2, suspicions=1, uses=(2,)),
    "everything, for one write": World(
        effects=("write",), lives=2, incarnations=2, kills=1, crashes=1, suspicions=1
    ),
    "takeover and crash": World(lives=2, incarnations=2, crashes=1, uses=(2,)),
}
