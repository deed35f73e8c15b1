"""The protocol of reservation, settlement and halt holds in every world; each broken one is found out."""

import pytest
from tests.model.checker import CheckerMissingError, check
from tests.model.worlds import (
    EVERY_RUN,
    INVARIANTS,
    KILL,
    RESTART,
    TAKEOVER,
    TAKEOVER_AND_KILL,
    TAKEOVER_AND_RESTART,
    TAKEOVER_CRASH_AND_KILL,
    TAKEOVER_WITH_LITTLE_MONEY,
    World,
)

IN_DECIDED_ORDER = {"Place": "<- PlaceInLine", "InDecidedOrder": "<- GrantsWaitForSettlements"}

BROKEN: dict[str, tuple[World, str, str]] = {
    "TellsBeforeDurable": (TAKEOVER, "ToldOnDeciding", "NothingUnpaidFor"),
    "FitsBesideSpent": (TAKEOVER, "Fits", "NoOvershoot"),
    "FitsTaskOnly": (TAKEOVER, "Fits", "NoOvershoot"),
    "ForgetsReservations": (TAKEOVER, "Recovered", "NoOvershoot"),
    "NothingAtALoss": (RESTART, "AtALoss", "NothingUnpaidFor"),
    "AlwaysTheFirstGrant": (RESTART, "NextGrant", "NoGrantTwice"),
    "RepeatsEverything": (RESTART, "Repeatable", "NoWriteTwice"),
    "ObservesBeforeItCaughtUp": (TAKEOVER_WITH_LITTLE_MONEY, "MayObserve", "NoOvershoot"),
    "SeesNoOrphanOfTheHalted": (TAKEOVER_CRASH_AND_KILL, "Orphan", "NoPhantom"),
    "NoLeaderCondition": (TAKEOVER, "LeaderStands", "NothingWrong"),
    "NoOwnCondition": (TAKEOVER, "OwnSubjectStands", "NothingWrong"),
    "NoStamps": (TAKEOVER, "ToStamp", "NothingWrong"),
    "StampsOnlyTheActive": (TAKEOVER_AND_KILL, "Alive", "NothingWrong"),
    "TellsWhoeverHasTheName": (TAKEOVER_AND_RESTART, "InHand", "NothingUnpaidFor"),
    "TellsNobodyOfTheHalted": (TAKEOVER_AND_KILL, "ToldAgain", "NoPhantom"),
    "TakesAnyIncarnations": (TAKEOVER_AND_RESTART, "Is", "NothingUnpaidFor"),
    "RemembersNothing": (RESTART, "Knows", "NoGrantTwice"),
    "GrantsToTheHalted": (KILL, "MayBeGranted", "NothingWrong"),
    "HearsNoKill": (KILL, "Stopped", "NothingWrong"),
}
"""Each replacement in Broken.tla: the world that finds it out, what it replaces, the invariant that falls."""


@pytest.mark.parametrize("world", EVERY_RUN.values(), ids=EVERY_RUN.keys())
def test_the_protocol_holds_in_every_reachable_state(world: World) -> None:
    verdict = check("Interlock", world.constants, INVARIANTS)
    assert not verdict.violated, verdict.trace
    assert verdict.states > 1_000, "this world is too small to say anything"


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_protocol_is_refuted_by_a_trace(broken: str) -> None:
    # Given the protocol with one definition replaced by a wrong one
    world, replaced, falls = BROKEN[broken]
    # When TLC looks at it, with all invariants
    verdict = check("Broken", world.constants | {replaced: f"<- {broken}"}, INVARIANTS)
    # Then it finds the shortest way to where one falls
    assert verdict.violated == falls
    assert verdict.steps[0] == "Initial"
    assert len(verdict.steps) > 1


def test_the_log_may_run_ahead_of_a_settlement_unless_grants_wait_for_it() -> None:
    # Given the invariant that no prefix of the decisions shows more than the limit, outcomes left aside
    strict = ["NoOvershootAtAnyRecord"]
    # When decisions of two tasks become durable in any order, then a prefix can show more
    assert check("Broken", TAKEOVER.constants, strict).violated == "NoOvershootAtAnyRecord"
    # When a grant waits for the settlements that were decided before it, then none does
    assert not check("Broken", TAKEOVER.constants | IN_DECIDED_ORDER, [*INVARIANTS, *strict]).violated


def test_a_specification_that_cannot_be_read_is_no_success() -> None:
    with pytest.raises(CheckerMissingError, match="TLC"):
        check("Interlock", {"Effects": '= {"call"}'}, INVARIANTS)
