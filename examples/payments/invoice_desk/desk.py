"""The desk as a whole: a bank, people with keys, and Interlock with agents, tools and policies of the desk.

Only the effect worker is told where the bank is, and its token. What is paid, it does not know.
"""

import contextlib
import os
import secrets
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec

from interlock.bus.errors import BusError
from interlock.console.errors import ConsoleError
from interlock.console.local import Local, Wish, held, started
from interlock.console.processes import Service
from interlock.console.state import StateFolder
from invoice_desk.bank.keeper import BankProcess, NotStarted, kept_bank
from invoice_desk.people import OPERATOR, admit_people
from invoice_desk.teller import Teller, write

POLICIES = Path(__file__).parent / "policies"
ROLES = ("planner", "researcher", "executor", "reviewer")
NO_MODEL = "offline/extractive"
STATE = "state"
TELLER = "teller.json"
CANNOT_OPEN = (ConsoleError, BusError, NotStarted, OSError)
"""What keeps a desk closed; each says why in a sentence."""


class Desk(msgspec.Struct, frozen=True):
    """A desk that is open."""

    local: Local
    bank: BankProcess
    teller: Teller
    invoices: Path


def services(bank: Teller, policies: Path) -> tuple[Service, ...]:
    """Return the processes of the desk; each knows what it must, and no other knows that."""
    tools = {"INTERLOCK_TOOLS": "invoice_desk.tools", "BANK_URL": bank.url, "BANK_TOKEN": bank.token}
    rules = {"INTERLOCK_POLICIES": str(policies)}
    return (
        Service("access-1", "access", ("interlock.supervisor.access",), 0, ready=True),
        Service("supervisor-1", "supervisor", ("interlock.supervisor",), 1, knows=rules),
        Service("effects-1", "effects", ("interlock.effects",), 2, knows=tools),
        *(Service(f"{role}-1", "agent", (f"invoice_desk.agents.{role}",), 3, charter=role) for role in ROLES),
    )


@contextlib.asynccontextmanager
async def open_desk(root: Path, *, policies: Path = POLICIES, model: str = NO_MODEL) -> AsyncGenerator[Desk]:
    """Open the desk in a folder, its invoices in `invoices` there, and close it when the context ends."""
    invoices = root / "invoices"
    invoices.mkdir(parents=True, exist_ok=True)
    with held(StateFolder(root / STATE)) as state:
        admit_people(state)
        token = secrets.token_urlsafe()
        wish = Wish(docs=(invoices,), model=model, person=OPERATOR)
        async with kept_bank(root / "bank.db", token) as bank:
            opened = Teller(bank.url, token)
            write(opened, root / TELLER)
            crew = services(opened, policies)
            async with started(state, wish, dict(os.environ), crew) as local:
                yield Desk(local, bank, opened, invoices)
