"""What a switch is over: one task, one step, an agent, a role, a tool, a model, a tenant, or everything.

It says which words of a subject name a scope and what a scope covers; who obeys it, it does not know.
"""

from fnmatch import fnmatchcase
from typing import Literal, get_args

import msgspec

from interlock.contracts.errors import MalformedSubject
from interlock.contracts.message import Part, Sequence

ScopeKind = Literal["task", "step", "agent", "role", "tool", "model", "tenant", "fleet"]
MOST_DIGITS = 19

_KINDS: dict[str, ScopeKind] = {kind: kind for kind in get_args(ScopeKind)}
_USAGE = (
    "name task.<number>, step.<number>.<step>, agent.<name>, role.<name>, tool.<name>, model.<name>, "
    "tenant.<name> or fleet"
)


class Scope(Part, frozen=True, kw_only=True):
    """A scope: `task` is of tasks and steps, `step` of steps alone, `name` of all others but the fleet.

    The name of a model may be a pattern, such as `openai/*`.
    """

    kind: ScopeKind
    name: str = ""
    task: Sequence = 0
    step: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """The words that name it in a subject."""
        match self.kind:
            case "fleet":
                return (self.kind,)
            case "task":
                return (self.kind, str(self.task))
            case "step":
                return (self.kind, str(self.task), self.step)
            case _:
                return (self.kind, *self.name.split("."))

    def __str__(self) -> str:
        match self.kind:
            case "fleet":
                return "fleet"
            case "task":
                return f"task {self.task}"
            case "step":
                return f"step {self.step} of task {self.task}"
            case _:
                return f"{self.kind} {self.name}"


FLEET = Scope(kind="fleet")


class Doing(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is at, or is about to do; an empty field is covered by no scope of its kind."""

    task: int = 0
    step: str = ""
    agent: str = ""
    role: str = ""
    tenant: str = ""
    tool: str = ""
    model: str = ""


def task_scope(task: int) -> Scope:
    """Return the scope of one task."""
    return Scope(kind="task", task=task)


def read_scope(words: tuple[str, ...]) -> Scope:
    """Read the words that follow the verb in a control's subject; raise MalformedSubject for others."""
    kind, names = _KINDS.get(words[0]) if words else None, words[1:]
    match kind, names:
        case "fleet", ():
            return FLEET
        case "task", (number,) if _is_number(number):
            return task_scope(int(number))
        case "step", (number, step) if _is_number(number):
            return Scope(kind="step", task=int(number), step=step)
        case "model", (_, *_):
            return Scope(kind="model", name=".".join(names))
        case "agent" | "role" | "tool" | "tenant", (name,):
            return Scope(kind=kind, name=name)
        case _:
            raise MalformedSubject(f"{'.'.join(words)!r} is nothing to switch: {_USAGE}")


def covers(scope: Scope, doing: Doing) -> bool:
    """Tell whether a switch over `scope` is over this."""
    match scope.kind:
        case "fleet":
            return True
        case "task":
            return scope.task == doing.task
        case "step":
            return (scope.task, scope.step) == (doing.task, doing.step)
        case "model":
            return bool(doing.model) and fnmatchcase(doing.model, scope.name)
        case named:
            names = {"agent": doing.agent, "role": doing.role, "tool": doing.tool, "tenant": doing.tenant}
            return scope.name == names[named]


def _is_number(word: str) -> bool:
    """Tell whether a word is a number as we write it: one number has one subject."""
    return word.isdecimal() and len(word) <= MOST_DIGITS and word == str(int(word))
