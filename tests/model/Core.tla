-------------------------------- MODULE Core --------------------------------
(* The decision core: what facts make of the state, and what follows from an  *)
(* input. It knows no supervisors, no log and no workers' processes.          *)
(* Its original: supervisor/.../core/deciding and core/evolving.              *)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS Effects,       \* the effects asked for: a subset of "call", "write", "second"
          TaskLimit,     \* what one task may spend
          TenantLimit,   \* what all tasks together may spend
          Bound          \* the most that one effect can use, and what is reserved for it

Tasks == {1, 2}
Fleet == 0
Subjects == Tasks \union {Fleet}
Principals == {"a", "b"}

TaskOf(effect) == IF effect = "call" THEN 1 ELSE 2
Repeatable(effect) == effect # "write"
Absent == 0

(* The state: effects with their accounts, the incarnation of each worker     *)
(* that is here, halted tasks, and the last input decided about per subject.  *)
(* `hand` is whether the worker's present incarnation has it.                 *)
NewEffect == [state |-> "none", grant |-> 0, worker |-> "a", hand |-> FALSE, spent |-> 0]

Start == [effects |-> [effect \in Effects |-> NewEffect],
          workers |-> [worker \in Principals |-> 1],
          halted  |-> {},
          handled |-> [subject \in Subjects |-> 0]]

InFlight(core) == {effect \in Effects : core.effects[effect].state = "granted"}

---------------------------------------------------------------------------
(* Accounts *)

RECURSIVE SumOf(_, _)
SumOf(value, set) ==
    IF set = {} THEN 0
    ELSE LET one == CHOOSE one \in set : TRUE
         IN value[one] + SumOf(value, set \ {one})

Used(core) == [effect \in Effects |->
    core.effects[effect].spent + (IF core.effects[effect].state = "granted" THEN Bound ELSE 0)]

OfTask(task) == {effect \in Effects : TaskOf(effect) = task}

WithinLimits(used) ==
    /\ SumOf(used, Effects) <= TenantLimit
    /\ \A task \in Tasks : SumOf(used, OfTask(task)) <= TaskLimit

Fits(core, effect) == WithinLimits([Used(core) EXCEPT ![effect] = @ + Bound])

---------------------------------------------------------------------------
(* Facts *)

Granted(effect, grant, worker) ==
    [fact |-> "granted", subject |-> TaskOf(effect), effect |-> effect, grant |-> grant, worker |-> worker]
Held(effect) == [fact |-> "held", subject |-> TaskOf(effect), effect |-> effect]
Settled(effect, end, spent) ==
    [fact |-> "settled", subject |-> TaskOf(effect), effect |-> effect, end |-> end, spent |-> spent]
Halted(task) == [fact |-> "halted", subject |-> task]
Joined(worker, incarnation) ==
    [fact |-> "joined", subject |-> Fleet, worker |-> worker, incarnation |-> incarnation]
Left(worker) == [fact |-> "left", subject |-> Fleet, worker |-> worker]

OutOfHand(effects, worker) == [effect \in Effects |->
    IF effects[effect].worker = worker THEN [effects[effect] EXCEPT !.hand = FALSE] ELSE effects[effect]]

Evolve(core, fact) ==
    CASE fact.fact = "granted" ->
            [core EXCEPT !.effects[fact.effect] = [@ EXCEPT
                !.state = "granted", !.grant = fact.grant, !.worker = fact.worker,
                !.hand = core.workers[fact.worker] # Absent]]
      [] fact.fact = "held" -> [core EXCEPT !.effects[fact.effect].state = "held"]
      [] fact.fact = "settled" ->
            [core EXCEPT !.effects[fact.effect] = [@ EXCEPT
                !.state = fact.end, !.spent = @ + fact.spent, !.hand = FALSE]]
      [] fact.fact = "halted" -> [core EXCEPT !.halted = @ \union {fact.subject}]
      [] fact.fact = "joined" ->
            [core EXCEPT !.workers[fact.worker] = fact.incarnation,
                         !.effects = OutOfHand(@, fact.worker)]
      [] fact.fact = "left" ->
            [core EXCEPT !.workers[fact.worker] = Absent,
                         !.effects = OutOfHand(@, fact.worker)]

RECURSIVE EvolveAll(_, _)
EvolveAll(core, facts) ==
    IF facts = << >> THEN core ELSE EvolveAll(Evolve(core, Head(facts)), Tail(facts))

---------------------------------------------------------------------------
(* Deciding: each gives the facts that follow. *)

InHandOf(core, worker) ==
    {effect \in InFlight(core) : core.effects[effect].worker = worker /\ core.effects[effect].hand}

Here(core) == {worker \in Principals : core.workers[worker] # Absent}

(* The worker with the emptiest hands. *)
Chosen(core) ==
    IF Here(core) = Principals /\ Cardinality(InHandOf(core, "b")) < Cardinality(InHandOf(core, "a"))
    THEN "b" ELSE CHOOSE worker \in Here(core) : worker = "a" \/ "a" \notin Here(core)

NextGrant(known) == known.grant + 1

MayBeGranted(core, effect) ==
    /\ TaskOf(effect) \notin core.halted
    /\ Here(core) # {}
    /\ Fits(core, effect)

TryGrant(core, effect) ==
    IF MayBeGranted(core, effect)
    THEN << Granted(effect, NextGrant(core.effects[effect]), Chosen(core)) >>
    ELSE IF core.effects[effect].state = "held" THEN << >> ELSE << Held(effect) >>

AtALoss == Bound

Lost(core, effect) ==
    IF ~Repeatable(effect) THEN << Settled(effect, "in_doubt", AtALoss) >>
    ELSE LET settled == Settled(effect, "lost", AtALoss)
         IN IF TaskOf(effect) \in core.halted THEN << settled >>
            ELSE << settled >> \o TryGrant(Evolve(core, settled), effect)

RECURSIVE LostAll(_, _)
LostAll(core, effects) ==
    IF effects = {} THEN << >>
    ELSE LET effect == CHOOSE effect \in effects : TRUE
             facts == Lost(core, effect)
         IN facts \o LostAll(EvolveAll(core, facts), effects \ {effect})

AfterFleet(core, facts, lost) == facts \o LostAll(EvolveAll(core, facts), lost)

SaidHello(core, input) ==
    IF core.workers[input.worker] = input.incarnation THEN << >>
    ELSE AfterFleet(core, << Joined(input.worker, input.incarnation) >>, InHandOf(core, input.worker))

Silent(core, gone) == AfterFleet(core, << Left(gone) >>, InHandOf(core, gone))

FitsTheGrant(known, input) ==
    /\ known.state = "granted"
    /\ known.worker = input.worker
    /\ known.grant = input.grant

Ended(core, input) ==
    IF FitsTheGrant(core.effects[input.effect], input)
    THEN << Settled(input.effect, input.end, input.used) >>
    ELSE << >>

Killed(core, task) == IF task \in core.halted THEN << >> ELSE << Halted(task) >>

Decide(core, input) ==
    CASE input.input = "asked" -> IF core.effects[input.effect].state = "none"
                                  THEN TryGrant(core, input.effect) ELSE << >>
      [] input.input = "ended" -> Ended(core, input)
      [] input.input = "hello" -> SaidHello(core, input)
      [] input.input = "kill"  -> Killed(core, input.subject)

(* What a tick finds: grants that nobody has in hand, also of halted tasks,   *)
(* and effects that wait and could go on.                                     *)
Orphan(core, effect) == core.effects[effect].state = "granted" /\ ~core.effects[effect].hand

Looked(core, effect) ==
    IF Orphan(core, effect) THEN Lost(core, effect)
    ELSE IF core.effects[effect].state = "held" THEN TryGrant(core, effect)
    ELSE << >>
=============================================================================
