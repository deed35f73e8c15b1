"""Makes text of another's making safe to look at: what would hide, move or disguise it is shown as such.

An agent, or a document that it read, may have written it to deceive the person who decides.
"""

import re
import unicodedata

import msgspec

from interlock.contracts.message import Json

_UNUSUAL = re.compile(r"[^ -~]")
# Controls, invisible and direction-changing characters, foreign line ends, what stands for nothing.
_HIDDEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Co", "Cs", "Cn"})

_in_order = msgspec.json.Encoder(order="deterministic").encode


def visible(text: str) -> str:
    """Return text on one line, each hidden character written as its number."""
    if text.isascii() and text.isprintable():
        return text
    return _UNUSUAL.sub(_shown, " ".join(text.split()))


def visible_lines(text: str) -> list[str]:
    """Return text line by line, each made visible; blank ends are left out."""
    return [visible(line) for line in text.strip().splitlines()]


def pretty(value: Json) -> list[str]:
    """Return JSON as indented lines with sorted keys: the same JSON, hidden characters written as numbers."""
    text = msgspec.json.format(_in_order(value), indent=2).decode()
    return [_UNUSUAL.sub(_shown, line) for line in text.split("\n")]


def _shown(found: re.Match[str]) -> str:
    character = found[0]
    if unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
