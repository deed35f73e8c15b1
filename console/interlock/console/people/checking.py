"""Checks what people type when they decide, before anything is said."""

from interlock.console.errors import BadInput
from interlock.contracts.errors import MalformedSubject
from interlock.contracts.subjects import token


def checked_words(text: str, what: str, most: int) -> str:
    """Return what somebody says without blank ends; raises BadInput when it is empty or too long."""
    text = text.strip()
    if not text:
        raise BadInput(f"{what} is empty: write a word or more")
    if len(text) > most:
        raise BadInput(f"{what} has {len(text)} characters, at most {most} are read")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadInput(f"{what} is not valid UTF-8 text") from error
    return text


def checked_who(who: str) -> str:
    """Return the name of a person or role; raises BadInput for what can be none."""
    if not who:
        raise BadInput("nobody is named: write a person or a role, such as carol")
    try:
        return token(who)
    except MalformedSubject as error:
        raise BadInput(str(error)) from error
