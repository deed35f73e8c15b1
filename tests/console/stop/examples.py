"""A receipt with everything in it, as the core would write it."""

from interlock.contracts import facts as f
from interlock.contracts.scope import FLEET, Scope, task_scope

COMMANDED_US = 1_764_000_000_123_400


def effect(number: int, fate: f.EffectFate, task: int = 42, **fields: object) -> f.EffectReceipt:
    made = {
        "task": task,
        "effect": number,
        "step": "facts-1",
        "name": "openai/gpt-5-mini",
        "worker": "effects-1",
        "fate": fate,
    }
    return f.EffectReceipt(**(made | fields))  # type: ignore[arg-type] # fields of many types


EFFECTS = (
    effect(57, "aborted", started_us=-812_000, ended_us=1_400, outcome=67),
    effect(58, "completed", started_us=-90_000, ended_us=-200, outcome=66, name="search"),
    effect(59, "in_doubt", started_us=-1_200_000, step="report", name="write_file"),
    effect(60, "refused", worker=""),
)
PROCESSES = (
    f.ProcessReceipt(
        principal="researcher-1",
        fate="exited",
        disconnected_us=4_200,
        exited_us=8_940,
        observers=("access-1", "guard-1"),
        records=(70, 71),
    ),
    f.ProcessReceipt(
        principal="clerk-9",
        fate="disconnected",
        disconnected_us=4_000,
        observers=("access-1",),
        records=(72,),
        note="exit not observed: no guard has it in its hands",
    ),
    f.ProcessReceipt(principal="executor-1", fate="stopped", stopped_us=12_300, records=(69,)),
    f.ProcessReceipt(principal="ghost-1", fate="unobserved", note="it was silent before"),
)


def receipted(kill: int = 61, scope: Scope | None = None, **fields: object) -> f.Receipted:
    made = {
        "at_ms": COMMANDED_US // 1_000 + 300,
        "kill": kill,
        "scope": scope or task_scope(42),
        "by": "alice",
        "reason": "wrong question",
        "commanded_us": COMMANDED_US,
        "complete": False,
        "effects": EFFECTS,
        "processes": PROCESSES,
        "last_start_us": -90_000,
        "last_connection_us": 4_200,
        "last_exit_us": 8_940,
    }
    return f.Receipted(**(made | fields))  # type: ignore[arg-type] # fields of many types


def many(scope: Scope = FLEET) -> f.Receipted:
    """Return the receipt of a kill with more of everything than is shown at once."""
    effects = tuple(effect(100 + n, "aborted", task=40 + n % 5, started_us=-1_000 * n) for n in range(30))
    processes = tuple(
        f.ProcessReceipt(principal=f"agent-{n:02}", fate="exited", exited_us=9_000 + n) for n in range(25)
    )
    return receipted(
        scope=scope,
        effects=effects,
        processes=processes,
        more_effects=7,
        more_processes=3,
        complete=True,
    )
