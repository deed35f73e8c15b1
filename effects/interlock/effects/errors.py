"""What can go wrong between a grant and its end; each sentence says what, where, and what to do next."""

from interlock.contracts.budget import NOTHING, Amounts


class EffectError(Exception):
    """An effect that did not come to its end.

    `transient` failures may succeed later. `used` is what the failed call has cost; None is unknown, and
    then the whole reservation counts.
    """

    transient = False

    def __init__(self, message: str, *, used: Amounts | None = NOTHING) -> None:
        super().__init__(message)
        self.used = used


class BadSettings(EffectError):
    """A variable of the environment, or a file that it names, that says nothing usable."""


class UnknownEffect(EffectError):
    """A model, a tool or a purpose that this worker does not have."""


class Unreachable(EffectError):
    """No server answers at the model's address."""


class NotAllowed(EffectError):
    """The provider does not accept the key, or the account may not have this model."""


class Refused(EffectError):
    """The provider, or a tool, will not do this, and asking again changes nothing."""


class Unapproved(EffectError):
    """Not everybody who has to agree has agreed to this very call: nothing was done."""


class NotReserved(EffectError):
    """What would be sent may use more than is reserved: nothing was. `prompt_tokens` is what it needs.

    `counted` is whether a provider's count says so; else it is what the bytes allow.
    """

    def __init__(self, message: str, *, prompt_tokens: int, counted: bool = False) -> None:
        super().__init__(message)
        self.prompt_tokens = prompt_tokens
        self.counted = counted


class Busy(EffectError):
    """The provider is busy or out of order for longer than this call may wait."""

    transient = True


class BrokenOff(EffectError):
    """The answer began and did not end, or could not be read; it may have been billed."""

    transient = True


class TooLate(EffectError):
    """The call took longer than it may."""

    transient = True


class Unsure(EffectError):
    """It may have happened, and nobody can tell: whoever was called did not answer.

    A tool that may be repeated is run again with the same key, as long as it has time; what then is still
    not known goes to a person, and is never repeated blindly.
    """


class Unfit(EffectError):
    """An answer, or arguments, that do not fit their schema."""


class CutOff(EffectError):
    """The answer is longer than its limit."""


class NoDocuments(EffectError):
    """The task names no documents, or a folder that this worker may not read."""


class OutsideWorkspace(EffectError):
    """A path that does not stay inside the task's workspace."""
