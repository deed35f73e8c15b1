"""Whether people have agreed to a call: their signatures over this very call, by keys that are theirs now.

The supervisor has looked before; here it is looked at again, right before anything is done. Whether an
approval was needed at all it cannot see, nor whether the policies let the submitter be one of them.
"""

import asyncio
from collections.abc import Iterable, Mapping

from interlock.bus.clock import now_ms
from interlock.bus.errors import BusError
from interlock.bus.logs import log
from interlock.contracts.approval import Approval, digest_of, is_signed
from interlock.contracts.consent import asked_of_model, judged, signed_name
from interlock.contracts.dispatch import DoEffect
from interlock.contracts.effect import ModelCall, ToolCall
from interlock.contracts.message import Json
from interlock.contracts.people import Need
from interlock.contracts.presence import ModelOffer
from interlock.effects.errors import Unapproved
from interlock.effects.people import Known, People, Submission

LOOK_S = 5.0
AGAIN_S = 0.25
_REQUESTER = "whoever has submitted the task may not agree to it: others have to"


class Approvals:
    """Looks into the log whenever a grant comes to which people had to agree."""

    def __init__(self, people: People, models: Iterable[ModelOffer]) -> None:
        self._people = people
        self._models = {offer.model: offer for offer in models}

    async def verify(self, work: DoEffect) -> None:
        """Raise Unapproved unless people have agreed to it; a log that is away is waited for meanwhile."""
        while True:
            check_time(work, now_ms())
            try:
                async with asyncio.timeout(LOOK_S):
                    submission = await self._submission(work)
                    known = await self._people.look()
            except (BusError, TimeoutError) as error:
                log.warning("people_not_read", effect=work.effect, reason=str(error) or "it takes too long")
                await asyncio.sleep(AGAIN_S)
            else:
                check(work, known, submission, now_ms(), self._models)
                return

    async def _submission(self, work: DoEffect) -> Submission:
        submission = await self._people.submission_of(work.task)
        if submission is None:
            reason = f"record {work.task} submits no task, so nobody knows who may not agree to it"
            raise Unapproved(f"the approval of effect {work.effect} does not hold: {reason}")
        return submission


def check(
    work: DoEffect, known: Known, submission: Submission, at_ms: int, models: Mapping[str, ModelOffer]
) -> None:
    """Raise Unapproved unless enough people have agreed to this grant, since its task was submitted.

    Whoever submitted it is none of them, unless the grant lets them be; `models` are those offered here.
    """
    signed = _signed(work, models)
    check_time(work, at_ms)
    excluded = "" if work.requester_may else submission.by
    for approval in work.approvals:
        by = approval.statement.by
        why_not = _REQUESTER if by == excluded else _why_not(work, signed, approval, known, at_ms)
        if not why_not and approval.statement.asked_ms < submission.stored_ms:
            why_not = "it is older than the task, and so of another log"
        if why_not:
            raise Unapproved(f"the approval of effect {work.effect} by {by} does not hold: {why_not}")
    questions = {(each.statement.number, each.statement.asked_ms) for each in work.approvals}
    if len(questions) > 1 or len({each.statement.policies for each in work.approvals}) > 1:
        raise Unapproved(f"the approvals of effect {work.effect} are not of one question")
    for need in work.needs:
        agreed = _agreed(need, work, known, excluded, at_ms)
        if agreed < need.quorum:
            raise Unapproved(
                f"effect {work.effect} needs {need.quorum} of {need.role}, and has {agreed}: ask again"
            )


def check_time(work: DoEffect, at_ms: int) -> None:
    """Raise Unapproved when what was agreed to has expired."""
    if at_ms >= work.approved_until_ms:
        raise Unapproved(f"the approval of effect {work.effect} has expired: ask again")


def _signed(work: DoEffect, models: Mapping[str, ModelOffer]) -> tuple[str, Json]:
    """Return the name and the arguments that people sign who agree to a call."""
    call = work.call
    if isinstance(call, ToolCall):
        return call.tool, call.arguments
    offer = models.get(call.model) if isinstance(call, ModelCall) else None
    if not isinstance(call, ModelCall) or offer is None:
        raise Unapproved(f"effect {work.effect} is of no tool or model here that people could agree to")
    if work.max_output_tokens > call.max_output_tokens:
        raise Unapproved(
            f"effect {work.effect} may answer with {work.max_output_tokens} tokens: people have agreed "
            f"to {call.max_output_tokens}"
        )
    return signed_name(call.model), judged(asked_of_model(call), offer)


def _why_not(work: DoEffect, signed: tuple[str, Json], approval: Approval, known: Known, at_ms: int) -> str:
    """Return why an approval is not of this call, or nobody's; empty: it is good."""
    said, (name, arguments) = approval.statement, signed
    if not is_signed(approval):
        return "its signature is not that of its key"
    if not known.has_key(said.by, approval.public_key, at_ms):
        return f"its key is not one by which {said.by} signs now"
    if (said.task, said.effect) != (work.task, work.effect):
        return f"it is of effect {said.effect} of task {said.task}"
    if said.tool != name:
        return f"it is of {said.tool}, not of {name}"
    if said.arguments != digest_of(arguments):
        return "it is of other arguments"
    return ""


def _agreed(need: Need, work: DoEffect, known: Known, excluded: str, at_ms: int) -> int:
    """Return how many different people of a role have agreed, each approval counting for one of them.

    Who stands in for another counts for the one or for itself, whichever makes them more, and never for who
    is excluded.
    """
    speaks_for = {
        approval.statement.by: known.members_for(
            approval.statement.by, need.role, approval.counted_ms or at_ms, at_ms
        )
        - {excluded}
        for approval in work.approvals
    }
    counted: dict[str, str] = {}
    for who in speaks_for:
        _count(who, speaks_for, counted, set())
    return len(counted)


def _count(who: str, speaks_for: dict[str, frozenset[str]], counted: dict[str, str], tried: set[str]) -> bool:
    """Let an approver count for somebody for whom nobody else does, or makes room."""
    for member in sorted(speaks_for[who] - tried):
        tried.add(member)
        if member not in counted or _count(counted[member], speaks_for, counted, tried):
            counted[member] = who
            return True
    return False
