"""Facts about what a kill came to: the receipt, which claims nothing that was not observed.

Times ending in `_us` are microseconds; those of a receipt count from the command's record, as its log dates
it, so an observer whose clock is behind may give a negative one.
"""

from typing import Annotated, Literal

import msgspec

from interlock.contracts import limits
from interlock.contracts.facts.fact import Fact
from interlock.contracts.message import Line, Part, Sequence
from interlock.contracts.scope import Scope

EffectFate = Literal["completed", "refused", "aborted", "in_doubt"]
ProcessFate = Literal["stopped", "disconnected", "exited", "unobserved"]


class EffectReceipt(Part, frozen=True, kw_only=True):
    """One effect that had been asked for and not ended when the command came.

    `completed`: it had happened before the stop reached it. `refused`: it never began. `aborted`: it was cut
    off, and may count. `in_doubt`: nobody knows whether it happened. `effect` is the record of the request,
    `outcome` the record that tells its end (0: there is none); `started_us` counts from the command and is
    None where it had not begun, or nobody said when.
    """

    task: Sequence
    effect: Sequence
    step: str
    name: str
    fate: EffectFate
    worker: str = ""
    outcome: Sequence = 0
    started_us: int | None = None
    ended_us: int | None = None


class ProcessReceipt(Part, frozen=True, kw_only=True):
    """One process that had work in the scope.

    `stopped`: it confirmed that the work has ended, and lives on. `disconnected`: its connection ended, its
    exit was not observed. `exited`: a guard saw it end. `unobserved`: nobody saw anything. The records are
    those of the observations.
    """

    principal: str
    fate: ProcessFate
    incarnation: str = ""
    stopped_us: int | None = None
    disconnected_us: int | None = None
    exited_us: int | None = None
    observers: tuple[str, ...] = ()
    records: tuple[Sequence, ...] = ()
    note: Line = ""


class Receipted(Fact, frozen=True, kw_only=True):
    """What a kill came to, as far as it was observed; `complete` when nothing is left open.

    `last_start_us` is when the last effect in the scope began, `last_connection_us` and `last_exit_us` when
    the last connection and process ended. They are None where there was none, or one that nobody observed.
    `effects` and `processes` name those that fit; `more_effects` and `more_processes` count the rest.
    """

    at_ms: int
    kill: Sequence
    scope: Scope
    by: str
    reason: str = ""
    commanded_us: int = 0
    complete: bool = True
    effects: Annotated[tuple[EffectReceipt, ...], msgspec.Meta(max_length=limits.MAX_RECEIPT_EFFECTS)] = ()
    processes: Annotated[
        tuple[ProcessReceipt, ...], msgspec.Meta(max_length=limits.MAX_RECEIPT_PROCESSES)
    ] = ()
    more_effects: int = 0
    more_processes: int = 0
    last_start_us: int | None = None
    last_connection_us: int | None = None
    last_exit_us: int | None = None
