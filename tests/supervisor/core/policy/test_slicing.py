"""Leaving policies and context out changes no answer: Cedar itself, asked in full, says the same."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.supervisor.core.policy.bundles import PAY_SCHEMA, bundle, in_force

from interlock.contracts.message import Json
from interlock.supervisor.core.policy.cedar import Handle, authorize, entities_of, misfits, read_schema
from interlock.supervisor.core.policy.question import Question, Run
from interlock.supervisor.core.policy.rulings import compiled

PRINCIPALS = (
    "principal",
    'principal in Role::"a"',
    'principal == Agent::"a-1"',
    'principal is Agent in Role::"b"',
)
ACTIONS = (
    "action",
    'action == Action::"pay"',
    'action in Action::"irreversible"',
    'action in [Action::"write", Action::"read"]',
    'action == Action::"write"',
    'action == Action::"model"',
)
RESOURCES = ("resource", 'resource == Tool::"pay"', "resource is Model", 'resource in Tool::"put"')
CONDITIONS = (
    "",
    "when { context.run.autonomy > 3 }",
    'unless { context.run.untrusted || context.run.target == "x" }',
    'when { principal.role == "a" && resource.data_class == "internal" }',
    "when { context has arguments && context.arguments.amount_cents > 5 }",
    (
        "when { context has arguments && context.arguments has rate"
        ' && context.arguments.rate.lessThan(decimal("1.0")) }'
    ),
    'when { context has arguments && context.arguments has tags && context.arguments.tags.contains("x") }',
    "when { { a: context.run }.a.spent_usd_micros > 1 }",
)


@st.composite
def policies(draw: st.DrawFn) -> str:
    """Draw a policy; some fit no schema, and then the bundle as a whole is no example."""
    effect = draw(st.sampled_from(("permit", "permit", "forbid")))
    head = ", ".join(draw(st.sampled_from(part)) for part in (PRINCIPALS, ACTIONS, RESOURCES))
    return f"{effect} ({head}) {draw(st.sampled_from(CONDITIONS))};"


SCHEMA = read_schema("\n".join(file.text for file in bundle("", PAY_SCHEMA).schemas))


def is_valid(policy: str) -> bool:
    return not misfits(policy, SCHEMA)


arguments = st.fixed_dictionaries(
    {"amount_cents": st.integers(0, 10), "to": st.sampled_from(("x", "y"))},
    optional={
        "rate": st.sampled_from((0.5, 1.0, 2.25)),
        "tags": st.lists(st.sampled_from(("x", "y")), max_size=2),
    },
)


def in_full(text: str, question: Question, action: str) -> tuple[bool, int]:
    """Ask Cedar about everything at once, with the schema; return whether, and by how many policies."""
    run = {name: getattr(question.run, name) for name in Run.__struct_fields__}
    context: dict[str, Any] = {"run": run}
    if action == "pay":
        given_arguments = dict(question.arguments)
        if "rate" in given_arguments:
            given_arguments["rate"] = {"__extn": {"fn": "decimal", "arg": str(given_arguments["rate"])}}
        context["arguments"] = given_arguments
    entities: list[Json] = [
        {
            "uid": {"type": "Agent", "id": question.agent},
            "attrs": {"role": question.role, "version": "", "tenant": "", "user": ""},
            "parents": [{"type": "Role", "id": question.role}],
        },
        {
            "uid": {"type": question.kind, "id": question.name},
            "attrs": {"data_class": question.data_class, "region": question.region},
            "parents": [],
        },
    ]
    request = {
        "principal": {"type": "Agent", "id": question.agent},
        "action": {"type": "Action", "id": action},
        "resource": {"type": question.kind, "id": question.name},
        "context": context,
    }
    everything = Handle.from_str(text)
    result = authorize(request, everything, entities_of(entities, SCHEMA), SCHEMA)
    assert result.asked
    assert not result.errors
    return result.allowed, len(result.reasons)


@given(
    drawn=st.lists(policies(), max_size=8),
    agent=st.sampled_from(("a-1", "a-2", "b-1")),
    thing=st.sampled_from((("pay", "irreversible"), ("put", "write"), ("put", "read"), ("m", None))),
    given_arguments=arguments,
    run=st.builds(
        Run,
        autonomy=st.integers(1, 5),
        untrusted=st.booleans(),
        target=st.sampled_from(("", "x")),
        spent_usd_micros=st.integers(0, 2),
    ),
)
def test_an_answer_is_what_cedar_says_of_everything(
    drawn: list[str], agent: str, thing: tuple[str, Any], given_arguments: dict[str, Any], run: Run
) -> None:
    # Given policies that fit the schema
    text = "\n".join(policy for policy in drawn if is_valid(policy))
    name, risk = thing
    question = Question(agent=agent, role=agent[0], name=name, risk=risk, run=run, arguments=given_arguments)
    # When they are asked as they are here, once and again
    found = compiled(in_force(bundle(text, PAY_SCHEMA, shipped=False)))
    answer = found.answer(question)
    assert found.answer(question) == answer
    # Then the same follows from the same number of policies
    action = name if name == "pay" else risk or "model"
    assert (answer.allowed, len(answer.policies)) == in_full(text, question, action)
    # And what could never be granted is not
    if not found.could_ever(agent, agent[0], question.kind, name, risk or ""):
        assert not answer.allowed
