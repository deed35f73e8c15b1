"""The reviewer: looks up every payment in the bank's books, and compares it with its invoice."""

from interlock.agents import Agent, Context
from interlock.contracts.roles import Verdict, Work
from invoice_desk.agents.comparing import differences
from invoice_desk.agents.folder import Payments
from invoice_desk.papers import Check, Done, Payment

agent = Agent("reviewer", charter="reviewer.toml")


@agent.handle
async def review(work: Work, ctx: Context) -> Verdict:
    """Approve what the books confirm; anything else a person must see."""
    settled = {one.file: one for part in ctx.given_as(Done).values() for one in part.settled}
    invoices = [check.invoice for check in ctx.given_as(Check).values() if check.invoice is not None]
    paid = [one.payment for one in settled.values() if one.payment is not None]
    booked: list[Payment] = []
    for reference in dict.fromkeys(payment.reference for payment in paid):
        booked += (await ctx.tool("find_payments", reference=reference, returns=Payments)).payments
    wrong = differences(settled.values(), invoices, booked)
    if wrong:
        return Verdict(decision="escalate", reasons=wrong[:16])
    note = f"{len(paid)} payments stand in the bank's books as they should, in round {work.round}."
    return Verdict(decision="approve", note=note)


if __name__ == "__main__":
    agent.run()
