"""What people type to decide: it shows what is decided about, signs that, and tells what it came to."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import click
import msgspec
import pytest
from tests.console.people.conftest import Decides, Desk, is_by
from tests.console.people.examples import (
    ARGUMENTS,
    ASKED_MS,
    POLICIES,
    delegated,
    form_step,
    model_use,
    payment,
    question,
    review,
)

from interlock.console.commands import edit as edit_command
from interlock.console.exits import Exit
from interlock.console.people import undoing
from interlock.contracts import facts as f
from interlock.contracts.approval import digest_of
from interlock.contracts.budget import NOTHING, Amounts
from interlock.contracts.inputs import Input
from interlock.contracts.people import (
    Abort,
    Answer,
    Approve,
    Delegate,
    Edit,
    Raise,
    Reassign,
    Reject,
    VerdictKind,
)

Answers = Callable[[Input], list[tuple[int, tuple[f.AnyFact, ...]]]]
Captured = pytest.CaptureFixture[str]


def counts(heard: Input) -> tuple[f.AnyFact, ...]:
    """Count whatever approval is said."""
    assert isinstance(heard.body, Approve | Edit)
    assert heard.body.approval is not None
    return (
        f.ApprovalCounted(
            at_ms=ASKED_MS,
            number=1,
            by=heard.principal,
            input=heard.seq,
            approval=heard.body.approval,
        ),
    )


def resolves(verdict: VerdictKind, *more: f.AnyFact, number: int = 1) -> Decides:
    """Return who lets a verdict be the one that counts."""

    def decides(heard: Input) -> tuple[f.AnyFact, ...]:
        by, input_ = (heard.principal,), heard.seq
        fact = f.Resolved(at_ms=ASKED_MS, number=number, verdict=verdict, by=by, input=input_)
        return (fact, *more)

    return decides


def undoes(desk: Desk, decides: Decides, *ends: Literal["completed"]) -> Answers:
    """Return who lets a review be rejected, orders the undoing of task 42's effect, and so ends it."""

    def answer(heard: Input) -> list[tuple[int, tuple[f.AnyFact, ...]]]:
        desk.heard.append(heard)
        granted = f.EffectGranted(
            effect=heard.seq,
            step="pay",
            attempt=1,
            key="undo.50",
            grant=1,
            worker="effects-1",
            reserved=NOTHING,
            demand=f.Demand(kind="tool", name="refund"),
            repeatable=True,
        )
        settled = [f.EffectSettled(effect=heard.seq, grant=1, end=end, basis="actual") for end in ends]
        return [(42, (granted,)), (0, decides(heard)), *((42, (fact,)) for fact in settled)]

    return answer


def value_of(desk: Desk) -> object:
    said = desk.said
    assert isinstance(said, Answer)
    assert isinstance(said.value, msgspec.Raw)
    return msgspec.json.decode(said.value)


def test_an_approval_is_signed_over_what_was_shown(desk: Desk, capsys: Captured) -> None:
    # Given a payment that two of finance must agree to
    desk.asks(payment())
    desk.decides = counts
    # When one of them approves it
    code = desk.type("approve", "{n}", "--reason", "checked")
    # Then all of it was shown, exactly that was signed, and it is told who else must agree
    shown = capsys.readouterr()
    assert code == Exit.WAITING
    for piece in (
        '"amount_cents": 90000',
        '"iban": "DE02120300000000202051"',
        "Never pay more than 500 dollars without two of finance. (policy large)",
        "UNTRUSTED",
        "it cannot be undone",
        "executor-1 as executor: Pays invoices.",
        "dora, tenant acme",
        "2 of finance",
        "then it is denied",
        digest_of(ARGUMENTS)[:12],
    ):
        assert piece in shown.out
    assert "your approval counts; 1 of 2 agreed (alice)" in shown.err
    said = desk.said
    assert isinstance(said, Approve)
    assert said.approval is not None
    statement = said.approval.statement
    assert is_by(desk, said.approval)
    assert (statement.task, statement.number, statement.effect) == (desk.task, 1, 50)
    assert (statement.tool, statement.arguments) == ("pay", digest_of(ARGUMENTS))
    assert (statement.policies, statement.verdict, statement.by) == (POLICIES, "approve", "alice")
    assert said.reason == "checked"


def test_what_follows_from_the_last_approval_is_told(desk: Desk, capsys: Captured) -> None:
    granted = f.EffectGranted(
        effect=50,
        step="pay",
        attempt=1,
        key="k",
        grant=1,
        worker="effects-1",
        reserved=Amounts(tool_calls=1),
        demand=f.Demand(kind="tool", name="pay"),
        repeatable=True,
    )
    desk.asks(payment(quorum=1))
    desk.decides = lambda heard: (*counts(heard), *resolves("approved", granted)(heard))
    assert desk.type("approve", "{n}") == Exit.DONE
    told = capsys.readouterr().err
    assert f"{desk.task}.1 was approved by alice" in told
    assert "pay: pay granted" in told


def test_a_verdict_that_was_overtaken_is_not_said(desk: Desk, capsys: Captured) -> None:
    # Given a payment that others have decided
    desk.asks(payment())
    desk.asks(f.Resolved(at_ms=ASKED_MS, number=1, verdict="rejected", by=("bob",), reason="paid twice"))
    # When somebody approves it, then it is told what was decided, by whom, and nothing is said
    assert desk.type("approve", "{n}") == Exit.REJECTED
    assert f"{desk.task}.1 was rejected by bob: paid twice" in capsys.readouterr().err
    assert not desk.heard


def test_a_refusal_is_told_with_the_supervisors_words(desk: Desk, capsys: Captured) -> None:
    desk.asks(payment())
    desk.decides = lambda heard: (f.Refused(input=heard.seq, reason="you asked for it"),)
    assert desk.type("approve", "{n}") == Exit.REJECTED
    assert "you asked for it" in capsys.readouterr().err
    # As JSON too
    assert desk.type("approve", "{n}", "--json") == Exit.REJECTED
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["asked"]["arguments"]) == ("refused", ARGUMENTS)


def test_arguments_that_do_not_have_the_logs_digest_are_not_signed(desk: Desk, capsys: Captured) -> None:
    desk.asks(msgspec.structs.replace(payment(), digest="0" * 64))
    assert desk.type("approve", "{n}") == Exit.INTERNAL
    assert "nothing was signed" in capsys.readouterr().err
    assert not desk.heard


def test_without_a_key_nothing_is_said(desk: Desk, capsys: Captured) -> None:
    desk.asks(payment())
    assert desk.terminal.type("approve", f"{desk.task}.1") == Exit.USAGE
    assert "interlock keys create alice --role approver" in capsys.readouterr().err
    assert not desk.heard


def test_a_key_that_others_may_read_is_refused(desk: Desk, capsys: Captured) -> None:
    desk.asks(payment())
    desk.key_file.chmod(0o644)
    assert desk.type("approve", "{n}") == Exit.USAGE
    assert "chmod 600" in capsys.readouterr().err


def test_what_is_no_effect_needs_no_signature(desk: Desk) -> None:
    desk.asks(question())
    desk.decides = resolves("resumed")
    assert desk.type("approve", "{n}") == Exit.DONE
    assert desk.said == Approve()


def test_without_a_supervisor_it_is_told_where_the_verdict_stands(
    desk: Desk, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interlock.console.sayings.DECIDED_S", 0.01)
    desk.asks(question())
    desk.terminal.answer = lambda _: []
    assert desk.type("answer", "{n}", "yes") == Exit.DONE
    assert "no supervisor has decided on it yet" in capsys.readouterr().err


def test_single_values_are_edited_and_the_new_arguments_signed(desk: Desk, capsys: Captured) -> None:
    # Given a payment
    desk.asks(payment(quorum=1))
    desk.decides = lambda heard: (*counts(heard), *resolves("edited")(heard))
    # When two of its values are changed
    code = desk.type("edit", "{n}", "--set", "amount_cents=50000", "--set", "creditor.name=ACME Inc")
    # Then these are signed, and the change was shown
    wanted = {"amount_cents": 50_000, "creditor": {"iban": "DE02120300000000202051", "name": "ACME Inc"}}
    said = desk.said
    assert code == Exit.DONE
    assert isinstance(said, Edit)
    assert said.arguments == wanted
    assert is_by(desk, said.approval)
    assert said.approval.statement.arguments == digest_of(wanted)
    assert said.approval.statement.verdict == "edit"
    assert "amount_cents: 90000 -> 50000" in capsys.readouterr().err


def test_arguments_are_edited_in_an_editor_where_there_is_a_terminal(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.asks(payment())
    desk.decides = counts
    monkeypatch.setattr(edit_command, "is_interactive", lambda: True)

    def lower(text: str, **_: str) -> str:
        return text.replace("90000", "7")

    monkeypatch.setattr(click, "edit", lower)
    assert desk.type("edit", "{n}") == Exit.WAITING
    assert isinstance(desk.said, Edit)
    assert desk.said.arguments["amount_cents"] == 7


@pytest.mark.parametrize("saved", ["", None, "// nothing\n"])
def test_an_editor_in_which_nothing_is_saved_says_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, saved: str | None
) -> None:
    desk.asks(payment())
    monkeypatch.setattr(edit_command, "is_interactive", lambda: True)

    def save(_text: str, **_: str) -> str | None:
        return saved

    monkeypatch.setattr(click, "edit", save)
    assert desk.type("edit", "{n}") == Exit.USAGE
    assert not desk.heard


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--set", "amount_cents=90000"), "nothing was changed"),
        (("--set", "a.b.c=1"), "is no place in the arguments"),
        (("--set", "amount_cents"), "is not name=value"),
        (("--set", "=1"), "is not name=value"),
        (("--set", "amount_cents=bad \udcff"), "is not valid UTF-8 text"),
        (("--set", "x=" + "y" * 20_000), "more than people can judge"),
    ],
)
def test_a_bad_edit_says_nothing(desk: Desk, capsys: Captured, words: tuple[str, ...], sentence: str) -> None:
    desk.asks(payment())
    assert desk.type("edit", "{n}", *words) == Exit.USAGE
    assert sentence in capsys.readouterr().err
    assert not desk.heard


def test_only_an_effect_can_be_edited(desk: Desk, capsys: Captured) -> None:
    desk.asks(question())
    assert desk.type("edit", "{n}", "--set", "a=1") == Exit.USAGE
    assert "there is nothing to edit" in capsys.readouterr().err


def test_what_a_model_is_asked_is_listed_and_signed_and_not_edited(desk: Desk, capsys: Captured) -> None:
    fact = model_use()
    desk.asks(fact)
    assert desk.type("inbox") == Exit.DONE
    assert "far/x Who is ill? - executor wants to ask" in capsys.readouterr().out
    assert desk.type("edit", "{n}", "--set", "prompt=no") == Exit.USAGE
    assert "is about the use of a model, which nobody edits" in capsys.readouterr().err
    assert not desk.heard
    desk.decides = lambda heard: (*counts(heard), *resolves("approved")(heard))
    assert desk.type("approve", "{n}") == Exit.DONE
    assert isinstance(desk.said, Approve)
    assert desk.said.approval is not None
    assert is_by(desk, desk.said.approval)
    statement = desk.said.approval.statement
    assert (statement.tool, statement.arguments) == ("model:far/x", digest_of(fact.arguments))


def test_a_rejection_carries_its_reason(desk: Desk, capsys: Captured) -> None:
    desk.asks(payment())
    denied = f.EffectDenied(effect=50, step="pay", attempt=1, key="k", rule="person", reason="paid already")
    desk.decides = resolves("rejected", denied)
    assert desk.type("reject", "{n}", " paid already ") == Exit.DONE
    assert desk.said == Reject(reason="paid already")
    assert "denied by person: paid already" in capsys.readouterr().err


def test_only_a_review_can_be_undone(desk: Desk, capsys: Captured) -> None:
    desk.asks(payment())
    assert desk.type("reject", "{n}", "no", "--undo") == Exit.USAGE
    assert "is no review" in capsys.readouterr().err
    # And only where a tool can
    desk.asks(review(1, undo=""), task=0)
    assert desk.type("reject", "0.1", "no", "--undo") == Exit.USAGE
    assert "no tool undoes" in capsys.readouterr().err
    assert not desk.heard


@pytest.mark.timeout(30)
def test_a_review_is_listed_and_rejected_with_undo(
    desk: Desk, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody waits longer than until it has ended
    monkeypatch.setattr(undoing, "UNDONE_S", 3_600.0)
    # Given a review on the fleet's subject, beside a payment that waits
    desk.asks(payment())
    desk.asks(review(7), task=0)
    # When the reviews are listed
    assert desk.type("reviews") == Exit.DONE
    listed = capsys.readouterr().out
    assert "0.7" in listed
    assert f"{desk.task}.1" not in listed
    # And one is rejected
    desk.terminal.answer = undoes(desk, resolves("rejected", number=7), "completed")
    assert desk.type("reject", "0.7", "wrong account", "--undo") == Exit.DONE
    assert desk.said == Reject(reason="wrong account", undo=True)
    assert desk.heard[-1].rest == ("0", "7")
    # Then its end is told, and whoever looks later sees it too
    told = f"effect {desk.heard[-1].seq} completed"
    assert told in capsys.readouterr().err
    assert desk.type("show", "0.7") == Exit.DONE
    assert told in capsys.readouterr().out


def test_an_undoing_of_which_the_end_is_not_known_yet_is_told_as_it_stands(
    desk: Desk, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undoing, "UNDONE_S", 0.05)
    desk.asks(review(7), task=0)
    desk.terminal.answer = undoes(desk, resolves("rejected", number=7))
    assert desk.type("reject", "0.7", "wrong account", "--undo") == Exit.DONE
    assert "refund granted" in capsys.readouterr().err


def test_a_question_is_answered_in_words(desk: Desk, capsys: Captured) -> None:
    desk.asks(question())
    desk.decides = resolves("answered")
    assert desk.type("answer", "{n}", " the newer one ") == Exit.DONE
    assert desk.said == Answer(text="the newer one")
    assert "was answered by alice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ('{"account": 7}', 'at $.account: 7 is not of type "string"'),
        ('{"cents": 5}', '"account" is a required property'),
        ('{"account": "a", "cents": 0}', "at $.cents: 0 is less than the minimum of 1"),
    ],
)
def test_an_answer_that_does_not_fit_the_form_is_not_said(
    desk: Desk, capsys: Captured, value: str, sentence: str
) -> None:
    desk.asks(form_step())
    assert desk.type("answer", "{n}", "--value", value) == Exit.USAGE
    assert sentence in capsys.readouterr().err
    assert not desk.heard


def test_a_form_is_answered_by_its_value(desk: Desk) -> None:
    desk.asks(form_step())
    desk.decides = resolves("answered")
    assert desk.type("answer", "{n}", "--value", '{"account": "main", "cents": 5}') == Exit.DONE
    assert value_of(desk) == {"account": "main", "cents": 5}


def test_words_are_the_value_of_a_form_that_asks_for_words_and_of_no_other(
    desk: Desk, capsys: Captured
) -> None:
    desk.asks(form_step(1, type="string", minLength=3))
    desk.decides = resolves("answered")
    assert desk.type("answer", "{n}", "ab") == Exit.USAGE
    assert desk.type("answer", "{n}", "abc") == Exit.DONE
    assert value_of(desk) == "abc"
    desk.asks(form_step(2))
    assert desk.type("answer", f"{desk.task}.2", "main") == Exit.USAGE
    assert "--value JSON" in capsys.readouterr().err


def test_a_form_that_is_no_schema_is_told_and_fetches_nothing(desk: Desk, capsys: Captured) -> None:
    desk.asks(form_step(1, **{"$ref": "http://127.0.0.1:1/schema.json"}))
    assert desk.type("answer", "{n}", "--value", "1") == Exit.USAGE
    assert "it is no JSON Schema" in capsys.readouterr().err
    desk.asks(form_step(2, type=7))
    assert desk.type("answer", f"{desk.task}.2", "--value", "1") == Exit.USAGE
    assert "it is no JSON Schema" in capsys.readouterr().err


def test_somebody_else_is_asked(desk: Desk, capsys: Captured) -> None:
    desk.asks(payment())
    desk.decides = lambda heard: (
        f.EscalationMoved(at_ms=ASKED_MS, number=1, desk="carol", by="alice", input=heard.seq, reason="hers"),
    )
    assert desk.type("reassign", "{n}", "carol", "--reason", "hers") == Exit.DONE
    assert desk.said == Reassign(to="carol", reason="hers")
    said = capsys.readouterr().err
    assert f"{desk.task}.1: carol is asked now: hers" in said
    # And that she, so far, is nobody whom anybody knows
    assert "nobody who has connected so far answers for carol" in said


def test_an_open_one_is_shown_with_what_one_types(desk: Desk, capsys: Captured) -> None:
    desk.asks(payment())
    assert desk.type("show", "{n}") == Exit.DONE
    assert f"to decide: interlock approve {desk.task}.1, or" in capsys.readouterr().out
    desk.asks(f.Resolved(at_ms=ASKED_MS, number=1, verdict="void"))
    assert desk.type("show", "{n}") == Exit.DONE
    assert "to decide" not in capsys.readouterr().out


def test_the_task_that_asks_is_ended(desk: Desk, capsys: Captured) -> None:
    desk.asks(question())
    failed = f.Failed(at_ms=ASKED_MS, reason="ended by alice", kind="person")
    desk.decides = resolves("aborted", failed)
    assert desk.type("abort", "{n}") == Exit.DONE
    assert desk.said == Abort()
    assert "failed: ended by alice" in capsys.readouterr().err


def test_a_budget_is_raised_by_whoever_may_answer(desk: Desk) -> None:
    desk.asks(msgspec.structs.replace(question(), kind="budget"))
    desk.decides = resolves("raised")
    assert desk.type("budget", "raise", "{n}", "--usd", "0.5") == Exit.DONE
    assert desk.said == Raise(more=Amounts(spend_usd_micros=500_000))


def test_somebody_stands_in(desk: Desk, capsys: Captured) -> None:
    desk.decides = lambda _: (delegated("alice", "carol"),)
    assert desk.type("delegate", "carol", "--for", "8h", "--reason", "train") == Exit.DONE
    assert desk.said == Delegate(to="carol", for_s=28_800, reason="train")
    assert "carol may answer for alice until" in capsys.readouterr().err
    desk.decides = lambda _: (delegated("alice", "carol", ASKED_MS),)
    assert desk.type("delegate", "carol", "--end") == Exit.DONE
    assert desk.said == Delegate(to="carol", for_s=0)
    assert "carol does not answer for alice any more" in capsys.readouterr().err


def test_the_inbox_shows_one_where_it_is_named(desk: Desk, capsys: Captured) -> None:
    desk.asks(payment(1), payment(2, arguments={"amount_cents": 7}))
    assert desk.type("inbox", f"{desk.task}.2") == Exit.DONE
    shown = capsys.readouterr().out
    assert desk.type("show", f"{desk.task}.2") == Exit.DONE
    assert shown.splitlines()[1:] == capsys.readouterr().out.splitlines()[1:]
    assert desk.type("inbox", f"{desk.task}.2", "--json") == Exit.DONE
    assert msgspec.json.decode(capsys.readouterr().out)["arguments"] == {"amount_cents": 7}
    # And what is no such number, or two wishes at once, is said
    for words, sentence in (
        (("3",), "'3' is not the number of anything that people are asked: it looks like 42.1"),
        ((f"{desk.task}.9",), f"there is no {desk.task}.9"),
        ((f"{desk.task}.2", "--mine"), "Leave one of them away"),
    ):
        assert desk.type("inbox", *words) == Exit.USAGE
        assert sentence in capsys.readouterr().err


def test_the_inbox_is_a_list_where_there_is_no_terminal(desk: Desk, capsys: Captured) -> None:
    assert desk.type("inbox") == Exit.DONE
    assert "nobody waits for anybody" in capsys.readouterr().err
    # Given a payment that is alice's to decide, and a question that is bob's
    desk.asks(payment(), msgspec.structs.replace(question(2), desk="bob"))
    # When she lists all, and what is hers
    assert desk.type("inbox", "--plain") == Exit.DONE
    header, first, second = capsys.readouterr().out.splitlines()
    assert header.split()[:2] == ["number", "kind"]
    assert first.split()[:2] == [f"{desk.task}.1", "approval"]
    assert " yes " in first
    assert "which edition?" in second
    assert desk.type("inbox", "--mine", "--json") == Exit.DONE
    listed = json.loads(capsys.readouterr().out)
    assert [(one["number"], one["mine"], one["arguments"]) for one in listed] == [
        (f"{desk.task}.1", True, ARGUMENTS)
    ]
    assert listed[0]["needs"] == [{"role": "finance", "quorum": 2}]


def test_what_was_planted_looks_like_any_other(desk: Desk, capsys: Captured) -> None:
    desk.asks(payment(1, canary=True, blocks=False, risk=""))
    for words in (("inbox",), ("inbox", "--json"), ("show", "{n}"), ("show", "{n}", "--json")):
        assert desk.type(*words) == Exit.DONE
        shown = capsys.readouterr().out
        assert not [
            word for word in ("canary", "nothing waits", "unknown", '"blocks": false') if word in shown
        ]


def test_one_is_shown_by_its_number(desk: Desk, capsys: Captured) -> None:
    desk.asks(payment())
    assert desk.type("show", "{n}") == Exit.DONE
    assert '"amount_cents": 90000' in capsys.readouterr().out
    assert desk.type("show", "{n}", "--json") == Exit.DONE
    assert json.loads(capsys.readouterr().out)["tool"] == "pay"


def test_hidden_characters_are_shown_as_what_they_are(desk: Desk, capsys: Captured) -> None:
    # Given a request that would move the cursor, turn the direction of text, and hide a letter
    hostile = "pay \x1b[2K\u202e9.00\u202c\u200b to ACME\x9b31m"
    desk.asks(payment(arguments={"note": hostile, hostile: 1}, summary=hostile))
    # When it is shown and listed
    for words in (("show", "{n}"), ("inbox",)):
        assert desk.type(*words) == Exit.DONE
        shown = capsys.readouterr().out
        # Then none of that reaches the terminal
        assert not set(shown) & set("\x1b\u202e\u202c\u200b\x9b")
        assert "\\u001b[2K\\u202e9.00" in shown


def test_a_whole_key_file_from_another_machine_signs_too(desk: Desk, tmp_path: Path) -> None:
    from interlock.bus.bundle import Bundle, write  # noqa: PLC0415 - this test alone needs it

    bundle = tmp_path / "alice.bundle"
    write(Bundle("alice", "nats://memory", desk.key.seed), bundle)
    desk.key_file = bundle
    desk.asks(payment())
    desk.decides = counts
    assert desk.type("approve", "{n}") == Exit.WAITING
    assert isinstance(desk.said, Approve)
    assert desk.said.approval is not None
    assert is_by(desk, desk.said.approval)
