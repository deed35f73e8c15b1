"""A terminal of alice's, with a key of hers, beside a log in memory on which something is asked."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.console.people.examples import POLICIES, entitled
from tests.console.terminal import Terminal

from interlock.bus import identity
from interlock.bus.identity import Identity
from interlock.contracts import facts as f
from interlock.contracts.approval import Approval, is_signed
from interlock.contracts.inputs import Input
from interlock.contracts.message import Message
from interlock.contracts.policy import Policies

Decides = Callable[[Input], tuple[f.AnyFact, ...]]


class Desk:
    """Alice's terminal; `heard` is what was said about what people are asked."""

    def __init__(self, terminal: Terminal, key_file: Path, key: Identity) -> None:
        self.terminal = terminal
        self.key_file = key_file
        self.key = key
        self.heard: list[Input] = []
        self.decides: Decides = lambda _: ()
        terminal.answer = self._answer
        terminal.decide(0, f.PoliciesSet(at_ms=1, by="s", digest=POLICIES, bundle=Policies()))
        terminal.decide(0, entitled("alice", "finance", roles=("admin",), keys=(key.public_key,)))
        self.task = terminal.submit()

    def asks(self, *facts: f.AnyFact, task: int | None = None) -> None:
        """Let something be asked about a task (the one that was handed in, if none is named)."""
        self.terminal.decide(self.task if task is None else task, *facts)

    def type(self, *words: str) -> int:
        """Type a command; `{n}` is the number of the first thing that the task asks."""
        filled = [word.replace("{n}", f"{self.task}.1") for word in words]
        return self.terminal.type(*filled, "--key", str(self.key_file))

    @property
    def said(self) -> Message:
        """What was said last."""
        return self.heard[-1].body

    def _answer(self, heard: Input) -> list[tuple[int, tuple[f.AnyFact, ...]]]:
        self.heard.append(heard)
        return [(heard.task, self.decides(heard))]


def is_by(desk: Desk, approval: Approval) -> bool:
    """Tell whether an approval is signed by alice's own key."""
    base64.b64decode(approval.signature, validate=True)
    return is_signed(approval) and approval.public_key == desk.key.public_key


@pytest.fixture
def desk(terminal: Terminal, tmp_path: Path) -> Desk:
    key, file = identity.create(), tmp_path / "alice.nk"
    identity.save(key, file)
    return Desk(terminal, file, key)
