"""The JSON Schemas of all messages; `python -m interlock.contracts.schemas DIR` writes them for others.

Everything is derived from the types and tables of this package, so that nothing can drift. One file per
message, whole in itself; the AsyncAPI document beside them says on which subject each is spoken.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from interlock.contracts import roles
from interlock.contracts.asyncapi import asyncapi
from interlock.contracts.charter import Charter
from interlock.contracts.decision import Decision
from interlock.contracts.dispatch import Cancel, DoEffect, DoStep, Outcome
from interlock.contracts.inputs import INPUT_KINDS
from interlock.contracts.message import Json
from interlock.contracts.plan import Plan
from interlock.contracts.presence import Beat
from interlock.contracts.results import TaskResult
from interlock.contracts.step import Progress

DIALECT = "https://json-schema.org/draft/2020-12/schema"
USAGE = "usage: python -m interlock.contracts.schemas DIR (the folder that the schemas are written to)"

OTHERS: dict[str, type[Any]] = {
    "decision": Decision,
    "do.step": DoStep,
    "do.effect": DoEffect,
    "do.outcome": Outcome,
    "do.cancel": Cancel,
    "beat": Beat,
    "live": Progress,
    "charter": Charter,
    "result": TaskResult,
    "role.goal": roles.Goal,
    "role.plan": Plan,
    "role.question": roles.Question,
    "role.findings": roles.Findings,
    "role.instruction": roles.Instruction,
    "role.outcome": roles.Outcome,
    "role.work": roles.Work,
    "role.verdict": roles.Verdict,
}


def message_types() -> dict[str, type[Any]]:
    """Return every message that has a schema, by the name of its file without `.json`."""
    inputs: dict[str, type[Any]] = {
        f"in.{kind}.{verb}": message for (kind, verb), message in INPUT_KINDS.items()
    }
    return inputs | OTHERS


def schema_of(message: type[Any]) -> Json:
    """Return the JSON Schema of one message, with all that it refers to inside."""
    (root,), parts = msgspec.json.schema_components([message], ref_template="#/$defs/{name}")
    own = parts.pop(root["$ref"].rpartition("/")[2])
    definitions = {"$defs": {name: _unwrapped(parts[name]) for name in sorted(parts)}} if parts else {}
    return {"$schema": DIALECT, **_unwrapped(own), **definitions}


def documents() -> dict[str, bytes]:
    """Return every generated file by its name."""
    schemas = {f"{name}.json": schema_of(message) for name, message in message_types().items()}
    return {name: _pretty(document) for name, document in (schemas | {"asyncapi.json": asyncapi()}).items()}


def write(folder: Path) -> Iterator[str]:
    """Write every file into `folder` and remove other JSON there; yield the names that have changed."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = documents()
    for path in folder.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
            yield path.name
    for name, content in wanted.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)
            yield name


def _pretty(document: Json) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _unwrapped(schema: Json) -> Json:
    """Return a type's schema with its description not broken into the lines of our source."""
    paragraphs = (" ".join(part.split()) for part in schema.get("description", "").split("\n\n"))
    return schema | {"description": "\n\n".join(paragraphs)}


def main(arguments: list[str]) -> int:
    """Write the schemas into the folder that the arguments name; return the exit code."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write(f"{USAGE}\n")
        return 2
    try:
        changed = sorted(write(Path(arguments[0])))
    except OSError as error:
        sys.stderr.write(f"the schemas cannot be written to {arguments[0]}: {error}\n")
        return 1
    sys.stdout.write(f"{len(changed)} files changed{': ' if changed else ''}{', '.join(changed)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
