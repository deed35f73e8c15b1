"""Money in cents, and how people write it. Nothing here rounds."""

import re

_WRITTEN = re.compile(r"\$?\s?(\d{1,3}(?:,\d{3})+|\d{1,9})\.(\d{2})")


def shown(cents: int) -> str:
    """Return cents as people write them: `$1,234.56`."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def read_cents(text: str) -> int | None:
    """Return the cents that are written there, or None when that is no amount with two decimals."""
    found = _WRITTEN.fullmatch(text.strip())
    return int(found[1].replace(",", "")) * 100 + int(found[2]) if found else None
