"""Cases that policies are held to: a question in TOML, and the answer that somebody expects.

They stand beside the policies, in `policy.test.toml` or in `tests/`. What policies say, the core decides.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from interlock.console.errors import BadInput
from interlock.console.toml_file import read_toml
from interlock.contracts.charter import Charter
from interlock.contracts.facts import PoliciesSet
from interlock.contracts.message import Json
from interlock.contracts.presence import DEFAULT_DATA_CLASS, Risk
from interlock.supervisor.core.autonomy import CHANGING, GUARDED
from interlock.supervisor.core.deciding.authorising import with_level
from interlock.supervisor.core.policy.question import Question, Run
from interlock.supervisor.core.policy.rulings import rule_on
from interlock.supervisor.core.ruling import Ruling

ONE_FILE, FOLDER = "policy.test.toml", "tests"
MICROS = 1_000_000
Expected = Literal["allow", "deny", "approval", "suggestion"]
Level = Annotated[int, msgspec.Meta(ge=1, le=5)]


class Hypothesis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody wants something, of whom and which nothing has to be there."""

    role: str
    tool: str = ""
    model: str = ""
    risk: Risk = "write"
    agent: str = ""
    version: str = ""
    tenant: str = "default"
    user: str = ""
    autonomy: Level = GUARDED
    untrusted: bool = False
    target: str = ""
    spent_usd: float = 0.0
    task: int = 0
    hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = 12
    weekday: Annotated[int, msgspec.Meta(ge=0, le=6)] = 0
    data_class: str = DEFAULT_DATA_CLASS
    region: str = ""
    arguments: Json = {}

    @property
    def question(self) -> Question:
        """The same, as policies are asked it."""
        return Question(
            agent=self.agent or f"{self.role}-1",
            role=self.role,
            name=self.tool or self.model,
            risk=self.risk if self.tool else None,
            version=self.version,
            tenant=self.tenant,
            user=self.user,
            data_class=self.data_class,
            region=self.region,
            arguments=self.arguments,
            run=Run(
                autonomy=self.autonomy,
                untrusted=self.untrusted,
                target=self.target,
                spent_usd_micros=round(self.spent_usd * MICROS),
                task=self.task,
                submitter=self.user,
                hour=self.hour,
                weekday=self.weekday,
            ),
        )


class Case(Hypothesis, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hypothesis, and what is expected: also by which rule, by whose approval, with which flags."""

    name: str
    expect: Expected
    rule: str = ""
    needs: tuple[str, ...] | None = None
    flags: tuple[str, ...] | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cases: tuple[Case, ...] = ()


def read_cases(folder: Path) -> list[tuple[str, Case]]:
    """Read the cases beside a folder's policies, each with its file; raises BadInput."""
    files = [folder / ONE_FILE] if (folder / ONE_FILE).is_file() else []
    files += sorted((folder / FOLDER).glob("*.toml"))
    found = [(file.name, case) for file in files for case in _read(file)]
    if not found:
        raise BadInput(
            f"{folder} has no cases: write some into {ONE_FILE} or {FOLDER}/*.toml (docs/policy.md)"
        )
    return found


def _read(file: Path) -> tuple[Case, ...]:
    read = read_toml(file, like="[[cases]], and below it: name, role, tool and expect")
    try:
        cases = msgspec.convert(read, _File).cases
    except msgspec.ValidationError as error:
        raise BadInput(f"{file} holds no cases: {error}") from error
    for case in cases:
        if bool(case.tool) == bool(case.model):
            raise BadInput(f"{file}: {case.name!r} names a tool or a model, and one of them alone")
    return cases


def ruling_on(policies: PoliciesSet, supposed: Hypothesis) -> Ruling:
    """Say what policies and autonomy would rule."""
    ruling = rule_on(policies, supposed.question)
    if not ruling.allowed or not supposed.tool or supposed.risk not in CHANGING:
        return ruling
    charter = Charter(role=supposed.role, version="", objective="Suppose.")
    return with_level(ruling, supposed.autonomy, supposed.role, charter)


def outcome_of(ruling: Ruling) -> Expected:
    """Return a ruling in one word."""
    if not ruling.allowed:
        return "deny"
    if ruling.suggested:
        return "suggestion"
    return "approval" if ruling.needs else "allow"


def complaint(case: Case, ruling: Ruling) -> str:
    """Return how a ruling is not what a case expects; empty: it is."""
    found = outcome_of(ruling)
    if found != case.expect:
        why = f", by {ruling.rule}: {ruling.reason}" if ruling.reason else ""
        return f"expected {case.expect}, and it is {found}{why}"
    rules = {ruling.rule, ruling.rule.removeprefix("policy."), *(rule.id for rule in ruling.rules)}
    if case.rule and case.rule not in rules:
        return f"expected the rule {case.rule}, and it is {', '.join(sorted(rules - {''})) or 'none'}"
    needs = said_needs(ruling)
    if case.needs is not None and tuple(sorted(case.needs)) != needs:
        return f"expected the approval of {_all(case.needs)}, and it takes {_all(needs)}"
    if case.flags is not None and tuple(sorted(case.flags)) != ruling.flags:
        return f"expected the flags {_all(case.flags)}, and they are {_all(ruling.flags)}"
    return ""


def said_needs(ruling: Ruling) -> tuple[str, ...]:
    """Return who must agree, as `role` or `role:quorum`."""
    return tuple(
        sorted(need.role if need.quorum == 1 else f"{need.role}:{need.quorum}" for need in ruling.needs)
    )


def _all(words: tuple[str, ...]) -> str:
    return ", ".join(words) or "nobody" if words else "none"
