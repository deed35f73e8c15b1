"""Tools from outside: those of the Python modules that INTERLOCK_TOOLS names, found and checked.

What they do, and whether they may, it does not know.
"""

import importlib
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from interlock.contracts.errors import MalformedSubject
from interlock.contracts.limits import MAX_OFFERS
from interlock.contracts.subjects import token
from interlock.effects.errors import BadSettings
from interlock.effects.tools.tool import AnyTool, Tool

VARIABLE = "INTERLOCK_TOOLS"
KEY = "key"
"""The argument by which a tool that undoes is told what."""


def with_those_of(named: Iterable[str], own: Iterable[AnyTool]) -> dict[str, AnyTool]:
    """Return all tools by name: a worker's own, and those of MODULE or MODULE:NAME; raises BadSettings."""
    tools = {tool.name: tool for tool in own}
    for one in named:
        for tool in _found(one):
            if tools.get(tool.name, tool) is not tool:
                raise BadSettings(f"{VARIABLE}: {one} has a tool {tool.name}, and so has another; rename it")
            tools[tool.name] = tool
    if len(tools) > MAX_OFFERS:
        raise BadSettings(f"{VARIABLE}: there are {len(tools)} tools, a worker offers at most {MAX_OFFERS}")
    for tool in tools.values():
        _check(tool, tools)
    return tools


def _found(one: str) -> list[AnyTool]:
    name, _, wanted = one.partition(":")
    module = _module(name)
    if wanted:
        tool = vars(module).get(wanted)
        if not isinstance(tool, Tool):
            raise BadSettings(f"{VARIABLE}: {name} has no tool {wanted!r}{_there_are(module)}")
        return [tool]
    tools = _tools_of(module)
    if not tools:
        raise BadSettings(f"{VARIABLE}: {name} has no tools; write NAME = Tool(...) in it (docs/tools.md)")
    return list(tools.values())


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise BadSettings(
                f"{VARIABLE}: there is no module {name!r}; install it where the effect worker runs"
            ) from error
        raise BadSettings(f"{VARIABLE}: {name} needs {error.name}, which is not installed") from error
    except Exception as error:
        raise BadSettings(
            f"{VARIABLE}: {name!r} cannot be loaded ({type(error).__name__}: {error})"
        ) from error


def _tools_of(module: ModuleType) -> dict[str, AnyTool]:
    found: dict[str, Any] = vars(module)
    return {name: value for name, value in found.items() if isinstance(value, Tool)}


def _there_are(module: ModuleType) -> str:
    names = ", ".join(_tools_of(module))
    return f"; it has {names}" if names else ""


def _check(tool: AnyTool, tools: dict[str, AnyTool]) -> None:
    """Raise BadSettings for a tool that names what there is not."""
    traits = tool.traits
    try:
        token(tool.name)
    except MalformedSubject as error:
        raise BadSettings(f"{VARIABLE}: a tool cannot be called so: {error}") from error
    if traits.target and traits.target not in tool.arguments:
        raise BadSettings(
            f"{VARIABLE}: the target of {tool.name} is its argument {traits.target!r}, which it has not"
        )
    if not traits.undo:
        return
    undo = tools.get(traits.undo)
    if undo is None:
        raise BadSettings(f"{VARIABLE}: {tool.name} is undone by {traits.undo!r}, and there is no such tool")
    missing = (tool.arguments | {KEY}) - undo.arguments
    if missing:
        raise BadSettings(
            f"{VARIABLE}: {undo.name} undoes {tool.name}, and cannot be asked {', '.join(sorted(missing))}: "
            f"it is given the arguments of {tool.name}, and the {KEY} of what it undoes"
        )
