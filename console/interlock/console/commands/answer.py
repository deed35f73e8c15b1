"""`interlock answer`: a person's answer to a question that a task waits for."""

from typing import Any

import click

from interlock.console.environment import Reach, Where, connected, find
from interlock.console.errors import BadInput, RefusedBySupervisor
from interlock.console.exits import Exit
from interlock.console.follow import read_task
from interlock.console.help import command
from interlock.console.options import reach_options, task_argument
from interlock.console.output import say
from interlock.console.runtime import run_async
from interlock.console.sayings import answer as say_answer
from interlock.console.sayings import decided, refusal
from interlock.contracts import limits


@command()
@task_argument
@click.argument("effect", type=click.IntRange(1, 2**53))
@click.argument("text")
@reach_options
def answer(task: int, effect: int, text: str, **where: Any) -> int:
    """Answer the question EFFECT of task N with TEXT; `interlock show N` and `watch N` tell the questions.

    Example:
      interlock answer 42 57 "Yes, use the newer edition."

    """
    text = text.strip()
    if not text:
        raise BadInput("the answer is empty; say it in quotation marks")
    if len(text) > limits.MAX_GOAL_CHARS:
        raise BadInput(f"the answer has {len(text)} characters, at most {limits.MAX_GOAL_CHARS} are read")
    return run_async(_answer(find(Where(**where)), task, effect, text))


async def _answer(reach: Reach, task: int, effect: int, text: str) -> int:
    async with connected(reach) as bus:
        view = await read_task(bus, task)
        if effect not in {asked.effect for asked in view.questions}:
            known = ", ".join(str(asked.effect) for asked in view.questions) or "none"
            raise BadInput(
                f"effect {effect} of task {task} waits for no answer; the open questions are: {known}"
            )
        seq = await say_answer(bus, task, effect, text)
        decision = await decided(bus, task, seq)
    if decision is None:
        say(f"the answer stands in the log as record {seq}; no supervisor has decided on it yet")
    elif refused := refusal(decision, seq):
        raise RefusedBySupervisor(f"task {task}: {refused}")
    else:
        say(f"answered; task {task} goes on")
    return Exit.DONE
