"""Receipts as JSON for programs: the fact with every field, and what follows from the log besides."""

from typing import Any

import msgspec

from interlock.console.stop.receipts import Receipt


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """Return one receipt with all fields that its readers may count on."""
    return {
        "record": receipt.record,
        "decided": receipt.decided,
        "only_task": receipt.only_task or None,
        "latencies": whole(receipt.latencies),
        "receipt": whole(receipt.fact),
    }


def whole(value: Any) -> Any:
    """Return structs as dictionaries that leave out no field, however deep they stand."""
    match value:
        case msgspec.Struct():
            return {name: whole(getattr(value, name)) for name in value.__struct_fields__}
        case [*items]:
            return [whole(item) for item in items]
        case _:
            return value
