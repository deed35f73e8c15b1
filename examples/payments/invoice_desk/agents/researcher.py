"""The researcher: reads an invoice by rules, and checks it against what we know. It obeys no paper."""

from interlock.agents import Agent, Context
from invoice_desk.agents.folder import Files, Payments, Text
from invoice_desk.checking import check
from invoice_desk.papers import Check, Paper
from invoice_desk.reading import read
from invoice_desk.vendors import known_vendors

agent = Agent("researcher", charter="researcher.toml")


@agent.handle
async def research(paper: Paper, ctx: Context) -> Check:
    """Read the file, and say whether what it asks for is good."""
    await ctx.progress(f"reading {paper.file}")
    text = await ctx.tool("read_invoice", file=paper.file, returns=Text)
    if text.problem:
        return Check(paper.file, "unreadable", (text.problem,))
    reading = read(paper.file, text.text)
    if reading.invoice is None:
        return check(paper.file, reading, known_vendors(), (), ())
    number = reading.invoice.number
    alike = await ctx.tool("find_invoices", number=number, returns=Files)
    booked = await ctx.tool("find_payments", reference=number, returns=Payments)
    # What an earlier attempt of this very task has paid is no second payment.
    of_others = [one for one in booked.payments if not one.key.startswith(f"{ctx.task}.")]
    return check(paper.file, reading, known_vendors(), alike.files, of_others)


if __name__ == "__main__":
    agent.run()
