"""Account numbers (ISO 13616): whether one can exist. Whose it is, it does not know."""

import re

_FORM = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")


def plain(iban: str) -> str:
    """Return an account number without the spaces that people put into it."""
    return re.sub(r"\s", "", iban).upper()


def is_iban(iban: str) -> bool:
    """Tell whether the check digits fit (ISO 7064, mod 97)."""
    if not _FORM.fullmatch(iban):
        return False
    return int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1


def spaced(iban: str) -> str:
    """Return an account number in groups of four, as it stands on paper."""
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))
