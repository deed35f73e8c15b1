"""The planner: a step to read and one to settle for each invoice of the folder. No model is needed."""

from interlock.agents import Agent, Context
from interlock.contracts.plan import Plan
from interlock.contracts.roles import Goal
from invoice_desk.agents.folder import Listing
from invoice_desk.agents.layout import plan_for

agent = Agent("planner", charter="planner.toml")


@agent.handle
async def plan(goal: Goal, ctx: Context) -> Plan:
    """Plan for what is still open; after a rejection, with a question to a person."""
    listing = await ctx.tool("list_invoices", returns=Listing)
    await ctx.progress(f"planning for {len(listing.invoices)} invoices")
    return plan_for(listing.invoices, goal.refusals)


if __name__ == "__main__":
    agent.run()
