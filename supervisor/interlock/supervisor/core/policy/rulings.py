"""Reads an answer of policies as a ruling: who must agree, what is flagged, by which rule it is denied.

It also keeps the compiled policies of the last few versions. How policies are evaluated it does not know.
"""

from functools import lru_cache

import msgspec

from interlock.contracts.facts import PoliciesSet
from interlock.contracts.people import Need, Rule
from interlock.contracts.policy import Policies
from interlock.supervisor.core.policy.compiled import Answer, Compiled
from interlock.supervisor.core.policy.compiling import Parts, Policy, compile_policies, told
from interlock.supervisor.core.policy.obligations import is_beyond
from interlock.supervisor.core.policy.question import Question
from interlock.supervisor.core.ruling import Ruling
from interlock.supervisor.errors import IllegalFact

VERSIONS = 8
NO_POLICIES = (
    "no policies are loaded, and without them nothing that changes anything is allowed: "
    "see that the supervisor finds its folder of policies (docs/policy.md)"
)


class _Version(msgspec.Struct, frozen=True, eq=False):
    """A bundle by its digest: comparing it each time would cost more than asking it."""

    digest: str
    bundle: Policies

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Version) and other.digest == self.digest


def compiled(fact: PoliciesSet) -> Compiled:
    """Return the policies that a fact has set; raise IllegalFact when they are none."""
    found = compiled_or_reasons(fact.digest, fact.bundle)
    if isinstance(found, Compiled):
        return found
    raise IllegalFact(f"the policies {fact.digest[:12]} cannot be read: {'; '.join(found)}")


def asks_of_models(policies: PoliciesSet | None) -> bool:
    """Tell whether policies may want people for the use of a model."""
    return policies is not None and compiled(policies).asks_of_models


def compiled_or_reasons(digest: str, bundle: Policies) -> Compiled | tuple[str, ...]:
    """Return a compiled bundle, or why it will not do."""
    return _compiled(_Version(digest, bundle))


def objections(digest: str, bundle: Policies) -> tuple[str, ...]:
    """Return why a bundle may not come to hold; of one that holds already this is not asked."""
    found = compiled_or_reasons(digest, bundle)
    return told(list(found.unheeded)) if isinstance(found, Compiled) else found


@lru_cache(maxsize=VERSIONS)
def _compiled(version: _Version) -> Compiled | tuple[str, ...]:
    parts = compile_policies(version.bundle)
    return Compiled(version.digest, parts) if isinstance(parts, Parts) else parts


def rule_on(policies: PoliciesSet | None, question: Question) -> Ruling:
    """Say what policies rule; without any, only what changes nothing may happen."""
    if policies is None:
        if question.risk in {None, "read"}:
            return Ruling(allowed=True)
        return Ruling(allowed=False, rule="policy.missing", reason=NO_POLICIES)
    answer = compiled(policies).answer(question)
    if answer.error:
        return Ruling(
            allowed=False, rule="policy.error", reason=f"policies could not be asked: {answer.error}"
        )
    return _permitted(answer, question) if answer.allowed else _refused(answer, question)


def _refused(answer: Answer, question: Question) -> Ruling:
    if not answer.policies:
        what = f"the {'model' if question.risk is None else 'tool'} {question.name}"
        reason = f"no policy permits that {question.agent} ({question.role}) uses {what}"
        return Ruling(allowed=False, rule="policy.none", reason=reason)
    first = answer.policies[0]
    reason = first.obligations.says or "a policy forbids it"
    rules = tuple(_rule(policy) for policy in answer.policies)
    return Ruling(allowed=False, rule=f"policy.{first.id}", reason=reason, rules=rules, forbidden=True)


def _permitted(answer: Answer, question: Question) -> Ruling:
    for policy in answer.policies:
        cap = policy.obligations.cap
        if cap is not None and is_beyond(cap, question.arguments):
            reason = policy.obligations.says or f"it is capped: {cap.text}"
            return Ruling(allowed=False, rule=f"policy.{policy.id}", reason=reason, rules=(_rule(policy),))
    asking = [policy for policy in answer.policies if policy.obligations.need is not None]
    return Ruling(
        allowed=True,
        needs=_needs(asking),
        rules=tuple(_rule(policy) for policy in asking),
        requester_may=bool(asking) and all(policy.obligations.requester_may for policy in asking),
        flags=_flags(answer.policies),
    )


def _needs(asking: list[Policy]) -> tuple[Need, ...]:
    """Return who must agree; of two quorums of one role the greater holds both."""
    quorums: dict[str, int] = {}
    for policy in asking:
        need = policy.obligations.need
        if need is not None:
            quorums[need.role] = max(need.quorum, quorums.get(need.role, 0))
    return tuple(Need(role=role, quorum=quorums[role]) for role in sorted(quorums))


def _flags(policies: tuple[Policy, ...]) -> tuple[str, ...]:
    flags = {f"redact:{where}" for policy in policies for where in policy.obligations.redact}
    if any(policy.obligations.review for policy in policies):
        flags.add("review")
    return tuple(sorted(flags))


def _rule(policy: Policy) -> Rule:
    return Rule(id=policy.id, says=policy.obligations.says)
