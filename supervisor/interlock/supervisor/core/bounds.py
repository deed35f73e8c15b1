"""Upper bounds of what an effect can use, and whether accounts can bear them. Arithmetic on data alone.

A token is at least one byte of the prompt, so the prompt's bytes bound its tokens; the output limit bounds
the rest. Prices are micro-dollars for a million tokens and are rounded up.
"""

from typing import Literal

import msgspec

from interlock.contracts.budget import DIMENSIONS, MOST, Amounts
from interlock.contracts.facts import Demand
from interlock.contracts.presence import ModelOffer
from interlock.supervisor.core.limits import MIN_OUTPUT_TOKENS, PROMPT_OVERHEAD_TOKENS
from interlock.supervisor.core.state import Account

ONE_TOOL_CALL = Amounts(tool_calls=1)
_MILLION = 1_000_000


class Shortage(msgspec.Struct, frozen=True):
    """Why accounts cannot bear an amount: `passing` while others' reservations stand, else for good."""

    kind: Literal["passing", "lasting"]
    scope: str
    dimension: str
    limit: int
    needed: int


def model_bound(demand: Demand, offer: ModelOffer, output_tokens: int) -> Amounts:
    """Return the most that a model call can use with this output limit; the offer must have prices."""
    prompt = demand.prompt_bytes + PROMPT_OVERHEAD_TOKENS
    price = prompt * (offer.input_usd_micros_per_mtok or 0) + output_tokens * (
        offer.output_usd_micros_per_mtok or 0
    )
    return Amounts(
        spend_usd_micros=min(-(-price // _MILLION), MOST),
        tokens=prompt + output_tokens,
        model_calls=1,
    )


def fitting_output_tokens(
    demand: Demand, offer: ModelOffer, accounts: tuple[tuple[str, Account], ...]
) -> tuple[int, Shortage | None]:
    """Return the greatest output limit that every account can bear, lowered before a call is refused.

    The shortage is that of the least useful limit; None when that fits.
    """
    wanted = max(1, min(demand.max_output_tokens, offer.max_output_tokens))
    full = shortage(model_bound(demand, offer, wanted), accounts)
    if full is None:
        return wanted, None
    least = min(wanted, MIN_OUTPUT_TOKENS)
    lasting = shortage(model_bound(demand, offer, least), accounts)
    if lasting is not None:
        return 0, lasting
    if full.kind == "passing":
        return 0, full
    low, high = least, wanted
    while high - low > 1:
        middle = (low + high) // 2
        fits = shortage(model_bound(demand, offer, middle), accounts) is None
        low, high = (middle, high) if fits else (low, middle)
    return low, None


def shortage(amounts: Amounts, accounts: tuple[tuple[str, Account], ...]) -> Shortage | None:
    """Return what stands against reserving `amounts`: a lasting shortage before a passing one."""
    passing: Shortage | None = None
    for scope, account in accounts:
        for dimension in DIMENSIONS:
            limit = getattr(account.budget, dimension)
            needed = getattr(amounts, dimension)
            if limit is None or not needed:
                continue
            spent = getattr(account.spent, dimension)
            if spent + needed > limit:
                return Shortage("lasting", scope, dimension, limit, spent + needed)
            if passing is None and spent + getattr(account.reserved, dimension) + needed > limit:
                passing = Shortage("passing", scope, dimension, limit, needed)
    return passing
