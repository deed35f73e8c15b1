"""`interlock submit`: hands in a goal; the answer is the task's number."""

from typing import Any

import click

from interlock.console.environment import Reach, Where, connected, find
from interlock.console.errors import BadInput, RefusedBySupervisor
from interlock.console.exits import Exit
from interlock.console.help import command
from interlock.console.options import (
    budget_options,
    checked_folder,
    checked_goal,
    checked_models,
    checked_task,
    json_option,
    rank_options,
    reach_options,
    task_budget,
)
from interlock.console.output import out, print_json, say
from interlock.console.runtime import run_async
from interlock.console.sayings import decided, refusal
from interlock.console.sayings import submit as submit_task
from interlock.contracts.task import Submit


@command()
@click.argument("goal")
@click.option("--docs", metavar="DIR", help="The folder of documents to work with.")
@click.option("--model", metavar="PROVIDER/NAME", help="The model for this task  [the environment's].")
@budget_options
@rank_options
@click.option(
    "--id",
    "message_id",
    metavar="TEXT",
    default="",
    help="The log takes a submission with this id once only.",
)
@json_option
@reach_options
def submit(
    goal: str, docs: str | None, model: str | None, message_id: str, as_json: bool, **options: Any
) -> int:
    """Hand in GOAL and print its task's number.

    Examples:
      interlock submit "What changed in version 2?" --docs ./docs
      interlock watch $(interlock submit "What changed in version 2?" --docs ./docs)

    """
    where = Where(**{name: options[name] for name in Where.__struct_fields__})
    goal = checked_goal(goal)
    if model:
        checked_models(
            model, {f"{provider}_API_KEY": "the effect worker's" for provider in ("OPENAI", "ANTHROPIC")}
        )
    reach = find(where)
    task = checked_task(
        Submit(
            goal=goal,
            docs=_docs(docs, reach),
            model=model or "",
            budget=task_budget(options),
            tenant=options["tenant"],
            priority=options["priority"],
        )
    )
    return run_async(_submit(reach, task, message_id, as_json=as_json))


def _docs(docs: str | None, reach: Reach) -> str:
    """Return the folder as the effect worker will see it; a remote one sees its own machine's folders."""
    if docs is None:
        return ""
    if reach.server is None:
        return docs
    folder = checked_folder(docs)
    if not any(folder.is_relative_to(root) for root in reach.server.docs):
        raise BadInput(
            f"--docs: what runs here may read {', '.join(reach.server.docs)}, not {folder}; "
            f"start it with: interlock up --docs {folder}"
        )
    return str(folder)


async def _submit(reach: Reach, task: Submit, message_id: str, *, as_json: bool) -> int:
    async with connected(reach) as bus:
        number = await submit_task(bus, task, message_id=message_id)
        decision = await decided(bus, number, number)
    if decision is None:
        say(f"task {number} stands in the log, but no supervisor has taken it up yet; see: interlock agents")
    elif reason := refusal(decision, number):
        raise RefusedBySupervisor(f"task {number} was rejected: {reason}")
    print_json({"task": number}) if as_json else out(str(number))
    return Exit.DONE
