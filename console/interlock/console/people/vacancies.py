"""Whether enough people are known who answer for a role. Only words: who is known, the log says.

Known is who has connected once. Whom it names beyond those that people may see, it must not tell.
"""

from collections.abc import Sequence

from interlock.console.people.docket import Docket
from interlock.console.people.mandate import members
from interlock.console.people.words import names
from interlock.contracts.people import Need


def vacancy(docket: Docket, need: Need, now_ms: int, *, barred: Sequence[str] = ()) -> str:
    """Return who is missing at a role now; empty: enough are known."""
    known = [name for name in members(docket, need.role, now_ms) if name not in barred]
    if len(known) >= need.quorum:
        return ""
    if not known:
        return f"nobody who has connected so far answers for {need.role}"
    answers = "answers" if len(known) == 1 else "answer"
    few = f"of all who have connected so far only {names(known)} {answers} for {need.role}"
    return f"{few}, and it takes {need.quorum}"
