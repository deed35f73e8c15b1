"""How long it takes to ask 100 policies about one call: `python -m bench.authorisation`.

In process, as the gate does it, beside cedarpy asked the plain way: everything parsed beforehand, then all
policies, the whole context, the schema. The two take turns of 100 questions, so that their ratio holds
where the machine is noisy. No two questions are alike, unless it says so.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from time import perf_counter_ns
from typing import Any

import cedarpy
from bench.results import keep

from interlock.contracts.facts import PoliciesSet
from interlock.contracts.policy import Policies, PolicyFile
from interlock.supervisor.core.policy.question import Question, Run
from interlock.supervisor.core.policy.rulings import rule_on
from interlock.supervisor.core.ruling import Ruling
from interlock.supervisor.policies import read_folder, shipped_folder

QUESTIONS, QUICK_QUESTIONS = 20_000, 1_000
WARM = 200
TURN = 100
TOOLS = 20
AIM_US = 60.0

SCHEMA = """
action {tool} in [irreversible] appliesTo {{
  principal: [Agent], resource: [Tool],
  context: {{ arguments: {{ amount_cents: Long, to: String, note: String }}, run: Run }}
}};
"""
POLICIES = """
@id("{tool}.small") permit (principal in Role::"executor", action == Action::"{tool}", resource)
when {{ context.arguments.amount_cents <= 50000 }};
@id("{tool}.large") @require_approval("finance") @quorum("2")
permit (principal in Role::"executor", action == Action::"{tool}", resource)
when {{ context.arguments.amount_cents > 50000 }};
@id("{tool}.stranger") forbid (principal, action == Action::"{tool}", resource)
when {{ context.run.untrusted }};
@id("{tool}.blocked") forbid (principal, action == Action::"{tool}", resource)
when {{ ["mallory", "trudy"].contains(context.arguments.to) }};
@id("{tool}.region") forbid (principal, action == Action::"{tool}", resource)
when {{ resource.region == "nowhere" || principal.tenant == "suspended" }};
"""
WHERE = 'action == Action::"pay-{number}"'
ANYWHERE = 'action in [Action::"pay-0", Action::"pay-{number}"]'


@dataclass(frozen=True)
class Figures:
    """Microseconds, and how many policies had a head that matches."""

    what: str
    policies: int
    matching: int
    questions: int
    here_p50_us: float
    here_p99_us: float
    cedarpy_p50_us: float
    cedarpy_p99_us: float

    def __str__(self) -> str:
        """Say it in a line."""
        share = self.here_p50_us / self.cedarpy_p50_us
        here = f"p50 {self.here_p50_us:6.1f} us  p99 {self.here_p99_us:8.1f}"
        alone = f"p50 {self.cedarpy_p50_us:6.1f} us  p99 {self.cedarpy_p99_us:8.1f}"
        return f"{self.what:<34} {here}   cedarpy alone {alone}   {share:.2f} of it"


def policies(*, everywhere: bool) -> PoliciesSet:
    """Return 100 policies about 20 tools, each about its own, or with heads that all match the first."""
    shipped = read_folder(shipped_folder(), 0)
    names = [f"pay-{number}" for number in range(TOOLS)]
    schema = "".join(SCHEMA.format(tool=f'"{name}"') for name in names)
    text = "".join(POLICIES.format(tool=name) for name in names)
    if everywhere:
        for number in range(TOOLS):
            text = text.replace(WHERE.format(number=number), ANYWHERE.format(number=number))
    bundle = Policies(
        policies=(PolicyFile(name="bench.cedar", text=text),),
        schemas=(*shipped.schemas, PolicyFile(name="bench.cedarschema", text=schema)),
    )
    return PoliciesSet(at_ms=0, by="bench", digest=bundle.digest, bundle=bundle)


def question(number: int) -> Question:
    """Return a question like no other, most of them small payments."""
    return Question(
        agent="executor-1",
        role="executor",
        name="pay-0",
        risk="irreversible",
        version="1.0.0",
        tenant="acme",
        user="alice",
        run=Run(autonomy=4, spent_usd_micros=number, task=number, submitter="alice", hour=9, weekday=2),
        arguments={"amount_cents": number, "to": f"creditor {number}", "note": "invoice 2026-11"},
    )


class Plainly:
    """cedarpy alone: what can be parsed beforehand is, and each request is asked of all policies."""

    def __init__(self, said: PoliciesSet) -> None:
        text = "\n".join(file.text for file in said.bundle.policies)
        schema = "\n".join(file.text for file in said.bundle.schemas)
        self._schema = cedarpy.Schema.from_str(schema)
        self._policies = cedarpy.PolicySet.from_str(text)
        some = question(0)
        entities = [
            {
                "uid": {"type": "Agent", "id": some.agent},
                "attrs": {
                    "role": some.role, "version": some.version, "tenant": some.tenant, "user": some.user,
                },
                "parents": [{"type": "Role", "id": some.role}],
            },
            {
                "uid": {"type": "Tool", "id": some.name},
                "attrs": {"data_class": some.data_class, "region": some.region},
                "parents": [],
            },
        ]  # fmt: skip
        self._entities = cedarpy.Entities.from_json_str(json.dumps(entities), self._schema)

    def allows(self, asked: Question) -> bool:
        """Ask."""
        run = {name: getattr(asked.run, name) for name in Run.__struct_fields__}
        request: dict[str, Any] = {
            "principal": {"type": "Agent", "id": asked.agent},
            "action": {"type": "Action", "id": asked.name},
            "resource": {"type": "Tool", "id": asked.name},
            "context": {"arguments": asked.arguments, "run": run},
        }
        return cedarpy.is_authorized(request, self._policies, self._entities, self._schema).allowed


def measure(what: str, count: int, *, everywhere: bool = False, alike: bool = False) -> Figures:
    """Ask both the same, in turns."""
    said = policies(everywhere=everywhere)
    alone = Plainly(said)
    asked = [question(0 if alike else number) for number in range(count + WARM)]
    here_ns: list[int] = []
    alone_ns: list[int] = []
    for start in range(0, len(asked), TURN):
        here_ns += [_timed(partial(rule_on, said, each)) for each in asked[start : start + TURN]]
        alone_ns += [_timed(partial(alone.allows, each)) for each in asked[start : start + TURN]]
    here, plain = sorted(here_ns[WARM:]), sorted(alone_ns[WARM:])
    return Figures(
        what=what,
        policies=5 * TOOLS,
        matching=5 * TOOLS if everywhere else 5,
        questions=count,
        here_p50_us=_us(here, 0.5),
        here_p99_us=_us(here, 0.99),
        cedarpy_p50_us=_us(plain, 0.5),
        cedarpy_p99_us=_us(plain, 0.99),
    )


def _timed(ask: Callable[[], object]) -> int:
    began_ns = perf_counter_ns()
    said = ask()
    took_ns = perf_counter_ns() - began_ns
    if not (said.allowed if isinstance(said, Ruling) else said):
        raise RuntimeError("every one of these is allowed, or waits for people")
    return took_ns


def _us(sorted_ns: Sequence[int], share: float) -> float:
    return round(sorted_ns[int(len(sorted_ns) * share)] / 1_000, 1)


def main(arguments: Sequence[str]) -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m bench.authorisation", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a second instead of ten")
    options = parser.parse_args(arguments)
    count = QUICK_QUESTIONS if options.quick else QUESTIONS
    figures = [
        measure("5 of 100 policies can match", count),
        measure("100 of 100 can", count // 4, everywhere=True),
        measure("5 of 100, the same question again", count, alike=True),
    ]
    for each in figures:
        print(each)
    print(f"the aim is p50 {AIM_US:.0f} us with 100 policies")
    if not options.quick:
        print(f"kept in {keep([asdict(each) for each in figures], 'authorisation')}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
