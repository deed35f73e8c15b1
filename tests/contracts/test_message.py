"""Decoding is strict, bounded and says where; what it does not know it tolerates."""

import msgspec
import pytest
from tests.contracts.examples import EXAMPLES

from interlock.contracts import limits
from interlock.contracts.control import Control
from interlock.contracts.decision import Decision
from interlock.contracts.effect import EffectRequest
from interlock.contracts.errors import MalformedMessage, NewerProtocol
from interlock.contracts.message import Message, decode, encode, line, snake
from interlock.contracts.presence import EffectHello
from interlock.contracts.task import Submit


def test_unknown_fields_are_tolerated() -> None:
    assert decode(Submit, b'{"goal":"why","colour":{"of":["the","sky"]}}') == Submit(goal="why")


def test_the_version_may_be_left_out_and_is_always_said() -> None:
    assert decode(Control, b"{}").v == 1
    assert msgspec.json.decode(encode(Control())) == {"v": 1, "reason": "", "for_s": None}


@pytest.mark.parametrize(
    "data",
    [
        b'{"v":2,"goal":"why"}',
        b'{"v":2}',
        b'{"v":7,"goal":["a","new","shape"]}',
        b'{"goal":{"deep":1},"v":99999999999999999999999}',
    ],
)
def test_a_newer_major_version_is_refused_in_a_sentence_that_says_what_to_do(data: bytes) -> None:
    with pytest.raises(NewerProtocol, match=r"speaks version \d+ .* this program version 1: upgrade"):
        decode(Submit, data)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (EffectRequest, b'{"step":"a","attempt":1,"key":"k","call":{"call":"tool","tool":"model:x/y"}}'),
        (
            EffectHello,
            b'{"incarnation":"i","tools":[{"tool":"model:x/y","risk":"read","repeatable":true}]}',
        ),
    ],
)
def test_no_tool_has_a_name_by_which_people_sign_the_use_of_a_model(kind: type[Message], data: bytes) -> None:
    with pytest.raises(MalformedMessage, match=r"\.tool"):
        decode(kind, data)
    decode(kind, data.replace(b"model:", b"models:"))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "no submit message"),
        (b"   ", "no submit message"),
        (b"null", "Expected `object`"),
        (b"[]", "Expected `object`"),
        (b"{}", "missing required field `goal`"),
        (b'{"goal":7}', r"Expected `str`, got `int` - at `\$.goal`"),
        (b'{"goal":""}', r"at `\$.goal`"),
        (b'{"goal":NaN}', "malformed"),
        (b'{"goal":"x","priority":NaN}', "malformed"),
        (b'{"goal":"x","priority":5.5}', r"at `\$.priority`"),
        (b'{"goal":"x","priority":10}', r"at `\$.priority`"),
        (b'{"goal":"x","budget":{"tokens":-1}}', r"at `\$.budget.tokens`"),
        (b'{"goal":"x","budget":{"tokens":9007199254740993}}', r"at `\$.budget.tokens`"),
        (b'{"goal":"x","tenant":"No Spaces"}', r"at `\$.tenant`"),
        (b'{"goal":"x","deadline_s":0}', r"at `\$.deadline_s`"),
        (b'{"goal":"x","plan":{"steps":[{"id":"A","role":"r"}]}}', r"at `\$.plan.steps\[0\].id`"),
        (b'{"goal":"\\ud800"}', "no submit message"),
        (b'{"goal":"\xed\xa0\x80"}', "(?i)utf-8"),
        (b'{"goal":"\xff"}', "(?i)utf-8"),
        ('{"goal":"x"}'.encode("utf-16"), "malformed"),
        (b'{"goal":"x"} and more', "malformed"),
        (b'{"goal":"x","plan":{"steps":[{"id":"a","role":"r","input":{"x":1e999}}]}}', "out of range"),
        (b'{"more":' + b"[" * 100_000, "recursion"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_place_is_named(data: bytes, sentence: str) -> None:
    with pytest.raises(MalformedMessage, match=sentence):
        decode(Submit, data)


def test_a_message_beyond_the_limit_is_refused_before_it_is_read() -> None:
    data = b'{"goal":"' + b"x" * limits.MAX_MESSAGE_BYTES + b'"}'
    with pytest.raises(MalformedMessage, match="at most 262144 are read"):
        decode(Submit, data)


def test_a_goal_of_the_greatest_length_is_read_and_one_more_is_not() -> None:
    assert decode(Submit, encode({"goal": "x" * limits.MAX_GOAL_CHARS}))
    with pytest.raises(MalformedMessage, match=r"\$.goal"):
        decode(Submit, encode({"goal": "x" * (limits.MAX_GOAL_CHARS + 1)}))


def nested(levels: int) -> bytes:
    return b'{"goal":"x","more":' + b"[" * levels + b"]" * levels + b"}"


def test_nesting_is_bounded_and_brackets_in_text_are_no_nesting() -> None:
    assert decode(Submit, nested(limits.MAX_DEPTH - 1))
    with pytest.raises(MalformedMessage, match="more than 64 levels deep"):
        decode(Submit, nested(limits.MAX_DEPTH))
    assert decode(Submit, encode({"goal": '[{"\\' * 500}))
    assert decode(Submit, encode({"goal": "x", "wide": [[] for _ in range(1_000)]}))


def test_a_decision_may_be_larger_and_deeper_than_the_input_that_it_speaks_of() -> None:
    (decision,) = EXAMPLES["decision"]
    large = msgspec.structs.replace(decision, by="s" * 2 * limits.MAX_MESSAGE_BYTES)
    assert decode(Decision, encode(large)) == large
    assert Decision.max_depth > Submit.max_depth


def test_names_on_the_wire_are_snake_case() -> None:
    assert [snake(name) for name in ("StepAssigned", "Left", "BudgetWarned")] == [
        "step_assigned",
        "left",
        "budget_warned",
    ]


def test_a_line_is_cut_to_what_the_contract_allows() -> None:
    assert line("short") == "short"
    assert len(line("x" * 9_999)) == limits.MAX_LINE_CHARS
