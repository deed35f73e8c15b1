"""What the simulated agents do with a step: which calls they make, what they answer, when they fail.

Everything follows from the seed, the task and the step, never from the attempt: a replaced agent makes the
same calls. Failures alone may depend on the attempt, or nothing would ever end.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import msgspec

from interlock.agents.context import Context
from interlock.agents.errors import AgentError, EffectDenied, EffectFailed
from interlock.console.simulation.chance import chance
from interlock.console.simulation.scenario import Cast
from interlock.console.simulation.verdicts import FORM
from interlock.contracts.people import HUMAN

MAX_PAUSE_S = 0.4
_CHANCE_OF_FAILURE = 0.06


class Temper(msgspec.Struct):
    """How people and agents behave: once `good`, nobody fails on purpose and reviewers approve."""

    good: bool = False


ROLES_OF_STEPS = (*("researcher", "executor") * 7, HUMAN)

Call = Callable[[Context], Awaitable[Any]]


def asks_people(luck: Random) -> dict[str, Any]:
    """Draw what a person is asked to do."""
    asked: dict[str, Any] = {"ask": "count it"}
    if luck.random() < 0.5:
        asked["form"] = FORM
    if luck.random() < 0.5:
        asked["to"] = luck.choice(("finance", "controllers", "nick"))
    return asked


def calls_of(luck: Random, *, restless: bool, spending: bool) -> list[list[Call]]:
    """Draw the calls of a step: groups one after the other, the calls of a group at once."""
    if restless:
        return [[_search("the same again")] for _ in range(luck.randint(8, 20))]
    if spending and luck.random() < 0.6:
        return [[_pay(luck.choice((500, 5_000)))] for _ in range(luck.choice((1, 1, 2)))]
    groups = luck.choice((0, 1, 1, 2, 2, 3))
    return [[_call(luck) for _ in range(luck.choice((1, 1, 1, 2, 4)))] for _ in range(groups)]


def _call(luck: Random) -> Call:
    kind = luck.random()
    if kind < 0.45:
        return _think("x" * luck.choice((10, 36, 200)), luck.choice((40, 100, 800)), "")
    if kind < 0.55:
        return _think("y" * 30, 100, luck.choice(("offline/x", "offline/small", "new/unpriced", "no/one")))
    if kind < 0.72:
        return _search(luck.choice(("why", "how", "who")))
    if kind < 0.94:
        return _change(luck, kind)
    if kind < 0.96:
        return lambda context: context.tool("rm", path="/")
    return lambda context: context.ask("May I?")


def _change(luck: Random, kind: float) -> Call:
    if kind < 0.88:
        return _write(f"note-{luck.randint(1, 3)}")
    return _pay(luck.choice((5, 60, 500, 5_000, 50_000)))


def _think(prompt: str, tokens: int, model: str) -> Call:
    return lambda context: context.model(prompt, purpose="think", max_output_tokens=tokens, model=model)


def _search(query: str) -> Call:
    return lambda context: context.tool("search", query=query)


def _write(path: str) -> Call:
    return lambda context: context.tool("write_file", path=path)


def _pay(cents: int) -> Call:
    return lambda context: context.tool("pay", cents=cents, to="acme")


class Script:
    """The handler of one agent: a step in, a result out."""

    def __init__(self, seed: str, role: str, temper: Temper, cast: Cast) -> None:
        self._seed = seed
        self._role = role
        self._temper = temper
        self._cast = cast

    async def work(self, _given: dict[str, Any], context: Context) -> dict[str, Any]:
        """Do a step; raises what a handler may raise."""
        mind = chance(self._seed, "step", context.task, context.step, self._role)
        mood = chance(self._seed, "mood", context.task, context.step, context.attempt)
        await asyncio.sleep(mood.random() * MAX_PAUSE_S)
        restless = self._cast.restless and mind.random() < 0.3
        for group in calls_of(mind, restless=restless, spending=self._cast.spending):
            await self._make(context, group, patient=mind.random() < 0.6)
            await asyncio.sleep(mood.random() * MAX_PAUSE_S)
        if not self._temper.good and mood.random() < _CHANCE_OF_FAILURE:
            raise EffectFailed("this agent had enough", transient=mood.random() < 0.8)
        return self._result(mind)

    async def _make(self, context: Context, group: list[Call], *, patient: bool) -> None:
        """Make the calls of a group at once; a patient agent goes on without what is denied or fails."""
        ends = await asyncio.gather(*(call(context) for call in group), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException) and not isinstance(end, AgentError):
                raise end
            spoilt = isinstance(end, AgentError) and not patient and not self._temper.good
            if spoilt and not isinstance(end, EffectDenied):
                raise end

    def _result(self, luck: Random) -> dict[str, Any]:
        if self._role == "planner":
            return self._plan(luck)
        if self._role == "reviewer":
            return self._verdict(luck)
        return {"report": "done"}

    def _plan(self, luck: Random) -> dict[str, Any]:
        if not self._temper.good and luck.random() < 0.1:
            after = luck.choice((["b"], []))
            return {
                "steps": [{"id": "a", "role": "astrologer"}, {"id": "b", "role": "executor", "after": after}]
            }
        steps: list[dict[str, Any]] = []
        for name in "abc"[: luck.randint(1, 3)]:
            before = [step["id"] for step in steps if luck.random() < 0.5]
            role = luck.choice(ROLES_OF_STEPS)
            step: dict[str, Any] = {"id": name, "role": role, "after": before}
            steps.append(step | ({"input": asks_people(luck)} if role == HUMAN else {}))
        return {"steps": steps}

    def _verdict(self, luck: Random) -> dict[str, Any]:
        decisions = ("approve", "approve", "approve", "approve", "revise", "escalate")
        decision = "approve" if self._temper.good else luck.choice(decisions)
        return {"decision": decision, "reasons": ["because"]}
