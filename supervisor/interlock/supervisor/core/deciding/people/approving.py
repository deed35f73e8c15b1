"""Decides about approvals of effects: whose signature counts, over what, and when enough have agreed.

An approval is checked here before it is counted; the effect worker checks it again.
"""

from collections.abc import Sequence

from interlock.contracts import facts
from interlock.contracts.approval import Approval, canonical, digest_of, is_signed
from interlock.contracts.consent import signed_model
from interlock.contracts.inputs import Input
from interlock.contracts.limits import MAX_JUDGED_BYTES
from interlock.contracts.message import line
from interlock.contracts.people import Approve, Edit, Need
from interlock.supervisor.core.deciding.authorising import ruling_of, version
from interlock.supervisor.core.deciding.forging import accuse
from interlock.supervisor.core.deciding.granting import try_grant
from interlock.supervisor.core.deciding.people.canaries import asked_for, excluded_anyhow
from interlock.supervisor.core.escalation import Escalation
from interlock.supervisor.core.evolving.people import expires_ms
from interlock.supervisor.core.membership import has_key, is_member, may_speak_for, speaks_for
from interlock.supervisor.core.ruling import Ruling
from interlock.supervisor.core.state import State
from interlock.supervisor.core.turn import Turn


def approve(turn: Turn, said: Input, body: Approve, task: int, known: Escalation) -> None:
    """Count one who agrees; with the last of them the effect may happen."""
    name = f"{task}.{known.said.number}"
    if body.approval is None:
        turn.refuse(
            task, said.seq, f"{name} needs a signature: `interlock approve {name}` signs what it shows"
        )
        return
    if _is_enough(turn.state, known, turn.now_ms) and _is_asked(turn, said, known):
        # A key or a group had ended when the last of them agreed, and is good again.
        settle_approval(turn, task, known.said.number, said, body.reason)
        return
    person = _person(turn, said, task, known)
    if person is None or not _is_sound(turn, said, body.approval, task, known, known.digest):
        return
    _count(turn, said, body.approval, task, known.said.number, person)
    settle_approval(turn, task, known.said.number, said, body.reason)


def edit(turn: Turn, said: Input, body: Edit, task: int, known: Escalation) -> None:
    """Put other arguments in place, which pass the gate anew, and count the editor as one who agrees."""
    number, digest = known.said.number, digest_of(body.arguments)
    if signed_model(known.said.tool):
        reason = f"{task}.{number} is about the use of a model, which nobody edits: approve it, or reject it"
        turn.refuse(task, said.seq, f"{reason} and say what should be asked instead")
        return
    size = len(canonical(body.arguments))
    if size > MAX_JUDGED_BYTES:
        reason = f"{size} bytes of arguments are more than anybody can judge: at most {MAX_JUDGED_BYTES}"
        turn.refuse(task, said.seq, reason)
        return
    if digest == known.digest:
        turn.refuse(task, said.seq, f"nothing is changed in {task}.{number}: approve it as it is")
        return
    if _person(turn, said, task, known) is None:
        return
    if not _is_sound(turn, said, body.approval, task, known, digest, verdict="edit"):
        return
    if not _edited(turn, said, body, task, known, digest):
        return
    changed = turn.state.escalations[task, number]
    person = _speaker(turn.state, said.principal, changed, turn.now_ms)
    if person:
        _count(turn, said, body.approval, task, number, person)
    settle_approval(turn, task, number, said, body.reason)


def _edited(turn: Turn, said: Input, body: Edit, task: int, known: Escalation, digest: str) -> bool:
    """Let the policies look at other arguments; say what they want now, or why they will not have them."""
    needs, rules, excluded = known.needs, known.rules, known.excluded
    effect = asked_for(turn.task(task), known)
    if effect is not None:
        ruling = ruling_of(turn, task, effect, body.arguments)
        if ruling is None or not ruling.allowed or ruling.suggested:
            turn.refuse(task, said.seq, _objection(ruling, f"{task}.{known.said.number}", known.said.tool))
            return False
        needs, rules = ruling.needs, ruling.rules
        requester = () if ruling.requester_may else (known.said.submitter,)
        excluded = (*requester, *excluded_anyhow(known.said))
    turn.say(
        task,
        facts.ArgumentsEdited(
            at_ms=turn.now_ms,
            number=known.said.number,
            by=said.principal,
            input=said.seq,
            arguments=body.arguments,
            digest=digest,
            needs=needs,
            rules=rules,
            excluded=excluded,
            reason=line(body.reason),
        ),
    )
    return True


def _objection(ruling: Ruling | None, name: str, tool: str) -> str:
    if ruling is not None:
        return f"with these arguments it may not happen, by {ruling.rule}: {ruling.reason}"
    return (
        f"no effect worker here offers the tool {tool} now, so policies cannot judge other arguments; {name} "
        f"stays as it was, and waits: start one that does (interlock agents lists who is here), then edit "
        f"{name} again; approving it as it is, and rejecting it, need none"
    )


def settle_approval(turn: Turn, task: int, number: int, said: Input, reason: str) -> None:
    """Close an escalation for which enough have agreed, and let its effect happen, if there is one."""
    known = turn.state.escalations[task, number]
    if not _is_enough(turn.state, known, turn.now_ms):
        return
    counting = _counting(turn.state, known, turn.now_ms)
    turn.say(
        task,
        facts.Resolved(
            at_ms=turn.now_ms,
            number=number,
            verdict="edited" if known.edited_by else "approved",
            by=tuple(one.by for one in counting) or (said.principal,),
            input=said.seq,
            reason=line(reason),
        ),
    )
    if task and not known.said.canary:
        try_grant(turn, task, turn.state.tasks[task].effects[known.said.effect])


def _person(turn: Turn, said: Input, task: int, known: Escalation) -> str | None:
    """Return for whom the speaker may agree; else refuse, and say why."""
    name, who = f"{task}.{known.said.number}", said.principal
    reason = ""
    if who in known.excluded:
        reason = f"{who} has asked for {name}, and may not approve it: others have to"
    elif any(one.by == who for one in _counting(turn.state, known, turn.now_ms)):
        reason = f"{who} has approved {name} already: {_missing(turn.state, known, turn.now_ms)}"
    person = "" if reason else _speaker(turn.state, who, known, turn.now_ms)
    if person:
        return person
    wanted = ", ".join(need.role for need in known.needs)
    turn.refuse(
        task, said.seq, reason or f"{name} is for {wanted}: {who} speaks for nobody there who is missing"
    )
    return None


def _speaker(state: State, who: str, known: Escalation, now_ms: int) -> str:
    """Return for whom somebody counts: one who is not excluded and has not agreed, itself or through another.

    A role that is still missing somebody comes first; empty: for nobody.
    """
    counting = _counting(state, known, now_ms)
    heard = {name for one in counting for name in (one.by, one.instead_of)}
    for need in known.needs:
        if _is_met(state, need, counting, now_ms):
            continue
        for person in speaks_for(state, who, need.role, now_ms):
            if person not in heard and person not in known.excluded:
                return person
    return ""


def _is_sound(
    turn: Turn,
    said: Input,
    approval: Approval,
    task: int,
    known: Escalation,
    digest: str,
    *,
    verdict: str = "approve",
) -> bool:
    """Tell whether a signature is the speaker's own, and over exactly what is asked; else refuse it."""
    name, statement = f"{task}.{known.said.number}", approval.statement
    forged = ""
    if statement.by != said.principal:
        forged = f"the approval of {name} is by {statement.by}, not by {said.principal}"
    elif not has_key(turn.state, said.principal, approval.public_key, turn.now_ms):
        forged = f"the key that signed {name} is none by which {said.principal} may sign"
    elif not is_signed(approval):
        forged = f"the signature of {name} is not over what it says"
    if forged:
        accuse(turn, task, said, "forge", forged)
        return False
    asked = known.said
    stale = ""
    if (statement.task, statement.number, statement.effect) != (task, asked.number, asked.effect):
        stale = f"it was signed for {statement.task}.{statement.number}, not for {name}"
    elif statement.asked_ms != asked.at_ms:
        stale = f"it was signed for a {name} that was asked at another time, as in another log: sign this one"
    elif (statement.tool, statement.arguments, statement.verdict) != (asked.tool, digest, verdict):
        stale = f"what was signed is not what {name} asks for now: look at it again"
    elif statement.policies != version(turn.state):
        stale = f"the policies are not those under which {name} was signed: look at it again"
    if stale:
        turn.refuse(task, said.seq, stale)
    return not stale


def _count(turn: Turn, said: Input, approval: Approval, task: int, number: int, person: str) -> None:
    turn.say(
        task,
        facts.ApprovalCounted(
            at_ms=turn.now_ms,
            number=number,
            by=said.principal,
            instead_of=person if person != said.principal else "",
            input=said.seq,
            approval=approval,
        ),
    )


def _counting(state: State, known: Escalation, now_ms: int) -> list[facts.ApprovalCounted]:
    """Return the approvals that count now: not expired, of these policies, by keys that still sign."""
    policies = version(state)
    return [
        one
        for one in known.approvals
        if now_ms < expires_ms(one)
        and one.approval.statement.policies == policies
        and has_key(state, one.by, one.approval.public_key, now_ms)
    ]


def _is_enough(state: State, known: Escalation, now_ms: int) -> bool:
    counting = _counting(state, known, now_ms)
    return all(_is_met(state, need, counting, now_ms) for need in known.needs)


def _is_asked(turn: Turn, said: Input, known: Escalation) -> bool:
    """Tell whether somebody is one of those who are asked, whether or not anybody is missing."""
    roles = () if said.principal in known.excluded else [need.role for need in known.needs]
    return any(may_speak_for(turn.state, said.principal, role, turn.now_ms) for role in roles)


def _is_met(state: State, need: Need, counting: Sequence[facts.ApprovalCounted], now_ms: int) -> bool:
    people = {one.instead_of or one.by for one in counting}
    people = {person for person in people if is_member(state, person, need.role, now_ms)}
    return len(people) >= need.quorum


def _missing(state: State, known: Escalation, now_ms: int) -> str:
    counting = _counting(state, known, now_ms)
    roles = [need.role for need in known.needs if not _is_met(state, need, counting, now_ms)]
    return f"others of {', '.join(roles)} have to" if roles else "it is enough"
