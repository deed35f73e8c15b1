"""Whom we pay and where, as our own accounts department has it; what invoices say, it does not know."""

import tomllib
from pathlib import Path

import msgspec

FILE = Path(__file__).with_name("vendors.toml")


class Vendor(msgspec.Struct, frozen=True):
    """A firm that we owe money to now and then."""

    name: str
    iban: str


class _List(msgspec.Struct, frozen=True):
    vendors: tuple[Vendor, ...]


def known_vendors() -> tuple[Vendor, ...]:
    """Return the vendors in the order of the list."""
    return msgspec.convert(tomllib.loads(FILE.read_text("utf-8")), _List).vendors
