"""The folder of policies: reads it, and says on the log what stands there when it is not what holds.

What is shipped holds where no other folder is named. A folder that cannot be read changes nothing. What
policies mean it must not know.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from interlock.bus.clock import now_ms
from interlock.bus.errors import BusError
from interlock.bus.logs import log
from interlock.bus.ports import Bus
from interlock.contracts.limits import MAX_MESSAGE_BYTES, MAX_POLICY_CHARS
from interlock.contracts.message import encode
from interlock.contracts.policy import Policies, PolicyFile, SetPolicies
from interlock.contracts.subjects import input_subject
from interlock.supervisor.errors import MalformedPolicies
from interlock.supervisor.routing_file import ROUTING, read_routing

VARIABLE = "INTERLOCK_POLICIES"
SCHEMA = "interlock.cedarschema"
LOOK_S = 1.0
_HERE = Path(__file__).parent
_ROOM_BYTES = 2_048


def shipped_folder() -> Path:
    """Return where the policies stand that Interlock brings: beside its source, or in its package."""
    beside = _HERE.parents[1] / "policies"
    return beside if (beside / SCHEMA).is_file() else _HERE / "shipped_policies"


def folder_named(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of policies that this process is told of, or the shipped one."""
    named = environment.get(VARIABLE, "")
    return Path(named).expanduser() if named else shipped_folder()


def read_folder(folder: Path, at_ms: int) -> Policies:
    """Read a folder; raise MalformedPolicies with what is wrong, where, and what to do.

    Calendars hold for some years around `at_ms`: when clocks change is looked up now.
    """
    if not folder.is_dir():
        raise MalformedPolicies(f"{folder} is no folder: name one with *.cedar files")
    schemas = [path for path in sorted(folder.glob("*.cedarschema")) if path.name != SCHEMA]
    routes, calendars = read_routing(folder / ROUTING, at_ms)
    try:
        bundle = Policies(
            policies=tuple(_file(path) for path in sorted(folder.glob("*.cedar"))),
            schemas=(_file(shipped_folder() / SCHEMA), *map(_file, schemas)),
            routes=routes,
            calendars=calendars,
        )
        # What was built here is held to the contract like anything that is read.
        bundle = msgspec.convert(msgspec.to_builtins(bundle), Policies)
    except (msgspec.ValidationError, OSError) as error:
        raise MalformedPolicies(f"{folder}: {error}") from error
    written_bytes, most_bytes = len(encode(SetPolicies(bundle=bundle))), MAX_MESSAGE_BYTES - _ROOM_BYTES
    if written_bytes > most_bytes:
        raise MalformedPolicies(
            f"{folder} holds {written_bytes} bytes; at most {most_bytes} fit into a record"
        )
    return bundle


def _file(path: Path) -> PolicyFile:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedPolicies(f"{path} is no UTF-8 text, see byte {error.start}") from error
    except OSError as error:
        raise MalformedPolicies(f"{path} cannot be read: {error}") from error
    if len(text) > MAX_POLICY_CHARS:
        raise MalformedPolicies(f"{path} has {len(text)} characters; at most {MAX_POLICY_CHARS} do: split it")
    return PolicyFile(name=path.name, text=text)


def source_of(policies: Path | Policies | None) -> Callable[[], Policies] | None:
    """Return how policies are read: from a folder each time, or those that are given; None: from nowhere."""
    if isinstance(policies, Path):
        return lambda: read_folder(policies, now_ms())
    return None if policies is None else lambda: policies


class PolicyWatch:
    """Says on the log what stands in the folder, as long as its supervisor leads.

    `in_force` returns the digest of what holds; what was said once, and refused, is not said again.
    """

    def __init__(self, bus: Bus, source: Callable[[], Policies] | None, in_force: Callable[[], str]) -> None:
        self._bus = bus
        self._source = source
        self._in_force = in_force
        self._said = ""
        self._complaint = ""

    async def look(self) -> None:
        """Read the folder, and say what it holds if that is not in force and was not said yet."""
        if self._source is None:
            return
        try:
            bundle = self._source()
        except MalformedPolicies as error:
            self._complain(str(error))
            return
        digest = bundle.digest
        if digest in {self._in_force(), self._said}:
            return
        subject = input_subject(self._bus.principal, "supervisor", "policies")
        try:
            await self._bus.append(subject, encode(SetPolicies(bundle=bundle)))
        except BusError as failure:
            self._complain(str(failure))
            return
        self._said, self._complaint = digest, ""
        log.info("policies_said", digest=digest[:12], files=len(bundle.policies))

    async def keep_looking(self) -> None:
        """Look now and then until cancelled."""
        while self._source is not None:
            await asyncio.sleep(LOOK_S)
            await self.look()

    def _complain(self, sentence: str) -> None:
        if sentence != self._complaint:
            self._complaint = sentence
            log.error("policies_not_read", reason=sentence)
