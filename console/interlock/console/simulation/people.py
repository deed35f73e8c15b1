"""The people of a simulation: they submit, switch, raise and answer, and say it again until the log has it.

What they say is an action of the adversary, or the help that everybody gets in the end.
"""

import asyncio
from itertools import count

from interlock.agents.delivery import deliver_or_log
from interlock.console.simulation import actions as a
from interlock.console.simulation.connection import SimulatedBus
from interlock.console.simulation.hearing import doing_of
from interlock.console.simulation.laws import Laws
from interlock.console.simulation.ledger import NO_LIMITS
from interlock.console.simulation.loop import SimulatedLoop
from interlock.console.simulation.network import Network
from interlock.console.simulation.process import Process, SimulatedClock
from interlock.console.simulation.roster import FINANCE, NAMES, entitlement_of
from interlock.console.simulation.rules import ALL as RULES
from interlock.console.simulation.scenario import Cast
from interlock.console.simulation.verdicts import decide, fits, help_with
from interlock.contracts.budget import Amounts
from interlock.contracts.control import Control, RaiseLimit, ReleaseRule, SetAutonomy, SetLimits
from interlock.contracts.dispatch import DoEffect
from interlock.contracts.message import Message, encode
from interlock.contracts.people import Answer, Delegate, PlantCanary, Reject
from interlock.contracts.policy import SetPolicies
from interlock.contracts.scope import Scope
from interlock.contracts.subjects import input_subject

SHARED = ("fleet", "tenant", "role")
HELPERS = ("olga", "ada", "bert")
PLENTY = Amounts(
    spend_usd_micros=10**7,
    tokens=10**6,
    model_calls=1_000,
    tool_calls=1_000,
    wall_ms=10**9,
    steps=100,
    replans=3,
)


class People:
    """Everybody with a keyboard."""

    def __init__(self, loop: SimulatedLoop, network: Network, laws: Laws, cast: Cast) -> None:
        self.process = Process("olga", SimulatedClock(loop))
        self._loop = loop
        self._network = network
        self._laws = laws
        self._cast = cast
        self._buses: dict[str, SimulatedBus] = {}
        self._said = count(1)
        loop.deliver(self.process, self._come)

    def act(self, action: a.Action) -> None:
        """Do what an action says."""
        match action:
            case a.Hand():
                self._say("alice", "task", "submit", action.body)
            case a.Limit():
                body = SetLimits(total=action.total, day=action.day)
                self._say("olga", "control", "limit", body, *action.scope.split("."))
            case a.Reply():
                self.answer(action.text)
            case a.Decide():
                self._decide(action)
            case a.Stand():
                self._say(action.by, "human", "delegate", Delegate(to=action.to, for_s=action.for_s))
            case a.Plant():
                self._plant(action)
            case a.Sway():
                rules = RULES[action.rules]._replace(wary=self._cast.wary)
                self._say(
                    self._cast.supervisors[0], "supervisor", "policies", SetPolicies(bundle=rules.bundle)
                )
            case a.Level():
                level = SetAutonomy(level=action.level)
                self._say("olga", "control", "autonomy", level, "role", action.role)
            case _:
                self._act_on_task(action)

    def _act_on_task(self, action: a.Action) -> None:
        match action:
            case a.Rule():
                self._say("ada", "control", "release", ReleaseRule(people=action.people), "fleet")
            case a.Switch():
                self._switch(action)
            case a.More():
                for task in self._task(action.task):
                    self._say("olga", "control", "raise", RaiseLimit(more=action.more), "task", task)
            case a.Mischief():
                for task in self._task(action.task):
                    self._publish("mallory", action.kind, action.verb, action.data, task)
            case _:
                pass

    def _plant(self, action: a.Plant) -> None:
        arguments = {"cents": action.cents, "to": "nobody"}
        body = PlantCanary(role=FINANCE, tool="pay", arguments=arguments)
        for number, seen in self._laws.tasks.items():
            if not seen.ended:
                self._say("olga", "control", "canary", body, "task", number)

    def _switch(self, action: a.Switch) -> None:
        control = Control(for_s=action.for_s)
        if action.task is None:
            words = action.scope.split(".") if action.scope else ["fleet"]
            self._say(action.by, "control", action.verb, control, *words)
            return
        for task in self._task(action.task):
            words = ["step", str(task), action.step] if action.step else ["task", str(task)]
            self._say(action.by, "control", action.verb, control, *words)

    def strike(self, action: a.Strike, order: DoEffect) -> None:
        """Kill what a grant is for, if it has such."""
        doing = doing_of(order)
        named = action.over not in {"fleet", "task", "step"}
        name = getattr(doing, action.over) if named else ""
        if name or not named:
            scope = Scope(kind=action.over, name=name, task=doing.task, step=doing.step)
            self._say(action.by, "control", "kill", Control(), *scope.words)

    def help(self) -> None:
        """Do what people can do to let everything end; to release the fleet it may take three of them."""
        for scope in sorted(self._laws.standing.switches, key=str):
            for who in HELPERS:
                self._say(who, "control", "resume", Control(), *scope.words)
        for name, account in self._laws.ledger.accounts.items():
            if name.startswith(SHARED) and (account.limit, account.daily) != (NO_LIMITS, NO_LIMITS):
                self._say("olga", "control", "limit", SetLimits(), *name.split())
        for number, seen in self._laws.tasks.items():
            if not seen.ended:
                self._say("olga", "control", "raise", RaiseLimit(more=PLENTY), "task", number)
                if seen.hold:
                    self._say("olga", "control", "resume", Control(), "task", number)
        consent = self._laws.consent
        for (task, number), asked in tuple(consent.open.items()):
            for who, verb, body in help_with(asked, task, consent.policies):
                self._say(who, "human", verb, body, task, number)

    def answer(self, text: str) -> None:
        """Answer every open question."""
        for (task, number), asked in tuple(self._laws.consent.open.items()):
            if asked.said.kind == "question":
                self._say("olga", "human", "answer", Answer(text=text), task, number)

    def _decide(self, action: a.Decide) -> None:
        """Decide about one of what is open and of its kind; where none is, about what was decided last."""
        consent = self._laws.consent
        numbers = [number for number, asked in consent.open.items() if fits(asked, action.how)]
        if not numbers:
            for task, number in list(consent.closed)[-1:]:
                self._say(action.who, "human", "reject", Reject(reason="too late"), task, number)
            return
        task, number = numbers[action.place % len(numbers)]
        asked = consent.open[task, number]
        for verb, body in decide(asked, task, action.who, action.how, consent.policies):
            self._say(action.who, "human", verb, body, task, number)

    def _come(self) -> None:
        self._coming = asyncio.ensure_future(self._connect())

    async def _connect(self) -> None:
        self._buses["olga"] = await self._network.connect(self.process, "olga")
        for name in NAMES:
            self._say("access-0", "access", "entitled", entitlement_of(name), name)

    def _task(self, place: int) -> list[int]:
        """Return the n-th task that was accepted, or the newest, as far as there are so many."""
        numbers = list(self._laws.tasks)
        return numbers[-1:] if place == a.NEWEST else numbers[place : place + 1]

    def _say(self, who: str, kind: str, verb: str, body: Message, *rest: str | int) -> None:
        self._publish(who, kind, verb, encode(body), *rest)

    def _publish(self, who: str, kind: str, verb: str, data: bytes, *rest: str | int) -> None:
        subject = input_subject(who, kind, verb, *rest)
        self._loop.deliver(self.process, self._deliver, subject, data, f"{who}.{next(self._said)}")

    def _deliver(self, subject: str, data: bytes, message_id: str) -> None:
        bus = self._buses["olga"]
        asyncio.ensure_future(deliver_or_log(bus, subject, data, message_id=message_id))  # noqa: RUF006 - the process keeps hold of its tasks
