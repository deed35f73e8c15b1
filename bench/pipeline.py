"""Interlock beside the floor and LangGraph, on the same small job in one run: `python -m bench.pipeline`.

The systems take turns, so that a machine that grows slower or faster meanwhile does so for all of them;
numbers are those of the turn with the median rate, ratios are of these medians.
"""

import argparse
import asyncio
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial

import uvloop
from bench import floor, governed, langgraph_peer
from bench.langgraph_peer import PeerUnavailable
from bench.measure import Contender, Result, Round, median
from bench.results import save, table

TURNS, QUICK_TURNS = 5, 1
QUICK_SHARE = 5
CONCURRENCIES = (1, 32)
WARMING = Round(concurrency=8, tasks=200, tag="warm")

SYSTEMS: dict[str, Callable[[], AbstractAsyncContextManager[Contender]]] = {
    floor.NAME: floor.floor,
    governed.NAME: governed.governed,
    **{name: partial(langgraph_peer.langgraph, name) for name in langgraph_peer.NAMES},
}


async def compare(names: Sequence[str], turns: int, share: int, concurrencies: Sequence[int]) -> list[Result]:
    """Start the systems, let each have its turns at each concurrency, and return the medians."""
    _stop_in_order()
    async with AsyncExitStack() as running:
        contenders: list[Contender] = []
        for name in names:
            try:
                contenders.append(await running.enter_async_context(SYSTEMS[name]()))
            except PeerUnavailable as reason:
                print(reason, file=sys.stderr)
        for contender in contenders:
            await contender.run(WARMING)
        return [
            result
            for concurrency in concurrencies
            for result in await _take_turns(contenders, concurrency, turns, share)
        ]


def _stop_in_order() -> None:
    """Let SIGTERM stop everything that was started, as Ctrl-C does."""
    comparing = asyncio.current_task()
    assert comparing is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, comparing.cancel)


async def _take_turns(
    contenders: Sequence[Contender], concurrency: int, turns: int, share: int
) -> list[Result]:
    results: defaultdict[str, list[Result]] = defaultdict(list)
    for turn in range(turns):
        for contender in contenders:
            tasks = contender.tasks[concurrency] // share
            result = await contender.run(Round(concurrency, tasks, tag=f"{concurrency}.{turn}"))
            results[contender.name].append(result)
    return [median(of_one) for of_one in results.values()]


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench.pipeline", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument(
        "--quick", action="store_true", help="one short turn each: less exact, in half a minute"
    )
    parser.add_argument("--only", choices=SYSTEMS, action="append", help="measure this one; may be repeated")
    parser.add_argument(
        "--concurrency", type=int, choices=CONCURRENCIES, help="only with so many tasks under way at a time"
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Compare, print the table, keep the numbers."""
    options = _options(arguments)
    turns, share = (QUICK_TURNS, QUICK_SHARE) if options.quick else (TURNS, 1)
    concurrencies = (options.concurrency,) if options.concurrency else CONCURRENCIES
    try:
        results = uvloop.run(compare(options.only or tuple(SYSTEMS), turns, share, concurrencies))
    except asyncio.CancelledError:
        sys.exit("told to stop")
    print(table(results, beside=floor.NAME))
    print(f"kept in {save(results, 'pipeline').name}")


if __name__ == "__main__":
    main(sys.argv[1:])
