"""What an outcome means to the handler that waits for it: a value, or an error that says why not."""

from interlock.agents.errors import EffectAborted, EffectDenied, EffectFailed, InDoubt, Recommended
from interlock.contracts.dispatch import Outcome

AUTONOMY = "autonomy"


def value_of(outcome: Outcome, call: str) -> bytes:
    """Return the JSON of what came of `call` (its name, for the error), or raise an EffectError."""
    why = f"{call}: {outcome.message or 'no reason was given'}"
    match outcome.end:
        case "completed" | "answered":
            return bytes(outcome.value)
        case "denied":
            rule, reason = _parted(outcome.message)
            raise EffectDenied(why, rule=rule, reason=reason)
        case "recommended":
            raise Recommended(why, rule=AUTONOMY, reason=outcome.message)
        case "aborted":
            raise EffectAborted(why)
        case "in_doubt":
            raise InDoubt(why)
        case "failed":
            raise EffectFailed(why, transient=outcome.transient)
        case "lost":
            raise EffectFailed(why, transient=True)


def _parted(message: str) -> tuple[str, str]:
    """Return the rule and the reason of a denial, which is told as `rule: reason`."""
    rule, separator, reason = message.partition(": ")
    return (rule, reason) if separator else ("", message)
