"""The scenes of the day; each says what must be so, and the stage looks whether it is."""

import os
import signal

from interlock.contracts import facts as f
from invoice_desk.cases import Kind
from invoice_desk.demo.stage import Stage
from invoice_desk.money import shown

PAY = "tool pay"


async def small(stage: Stage) -> None:
    """Let small payments be made alone; what is bad is held, whatever the paper says."""
    stage.title("A small payment is made alone; frauds and broken papers are held")
    kinds: tuple[Kind, ...] = (
        "small",
        "small",
        "changed_iban",
        "injection",
        "broken",
        "two_totals",
        "duplicate",
    )
    task, made = await stage.submits("monday", 11, kinds)
    end = await stage.watch.end(task)
    await stage.types("alice", "result", str(task), shown="all")
    paid = {one.reference: one.amount_cents for one in await stage.desk.teller.bookings(task)}
    stage.check(isinstance(end, f.Completed), "the task is completed, and the reviewer approves")
    stage.check(
        paid == {one.number: one.amount_cents for one in made[:2]}, "the two good invoices are paid, no other"
    )
    stage.check(not stage.watch.all(task, f.Escalated, kind="approval"), "nobody was asked")


async def large(stage: Stage) -> None:
    """Let two of finance agree to a large payment, and not the one who has asked for it."""
    stage.title("A large payment takes two approvers, neither of them the requester")
    task, (made,) = await stage.submits("tuesday", 12, ("large",))
    number = await _asked(stage, task)
    own = await stage.types("alice", "approve", number)
    stage.check(own.code != 0, "alice, who asked for it, may not agree to it, although she is of finance")
    await stage.types("bob", "approve", number, "--reason", "it is what we ordered", shown="all")
    stage.check(not await stage.desk.teller.bookings(task), "with one approver nothing is paid")
    await stage.types("carol", "approve", number)
    await stage.watch.end(task)
    late = await stage.types("bob", "reject", number, "I have thought again")
    stage.check(late.code != 0 and "carol" in late.output, "a verdict that is late is told what was decided")
    paid = await stage.desk.teller.bookings(task)
    stage.check(
        [one.amount_cents for one in paid] == [made.amount_cents], f"{shown(made.amount_cents)} is paid"
    )


async def edit(stage: Stage) -> None:
    """Let a person change what is paid; exactly that is paid."""
    stage.title("An approver changes the amount")
    task, (made,) = await stage.submits("wednesday", 13, ("medium",))
    number = await _asked(stage, task)
    less = made.amount_cents - 2_000
    why = "$20.00 of it was broken on arrival"
    await stage.types("bob", "edit", number, "--set", f"amount_cents={less}", "--reason", why)
    await stage.watch.end(task)
    paid = await stage.desk.teller.bookings(task)
    stage.check([one.amount_cents for one in paid] == [less], f"{shown(less)} is paid, as bob has said")


async def rejection(stage: Stage) -> None:
    """Let a person say no, and see a new plan in which a person decides."""
    stage.title("A rejection leads to a new plan, with a step for a person")
    task, _ = await stage.submits("thursday", 14, ("medium",))
    number = await _asked(stage, task)
    await stage.types("carol", "reject", number, "the goods have not arrived")
    asked = await stage.watch.first(task, f.Escalated, kind="step")
    planned = stage.watch.all(task, f.Planned)
    stage.check(len(planned) == 2, "the planner has planned anew, because of carol's reason")
    stage.check("have not arrived" in asked.summary, "the person who decides is told the reason")
    drop = '{"decision": "drop", "note": "we ask again when they are here"}'
    await stage.types("alice", "answer", f"{task}.{asked.number}", "--value", drop)
    end = await stage.watch.end(task)
    await stage.types("alice", "result", str(task), shown="all")
    stage.check(isinstance(end, f.Completed), "the task is completed")
    stage.check(not await stage.desk.teller.bookings(task), "nothing is paid")


async def expired(stage: Stage) -> None:
    """Let nobody answer: what is asked is denied in the end, and never done."""
    stage.title("A request that nobody answers expires")
    task, _ = await stage.submits("friday", 15, ("huge",))
    number = await _asked(stage, task)
    await stage.types("bob", "approve", number)
    resolved = await stage.watch.first(task, f.Resolved, verdict="expired")
    stage.tell(f"{number} has expired: {resolved.reason}")
    asked = await stage.watch.first(task, f.Escalated, kind="step")
    drop = '{"decision": "drop", "note": "the board meets in January"}'
    await stage.types("alice", "answer", f"{task}.{asked.number}", "--value", drop)
    end = await stage.watch.end(task)
    stage.check(isinstance(end, f.Completed), "the task is completed without the payment")
    stage.check(not await stage.desk.teller.bookings(task), "nothing is paid")


async def kill(stage: Stage) -> None:
    """Kill a task in the middle of a payment; the receipt claims nothing that was not seen."""
    stage.title("A kill while the bank is silent and another payment waits for people")
    task, _ = await stage.submits("saturday", 16, ("medium", "large"))
    first, second = await _asked(stage, task), await _asked(stage, task, times=2)
    by_amount = {one.number: one.arguments["amount_cents"] for one in _approvals(stage, task)}
    number = min((first, second), key=lambda name: by_amount[int(name.split(".")[1])])
    other = second if number == first else first
    os.kill(stage.desk.bank.pid, signal.SIGSTOP)
    try:
        stage.tell("the bank has stopped answering")
        await stage.types("bob", "approve", number)
        await stage.types("dora", "kill", "task", str(task), "--reason", "the bank is down", shown="nothing")
        receipt = await stage.watch.first(task, f.Receipted, complete=True)
    finally:
        os.kill(stage.desk.bank.pid, signal.SIGCONT)
    await stage.types("dora", "receipt", str(receipt.kill), shown="all")
    fates = {one.effect: one.fate for one in receipt.effects if one.name == PAY}
    stage.check(
        sorted(fates.values()) == ["in_doubt", "refused"],
        "one payment is in doubt, the other never began",
    )
    late = await stage.types("carol", "approve", other)
    stage.check(late.code != 0, "after the kill no approval counts")


def _approvals(stage: Stage, task: int) -> list[f.Escalated]:
    return stage.watch.all(task, f.Escalated, kind="approval")


async def _asked(stage: Stage, task: int, *, times: int = 1) -> str:
    """Wait until people are asked for a payment; return the number and show what they see."""
    asked = await stage.watch.first(task, f.Escalated, kind="approval", times=times)
    needs = ", ".join(f"{need.quorum} of {need.role}" for need in asked.needs)
    cents = asked.arguments["amount_cents"]
    says = "; ".join(rule.says for rule in asked.rules)
    stage.tell(
        f"{task}.{asked.number}: {shown(cents)} to {asked.arguments['creditor']}, needs {needs}: {says}"
    )
    return f"{task}.{asked.number}"
