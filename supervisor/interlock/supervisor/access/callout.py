"""Answers the server's questions about who connects: proof first, then the decision, then the signed answer.

A key's owner is answered in the same turn. Whoever has to be looked into longer, with a token or a
restriction that the log must hold first, waits; in bounded number. A key that nobody of the directory has
comes with a token as the key by which its person signs. It must not know what follows for
connections that stand already.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec.structs import replace

from interlock.bus import tickets
from interlock.bus.accounts import account
from interlock.bus.clock import now_ms
from interlock.bus.errors import MalformedTicket, NotPermitted
from interlock.bus.identity import Identity
from interlock.bus.logs import log
from interlock.bus.permissions import permissions_of
from interlock.bus.tickets import Question
from interlock.bus.wired import Wired
from interlock.supervisor.access.admission import (
    SHOWN_CHARS,
    Admitted,
    KeyProof,
    Moment,
    Outcome,
    Proof,
    Rejected,
    TokenProof,
    admit,
)
from interlock.supervisor.access.attempts import Attempts
from interlock.supervisor.access.cutting import Cutting
from interlock.supervisor.access.environment import Environment
from interlock.supervisor.access.errors import NoKeys, Unproven, Unready

MOST_WAITING = 256

Respond = Callable[[str, bytes], None]


class Believer(Protocol):
    """Whoever believes tokens: loaded only where people come with them."""

    async def prove(self, token: str, now_ms: int) -> TokenProof:
        """Return who presents it; raise Unproven when nobody does, NoKeys when nobody can tell."""
        ...


class Callout:
    """Answers questions by `respond`; `tokens` is None where nobody may come with one."""

    def __init__(
        self,
        issuer: Identity,
        environments: Mapping[str, Environment],
        cutting: Cutting,
        attempts: Attempts,
        tokens: Believer | None,
        respond: Respond,
    ) -> None:
        self._issuer = issuer
        self._environments = environments
        self._cutting = cutting
        self._attempts = attempts
        self._tokens = tokens
        self._respond = respond
        self._waiting: set[asyncio.Task[None]] = set()

    def asked(self, message: Wired) -> None:
        """Answer a question, now or as soon as everything is known."""
        try:
            question = tickets.read_question(message.data)
        except MalformedTicket as failure:
            log.warning("question_not_read", reason=str(failure))
            return
        proof, outcome = self._at_once(question)
        if outcome is not None and not self._has_to_wait(outcome):
            self._answer(message.reply, question, outcome)
        elif len(self._waiting) >= MOST_WAITING:
            crowded = Rejected("too many wait to be let in: try again", blameless=True)
            self._answer(message.reply, question, crowded)
        else:
            waiting = asyncio.get_running_loop().create_task(self._look_into(message.reply, question, proof))
            self._waiting.add(waiting)
            waiting.add_done_callback(self._waiting.discard)

    def stop(self) -> None:
        """Answer nobody any more: another service will, or the server refuses."""
        for waiting in self._waiting:
            waiting.cancel()

    def _at_once(self, question: Question) -> tuple[Proof | None, Outcome | None]:
        """Return what is proven, and what follows: nothing yet where a token has to be looked into."""
        if question.token and self._may_be_by_token(question):
            return None, None
        try:
            proof = _prove(question)
        except Unproven as failure:
            return None, self._unproven(question, failure)
        return proof, self._decide(question, proof)

    def _may_be_by_token(self, question: Question) -> bool:
        """Tell whether no key counts more than the token: who is in the directory comes by its key."""
        if not question.named_key:
            return True
        return bool(question.public_key) and not self._cutting.directory.has_key(question.public_key)

    async def _look_into(self, reply: str, question: Question, proof: Proof | None) -> None:
        try:
            outcome = await self._decide_later(question, proof)
        except Unproven as failure:
            outcome = self._unproven(question, failure)
        except Unready as failure:
            outcome = Rejected(str(failure), blameless=True)
        except NoKeys as failure:
            log.warning("token_not_verified", reason=str(failure))
            outcome = Rejected("the keys of the token's issuer cannot be read now: try again", shown="token")
        except Exception:
            log.exception("question_not_answered")
            outcome = Rejected("something went wrong in admitting: see the log of the access service")
        self._answer(reply, question, outcome)

    async def _decide_later(self, question: Question, proof: Proof | None) -> Outcome:
        if proof is None:
            if self._tokens is None:
                raise Unproven("nobody may come with a token here: see docs/oidc.md")
            proof = await self._tokens.prove(question.token, now_ms())
            proof = replace(proof, public_key=question.public_key)
        outcome = self._decide(question, proof)
        if isinstance(outcome, Admitted) and self._has_to_wait(outcome):
            await self._environments[outcome.environment].entitling.tell(outcome)
            # Something may have been said meanwhile.
            outcome = self._decide(question, proof)
        return outcome

    def _unproven(self, question: Question, failure: Unproven) -> Rejected:
        """Return the refusal of somebody who has proven nothing: a key that was only named tells no name."""
        if not question.named_key:
            return Rejected(str(failure), shown="token" if question.token else "no credential")
        shown = f"nkey {question.named_key[:SHOWN_CHARS]}"
        owner = self._cutting.directory.of_key(question.named_key)
        if owner is None:
            return Rejected(str(failure), shown=shown)
        environment = self._cutting.directory.principals[owner[0]].environment
        return Rejected(f"{failure}; it is {owner[0]}'s", environment=environment, shown=shown)

    def _decide(self, question: Question, proof: Proof) -> Outcome:
        moment = Moment(now_ms(), question.user)
        outcome = admit(self._cutting.directory, self._cutting.keeps_out, proof, moment)
        if not isinstance(outcome, Admitted):
            return outcome
        if outcome.environment not in self._environments:
            return Rejected(
                f"this service does not know the environment {outcome.environment}: restart it",
                outcome.principal,
            )
        return self._environments[outcome.environment].entitling.with_known(outcome, moment.now_ms)

    def _has_to_wait(self, outcome: Outcome) -> bool:
        return isinstance(outcome, Admitted) and self._environments[
            outcome.environment
        ].entitling.has_to_tell(outcome)

    def _answer(self, reply: str, question: Question, outcome: Outcome) -> None:
        place = question.server, question.client
        at_ms = now_ms()
        if isinstance(outcome, Admitted):
            try:
                permissions = permissions_of(outcome.principal, outcome.roles)
            except NotPermitted as failure:
                outcome = Rejected(str(failure), outcome.principal, outcome.environment)
            else:
                self._cutting.connections.admitted(place, outcome.proof)
                log.info("admitted", who=outcome.principal, environment=outcome.environment, cid=place[1])
                answer = tickets.admit(
                    question,
                    self._issuer,
                    principal=outcome.principal,
                    account=account(outcome.environment),
                    permissions=permissions,
                    now_s=at_ms // 1_000,
                    expires_s=outcome.expires_s,
                )
                self._respond(reply, answer)
                return
        # At debug: a record tells of it, which no flood can make many.
        log.debug("refused", who=outcome.principal, shown=outcome.shown, cid=place[1], reason=outcome.reason)
        self._respond(reply, tickets.refuse(question, self._issuer, outcome.reason, now_s=at_ms // 1_000))
        self._attempts.refused(place, outcome)


def _prove(question: Question) -> Proof:
    """Return what is proven without a token; raise Unproven for nothing, or for what is only claimed."""
    if question.public_key:
        return KeyProof(question.public_key)
    if question.named_key:
        raise Unproven("the server's nonce is not signed with the key that was named")
    if question.certificate:
        # Read only where somebody comes with one.
        from interlock.supervisor.access.certificates import read_certificate  # noqa: PLC0415 - for that reason

        return read_certificate(question.certificate)
    raise Unproven("no key, token or certificate was shown")
