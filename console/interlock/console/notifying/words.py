"""A notice in plain words, for a person who reads it on a telephone; it adds nothing of its own."""

from collections.abc import Mapping
from datetime import UTC, datetime

from interlock.console.notifying.notice import Notice
from interlock.console.notifying.settings import NUMBER

_WANTED: Mapping[str, str] = {
    "approval": "an approval",
    "question": "an answer",
    "step": "a step that a person does",
    "budget": "a decision: a budget is exhausted",
    "rejection": "a decision: the reviewer keeps saying no",
    "loop": "a decision: a task goes in circles",
    "overrun": "a decision: more was spent than was granted",
    "in_doubt": "a decision: nobody knows whether something was done",
    "deadline": "a look: a deadline is near",
    "crash": "a look: a process is not kept any more",
    "violation": "a look: a policy was violated",
    "review": "a review of what was done",
    "test": "nothing: this is a test",
}
_AT_LAST: Mapping[str, str] = {
    "deny": "then the next in line is asked, or it is denied",
    "park": "then the next in line is asked, or it waits",
}


def moment(at_ms: int) -> str:
    """Return a time as ISO 8601, in UTC, in whole seconds."""
    return datetime.fromtimestamp(at_ms // 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def headline(notice: Notice) -> str:
    """Return one line that says what happened."""
    match notice.what:
        case "resolved":
            return f"{notice.number} is over: {notice.verdict}"
        case "moved":
            return f"{notice.number} now waits for {_whom(notice)}: {_WANTED[notice.kind]}"
        case "test":
            return f"{notice.number}: a test of this channel; nobody has to do anything"
        case _:
            return f"{notice.number} waits for {_whom(notice)}: {_WANTED[notice.kind]}"


def details(notice: Notice) -> list[str]:
    """Return what else is known, a line for each thing."""
    lines = [_about(notice), _needed(notice)]
    if notice.rules:
        lines.append(f"rule: {', '.join(notice.rules)}")
    if notice.deadline_ms is not None:
        lines.append(
            "; ".join(filter(None, (f"until {moment(notice.deadline_ms)}", _AT_LAST.get(notice.at_last, ""))))
        )
    return [line for line in lines if line]


def command_for(notice: Notice) -> str:
    """Return what a person types to see everything and decide; empty when it is over."""
    return f"interlock inbox {notice.number}" if notice.what in {"asked", "moved"} else ""


def link_for(notice: Notice, page: str) -> str:
    """Return the address of a page of people's own, with the number where it wants it; empty without one."""
    return page.replace(NUMBER, notice.number) if notice.what != "test" else ""


def _whom(notice: Notice) -> str:
    return notice.desk or "somebody by name"


def _about(notice: Notice) -> str:
    undoing = {"no": "cannot be undone", "undo": "can be undone"}.get(notice.reversible, "")
    if notice.model:
        undoing = ""
    run = f"tool {notice.tool}" if notice.tool else f"model {notice.model}" if notice.model else ""
    risk = f"({', '.join(filter(None, (notice.risk, undoing)))})" if notice.risk or undoing else ""
    asks = f"for the role {notice.role}" if notice.role else ""
    return " ".join(filter(None, (run, risk, asks)))


def _needed(notice: Notice) -> str:
    if notice.what == "resolved" or not notice.needs:
        return ""
    return "needs " + " and ".join(f"{need.quorum} of {need.role}" for need in notice.needs)
