"""What a person fills in to say each verb, and the verdict that it makes. It sends nothing."""

from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from interlock.console.amount_options import Amount
from interlock.console.budgets.dimensions import BY_NAME
from interlock.console.errors import BadInput
from interlock.console.people.checking import checked_who, checked_words
from interlock.console.people.editing import changes, check_editable, read_object
from interlock.console.people.fields import Field, Typed, fields_of, value_of
from interlock.console.people.forms import answer_of
from interlock.console.people.reading import Case
from interlock.console.people.saying import Verdict
from interlock.console.people.signing import sign_approve, sign_edit, signer_of
from interlock.console.people.visible import pretty
from interlock.console.people.words import APPROVE_MEANS, GO_ON
from interlock.contracts import limits
from interlock.contracts.budget import Amounts
from interlock.contracts.people import Abort, Approve, Edit, Raise, Reassign, Reject

REASON = Field(name="reason", label="why (it stands in the log)")


class Person(msgspec.Struct, frozen=True):
    """Who decides, and where their key stands."""

    name: str
    key_file: Path | None


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be filled in; `makes` reads it into a verdict, and raises BadInput for what does not do."""

    title: str
    button: str
    fields: tuple[Field, ...]
    makes: Callable[[Typed], Verdict]


def sheet_of(verb: str, case: Case, person: Person) -> Sheet:
    """Return the sheet of a verb; raises BadInput where it can have none, such as for a missing key."""
    return SHEETS[verb](case, person)


def _approve(case: Case, person: Person) -> Sheet:
    asked = case.asked
    signer = signer_of(person.key_file, person.name) if asked.is_signed else None

    def makes(typed: Typed) -> Approve:
        signed = None if signer is None else sign_approve(signer, person.name, case.docket, asked)
        return Approve(approval=signed, reason=_reason(typed))

    means = APPROVE_MEANS.get(asked.said.kind, GO_ON)
    button = "Sign and approve" if signer else "Approve"
    return Sheet(title=f"Approve {asked.number}: {means}", button=button, fields=(REASON,), makes=makes)


def _edit(case: Case, person: Person) -> Sheet:
    asked = case.asked
    check_editable(asked)
    signer = signer_of(person.key_file, person.name)

    def makes(typed: Typed) -> Edit:
        arguments = read_object(str(typed["arguments"]), "arguments")
        if not changes(asked.arguments, arguments):
            raise BadInput("nothing was changed; approve it as it is")
        approval = sign_edit(signer, person.name, case.docket, asked, arguments)
        return Edit(arguments=arguments, approval=approval, reason=_reason(typed))

    text = Field(name="arguments", label="arguments", kind="text", value="\n".join(pretty(asked.arguments)))
    return Sheet(
        title=f"Edit {asked.number}, and agree to that",
        button="Sign and edit",
        fields=(text, REASON),
        makes=makes,
    )


def _reject(case: Case, _person: Person) -> Sheet:
    said = case.asked.said
    why = Field(name="reason", label="why (whoever asked is told) *", required=True)
    undo = Field(name="undo", label=f"take it back, with {said.undo}", kind="flag")
    can_undo = said.kind == "review" and bool(said.undo)

    def makes(typed: Typed) -> Reject:
        reason = checked_words(str(typed["reason"]), "the reason", limits.MAX_REASON_CHARS)
        return Reject(reason=reason, undo=bool(typed.get("undo")))

    fields = (why, undo) if can_undo else (why,)
    return Sheet(title=f"Reject {case.asked.number}", button="Reject", fields=fields, makes=makes)


def _answer(case: Case, _person: Person) -> Sheet:
    asked = case.asked
    title = f"Answer {asked.number}"
    if not asked.said.form:
        words = Field(name="text", label="the answer *", kind="text", required=True)
        return Sheet(
            title=title,
            button="Answer",
            fields=(words,),
            makes=lambda typed: answer_of(
                asked, checked_words(str(typed["text"]), "the answer", limits.MAX_GOAL_CHARS)
            ),
        )
    fields = fields_of(asked.said.form)
    return Sheet(
        title=title,
        button="Answer",
        fields=fields,
        makes=lambda typed: answer_of(asked, None, value_of(fields, typed)),
    )


def _raise(case: Case, _person: Person) -> Sheet:
    lack = case.asked.lack
    by_name = sorted(BY_NAME.items(), key=lambda item: lack is None or item[1].field != lack.dimension)
    fields = tuple(Field(name=name, label=f"{one.noun} more") for name, one in by_name)

    def makes(typed: Typed) -> Raise:
        more = {
            BY_NAME[name].field: _amount(name, str(text))
            for name, text in typed.items()
            if name in BY_NAME and text
        }
        if not more:
            raise BadInput("nothing to add: write how much of something")
        return Raise(more=Amounts(**more), reason=_reason(typed))

    title = f"Raise the limits of task {case.asked.about}, and go on"
    return Sheet(title=title, button="Raise", fields=(*fields, REASON), makes=makes)


def _reassign(case: Case, _person: Person) -> Sheet:
    who = Field(name="to", label="who is asked instead: a person or a role *", required=True)
    return Sheet(
        title=f"Reassign {case.asked.number}",
        button="Reassign",
        fields=(who, REASON),
        makes=lambda typed: Reassign(to=checked_who(str(typed["to"]).strip()), reason=_reason(typed)),
    )


def _abort(case: Case, _person: Person) -> Sheet:
    return Sheet(
        title=f"Abort {case.asked.number}: ends task {case.asked.about}",
        button="End the task",
        fields=(REASON,),
        makes=lambda typed: Abort(reason=_reason(typed)),
    )


def _reason(typed: Typed) -> str:
    text = str(typed.get("reason", "")).strip()
    return checked_words(text, "the reason", limits.MAX_REASON_CHARS) if text else ""


def _amount(name: str, text: str) -> int:
    dimension = BY_NAME[name]
    try:
        return dimension.inside(Amount(dimension, 1)(text.strip()))
    except click.BadParameter as error:
        raise BadInput(error.message) from error


SHEETS: dict[str, Callable[[Case, Person], Sheet]] = {
    "approve": _approve,
    "edit": _edit,
    "reject": _reject,
    "answer": _answer,
    "raise": _raise,
    "reassign": _reassign,
    "abort": _abort,
}
