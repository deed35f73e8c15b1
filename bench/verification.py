"""Reads in the log whether every task was really done; measures nothing."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence

from interlock.bus.ports import Log, Record
from interlock.contracts.decision import Decision
from interlock.contracts.facts import AnyFact, Completed, EffectGranted, EffectSettled, Reviewed
from interlock.contracts.message import decode
from interlock.contracts.subjects import DECISIONS

READING_LIMIT_S = 30.0


class NotDone(Exception):
    """A task is not what it should be; the sentence says which and how."""


async def verify(log: Log, tasks: Sequence[int], effects: int) -> None:
    """Raise NotDone unless each task is completed and approved, with so many effects, each done once.

    Waits until the log holds all ends: who listens beside it may hear a decision before it is stored.
    """
    told: defaultdict[int, Counter[str]] = defaultdict(Counter)
    open_tasks = set(tasks)
    all_read = asyncio.Event()

    async def read(record: Record) -> None:
        decision = decode(Decision, record.data)
        words = told[decision.task]
        words.update(filter(None, map(_word, decision.facts)))
        if words["completed"]:
            open_tasks.discard(decision.task)
        if not open_tasks:
            all_read.set()

    reading = await log.follow([DECISIONS], read)
    try:
        async with asyncio.timeout(READING_LIMIT_S):
            await all_read.wait()
    except TimeoutError:
        task = min(open_tasks)
        raise NotDone(
            f"the log holds no end of {len(open_tasks)} tasks; of task {task} it has {dict(told[task])}"
        ) from None
    finally:
        await reading.stop()
    wanted = {"granted": effects, "settled completed": effects, "reviewed approve": 1, "completed": 1}
    for task in tasks:
        if told[task] != wanted:
            raise NotDone(f"task {task} should have {wanted}, and has {dict(told[task])}")


def _word(fact: AnyFact) -> str:
    match fact:
        case EffectGranted():
            return "granted"
        case EffectSettled():
            return f"settled {fact.end}"
        case Reviewed():
            return f"reviewed {fact.decision}"
        case Completed():
            return "completed"
        case _:
            return ""
