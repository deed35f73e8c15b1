"""What people are asked in the tests: a payment that two of finance must agree to, a question, a review."""

from interlock.contracts import facts as f
from interlock.contracts.approval import digest_of
from interlock.contracts.budget import Amounts
from interlock.contracts.message import Json
from interlock.contracts.people import Evidence, Need, Rule

ARGUMENTS: Json = {"amount_cents": 90_000, "creditor": {"iban": "DE02120300000000202051", "name": "ACME"}}
POLICIES = "b" * 64
ASKED_MS = 1_764_000_000_000
DEADLINE_MS = ASKED_MS + 3_600_000


def payment(number: int = 1, arguments: Json = ARGUMENTS, *, quorum: int = 2, **more: object) -> f.Escalated:
    fields: dict[str, object] = {
        "at_ms": ASKED_MS,
        "summary": "executor wants to run pay (irreversible)",
        "asks": "executor-1",
        "role": "executor",
        "objective": "Pays invoices.",
        "submitter": "dora",
        "tenant": "acme",
        "input": 50,
        "step": "pay",
        "attempt": 1,
        "effect": 50,
        "key": "k",
        "tool": "pay",
        "risk": "irreversible",
        "policies": POLICIES,
        "rules": (Rule(id="large", says="Never pay more than 500 dollars without two of finance."),),
        "cost": Amounts(tool_calls=1),
        "reversible": "no",
        "evidence": (Evidence(record=45, what="what the tool read_invoice told it", untrusted=True),),
        "needs": (Need(role="finance", quorum=quorum),),
        "desk": "finance",
        "excluded": ("dora",),
        "deadline_ms": DEADLINE_MS,
        "at_last": "deny",
        "blocks": True,
    }
    return f.Escalated(
        number=number,
        kind="approval",
        arguments=arguments,
        digest=digest_of(arguments),
        **(fields | more),  # type: ignore[arg-type]  # each test names what it changes
    )


PROMPT = "Who is ill?"
ASKED_OF_MODEL: Json = {
    "purpose": "answer",
    "prompt": PROMPT,
    "inputs": {"ward": 3},
    "model": "far/x",
    "max_output_tokens": 100,
    "data_class": "confidential",
    "region": "us",
}


def model_use(number: int = 1, **asked: object) -> f.Escalated:
    """Return the use of a model abroad; what is named is asked of it instead."""
    return payment(
        number,
        ASKED_OF_MODEL | asked,
        quorum=1,
        summary="executor wants to ask the model far/x (confidential data, in us)",
        tool="model:far/x",
        risk="",
        cost=Amounts(spend_usd_micros=335, tokens=235, model_calls=1),
        demand=f.Demand(kind="model", name="far/x"),
    )


def question(
    number: int = 1, effect: int = 50, *, step: str = "plan", text: str = "which edition?"
) -> f.Escalated:
    return f.Escalated(
        at_ms=ASKED_MS,
        number=number,
        kind="question",
        summary=text,
        asks="planner-1",
        role="planner",
        submitter="alice",
        input=effect,
        step=step,
        effect=effect,
        desk="operator",
        blocks=True,
    )


def form_step(number: int = 1, **form: object) -> f.Escalated:
    return f.Escalated(
        at_ms=ASKED_MS,
        number=number,
        kind="step",
        summary="Which account?",
        role="human",
        step="choose",
        desk="finance",
        form=form
        or {
            "type": "object",
            "properties": {"account": {"type": "string"}, "cents": {"type": "integer", "minimum": 1}},
            "required": ["account"],
        },
        blocks=True,
    )


def review(number: int = 7, *, undo: str = "refund") -> f.Escalated:
    return f.Escalated(
        at_ms=ASKED_MS,
        number=number,
        kind="review",
        summary="executor has run pay (irreversible)",
        role="executor",
        about=42,
        effect=50,
        tool="pay",
        risk="irreversible",
        arguments=ARGUMENTS,
        digest=digest_of(ARGUMENTS),
        reversible="undo" if undo else "no",
        undo=undo,
        desk="operator",
    )


def entitled(
    principal: str,
    *groups: str,
    roles: tuple[str, ...] = ("approver",),
    keys: tuple[str, ...] = ("U",),
    until_ms: int = 0,
) -> f.Entitled:
    return f.Entitled(principal=principal, roles=roles, groups=groups, keys=keys, until_ms=until_ms)


def delegated(by: str, to: str, until_ms: int = DEADLINE_MS) -> f.Delegated:
    return f.Delegated(at_ms=ASKED_MS, by=by, to=to, until_ms=until_ms)
