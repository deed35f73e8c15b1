"""What a person can switch, and how it is named at the terminal: one table. Who obeys it does not know."""

from typing import NamedTuple

from interlock.console.errors import BadInput
from interlock.contracts.errors import MalformedSubject
from interlock.contracts.scope import FLEET, Scope, ScopeKind, task_scope
from interlock.contracts.subjects import token

MAX_MODEL_CHARS = 128


class Kind(NamedTuple):
    """A kind of scope: the words that name one, an example of them, and how the help calls it."""

    words: tuple[str, ...]
    example: str
    called: str


KINDS: dict[ScopeKind, Kind] = {
    "task": Kind(("N",), "42", "task N"),
    "step": Kind(("N", "STEP"), "42 facts-1", "the step STEP of task N"),
    "agent": Kind(("NAME",), "researcher-1", "the agent NAME"),
    "role": Kind(("NAME",), "executor", "all agents of the role NAME"),
    "tool": Kind(("NAME",), "search", "the tool NAME"),
    "model": Kind(("PATTERN",), "'openai/*'", "the models that PATTERN names"),
    "tenant": Kind(("NAME",), "acme", "all work of the tenant NAME"),
    "fleet": Kind((), "", "everything"),
}


def said_scope(scope: Scope) -> str:
    """Name a scope as a person would."""
    return "everything" if scope == FLEET else str(scope)


def typed(scope: Scope) -> str:
    """Return the words that name a scope at the terminal, as a shell would need them."""
    match scope.kind:
        case "fleet":
            return "fleet"
        case "task":
            return f"task {scope.task}"
        case "step":
            return f"step {scope.task} {scope.step}"
        case "model":
            return f"model '{scope.name}'"
        case kind:
            return f"{kind} {scope.name}"


def scope_named(kind: ScopeKind, task: int = 0, name: str = "") -> Scope:
    """Return the scope that these words name; raises BadInput for a name that nothing can have."""
    match kind:
        case "fleet":
            return FLEET
        case "task":
            return task_scope(task)
        case "step":
            return Scope(kind=kind, task=task, step=_token("step", name))
        case "model":
            return Scope(kind=kind, name=_model(name))
        case _:
            return Scope(kind=kind, name=_token(kind, name))


def _token(kind: str, name: str) -> str:
    try:
        return token(name)
    except MalformedSubject as error:
        raise BadInput(f"{kind} {error}") from error


def _model(name: str) -> str:
    """Return the name or pattern of models if it may stand in a subject, word by word between its dots."""
    if not name.isprintable() or not name or " " in name or ">" in name or len(name) > MAX_MODEL_CHARS:
        raise BadInput(
            f"model {name[:MAX_MODEL_CHARS]!r}: a model has 1 to {MAX_MODEL_CHARS} characters, "
            "none of them a space or '>', such as openai/gpt-5-mini or 'openai/*'"
        )
    if any(word in {"", "*"} for word in name.split(".")):
        raise BadInput(
            f"model {name!r}: between dots, and at the ends, must stand more than a lone '*'; "
            "all models of a provider are 'openai/*', all models at all are the fleet's"
        )
    return name
