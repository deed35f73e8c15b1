"""The planner's handler: one question to a model, and its draft made a plan."""

from pathlib import Path

from interlock.agents.agent import Agent
from interlock.agents.context import Context
from interlock.agents.planner.offers import described, plan_schema
from interlock.agents.planner.tidying import Draft, tidy
from interlock.agents.prompts import Prompt
from interlock.contracts.plan import Plan
from interlock.contracts.roles import Goal

MOST_TOKENS = 2_048
NOT_PLANNED = frozenset({"planner", "reviewer"})

agent = Agent("planner", charter="charter.toml")
prompt = Prompt.read(Path(__file__).with_name("prompt.md"))


@agent.handle
async def plan(goal: Goal, ctx: Context) -> Plan:
    """Plan for the roles that are present; planning and reviewing happen around every plan, not in it."""
    offers = tuple(offer for offer in goal.roles if offer.role not in NOT_PLANNED)
    draft = await ctx.model(
        prompt.fill(
            goal=goal.goal,
            roles=described(offers),
            documents=f"- The documents are in the folder {ctx.docs}.\n" if ctx.docs else "",
            refusals=_refused(goal.refusals),
        ),
        purpose="plan",
        inputs={
            "goal": goal.goal,
            "criteria": goal.criteria,
            "roles": offers,
            "refusals": goal.refusals,
            "docs": ctx.docs,
        },
        returns=Draft,
        schema=plan_schema(offers) if offers else None,
        max_output_tokens=MOST_TOKENS,
        prompt_version=prompt.version,
    )
    return tidy(draft, goal)


def _refused(refusals: tuple[str, ...]) -> str:
    if not refusals:
        return ""
    return "\n# Your last plan was refused\n\n" + "".join(f"- {reason}\n" for reason in refusals)
