"""Whatever people, policies and time do, in any order: one verdict counts, nothing happens without enough."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.supervisor.core.payments import FINANCE, LITTLE, MUCH, STOLEN, asked, bundle, set_policies
from tests.supervisor.core.people import altered, key_of, signed, statement_of
from tests.supervisor.core.world import all_of

from interlock.contracts import facts
from interlock.contracts.approval import digest_of, is_signed
from interlock.contracts.people import Abort, Approve, Delegate, Edit, Reassign
from interlock.supervisor.core.membership import has_key

EVERYBODY = (*FINANCE, "alice", "olga", "mallory", "eve")
LESS = MUCH | {"cents": 55_000}
WHAT = ("approve",) * 6 + (
    "edit",
    "edit",
    "reject",
    "forge",
    "replay",
    "swap",
    "delegate",
    "lose_key",
    "token",
)
MORE = ("policies", "pause", "resume", "tick", "long_tick", "kill", "abort", "reassign", "worker")


class Desk:
    """A payment that two of finance must agree to, and all that may happen to it."""

    def __init__(self) -> None:
        self.world, self.number, self.effect = asked()
        self.world.person("eve", roles=("approver",))
        self.world.more(self.number, wall_ms=10**9)
        self.old = [signed(statement_of(self.world.state, self.number, 1, who)) for who in FINANCE]
        self.versions = 0

    def happen(self, what: str, chance: Random) -> None:
        world, who = self.world, chance.choice(EVERYBODY)
        numbers = [each for task, each in sorted(world.state.escalations) if task == self.number]
        each = chance.choice(numbers) if numbers else 1
        if numbers and what in {"approve", "edit", "forge", "swap"}:
            self._sign(what, who, each, chance)
        elif what == "reject":
            world.reject(self.number, each, by=who)
        elif what == "replay":
            said = chance.choice(self.old)
            world.say(said.statement.by, "human", "approve", Approve(approval=said), self.number, each)
        elif what == "delegate":
            world.say(who, "human", "delegate", Delegate(to=chance.choice(EVERYBODY), for_s=600))
        elif what == "lose_key" and chance.random() < 0.3:
            world.entitled(who, groups=("finance",))
        elif what == "token":
            ends_ms = world.now_ms + 90_000
            world.entitled(who, groups=("finance",), keys=(key_of(who).public_key,), until_ms=ends_ms)
        elif what == "reassign":
            world.say(who, "human", "reassign", Reassign(to="olga"), self.number, each)
        elif what == "abort" and chance.random() < 0.1:
            world.say(who, "human", "abort", Abort(), self.number, each)
        else:
            self._around(what, chance)

    def _sign(self, what: str, who: str, each: int, chance: Random) -> None:
        world = self.world
        if what == "edit":
            arguments = chance.choice((LESS, LITTLE, STOLEN, MUCH))
            approval = signed(statement_of(world.state, self.number, each, who, arguments))
            world.say(who, "human", "edit", Edit(arguments=arguments, approval=approval), self.number, each)
            return
        approval = signed(statement_of(world.state, self.number, each, who))
        if what == "forge":
            approval = altered(approval, by=chance.choice(FINANCE), arguments=digest_of(STOLEN))
        elif what == "swap":
            approval = altered(approval, effect=self.effect + 1)
        world.say(who, "human", "approve", Approve(approval=approval), self.number, each)

    def _around(self, what: str, chance: Random) -> None:
        world = self.world
        if what == "policies":
            self.versions += 1
            set_policies(world, bundle(f"// {self.versions}"))
        elif what in {"pause", "resume"}:
            world.control(what, self.number)
        elif what == "kill" and chance.random() < 0.1:
            world.control("kill", self.number)
        elif what in {"tick", "long_tick"}:
            world.tick(60_000 if what == "tick" else 500_000)
        elif what == "worker":
            if "effects-1" in world.state.workers:
                world.bye("effects-1")
            else:
                world.worker(tools=_OFFERS)


_OFFERS = tuple(asked()[0].state.workers["effects-1"].tools.values())


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(5, 40))
def test_nothing_happens_without_enough_who_may_and_exactly_one_verdict_counts(
    chance: Random, length: int
) -> None:
    desk = Desk()
    for _ in range(length):
        before = desk.world.state
        desk.happen(chance.choice(WHAT + MORE), chance)
        for fact in desk.world.said(desk.number, facts.EffectGranted):
            _is_lawful(desk, fact)
        assert desk.world.state.escalated[desk.number] >= before.escalated[desk.number]
    for number in range(1, desk.world.state.escalated[desk.number] + 1):
        verdicts = [v for v in all_of(desk.world.told, desk.number, facts.Resolved) if v.number == number]
        assert len(verdicts) <= 1, verdicts


def _is_lawful(desk: Desk, granted: facts.EffectGranted) -> None:
    """Check a grant as an auditor would, from the log and the entitlements alone."""
    world, effect = desk.world, desk.world.effect(desk.number, desk.effect)
    arguments = effect.demand.arguments if granted.arguments is None else granted.arguments
    assert arguments is not None
    assert arguments["to"] != "fox"
    if arguments["cents"] <= 50_000:
        return
    counted = all_of(world.told, desk.number, facts.ApprovalCounted)
    speaks = {said.approval.signature: said.instead_of or said.by for said in counted}
    people = {speaks[one.signature] for one in effect.approvals}
    assert len(people) >= 2
    assert "alice" not in people | {one.statement.by for one in effect.approvals}
    assert world.now_ms < effect.approved_until_ms
    assert world.state.policies is not None
    for one in effect.approvals:
        assert is_signed(one)
        assert has_key(world.state, one.statement.by, one.public_key, world.now_ms)
        assert one.statement.arguments == digest_of(arguments)
        assert (one.statement.effect, one.statement.task) == (desk.effect, desk.number)
        assert one.statement.policies == world.state.policies.digest


def test_the_walks_meet_what_they_are_about() -> None:
    met: set[str] = set()
    grants = 0
    for seed in range(20):
        chance, desk = Random(seed), Desk()
        for _ in range(40):
            desk.happen(chance.choice(WHAT + MORE), chance)
        met |= {type(fact).__name__ for fact in desk.world.told[desk.number]}
        met |= {f.verdict for f in all_of(desk.world.told, desk.number, facts.Resolved)}
        grants += len(all_of(desk.world.told, desk.number, facts.EffectGranted))
    assert {"ApprovalCounted", "ArgumentsEdited", "approved", "edited", "rejected", "void", "aborted"} <= met
    assert grants >= 3
