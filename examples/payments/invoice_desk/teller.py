"""How people look into the bank's books, without any agent: its address and token stand in a file.

Nothing is paid from here.
"""

from pathlib import Path
from typing import TypeVar

import httpx
import msgspec

from invoice_desk import us
from invoice_desk.bank.orders import Balance, Booking

OWNER_ONLY = 0o600

T = TypeVar("T")


class Teller(msgspec.Struct, frozen=True):
    """Where the bank is, and the token that opens it."""

    url: str
    token: str

    def __repr__(self) -> str:
        """Describe it without the token."""
        return f"Teller({self.url!r})"

    async def bookings(self, task: int = 0) -> list[Booking]:
        """Return what the bank has booked: all of it, or for a task."""
        found = await self._ask("/payments", list[Booking])
        return [one for one in found if not task or one.key.startswith(f"{task}.")]

    async def balance_cents(self) -> int:
        """Return what is on our account."""
        balances = await self._ask("/accounts", list[Balance])
        return next(account.amount_cents for account in balances if account.iban == us.IBAN)

    async def _ask(self, path: str, kind: type[T]) -> T:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(base_url=self.url, headers=headers, trust_env=False) as client:
            answer = await client.get(path)
        return msgspec.json.decode(answer.raise_for_status().content, type=kind)


def write(teller: Teller, file: Path) -> None:
    """Keep an address and a token, for their owner only."""
    file.touch(OWNER_ONLY)
    file.chmod(OWNER_ONLY)
    file.write_bytes(msgspec.json.encode(teller))


def read(file: Path) -> Teller:
    """Return what was kept; raises OSError and msgspec.DecodeError."""
    return msgspec.json.decode(file.read_bytes(), type=Teller)
