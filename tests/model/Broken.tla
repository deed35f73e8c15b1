------------------------------- MODULE Broken -------------------------------
(* Protocols that are wrong in one place each. A run replaces one definition  *)
(* of Core or Interlock by one of these, and must find what comes of it.      *)
EXTENDS Interlock

(* Reserving *)
TellsBeforeDurable(facts) == GrantsIn(facts)
FitsBesideSpent(core, effect) ==
    WithinLimits([other \in Effects |-> core.effects[other].spent + (IF other = effect THEN Bound ELSE 0)])
FitsTaskOnly(core, effect) ==
    SumOf(Used(core), OfTask(TaskOf(effect))) + Bound <= TaskLimit
ForgetsReservations(s) ==
    [sup[s] EXCEPT !.phase = "leading", !.seen = {}, !.caught_up = Len(inputs), !.telling = {},
        !.core.effects = [effect \in Effects |->
            IF @[effect].state = "granted" THEN [@[effect] EXCEPT !.state = "none"] ELSE @[effect]]]

(* Settling *)
NothingAtALoss == 0
AlwaysTheFirstGrant(known) == 1
RepeatsEverything(effect) == TRUE
MissesBeatsBeforeItCaughtUp(s) == TRUE
SeesNoOrphanOfTheHalted(core, effect) ==
    /\ core.effects[effect].state = "granted" /\ ~core.effects[effect].hand
    /\ TaskOf(effect) \notin core.halted

(* One writer *)
NoLeaderCondition(s) == TRUE
NoOwnCondition(s, subject) == TRUE
NoStamps(s) == {}
ReadsPastTheNextLeader(s) == FALSE
StampsOnlyTheActive(core, task) == task \notin core.halted
FleetOvertakes(s, subject) == subject # Fleet => sup[s].out[Fleet] = << >>

(* Telling and carrying out *)
TellsWhoeverHasTheName(core, effect) == core.workers[core.effects[effect].worker] # Absent
TellsNobodyOfTheHalted(core, effect) == TaskOf(effect) \notin core.halted
TakesAnyIncarnations(p, order) == order.process[1] = p[1]
RemembersNothing(p, order) == FALSE

(* Stopping *)
GrantsToTheHalted(core, effect) == Here(core) # {} /\ Fits(core, effect)
HearsNoKill(p, order) == order.stop

(* Not wrong, but stricter: decisions become durable in the order in which    *)
(* they were made, as far as a grant relies on what others gave back.         *)
PlaceInLine(out) == SumOf([subject \in Subjects |-> Len(out[subject])], Subjects)
Settles(batch) == \E i \in 1..Len(batch.facts) : batch.facts[i].fact = "settled"
GrantsWaitForSettlements(s, subject) ==
    LET batch == Head(sup[s].out[subject])
    IN GrantsIn(batch.facts) # {} => \A other \in Tasks \ {subject} : \A i \in 1..Len(sup[s].out[other]) :
        Settles(sup[s].out[other][i]) => sup[s].out[other][i].place > batch.place
=============================================================================
