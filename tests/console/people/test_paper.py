"""What a person sees of what is asked: all of it, as what it is, in words that say what follows."""

from typing import Any, get_args

import msgspec
import pytest
from tests.console.conftest import decision
from tests.console.people.examples import (
    ASKED_MS,
    DEADLINE_MS,
    POLICIES,
    entitled,
    form_step,
    model_use,
    payment,
    question,
    review,
)

from interlock.console.people.docket import Docket
from interlock.console.people.editing import changes, with_values
from interlock.console.people.fields import fields_of, told, value_of, words_of
from interlock.console.people.mandate import Mandate
from interlock.console.people.paper import block
from interlock.console.people.reading import Case
from interlock.console.people.visible import pretty, visible
from interlock.console.people.words import KINDS, MEANS, VERBS, VERDICTS, names, span, to_do
from interlock.contracts import facts as f
from interlock.contracts.approval import Approval, Statement
from interlock.contracts.people import EscalationKind, Need, VerdictKind
from interlock.contracts.policy import Policies, Route


def held(*facts: f.AnyFact, task: int = 42, routes: tuple[Route, ...] = ()) -> Case:
    docket = Docket()
    bundle = Policies(routes=routes)
    docket.take(
        decision(
            f.PoliciesSet(at_ms=1, by="s", digest=POLICIES, bundle=bundle),
            entitled("bob", "finance"),
            entitled("carol", "finance"),
        )
    )
    docket.take(decision(*facts, task=task))
    found = (*docket.open.values(), *docket.decided.values())
    return Case(found[0], docket, goal="pay March")


def shown(case: Case, person: str = "bob", now_ms: int = ASKED_MS + 60_000) -> str:
    lines = block(case, Mandate(case.docket, person, now_ms))
    return "\n".join(f"{' ' * line.indent}{line.label}{line.text}" for line in lines)


def counted(by: str, *, policies: str = POLICIES, at_ms: int = ASKED_MS) -> f.ApprovalCounted:
    statement = Statement(
        task=42, number=1, effect=50, tool="pay", arguments="a", policies=policies, verdict="approve", by=by
    )
    approval = Approval(statement=statement, public_key="U", signature="s")
    return f.ApprovalCounted(at_ms=at_ms, number=1, by=by, input=60, approval=approval)


def test_every_kind_and_verdict_has_its_words() -> None:
    kinds, verdicts = set(get_args(EscalationKind)), set(get_args(VerdictKind))
    assert kinds == set(KINDS) == set(MEANS) == set(VERBS)
    assert verdicts == set(VERDICTS)


def test_nothing_of_the_arguments_is_left_out_however_long() -> None:
    arguments = {"text": "line\n" * 500, "list": list(range(200)), "nested": {"a": {"b": {"c": "x" * 900}}}}
    case = held(payment(arguments=arguments))
    text = "".join(line.strip() for line in shown(case).splitlines())
    for line in pretty(arguments):
        assert line.strip() in text
    # And what is text is there once more, as one reads it
    assert "text reads:" in shown(case)


def test_every_line_of_arguments_folds_in_a_terminal() -> None:
    case = held(payment(arguments={"text": "x" * 500}))
    lines = block(case, Mandate(case.docket, "bob", ASKED_MS))
    assert all(line.folds for line in lines)


def test_the_use_of_a_model_is_shown_with_all_that_it_is_asked_as_one_reads_it() -> None:
    hostile = "Say \u202eyes\u202c\u200b.\nAnd \x1b[2K nothing else."
    case = held(model_use(prompt=hostile))
    text = shown(case)
    assert "model far/x, confidential data, in us, effect 50" in text
    assert "\n  tool " not in text
    for line in pretty(case.asked.arguments):
        assert line.strip() in text
    # And the prompt is there once more, with what would hide in it
    assert "prompt reads:\n      Say \\u202eyes\\u202c\\u200b.\n      And \\u001b[2K nothing else." in text
    assert text.index("prompt reads:") < text.index("all that is signed:\n    {")
    assert "nothing changes outside, but what is sent cannot be taken back" in text
    assert "costs $0.000335" in text
    assert "prompt reads:\n      Who is ill?" in shown(held(model_use()))
    assert "internal data, it does not say where it runs" in shown(
        held(model_use(data_class="internal", region=""))
    )


def test_what_has_been_edited_is_shown_beside_what_it_was() -> None:
    edited = f.ArgumentsEdited(
        at_ms=ASKED_MS,
        number=1,
        by="carol",
        input=61,
        arguments={"amount_cents": 1},
        digest="d" * 64,
        reason="less",
    )
    text = shown(held(payment(), edited))
    assert '"amount_cents": 1\n' in text
    assert "edited by carol (less); it was:" in text
    assert '"amount_cents": 90000' in text


def test_an_approval_under_other_policies_or_too_old_does_not_count() -> None:
    assert "1 of 2 agreed (carol)" in shown(held(payment(), counted("carol")))
    assert "0 of 2 agreed" in shown(held(payment(), counted("carol", policies="old")))
    assert "0 of 2 agreed" in shown(held(payment(), counted("carol")), now_ms=ASKED_MS + 900_000)


def test_an_approval_counts_no_longer_than_the_key_that_signed_it() -> None:
    # Given carol's approval, when her token ends, then it does not count, until she comes with another
    ends, now_ms = ASKED_MS + 120_000, ASKED_MS + 180_000
    by_token = entitled("carol", "finance", until_ms=ends)
    agreed = held(by_token, payment(), counted("carol"))
    assert "1 of 2 agreed (carol)" in shown(agreed, now_ms=ends - 1)
    assert "0 of 2 agreed (nobody yet)" in shown(agreed, now_ms=now_ms)
    again = entitled("carol", "finance", until_ms=now_ms + 1)
    assert "1 of 2 agreed (carol)" in shown(held(by_token, payment(), counted("carol"), again), now_ms=now_ms)
    # And it does not, where the next one gives her another group, or the key is none of hers any more
    assert "0 of 2 agreed" in shown(held(payment(), counted("carol"), entitled("carol", "law")))
    assert "0 of 2 agreed" in shown(
        held(payment(), counted("carol"), entitled("carol", "finance", keys=("V",)))
    )


def test_what_was_decided_says_what_it_took_and_not_who_would_count_now() -> None:
    end = f.Resolved(at_ms=ASKED_MS + 1, number=1, verdict="approved", by=("bob", "carol"))
    text = shown(held(payment(), end))
    assert "it was approved by bob and carol" in text
    assert "agreement it took 2 of finance" in text
    assert "missing" not in text


def test_a_role_for_which_nobody_known_answers_is_said() -> None:
    # Given a group of which all are known that it takes, then nothing is said
    assert "missing" not in shown(held(payment()))
    # When it takes people of one that nobody known is in, or more than are known
    cfo = shown(held(payment(needs=(Need(role="cfo"), Need(role="finance", quorum=3)))))
    assert "missing nobody who has connected so far answers for cfo" in cfo
    assert "of all who have connected so far only bob and carol answer for finance, and it takes 3" in cfo
    # Or whoever asked is one of them, or a token has ended
    barred = held(entitled("dora", "finance"), payment(needs=(Need(role="finance", quorum=3),)))
    assert "only bob and carol answer for finance, and it takes 3" in shown(barred)
    ended = held(entitled("bob", "finance", until_ms=ASKED_MS), payment())
    assert "only carol answers for finance, and it takes 2" in shown(ended)
    # And the same of a desk that is asked a question
    assert "nobody who has connected so far answers for operator" in shown(held(question()))
    assert "missing" not in shown(held(question(), entitled("olga", roles=("admin",))))


def test_two_groups_are_both_named() -> None:
    needs = (Need(role="finance", quorum=2), Need(role="cfo"))
    assert "0 of 3 agreed (nobody yet); it takes 2 of finance and 1 of cfo" in shown(
        held(payment(needs=needs))
    )


def test_what_happens_at_the_deadline_is_said() -> None:
    routes = (Route(role="finance", after_s=3_600, then="cfo"), Route(role="cfo", after_s=9, then="finance"))
    asked = held(payment(), routes=routes)
    assert "in 59 min: then cfo is asked, and at last it is denied" in shown(asked)
    # And whoever was asked before is not asked again
    moved = f.EscalationMoved(at_ms=ASKED_MS, number=1, desk="cfo", deadline_ms=DEADLINE_MS)
    assert "in 59 min: then it is denied" in shown(held(payment(), moved, routes=routes))
    assert "over: then it is denied" in shown(held(payment()), now_ms=DEADLINE_MS)
    assert "none: it waits until somebody decides" in shown(held(question()))
    assert "none: it is listed until somebody has seen it" in shown(held(review(1)))


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        (payment(), "it cannot be undone"),
        (payment(reversible="", undo=""), "nobody says whether it can be undone"),
        (review(1), "it can be undone, with refund"),
        (question(), "\n  it is for operator"),
        (
            form_step(),
            "form to fill in; what has a * has to be there\n    account *\n    cents (integer): minimum 1",
        ),
        (form_step(type="array"), 'form the answer has to fit:\n    {\n      "type": "array"'),
        (msgspec.structs.replace(question(), blocks=False), "nothing waits for it"),
    ],
)
def test_what_one_must_know_is_said(fact: f.Escalated, words: str) -> None:
    assert words in shown(held(fact))


def test_of_what_was_not_done_nobody_says_whether_it_can_be_undone() -> None:
    tried = msgspec.structs.replace(payment(arguments={}, reversible=""), kind="violation")
    assert "undone" not in shown(held(tried))


def test_which_limit_is_used_up_is_said_in_peoples_units_with_what_one_types() -> None:
    reason = "the budget is used up: wall_ms of the task: limit 2000, needed 1 more"
    lack = f.Lack(scope="task", dimension="wall_ms", limit=2_000, needed=1)
    asked = msgspec.structs.replace(question(text=reason), kind="budget")
    case = held(f.Parked(at_ms=ASKED_MS, kind="budget", reason=reason, lack=lack), asked)
    assert "  the budget is used up: the task may use 2 s, and that time is over" in shown(case)
    assert "wall_ms" not in shown(case)
    assert to_do(case.asked).startswith("interlock budget raise 42.1 --wall-s 300, or")


@pytest.mark.parametrize(("kind", "label"), [("approval", "costs"), ("budget", "spent")])
def test_what_was_spent_is_no_cost_of_what_is_asked(kind: EscalationKind, label: str) -> None:
    assert f"{label} 1 tool call" in shown(held(msgspec.structs.replace(payment(), kind=kind)))


def test_what_was_decided_is_said_instead_of_what_may_be_done() -> None:
    end = f.Resolved(at_ms=ASKED_MS, number=1, verdict="approved", by=("bob", "carol", "dora"), reason="fine")
    text = shown(held(payment(), end))
    assert "it was approved by bob, carol and dora: fine" in text
    assert "deadline" not in text


def test_who_sent_it_there_is_said() -> None:
    moved = f.EscalationMoved(at_ms=ASKED_MS, number=1, desk="cfo", by="alice", reason="too big")
    assert "asked now cfo, sent there by alice (too big)" in shown(held(payment(), moved))


@pytest.mark.parametrize(
    ("fact", "typed"),
    [
        (payment(), "interlock approve 42.1, or: interlock reject 42.1 REASON"),
        (question(), "interlock answer 42.1 TEXT, or: interlock reject 42.1 REASON"),
        (
            form_step(),
            """interlock answer 42.1 --value '{"account": …}', or: interlock reject 42.1 REASON""",
        ),
        (
            form_step(type="object", properties={"'; ls '": {}}, required=["'; ls '"]),
            "interlock answer 42.1 --value JSON, or: interlock reject 42.1 REASON",
        ),
        (
            msgspec.structs.replace(question(), kind="budget"),
            "interlock budget raise 42.1 --usd USD, or: interlock reject 42.1 REASON",
        ),
    ],
)
def test_what_one_types_is_said(fact: f.Escalated, typed: str) -> None:
    assert to_do(held(fact).asked) == typed


@pytest.mark.parametrize(
    ("hidden", "as_what"),
    [
        ("\x1b[2K", "\\u001b[2K"),
        ("\u202e", "\\u202e"),
        ("\u200b", "\\u200b"),
        ("\x9b", "\\u009b"),
        ("\U000e0041", "\\udb40\\udc41"),
        ("a\nb\tc", "a b c"),
        ("Zürich 東京 €", "Zürich 東京 €"),
    ],
)
def test_hidden_characters_are_written_as_numbers(hidden: str, as_what: str) -> None:
    assert visible(hidden) == as_what


def test_json_with_hidden_characters_stays_the_same_json() -> None:
    value = {"a\u202e": "\x1b\u200b\U000e0041 ü", "b": [1.5, None, True]}
    lines = pretty(value)
    assert not set("".join(lines)) & set("\u202e\x1b\u200b\U000e0041")
    assert msgspec.json.decode("\n".join(lines)) == value


@pytest.mark.parametrize(
    ("span_ms", "said"),
    [
        (0, "now"),
        (999, "now"),
        (-5, "now"),
        (59_000, "59 s"),
        (60_000, "1 min"),
        (7_300_000, "2 h"),
        (2 * 86_400_000, "2 d"),
    ],
)
def test_spans_are_said_as_one_says_them(span_ms: int, said: str) -> None:
    assert span(span_ms) == said


def test_names_are_said_as_one_says_them() -> None:
    assert [names(()), names(("a",)), names(("a", "b")), names(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_changes_are_told_place_by_place() -> None:
    before = {"a": 1, "b": {"c": "x", "d": [1]}, "e": {}}
    after = {"a": 1, "b": {"c": "y", "d": [1, 2]}, "f": None}
    assert changes(before, after) == [
        'b.c: "x" -> "y"',
        "b.d: [1] -> [1,2]",
        "e: {} -> nothing",
        "f: nothing -> null",
    ]


def test_a_value_that_is_set_leaves_what_was_asked_for_as_it_was() -> None:
    before = {"a": {"b": 1}}
    assert with_values(before, ["a.b=2", "c=plain words", 'd={"x": 1}', "e=x=y"]) == {
        "a": {"b": 2},
        "c": "plain words",
        "d": {"x": 1},
        "e": "x=y",
    }
    assert before == {"a": {"b": 1}}


# Forms.

ANY_FORMS: list[dict[str, Any]] = [
    {"type": "array"},
    {"type": "object"},
    {"oneOf": [{"type": "string"}]},
    {"type": "object", "properties": {str(number): {} for number in range(33)}},
    {"type": "object", "properties": "nonsense"},
]


def test_a_flat_form_has_a_field_for_each_property() -> None:
    form = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "title": "who"},
            "long": {"type": "string", "maxLength": 5_000},
            "count": {"type": "integer"},
            "sure": {"type": "boolean"},
            "colour": {"enum": ["red", 1, None]},
            "rest": {"type": "array"},
        },
        "required": ["name", "sure"],
    }
    fields = fields_of(form)
    assert [(one.name, one.kind, one.holds, one.required) for one in fields] == [
        ("name", "line", "words", True),
        ("long", "text", "words", False),
        ("count", "line", "json", False),
        ("sure", "choice", "json", True),
        ("colour", "choice", "json", False),
        ("rest", "text", "json", False),
    ]
    assert (fields[0].label, fields[0].about) == ("name *", "who")
    assert fields[4].choices == ('"red"', "1", "null")
    assert [words_of(one) for one in fields[4].choices] == ["red", "1", "null"]
    typed = {"name": "bob", "long": " ", "count": "3", "sure": "false", "colour": "null", "rest": "[1]"}
    assert value_of(fields, typed) == {"name": "bob", "count": 3, "sure": False, "colour": None, "rest": [1]}


def test_a_form_may_have_a_field_of_any_name() -> None:
    fields = fields_of({"type": "object", "properties": {"value": {"type": "string"}}})
    assert value_of(fields, {"value": "x"}) == {"value": "x"}


def test_a_form_is_told_field_by_field_and_no_rule_of_it_is_left_out() -> None:
    form = {
        "type": "object",
        "properties": {
            "way": {"enum": ["by\u202ehand", 2], "description": "how"},
            "note": {"type": "string", "maxLength": 9, "pattern": "^\x1b"},
        },
        "required": ["way"],
    }
    assert told(form) == ["way *: by\\u202ehand or 2; how", 'note: maxLength 9; pattern "^\\u001b"']


@pytest.mark.parametrize(
    "form",
    ANY_FORMS,
    ids=str,
)
def test_any_other_form_has_one_field_for_its_value(form: dict[str, Any]) -> None:
    (field,) = fields_of(form)
    assert (field.kind, field.holds) == ("text", "json")
    assert value_of((field,), {field.name: '{"a": 1}'}) == {"a": 1}
