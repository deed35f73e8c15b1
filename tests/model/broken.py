"""Which wrong definition of Broken.tla stands for which of the protocol, and where it is found out."""

from typing import NamedTuple

from tests.model.worlds import (
    CRASH,
    CRASH_AND_KILL,
    KILL,
    LITTLE_MONEY,
    RESTART_ONE_CALL,
    RESTART_ONE_WRITE,
    TAKEOVER,
    TAKEOVER_AND_KILL,
    TAKEOVER_AND_RESTART,
    TWO_TAKEOVERS,
    World,
)


class Protocol(NamedTuple):
    """A protocol that is wrong in one definition: what it `replaces`, and the invariant that `falls`."""

    world: World
    replaces: str
    falls: str

    def constants(self, name: str) -> dict[str, str]:
        """The constants for a search of the module Broken, with the definition called `name`."""
        return self.world.constants | {self.replaces: f"<- {name}"}


BROKEN = {
    "TellsBeforeDurable": Protocol(TAKEOVER, "ToldOnDeciding", "NothingUnpaidFor"),
    "FitsBesideSpent": Protocol(TAKEOVER, "Fits", "NoOvershoot"),
    "FitsTaskOnly": Protocol(TAKEOVER, "Fits", "NoOvershoot"),
    "ForgetsReservations": Protocol(TAKEOVER, "Recovered", "NoOvershoot"),
    "NothingAtALoss": Protocol(RESTART_ONE_CALL, "AtALoss", "NothingUnpaidFor"),
    "AlwaysTheFirstGrant": Protocol(RESTART_ONE_CALL, "NextGrant", "NoGrantTwice"),
    "RepeatsEverything": Protocol(RESTART_ONE_WRITE, "Repeatable", "NoWriteTwice"),
    "MissesBeatsBeforeItCaughtUp": Protocol(CRASH, "MayMissBeats", "NoOvershoot"),
    "SeesNoOrphanOfTheHalted": Protocol(CRASH_AND_KILL, "Orphan", "NoPhantom"),
    "NoLeaderCondition": Protocol(TAKEOVER, "LeaderStands", "NothingWrong"),
    "NoOwnCondition": Protocol(TAKEOVER, "OwnSubjectStands", "NothingWrong"),
    "NoStamps": Protocol(TAKEOVER, "ToStamp", "NothingWrong"),
    "ReadsPastTheNextLeader": Protocol(TWO_TAKEOVERS, "SeesAnother", "NoPhantom"),
    "StampsOnlyTheActive": Protocol(TAKEOVER_AND_KILL, "Alive", "NothingWrong"),
    "FleetOvertakes": Protocol(LITTLE_MONEY, "FleetInItsPlace", "NoOvershoot"),
    "TellsWhoeverHasTheName": Protocol(TAKEOVER_AND_RESTART, "InHand", "NoWriteTwice"),
    "TellsNobodyOfTheHalted": Protocol(TAKEOVER_AND_KILL, "ToldAgain", "NoPhantom"),
    "TakesAnyIncarnations": Protocol(TAKEOVER_AND_RESTART, "Is", "NoWriteTwice"),
    "RemembersNothing": Protocol(RESTART_ONE_CALL, "Knows", "NoGrantTwice"),
    "GrantsToTheHalted": Protocol(KILL, "MayBeGranted", "NothingWrong"),
    "HearsNoKill": Protocol(KILL, "Stopped", "NothingWrong"),
}
