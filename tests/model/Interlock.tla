------------------------------ MODULE Interlock ------------------------------
(* Supervisors, effect workers and the log: how a decision becomes durable,   *)
(* how a grant is carried out, how its end comes back. docs/model.md tells.   *)
EXTENDS Core

CONSTANTS Lives,        \* supervisors in the order of their leadership: 1..n; any may freeze and wake
          Incarnations, \* incarnations of worker "a"; "b" has one
          MaxKills,     \* how many tasks a person kills
          MaxCrashes,   \* how many workers' processes die
          Uses,         \* what an effect may use in truth, at most Bound
          MaxSuspicions \* how many living workers are given up

VARIABLES inputs,     \* the log's inputs, in its order
          ledger,     \* the log's decisions, folded
          written,    \* the decision subjects that have a record
          abreast,    \* who knows the last sequence of each decision subject
          leader,     \* whose record is the last on the leaders' subject
          sup,        \* what each supervisor knows
          process,    \* what each incarnation of a worker knows and does
          sent,       \* dispatches: each may arrive late, never or again
          begun,      \* how often each grant was carried out, and what the provider has charged for it
          suspicions,
          wrong       \* what has happened that never may

vars == << inputs, ledger, written, abreast, leader, sup, process, sent, begun, suspicions, wrong >>

Processes == {<< "a", incarnation >> : incarnation \in 1..Incarnations} \union {<< "b", 1 >>}
Last == CHOOSE life \in Lives : \A other \in Lives : other <= life
AllGrants == Effects \X (1..3)

---------------------------------------------------------------------------
Asked(effect) == [input |-> "asked", subject |-> TaskOf(effect), effect |-> effect]

Nothing == [subject \in Subjects |-> << >>]
Knowing(phase, core, seen) == [phase |-> phase, core |-> core, seen |-> seen, mine |-> {}, out |-> Nothing,
                               at |-> 0, caught_up |-> 0, telling |-> {}]
Standby == Knowing("standby", Start, {})
Out == [Standby EXCEPT !.phase = "out"]

Init ==
    /\ inputs \in {order \in [1..Cardinality(Effects) -> {Asked(effect) : effect \in Effects}] :
            \A effect \in Effects : \E i \in DOMAIN order : order[i] = Asked(effect)}
    /\ ledger = Start
    /\ written = {Fleet}
    /\ abreast = [subject \in Subjects |-> {1}]
    /\ leader = 1
    /\ sup = [life \in Lives |->
            IF life = 1 THEN [Knowing("leading", Start, {}) EXCEPT !.mine = {Fleet}] ELSE Standby]
    /\ process = [p \in Processes |->
            [alive |-> p[2] = 1, dead |-> FALSE, known |-> {}, doing |-> {}, heard |-> {}]]
    /\ sent = {}
    /\ begun = [grant \in AllGrants |-> [times |-> 0, paid |-> 0]]
    /\ suspicions = 0
    /\ wrong = {}

Say(input) == inputs' = Append(inputs, input)
Said(input) == \E i \in 1..Len(inputs) : inputs[i] = input
Kill(task) == [input |-> "kill", subject |-> task]
KilledTasks == {task \in Tasks : Said(Kill(task))}

---------------------------------------------------------------------------
(* What is told to workers is derived from state: to the incarnation that has *)
(* the effect in hand, once the grant is durable. For a halted task it says   *)
(* stop. It is repeated; it may arrive late, never or again.                  *)

GrantsIn(facts) == {facts[i].effect : i \in {i \in 1..Len(facts) : facts[i].fact = "granted"}}
InHand(core, effect) == core.effects[effect].hand /\ core.workers[core.effects[effect].worker] # Absent
ToldAgain(core, effect) == TRUE
ToldOnDeciding(facts) == {}

Order(core, effect) == [effect  |-> effect,
                        grant   |-> core.effects[effect].grant,
                        process |-> << core.effects[effect].worker, core.workers[core.effects[effect].worker] >>,
                        stop    |-> TaskOf(effect) \in core.halted]

Untold(s) == {effect \in sup[s].telling \intersect InFlight(sup[s].core) :
    InHand(sup[s].core, effect) /\ Order(sup[s].core, effect) \notin sent}

Dispatch(s, effect) ==
    /\ sup[s].phase = "leading"
    /\ effect \in Untold(s)
    /\ sent' = sent \union {Order(sup[s].core, effect)}
    /\ UNCHANGED << inputs, ledger, written, abreast, leader, sup, process, begun, suspicions, wrong >>

---------------------------------------------------------------------------
(* A supervisor decides in memory; its facts wait in lines, one per subject. *)

(* Inputs up to `handled` were decided about by somebody before. *)
Open(s) == {i \in 1..Len(inputs) :
    i > sup[s].at /\ i > sup[s].core.handled[inputs[i].subject]}

(* `behind` is how many decisions about the fleet wait to be written before. *)
Place(out) == 0
About(subject, facts) == SelectSeq(facts, LAMBDA fact : fact.subject = subject)
Batched(out, facts, cause) ==
    LET fleet == Len(out[Fleet]) + (IF About(Fleet, facts) = << >> THEN 0 ELSE 1)
    IN [subject \in Subjects |->
        IF About(subject, facts) = << >> THEN out[subject]
        ELSE Append(out[subject], [facts |-> About(subject, facts), cause |-> cause, place |-> Place(out),
                                   behind |-> IF subject = Fleet THEN 0 ELSE fleet])]

Take(s, facts, at) ==
    sup' = [sup EXCEPT ![s] = [@ EXCEPT
        !.core = EvolveAll(@, facts), !.out = Batched(@, facts, at), !.at = at,
        !.telling = (@ \ GrantsIn(facts)) \union ToldOnDeciding(facts)]]

Read(s) ==
    /\ sup[s].phase = "leading"
    /\ Open(s) # {}
    /\ LET i == CHOOSE i \in Open(s) : \A other \in Open(s) : i <= other
       IN Take(s, Decide(sup[s].core, inputs[i]), i)
    /\ UNCHANGED << inputs, ledger, written, abreast, leader, process, sent, begun, suspicions, wrong >>

Observe(s, facts) ==
    /\ facts # << >>
    /\ Take(s, facts, sup[s].at)
    /\ UNCHANGED << inputs, ledger, written, abreast, leader, process, sent, begun, wrong >>

Tick(s) ==
    /\ sup[s].phase = "leading"
    /\ \E effect \in Effects : Observe(s, Looked(sup[s].core, effect))
    /\ UNCHANGED suspicions

IsDead(s, worker) ==
    /\ sup[s].core.workers[worker] # Absent
    /\ process[<< worker, sup[s].core.workers[worker] >>].dead

(* Who is silent is asked when all that was said before the takeover is       *)
(* decided about.                                                             *)
MayMissBeats(s) == \A i \in Open(s) : i > sup[s].caught_up

MissBeats(s, worker) ==
    /\ sup[s].phase = "leading"
    /\ MayMissBeats(s)
    /\ sup[s].core.workers[worker] # Absent
    /\ IF IsDead(s, worker) THEN UNCHANGED suspicions
       ELSE suspicions < MaxSuspicions /\ suspicions' = suspicions + 1
    /\ Observe(s, Silent(sup[s].core, worker))

---------------------------------------------------------------------------
(* The log takes a record or refuses it. *)

(* A leader's first record on a subject stands under the condition that the   *)
(* leader's record is still the last one of its kind, every later one under   *)
(* that of its own subject's last sequence.                                   *)
LeaderStands(s) == leader = s
OwnSubjectStands(s, subject) == s \in abreast[subject]
Accepts(s, subject) ==
    IF subject \in sup[s].mine THEN OwnSubjectStands(s, subject) ELSE LeaderStands(s)

Write(s, subject) ==
    /\ written' = written \union {subject}
    /\ abreast' = [abreast EXCEPT ![subject] = {s}]
ReadToEnd(s) == abreast' = [subject \in Subjects |-> abreast[subject] \union {s}]

(* What changes the fleet is written after all that was decided before it, and *)
(* before all that was decided later.                                          *)
FleetInItsPlace(s, subject) ==
    IF subject # Fleet THEN Head(sup[s].out[subject]).behind = 0
    ELSE \A task \in Tasks : sup[s].out[task] # << >> => Head(sup[s].out[task]).behind > 0

InDecidedOrder(s, subject) == TRUE

AfterCommit(out, subject) ==
    IF subject # Fleet THEN [out EXCEPT ![subject] = Tail(@)]
    ELSE [other \in Subjects |->
        IF other = Fleet THEN Tail(out[Fleet])
        ELSE [i \in 1..Len(out[other]) |-> [out[other][i] EXCEPT !.behind = @ - 1]]]

Fold(core, subject, batch) ==
    LET after == EvolveAll(core, batch.facts)
    IN [after EXCEPT !.handled[subject] = IF batch.cause > @ THEN batch.cause ELSE @]

Complaints(s, subject, batch) ==
    (IF GrantsIn(batch.facts) # {} /\ subject \in ledger.halted THEN {"granted after halted"} ELSE {})
    \union
    (IF leader # s /\ sup[leader].phase = "leading" THEN {"a stale leader decided"} ELSE {})

(* A grant is told unless something newer about it is waiting to be written. *)
Newest(s, subject) == GrantsIn(Head(sup[s].out[subject]).facts) \
    UNION {GrantsIn(sup[s].out[subject][i].facts) : i \in 2..Len(sup[s].out[subject])}

Commit(s, subject) ==
    /\ sup[s].phase = "leading"
    /\ sup[s].out[subject] # << >>
    /\ FleetInItsPlace(s, subject)
    /\ InDecidedOrder(s, subject)
    /\ LET batch == Head(sup[s].out[subject])
       IN IF Accepts(s, subject)
          THEN /\ ledger' = Fold(ledger, subject, batch)
               /\ Write(s, subject)
               /\ sup' = [sup EXCEPT ![s] = [@ EXCEPT
                    !.out = AfterCommit(@, subject),
                    !.mine = @ \union {subject},
                    !.telling = @ \union Newest(s, subject)]]
               /\ wrong' = wrong \union Complaints(s, subject, batch)
          ELSE /\ sup' = [sup EXCEPT ![s] = Out]
               /\ UNCHANGED << ledger, written, abreast, wrong >>
    /\ UNCHANGED << inputs, leader, process, sent, begun, suspicions >>

---------------------------------------------------------------------------
(* A new leader: its record, the log up to it, a stamp on every subject where *)
(* something may still be decided; a refused stamp means read on.             *)

MayLead(s) == sup[s].phase = "standby" /\ s = leader + 1

Lead(s) ==
    /\ MayLead(s)
    /\ leader' = s
    /\ sup' = [sup EXCEPT ![s] = Knowing("stamping", ledger, written)]
    /\ ReadToEnd(s)
    /\ UNCHANGED << inputs, ledger, written, process, sent, begun, suspicions, wrong >>

Alive(core, task) == task \notin core.halted \/ \E effect \in InFlight(core) : TaskOf(effect) = task

ToStamp(s) == {subject \in Subjects \ sup[s].mine :
    subject \in sup[s].seen /\ (subject = Fleet \/ Alive(sup[s].core, subject))}

(* Who reads on sees whether another has taken the lead meanwhile. *)
SeesAnother(s) == leader # s

Stamp(s, subject) ==
    /\ sup[s].phase = "stamping"
    /\ subject \in ToStamp(s)
    /\ IF OwnSubjectStands(s, subject)
       THEN /\ Write(s, subject)
            /\ sup' = [sup EXCEPT ![s] = IF ToStamp(s) = {subject} /\ SeesAnother(s) THEN Out
                                        ELSE [@ EXCEPT !.mine = @ \union {subject}]]
       ELSE /\ sup' = [sup EXCEPT ![s] = IF SeesAnother(s) THEN Out
                                        ELSE [@ EXCEPT !.core = ledger, !.seen = written]]
            /\ IF SeesAnother(s) THEN UNCHANGED abreast ELSE ReadToEnd(s)
            /\ UNCHANGED written
    /\ UNCHANGED << inputs, ledger, leader, process, sent, begun, suspicions, wrong >>

Recovered(s) == [sup[s] EXCEPT !.phase = "leading", !.seen = {}, !.caught_up = Len(inputs),
    !.telling = {effect \in InFlight(sup[s].core) : ToldAgain(sup[s].core, effect)}]

BeginToDecide(s) ==
    /\ sup[s].phase = "stamping"
    /\ ToStamp(s) = {}
    /\ sup' = [sup EXCEPT ![s] = Recovered(s)]
    /\ UNCHANGED << inputs, ledger, written, abreast, leader, process, sent, begun, suspicions, wrong >>

Crash(s) ==
    /\ s # Last
    /\ sup[s].phase \in {"stamping", "leading"}
    /\ sup' = [sup EXCEPT ![s] = Out]
    /\ UNCHANGED << inputs, ledger, written, abreast, leader, process, sent, begun, suspicions, wrong >>

---------------------------------------------------------------------------
(* Effect workers *)

Is(p, order) == order.process = p
Knows(p, order) == << order.effect, order.grant >> \in process[p].known
Stopped(p, order) == TaskOf(order.effect) \in process[p].heard \/ order.stop

Put(p, order, end, used) ==
    [process EXCEPT ![p] = [@ EXCEPT
        !.known = @ \union {<< order.effect, order.grant >>},
        !.doing = @ \union {[effect |-> order.effect, grant |-> order.grant, end |-> end, used |-> used]}]]

Refused(p, order) ==
    /\ process[p].alive /\ Is(p, order) /\ ~Knows(p, order) /\ Stopped(p, order)
    /\ process' = Put(p, order, "aborted", 0)
    /\ UNCHANGED << inputs, ledger, written, abreast, leader, sup, sent, begun, suspicions, wrong >>

Begun(p, order, used) ==
    /\ process[p].alive /\ Is(p, order) /\ ~Knows(p, order) /\ ~Stopped(p, order)
    /\ process' = Put(p, order, "completed", used)
    /\ begun' = [begun EXCEPT ![<< order.effect, order.grant >>] =
            [times |-> @.times + 1, paid |-> @.paid + used]]
    /\ wrong' = wrong \union
            (IF TaskOf(order.effect) \in process[p].heard THEN {"begun after the kill was heard"} ELSE {})
    /\ UNCHANGED << inputs, ledger, written, abreast, leader, sup, sent, suspicions >>

Hears(p, done) ==
    \/ TaskOf(done.effect) \in process[p].heard
    \/ \E order \in sent : Is(p, order) /\ order.effect = done.effect /\ order.grant = done.grant /\ order.stop

(* The end goes to the log as it was, or as an abort that counts the bound.   *)
Recorded(p, done) ==
    /\ process[p].alive
    /\ process' = [process EXCEPT ![p].doing = @ \ {done}]
    /\ \E ended \in {done} \union (IF Hears(p, done) /\ done.end = "completed"
                                   THEN {[done EXCEPT !.end = "aborted", !.used = Bound]} ELSE {}) :
         Say([input |-> "ended", subject |-> TaskOf(done.effect), effect |-> done.effect,
              grant |-> done.grant, worker |-> p[1], end |-> ended.end, used |-> ended.used])
    /\ UNCHANGED << ledger, written, abreast, leader, sup, sent, begun, suspicions, wrong >>

Refuse(p) == \E order \in sent : Refused(p, order)
Begin(p) == \E order \in sent : \E used \in Uses : Begun(p, order, used)
Record(p) == \E done \in process[p].doing : Recorded(p, done)

Die(p) ==
    /\ process[p].alive
    /\ Cardinality({other \in Processes : process[other].dead}) < MaxCrashes
    /\ process' = [process EXCEPT ![p] =
            [alive |-> FALSE, dead |-> TRUE, known |-> {}, doing |-> {}, heard |-> {}]]
    /\ UNCHANGED << inputs, ledger, written, abreast, leader, sup, sent, begun, suspicions, wrong >>

StartAgain(p) ==
    /\ ~process[p].alive /\ ~process[p].dead
    /\ process' = [process EXCEPT ![p].alive = TRUE]
    /\ Say([input |-> "hello", subject |-> Fleet, worker |-> p[1], incarnation |-> p[2]])
    /\ UNCHANGED << ledger, written, abreast, leader, sup, sent, begun, suspicions, wrong >>

---------------------------------------------------------------------------
(* People and agents *)

(* By the same publish a kill reaches the workers that listen; others hear of *)
(* it when a supervisor says stop.                                            *)
KillTask(task) ==
    /\ Cardinality(KilledTasks) < MaxKills
    /\ task \notin KilledTasks
    /\ Say(Kill(task))
    /\ \E listening \in SUBSET {p \in Processes : process[p].alive} :
        process' = [p \in Processes |->
            IF p \in listening THEN [process[p] EXCEPT !.heard = @ \union {task}] ELSE process[p]]
    /\ UNCHANGED << ledger, written, abreast, leader, sup, sent, begun, suspicions, wrong >>

---------------------------------------------------------------------------
(* What is bound to happen, if one supervisor and the workers that are left live. *)
Progress ==
    \/ \E s \in Lives :
        \/ Read(s) \/ Tick(s) \/ BeginToDecide(s)
        \/ \E subject \in Subjects : Commit(s, subject) \/ Stamp(s, subject)
        \/ \E effect \in Effects : Dispatch(s, effect)
    \/ \E p \in Processes : Refuse(p) \/ Begin(p) \/ Record(p)

(* What may happen or not. *)
Chance ==
    \/ \E s \in Lives : Lead(s) \/ Crash(s) \/ \E worker \in Principals : MissBeats(s, worker)
    \/ \E p \in Processes : Die(p) \/ StartAgain(p)
    \/ \E task \in Tasks : KillTask(task)

Next == Progress \/ Chance
Spec == Init /\ [][Next]_vars

---------------------------------------------------------------------------
(* The invariants *)

(* Ends that stand in the log count, whether they are decided about or not. *)
EndsInLog(effect) == {i \in 1..Len(inputs) :
    /\ inputs[i].input = "ended" /\ inputs[i].effect = effect
    /\ FitsTheGrant(ledger.effects[effect], inputs[i])}
UsedByLog == [effect \in Effects |->
    ledger.effects[effect].spent +
    (IF ledger.effects[effect].state # "granted" THEN 0
     ELSE IF EndsInLog(effect) = {} THEN Bound
     ELSE inputs[CHOOSE i \in EndsInLog(effect) : TRUE].used)]

NoOvershoot == WithinLimits(UsedByLog)
NoOvershootAtAnyRecord == WithinLimits(Used(ledger))

Numbers == 1..3
Paid == [effect \in Effects |-> SumOf([n \in Numbers |-> begun[<< effect, n >>].paid], Numbers)]
Times == [effect \in Effects |-> SumOf([n \in Numbers |-> begun[<< effect, n >>].times], Numbers)]
NothingUnpaidFor ==
    /\ WithinLimits(Paid)
    /\ \A effect \in Effects : Paid[effect] <= Used(ledger)[effect]

NoGrantTwice == \A grant \in AllGrants : begun[grant].times <= 1
NoWriteTwice == "write" \in Effects => Times["write"] <= 1
NothingWrong == wrong = {}

(* A reservation is always on its way to its settlement: somebody has         *)
(* something left to do. As every step uses up something that is bounded,     *)
(* every reservation is settled in the end.                                   *)
SupervisorGoesOn(s) ==
    \/ sup[s].phase = "stamping"
    \/ /\ sup[s].phase = "leading"
       /\ \/ Open(s) # {}
          \/ sup[s].out # Nothing
          \/ Untold(s) # {}
          \/ \E effect \in Effects : Orphan(sup[s].core, effect)
          \/ \E worker \in Principals : IsDead(s, worker)
WorkerGoesOn(p) == process[p].alive /\
    (process[p].doing # {} \/ \E order \in sent : Is(p, order) /\ ~Knows(p, order))
NoPhantom == InFlight(ledger) # {} =>
    \/ \E s \in Lives : SupervisorGoesOn(s) \/ (sup[leader].phase = "out" /\ MayLead(s))
    \/ \E p \in Processes : WorkerGoesOn(p)
=============================================================================
