"""The small job as a LangGraph graph, measured with a saver: `python -m bench.langgraph_job memory|sqlite`.

Runs in the environment that `bench.langgraph_peer` makes: reads rounds from standard input, one JSON a line,
and prints a result for each. Each step is durable before the next begins (`durability="sync"`), which is what
the other systems promise too.
"""

# our own environment, where mypy runs, has no LangGraph
# mypy: disable-error-code="import-not-found"

import json
import operator
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict
from importlib.metadata import version
from os import getpid
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, TypedDict

import uvloop
from bench import job
from bench.measure import Round, System, measure
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send


class Progress(TypedDict, total=False):
    """The graph's state: the texts made so far."""

    goal: str
    questions: list[str]
    findings: Annotated[list[str], operator.add]
    outcome: str
    verdict: str


class Question(TypedDict):
    """What one researcher gets."""

    question: str


async def plan(state: Progress) -> Progress:
    """Make the questions."""
    return {"questions": job.plan(state["goal"])}


def fan_out(state: Progress) -> list[Any]:
    """Send each question to a researcher of its own."""
    return [Send("researcher", Question(question=question)) for question in state["questions"]]


async def research(asked: Question) -> Progress:
    """Answer one question."""
    return {"findings": [job.research(asked["question"])]}


async def execute(state: Progress) -> Progress:
    """Join the findings."""
    return {"outcome": job.execute(state["findings"])}


async def review(state: Progress) -> Progress:
    """Judge the outcome."""
    return {"verdict": job.review(state["outcome"])}


def graph(saver: Any) -> Any:
    """Return the job, compiled with the saver."""
    builder = StateGraph(Progress)
    builder.add_node("planner", plan)
    builder.add_node("researcher", research)
    builder.add_node("executor", execute)
    builder.add_node("reviewer", review)
    builder.add_edge(START, "planner")
    builder.add_conditional_edges("planner", fan_out, ["researcher"])
    builder.add_edge("researcher", "executor")
    builder.add_edge("executor", "reviewer")
    builder.add_edge("reviewer", END)
    return builder.compile(checkpointer=saver)


@asynccontextmanager
async def saver_named(name: str) -> AsyncGenerator[Any]:
    """Open the saver `memory` or `sqlite`, the latter over a file that lives as long."""
    if name == "memory":
        yield InMemorySaver()
        return
    with TemporaryDirectory(prefix="interlock-bench-") as folder:
        async with AsyncSqliteSaver.from_conn_string(str(Path(folder) / "checkpoints.db")) as saver:
            yield saver


async def run(saver_name: str) -> None:
    """Measure the job with one saver and print the results."""
    async with saver_named(saver_name) as saver:
        compiled = graph(saver)

        async def submit(task: str) -> None:
            ended = await compiled.ainvoke(
                {"goal": job.GOAL}, {"configurable": {"thread_id": task}}, durability="sync"
            )
            assert ended["verdict"].startswith("approve"), ended

        setting = f"langgraph {version('langgraph')}, durability sync"
        system = System(f"langgraph-{saver_name}", setting, submit, {"langgraph": getpid()})
        print("ready", flush=True)
        # blocks the loop between rounds, when there is nothing else to do
        for line in sys.stdin:
            result = await measure(system, Round(**json.loads(line)))
            print(json.dumps(asdict(result)), flush=True)


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1]))
