"""The protocol of reservation, settlement and halt holds in every world; each broken one is found out."""

import pytest
from tests.model.broken import BROKEN
from tests.model.checker import CheckerMissingError, check
from tests.model.worlds import EVERY_RUN, INVARIANTS, TAKEOVER, World

IN_DECIDED_ORDER = {"Place": "<- PlaceInLine", "InDecidedOrder": "<- GrantsWaitForSettlements"}


@pytest.mark.parametrize("world", EVERY_RUN.values(), ids=EVERY_RUN.keys())
def test_the_protocol_holds_in_every_reachable_state(world: World) -> None:
    verdict = check("Interlock", world.constants, INVARIANTS)
    assert not verdict.violated, verdict.trace
    assert verdict.states > 500, "this world is too small to say anything"


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_protocol_is_refuted_by_a_trace(broken: str) -> None:
    # Given the protocol with one definition replaced by a wrong one
    protocol = BROKEN[broken]
    # When TLC looks at it, with all invariants
    verdict = check("Broken", protocol.constants(broken), INVARIANTS, threads=1)
    # Then it finds the shortest way to where one falls
    assert verdict.violated == protocol.falls
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
