"""A terminal beside a log in memory, where the real core decides about everything that is said."""

from typing import Any

from tests.console.terminal import Terminal
from tests.supervisor.core.world import MODEL, ONE, PAYING, TOOLS

from interlock.contracts.charter import Charter
from interlock.contracts.effect import Call, EffectRequest
from interlock.contracts.facts import AnyFact
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.message import Message
from interlock.contracts.policy import Policies, SetPolicies
from interlock.contracts.presence import AgentHello, EffectHello
from interlock.contracts.task import Submit
from interlock.supervisor.core.decide import decide
from interlock.supervisor.core.state import State


class Desk:
    """An agent in its step, a worker that pays, and policies; `terminal` is where a person types."""

    def __init__(self, terminal: Terminal, policies: Policies | None = None, **charter: Any) -> None:
        self.terminal = terminal
        self.state = State()
        terminal.answer = self._decide
        if policies is not None:
            self.say("supervisor-1", "supervisor", "policies", SetPolicies(bundle=policies))
        allowed: dict[str, Any] = {"tools": ("search", "write_file", "pay"), "models": ("*",)} | charter
        own = Charter(role="researcher", version="1", objective="Work.", **allowed)
        self.say("researcher-1", "agent", "hello", AgentHello(incarnation="i1", charter=own))
        offers = EffectHello(incarnation="i2", models=(MODEL,), tools=(*TOOLS, PAYING))
        self.say("effects-1", "effect", "hello", offers)
        self.task = self.say("alice", "task", "submit", Submit(goal="why?", plan=ONE, review=False))

    def say(self, principal: str, kind: str, verb: str, body: Message, *rest: str | int) -> int:
        """Let something be said and decided about; return its record."""
        seq = self.terminal.say(principal, kind, verb, body, *rest)
        record = self.terminal.server.records[seq - 1]
        said = read_record(record.seq, record.time_ms, record.subject, record.data)
        for task, facts in self._decide(said):
            self.terminal.decide(task, *facts, cause=seq)
        return seq

    def ask(self, call: Call, key: str = "k1") -> int:
        """Let the agent ask for an effect; return its record."""
        return self.say(
            "researcher-1",
            "agent",
            "effect",
            EffectRequest(step="a", attempt=1, key=key, call=call),
            self.task,
        )

    def _decide(self, said: Input) -> list[tuple[int, tuple[AnyFact, ...]]]:
        decided = decide(self.state, said, said.time_ms)
        self.state = decided.state
        return [(task, tuple(facts)) for task, facts in decided.segments]
