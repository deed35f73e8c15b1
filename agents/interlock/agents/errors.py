"""What an agent's author may catch, and what a step's failure is made of."""

from interlock.bus.errors import NotNow
from interlock.contracts.errors import ContractError


class AgentError(Exception):
    """Base of all that the SDK raises in a handler; the sentence says what happened and to which call."""


class MalformedAgent(ContractError):
    """An agent that cannot start: no handler, a handler without types, a charter of another role."""


class Unfit(AgentError):
    """Data that does not fit the type it was promised to be; the sentence names the place (`$.question`).

    `answer` is the model's text, when that was the data.
    """

    def __init__(self, sentence: str, *, answer: str = "") -> None:
        super().__init__(sentence)
        self.answer = answer


class EffectError(AgentError):
    """A call through the context that brought no result."""


class EffectDenied(EffectError):
    """The supervisor, or a person, said no: by this `rule`, for this `reason`. Asking again changes nothing.

    The rule is `person` where somebody was asked: their reason may be worth another plan.
    """

    def __init__(self, sentence: str, *, rule: str = "", reason: str = "") -> None:
        super().__init__(sentence)
        self.rule = rule
        self.reason = reason


class Recommended(EffectDenied):
    """It was not done, for this agent may only suggest: it stands among the task's recommendations."""


class EffectFailed(EffectError):
    """It was tried and failed; when `transient`, it may succeed later."""

    def __init__(self, sentence: str, *, transient: bool = False) -> None:
        super().__init__(sentence)
        self.transient = transient


class UnfitAnswer(EffectFailed):
    """A result that does not fit the type that was asked for; a model's answer was repaired once in vain."""


class EffectAborted(EffectError):
    """A switch stopped it, or kept it from starting."""


class InDoubt(EffectError):
    """It may or may not have happened; a person decides, and it is never repeated blindly."""


class Cancelled(AgentError):
    """The step is no longer this agent's; nothing that the handler still does counts."""


class HandsFull(AgentError, NotNow):
    """The supervisor gave more steps than the charter's capacity; it gives them again, here or elsewhere."""
