"""Upper bounds of what an effect can use, and whether accounts can bear them. Arithmetic on data alone.

The call's own text and what the model's server adds to it, or the provider's count of both, and the output
limit bound the tokens; the price of the tier that the prompt may reach bounds the money. Prices are for a
million tokens and are rounded up.
"""

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from interlock.contracts.budget import DIMENSIONS, MOST, Amounts, Budget
from interlock.contracts.facts import Demand, Lack
from interlock.contracts.presence import ModelOffer
from interlock.supervisor.core.account import DAY_MS, NO_LIMITS, Account
from interlock.supervisor.core.accounts import Scopes
from interlock.supervisor.core.limits import MIN_OUTPUT_TOKENS

ONE_TOOL_CALL = Amounts(tool_calls=1)
_MILLION = 1_000_000
# Text seldom has more than four bytes to a token, so that counting would hardly make a greater prompt fit.
_BYTES_PER_TOKEN = 4
_COUNTED_FOR = frozenset({"tokens", "spend_usd_micros"})


class Shortage(msgspec.Struct, frozen=True):
    """Why accounts cannot bear an amount: `passing` while others' reservations stand, else for good."""

    passing: bool
    lack: Lack


def most_of(demand: Demand, offer: ModelOffer) -> Amounts:
    """Return the most that a model call can use with all the output that it asks for."""
    return model_bound(demand, offer, _wanted(demand, offer))


def _wanted(demand: Demand, offer: ModelOffer) -> int:
    return max(1, min(demand.max_output_tokens, offer.max_output_tokens))


def model_bound(demand: Demand, offer: ModelOffer, output_tokens: int) -> Amounts:
    """Return the most that a model call can use with this output limit; the offer must have prices."""
    prompt = prompt_bound(demand, offer)
    tier = next((tier for tier in offer.up_to if prompt <= tier.prompt_tokens), offer)
    price = prompt * (tier.input_usd_micros_per_mtok or 0) + output_tokens * (
        tier.output_usd_micros_per_mtok or 0
    )
    return Amounts(
        spend_usd_micros=min(-(-price // _MILLION), MOST),
        tokens=prompt + output_tokens,
        model_calls=1,
    )


def is_priced(offer: ModelOffer) -> bool:
    """Tell whether a model's price is known."""
    return offer.input_usd_micros_per_mtok is not None and offer.output_usd_micros_per_mtok is not None


def prompt_bound(demand: Demand, offer: ModelOffer) -> int:
    """Return the most tokens of a whole prompt: as counted, or by its bytes and what a server adds.

    A count says nothing about a server that does not count: it may be another one.
    """
    by_bytes = demand.prompt_tokens + offer.prompt_overhead_tokens
    return min(demand.counted_tokens, by_bytes) if demand.counted_tokens and offer.counts else by_bytes


def fitting_output_tokens(
    demand: Demand, offer: ModelOffer, accounts: Scopes, now_ms: int
) -> tuple[int, Shortage | None]:
    """Return the greatest output limit that every account can bear, lowered before a call is refused.

    The shortage is that of the least useful limit; None when that fits.
    """
    wanted = _wanted(demand, offer)
    full = shortage(model_bound(demand, offer, wanted), accounts, now_ms)
    if full is None:
        return wanted, None
    least = min(wanted, MIN_OUTPUT_TOKENS)
    lasting = shortage(model_bound(demand, offer, least), accounts, now_ms)
    if lasting is not None:
        return 0, lasting
    if full.passing:
        return 0, full
    low, high = least, wanted
    while high - low > 1:
        middle = (low + high) // 2
        fits = shortage(model_bound(demand, offer, middle), accounts, now_ms) is None
        low, high = (middle, high) if fits else (low, middle)
    return low, None


def fitting_if_counted(
    demand: Demand, offer: ModelOffer, accounts: Scopes, now_ms: int
) -> tuple[Demand, int, Shortage | None]:
    """Return how short a prompt must turn out when it is counted, as a demand, and the output limit for it.

    That is the longest that every account can bear, but not less than a quarter of its bytes. The shortage is
    that of the least prompt; None when that fits. It is for a demand whose bytes do not fit.
    """
    by_bytes = prompt_bound(demand, offer)
    low = offer.prompt_overhead_tokens + -(-demand.prompt_tokens // _BYTES_PER_TOKEN)
    output_tokens, lacking = fitting_output_tokens(_counted(demand, low), offer, accounts, now_ms)
    if lacking is not None or output_tokens < min(demand.max_output_tokens, offer.max_output_tokens):
        return _counted(demand, low), output_tokens, lacking
    high = by_bytes
    while high - low > 1:
        middle = (low + high) // 2
        bound = model_bound(_counted(demand, middle), offer, output_tokens)
        fits = shortage(bound, accounts, now_ms) is None
        low, high = (middle, high) if fits else (low, middle)
    return _counted(demand, low), output_tokens, None


def may_count(demand: Demand, offer: ModelOffer, lacking: Shortage) -> bool:
    """Tell whether an exact count may help against a shortage: it is tried once for an effect."""
    lasting = not lacking.passing and lacking.lack.dimension in _COUNTED_FOR
    return lasting and offer.counts and demand.counted_tokens is None


def _counted(demand: Demand, prompt_tokens: int) -> Demand:
    return replace(demand, counted_tokens=prompt_tokens)


def shortage(amounts: Amounts, accounts: Scopes, now_ms: int) -> Shortage | None:
    """Return what stands against reserving `amounts`: a lasting shortage before a passing one.

    Where the wall time is used up, nothing may start.
    """
    needs = [(name, needed) for name in DIMENSIONS if (needed := getattr(amounts, name))]
    passing: Shortage | None = None
    for scope, account in accounts:
        if not account.limited:
            continue
        for limits, spent, day in limits_of(account, now_ms):
            found = _lacking(account, limits, spent, needs, now_ms)
            if found is None:
                continue
            dimension, needed = found
            limit = getattr(limits, dimension)
            lack = Lack(scope=scope, dimension=dimension, limit=limit, needed=needed, day=day)
            if dimension == "wall_ms" or getattr(spent, dimension) + needed > limit:
                return Shortage(passing=False, lack=lack)
            passing = passing or Shortage(passing=True, lack=lack)
    return passing


def _used_up_ms(account: Account, limits: Budget, spent: Amounts, now_ms: int) -> int | None:
    if limits.wall_ms is None or not account.clocks:
        return None
    over = spent.wall_ms + account.running_ms(now_ms) - limits.wall_ms
    return None if over < 0 else now_ms - -(-over // account.clocks)


def wall_lack(scope: str, account: Account, now_ms: int) -> tuple[int, Lack] | None:
    """Return when its running clocks used up an account's wall time, and which; None when they have not."""
    found = [
        (at_ms, Lack(scope=scope, dimension="wall_ms", limit=limits.wall_ms or 0, needed=1, day=day))
        for limits, spent, day in limits_of(account, now_ms)
        if (at_ms := _used_up_ms(account, limits, spent, now_ms)) is not None
    ]
    return min(found, key=lambda one: one[0]) if found else None


def limits_of(account: Account, now_ms: int) -> Iterator[tuple[Budget, Amounts, int]]:
    """Yield an account's limits, what was spent against them, and the day that they are for (0: in total)."""
    if account.budget != NO_LIMITS:
        yield account.budget, account.spent, 0
    if account.daily != NO_LIMITS:
        today = now_ms // DAY_MS
        yield account.daily, account.spent_on(today), today


def _lacking(
    account: Account, limits: Budget, spent: Amounts, needs: list[tuple[str, int]], now_ms: int
) -> tuple[str, int] | None:
    """Return the first dimension that cannot bear what is needed, those that last before those that pass."""
    if limits.wall_ms is not None and spent.wall_ms + account.running_ms(now_ms) >= limits.wall_ms:
        return "wall_ms", 1
    passing: tuple[str, int] | None = None
    for dimension, needed in needs:
        limit = getattr(limits, dimension)
        if limit is None:
            continue
        free = limit - getattr(spent, dimension) - needed
        if free < 0:
            return dimension, needed
        if passing is None and free < getattr(account.reserved, dimension):
            passing = dimension, needed
    return passing
