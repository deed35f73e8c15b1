"""What a task came to, read from the log: the records that its view names, as one `TaskResult`.

The report is the outcome of the last step that wrote one; when there is none yet, the findings so far do.
"""

from typing import Any

import msgspec

from interlock.bus.ports import Bus
from interlock.console.views import TaskView
from interlock.contracts.errors import ContractError
from interlock.contracts.message import decode
from interlock.contracts.results import TaskResult
from interlock.contracts.roles import Citation, Claim, Findings, Outcome, Verdict
from interlock.contracts.step import StepResult

MAX_RESULTS = 128


class Results(msgspec.Struct, frozen=True):
    """The values of a task's steps, in the order in which the steps ended."""

    by_step: dict[str, msgspec.Raw] = {}

    def read(self, kind: type[Any], field: str) -> dict[str, Any]:
        """Return the values that are of a kind; what makes one is that it has `field`."""
        found: dict[str, Any] = {}
        for step, value in self.by_step.items():
            try:
                fields = msgspec.json.decode(value)
                if isinstance(fields, dict) and field in fields:
                    found[step] = msgspec.json.decode(value, type=kind)
            except msgspec.MsgspecError:
                continue
        return found


async def read_result(bus: Bus, view: TaskView) -> TaskResult:
    """Put together what a task came to, or where it stands."""
    results = await _results(bus, view)
    outcomes: dict[str, Outcome] = results.read(Outcome, "report")
    findings: dict[str, Findings] = results.read(Findings, "question")
    last = list(outcomes.values())[-1] if outcomes else None
    claims = last.claims if last else _all_claims(findings)
    unanswered = (
        last.unanswered
        if last
        else tuple(found.unanswered for found in findings.values() if found.unanswered)
    )
    return TaskResult(
        task=view.task,
        status=view.status,
        reason=view.reason,
        report=last.report if last else _draft(view, results, findings),
        claims=claims,
        unanswered=unanswered,
        verdict=_verdict(view, results),
        spent=view.total,
        budget=view.budget,
        models=view.models,
        recommendations=view.recommendations,
        seconds=round(view.seconds, 3),
    )


async def _results(bus: Bus, view: TaskView) -> Results:
    numbers = {step.id: step.result for step in view.steps.values() if step.result} | view.results
    in_order = sorted(numbers.items(), key=lambda item: item[1])[-MAX_RESULTS:]
    by_step: dict[str, msgspec.Raw] = {}
    for step, number in in_order:
        record = await bus.record(number)
        if record is None:
            continue
        try:
            by_step[step] = decode(StepResult, record.data).value
        except ContractError:
            continue
    return Results(by_step)


def _verdict(view: TaskView, results: Results) -> Verdict | None:
    read: dict[str, Verdict] = results.read(Verdict, "decision")
    if view.verdict_step in read:
        return read[view.verdict_step]
    if view.verdict:
        return msgspec.convert({"decision": view.verdict, "reasons": view.verdict_reasons}, Verdict)
    return None


def _all_claims(findings: dict[str, Findings]) -> tuple[Claim, ...]:
    return tuple(claim for found in findings.values() for claim in found.claims)


def _draft(view: TaskView, results: Results, findings: dict[str, Findings]) -> str:
    """Write down what there is when no step has written a report."""
    parts = [_finding(found) for found in findings.values()]
    last_steps = {step.id for step in view.planned} - {name for step in view.planned for name in step.after}
    for step in (step for step in results.by_step if step in last_steps and step not in findings):
        shown = msgspec.json.format(results.by_step[step], indent=2).decode()
        parts.append(f"## {step}\n\n```json\n{shown}\n```")
    return "\n\n".join(parts)


def _finding(found: Findings) -> str:
    lines = [f"## {found.question}", ""]
    lines += [
        line for claim in found.claims for line in (f"- {claim.text}", *map(_citation, claim.citations))
    ]
    if found.unanswered:
        lines.append(f"- {found.unanswered}")
    return "\n".join(lines)


def _citation(citation: Citation) -> str:
    quote = " ".join(citation.quote.split())
    return f"  > {quote} ({citation.file}:{citation.line})"
