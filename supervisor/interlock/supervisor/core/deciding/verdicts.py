"""Decides about what people say of what they were asked: exactly one verdict counts."""

from interlock.contracts.inputs import Input
from interlock.contracts.message import Message
from interlock.supervisor.core.turn import Turn


def verdict_came(turn: Turn, said: Input, _body: Message) -> None:
    """Take what a person says of an escalation that is open."""
    turn.refuse(0, said.seq, f"nothing of the number {'.'.join(said.rest)} is open")
