"""How fast a kill is, and what it reaches: `python -m bench.kill`.

Real processes, in environments as `interlock up` starts them. Everything counts from the operator's publish:
until no grant is possible any more, until the model's server sees the call closed, until the server has ended
the agent's connection, until its process is gone. In idleness, and with both cores and the pipeline busy. A
run in which an effect starts behind a kill ends with an error.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import uvloop
from bench.kill import agents, cases
from bench.kill.fence import check
from bench.kill.figures import Figures, table
from bench.kill.load import Load, loaded
from bench.kill.scene import scene
from bench.kill.sight import Sight, witness
from bench.results import keep

from interlock.bus.logs import structlog

KILLS, QUICK_KILLS = 200, 10


class Setting(NamedTuple):
    """The environment in which cases are played: how many agents, steps for each, effect workers."""

    agents: int
    capacity: int
    workers: int
    cases: Mapping[str, cases.Run]


FEW = Setting(
    10,
    1,
    1,
    {
        "cooperative": cases.agents("cooperative"),
        "hung": cases.agents("hung"),
        "deaf": cases.agents("deaf"),
        "supervisor-dead": cases.agents("cooperative", frozen=True),
        "busy": cases.agents("busy"),
        "condemned": cases.condemned,
    },
)
MANY = Setting(50, 10, 8, {"tenant": cases.tenant, "fleet": cases.fleet})
SETTINGS = (FEW, MANY)
NAMES = [name for setting in SETTINGS for name in setting.cases]


async def measure(kills: int, names: Sequence[str], loads: Sequence[bool]) -> list[Figures]:
    """Play the cases with these names, with and without load."""
    measured: list[Figures] = []
    async with witness() as sight:
        if not sight.first:
            print("the witness may not run before others here: what it sees it may see late")
        for busy in loads:
            async with loaded(busy=busy) as load:
                for setting in SETTINGS:
                    measured += await _play(setting, sight, load, kills, names)
    return measured


async def _play(
    setting: Setting, sight: Sight, load: Load, kills: int, names: Sequence[str]
) -> list[Figures]:
    wanted = {name: run for name, run in setting.cases.items() if name in names}
    if not wanted:
        return []
    figures: list[Figures] = []
    async with scene(
        sight, agents=setting.agents, capacity=setting.capacity, workers=setting.workers
    ) as here:
        for name, run in wanted.items():
            samples = await run(here, load, kills)
            figures.append(Figures.of(name, samples, loaded=load.busy))
            print(figures[-1].sentence, flush=True)
        checked = await check(here.here.bus, here.commands, here.tenants, agents.ROLE)
    print(
        f"{checked.commands} kills over {checked.effects} effects, {checked.granted_behind} of them granted "
        "behind one: none of those began"
    )
    return figures


def main(arguments: Sequence[str]) -> None:
    """Measure, show, keep."""
    parser = argparse.ArgumentParser(prog="bench.kill", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_const", dest="kills", const=QUICK_KILLS, default=KILLS)
    parser.add_argument("--kills", type=int, help=f"of each kind at least; else {KILLS}")
    parser.add_argument("--only", action="append", choices=NAMES, help="this case alone; may be repeated")
    parser.add_argument("--load", choices=("idle", "loaded", "both"), default="both")
    chosen = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    loads = {"idle": (False,), "loaded": (True,), "both": (False, True)}[chosen.load]
    figures = uvloop.run(measure(chosen.kills, chosen.only or NAMES, loads))
    print(table(figures))
    print(f"kept in {keep([each.kept for each in figures], 'kill').name}")


if __name__ == "__main__":
    main(sys.argv[1:])
