"""Facts about what people are asked, what they decided, and who stands in for whom.

An escalation is numbered within its task; on the fleet's subject (task 0) stand those that outlive a task,
and those about no task. Times are milliseconds since the epoch.
"""

from interlock.contracts.approval import Approval
from interlock.contracts.budget import NOTHING, Amounts
from interlock.contracts.facts.effects import Demand
from interlock.contracts.facts.fact import Fact
from interlock.contracts.message import Json, Line, Sequence
from interlock.contracts.people import EscalationKind, Evidence, Need, Reversible, Rule, VerdictKind
from interlock.contracts.policy import AtLast


class Escalated(Fact, frozen=True, kw_only=True):
    """People are asked. Whatever they must know to judge stands here.

    `asks` is who asks, in which `role`, on behalf of `submitter`; `input` is the record that led here (0:
    time, or silence). Of an effect, `arguments` are all of them, and `digest` is over their canonical form;
    of a model, `tool` is its name behind `model:`, `arguments` are all that it is asked, with its data class
    and region, and `demand` is what it needs without them.
    `policies` is the version in force, `rules` are those policies that ask. `needs` is who must agree, `desk`
    the role or person that is asked first; nobody of `excluded` may answer. At `deadline_ms` the next in line
    is asked, and at last it happens what `at_last` says. `blocks` is whether the step waits for it. `about`
    is the task, where that is over or the fact stands on the fleet's subject. A `canary` is planted: it
    names no effect, nothing waits for it, and it is never carried out.
    """

    at_ms: int
    number: Sequence
    kind: EscalationKind
    summary: Line
    asks: str = ""
    role: str = ""
    objective: Line = ""
    submitter: str = ""
    tenant: str = ""
    about: Sequence = 0
    input: Sequence = 0
    step: str = ""
    attempt: int = 0
    effect: Sequence = 0
    key: str = ""
    tool: str = ""
    risk: str = ""
    arguments: Json = {}
    digest: str = ""
    form: Json = {}
    policies: str = ""
    rules: tuple[Rule, ...] = ()
    cost: Amounts = NOTHING
    reversible: Reversible = ""
    undo: str = ""
    evidence: tuple[Evidence, ...] = ()
    needs: tuple[Need, ...] = ()
    desk: str = ""
    excluded: tuple[str, ...] = ()
    deadline_ms: int | None = None
    at_last: AtLast = "park"
    blocks: bool = False
    canary: bool = False
    demand: Demand | None = None


class EscalationMoved(Fact, frozen=True, kw_only=True):
    """Somebody else is asked now: the next in line, or whom a person named; `input` is that person's word."""

    at_ms: int
    number: Sequence
    desk: str
    deadline_ms: int | None = None
    by: str = ""
    input: Sequence = 0
    reason: Line = ""


class ApprovalCounted(Fact, frozen=True, kw_only=True):
    """One of those who must agree has; `instead_of` is for whom, where somebody stands in."""

    at_ms: int
    number: Sequence
    by: str
    instead_of: str = ""
    input: Sequence
    approval: Approval


class ArgumentsEdited(Fact, frozen=True, kw_only=True):
    """A person has changed what is asked for; approvals of what it was before are void.

    What follows from the policies for these arguments replaces what stood in `escalated`.
    """

    at_ms: int
    number: Sequence
    by: str
    input: Sequence
    arguments: Json
    digest: str
    needs: tuple[Need, ...] = ()
    rules: tuple[Rule, ...] = ()
    excluded: tuple[str, ...] = ()
    reason: Line = ""


class Resolved(Fact, frozen=True, kw_only=True):
    """The one verdict that counts, by whom; `input` is the record that holds it (0: nobody's)."""

    at_ms: int
    number: Sequence
    verdict: VerdictKind
    by: tuple[str, ...] = ()
    input: Sequence = 0
    reason: Line = ""


class Delegated(Fact, frozen=True, kw_only=True):
    """Until then `to` may answer in place of `by`; in the past: not any more."""

    at_ms: int
    by: str
    to: str
    until_ms: int
    reason: Line = ""
