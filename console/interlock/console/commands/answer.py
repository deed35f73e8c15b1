"""`interlock answer`: a person's answer to a question, or to the form of a step that a person does."""

from typing import Any

import click
import msgspec

from interlock.console.commands.verdict import give
from interlock.console.environment import Reach, Where, find
from interlock.console.errors import BadInput
from interlock.console.help import command
from interlock.console.options import json_option, reach_options
from interlock.console.people.checking import checked_words
from interlock.console.people.editing import read_json
from interlock.console.people.forms import answer_of
from interlock.console.people.numbers import Number, number_argument
from interlock.console.people.reading import Case
from interlock.console.runtime import run_async
from interlock.contracts import limits
from interlock.contracts.people import Answer


@command()
@number_argument
@click.argument("text", required=False)
@click.option("--value", metavar="JSON", help="The answer to a form, as its schema asks.")
@json_option
@reach_options
def answer(number: Number, text: str | None, value: str | None, as_json: bool, **where: Any) -> int:
    """Answer N with TEXT, or a form with --value; interlock inbox lists what is asked.

    Examples:
      interlock answer 42.1 "Yes, use the newer edition."
      interlock answer 42.2 --value '{"approved": true, "amount_cents": 5000}'

    """
    if text is None and value is None:
        raise BadInput("say the answer in quotation marks, or fill in the form with --value JSON")
    if text is not None:
        text = checked_words(text, "the answer", limits.MAX_GOAL_CHARS)
    given = msgspec.UNSET if value is None else read_json(value, "--value")
    return run_async(_answer(find(Where(**where)), number, text, given, as_json=as_json))


async def _answer(reach: Reach, number: Number, text: str | None, value: Any, *, as_json: bool) -> int:
    async def think(case: Case) -> Answer:
        return answer_of(case.asked, text, value)

    return await give(reach, number, think, as_json=as_json)
