"""What a provider counted for one call, in the terms of all of them."""

import msgspec

# Micro-dollars in a dollar, and tokens in the million for which prices are told.
MICROS = 1_000_000


class Usage(msgspec.Struct, frozen=True):
    """Tokens as they are billed; those of a cache are among the input, those of reasoning among the output.

    `service_tier` and `region` are what the provider says of how and where it worked: both have a price.
    """

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0
    service_tier: str = ""
    region: str = ""
