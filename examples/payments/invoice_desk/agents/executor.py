"""The executor: asks for the payment of an invoice that was found good, and holds every other.

A person's no ends the step, so that the planner hears the reason and plans anew; a policy's no stands.
"""

import msgspec

from interlock.agents import Agent, Context, EffectDenied, Recommended
from invoice_desk.agents.settling import done
from invoice_desk.papers import Check, Decision, Done, Invoice, Order, Payment, Settled

BY_A_PERSON = "person"
MOST_WHY_CHARS = 500

agent = Agent("executor", charter="executor.toml")


@agent.handle
async def execute(order: Order, ctx: Context) -> Done:
    """Settle one invoice, or sum up what the steps before have settled."""
    if order.do == "report":
        settled = [one for part in ctx.given_as(Done).values() for one in part.settled]
        return done([*order.before, *settled])
    return done([await _settled(order, ctx)])


async def _settled(order: Order, ctx: Context) -> Settled:
    check = next(iter(ctx.given_as(Check).values()))
    decision = next(iter(ctx.given_as(Decision).values()), None)
    if check.verdict != "good" or check.invoice is None:
        return await _held(order.file, f"It is {check.verdict}: {'; '.join(check.reasons)}.", ctx)
    if decision is not None and decision.decision == "drop":
        dropped = await _held(order.file, f"A person has dropped it. {decision.note}".strip(), ctx)
        return msgspec.structs.replace(dropped, end="dropped")
    return await _paid(check.invoice, ctx)


async def _paid(invoice: Invoice, ctx: Context) -> Settled:
    await ctx.progress(f"asking for the payment of {invoice.number}")
    try:
        payment = await ctx.tool(
            "pay",
            creditor=invoice.vendor,
            creditor_iban=invoice.iban,
            amount_cents=invoice.amount_cents,
            reference=invoice.number,
            invoice=invoice.file,
            returns=Payment,
        )
    except Recommended as only:
        return Settled(invoice.file, "recommended", only.reason, invoice.amount_cents)
    except EffectDenied as no:
        if no.rule == BY_A_PERSON:
            await _held(invoice.file, no.reason, ctx, state="rejected")
            raise
        return Settled(invoice.file, "refused", f"{no.reason} ({no.rule}).", invoice.amount_cents)
    return Settled(invoice.file, "paid", "", invoice.amount_cents, payment)


async def _held(file: str, why: str, ctx: Context, *, state: str = "held") -> Settled:
    """Put the invoice aside, where the planner finds it and why."""
    await ctx.tool("hold_invoice", file=file, state=state, why=why[:MOST_WHY_CHARS])
    return Settled(file, "held", why)


if __name__ == "__main__":
    agent.run()
