"""The small job's four roles as agents of Interlock, one model call a step: `python -m bench.agents planner`.

The model answers at once with the call's inputs, so each agent gives it the answer that it shall get. They
have the built-in agents' charters. What the plan is and what the verdict, the supervisor reads as always.
"""

import sys
from pathlib import Path

import msgspec
from bench import job, limiting
from msgspec.structs import replace

import interlock.agents
from interlock.agents import Agent, Context
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.roles import Goal, Instruction, Question, Verdict, Work

EXECUTION = "execute"
LIMITED = "--limited"
"""Gives every step the limits of `bench.limiting`."""
CHARTERS = Path(interlock.agents.__file__).parent
AGENTS = {
    role: Agent(role, charter=CHARTERS / role / "charter.toml")
    for role in ("planner", "researcher", "executor", "reviewer")
}


class Text(msgspec.Struct):
    """What a step hands on."""

    text: str


class Texts(msgspec.Struct):
    """The questions of a plan."""

    texts: list[str]


@AGENTS["planner"].handle
async def plan(goal: Goal, context: Context) -> Plan:
    """Plan the questions and, after them, the execution."""
    asked = await context.model(goal.goal, inputs={"texts": job.plan(goal.goal)}, returns=Texts)
    questions = [
        PlannedStep(id=f"research-{number}", role="researcher", input={"question": text})
        for number, text in enumerate(asked.texts)
    ]
    execution = PlannedStep(
        id=EXECUTION,
        role="executor",
        input={"instruction": "Join the findings."},
        after=tuple(question.id for question in questions),
    )
    return Plan(steps=(*questions, execution))


@AGENTS["researcher"].handle
async def research(question: Question, context: Context) -> Text:
    """Answer one question."""
    asked = question.question
    return await context.model(asked, inputs={"text": job.research(asked)}, returns=Text)


@AGENTS["executor"].handle
async def execute(instruction: Instruction, context: Context) -> Text:
    """Join the findings."""
    findings = [given.text for given in context.given_as(Text).values()]
    return await context.model(instruction.instruction, inputs={"text": job.execute(findings)}, returns=Text)


@AGENTS["reviewer"].handle
async def review(work: Work, context: Context) -> Verdict:
    """Judge the outcome."""
    outcome = context.given_as(Text)[EXECUTION].text
    inputs = {"decision": "approve", "note": job.review(outcome)}
    return await context.model(work.goal, inputs=inputs, returns=Verdict)


if __name__ == "__main__":
    agent = AGENTS[sys.argv[1]]
    if LIMITED in sys.argv:
        agent.charter = replace(agent.charter, budget=limiting.STEP)
    agent.run()
