"""A supervisor with a naive budget: it looks at what is spent before a call, and counts when that has ended.

Everything else is the real one. This is how budgets are usually built; the tests must be able to tell.
"""

import sys

from interlock.bus.process import run
from interlock.contracts.budget import Amounts
from interlock.supervisor.__main__ import main
from interlock.supervisor.core.account import Account


def reserve_nothing(account: Account, _amounts: Amounts) -> Account:
    """Leave the account as it is: what is in flight is not counted."""
    return account


def count_at_the_end(account: Account, _reserved: Amounts, spent: Amounts, at_ms: int) -> Account:
    """Count what was spent; nothing was reserved."""
    return account.spend(spent, at_ms)


if __name__ == "__main__":
    for name, naive in (("reserve", reserve_nothing), ("settle", count_at_the_end)):
        assert hasattr(Account, name), "the method that is replaced has moved"
        setattr(Account, name, naive)
    sys.exit(run(main))
