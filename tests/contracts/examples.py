"""At least one message of every kind, with every optional part filled in somewhere."""

from typing import Any

import msgspec

from interlock.contracts import dispatch, facts, people, presence, roles
from interlock.contracts.approval import Approval, Statement
from interlock.contracts.budget import DEFAULT_TASK_BUDGET, Amounts, Budget
from interlock.contracts.charter import Charter
from interlock.contracts.control import Control, RaiseLimit, ReleaseRule, SetAutonomy, SetLimits
from interlock.contracts.decision import Decision
from interlock.contracts.effect import (
    AskCall,
    Bill,
    EffectAborted,
    EffectCompleted,
    EffectCounted,
    EffectFailed,
    EffectRequest,
    ModelCall,
    ToolCall,
)
from interlock.contracts.observed import (
    AccessHello,
    ConnectionEnded,
    Entitlement,
    GuardHello,
    ProcessExited,
    Violation,
)
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.policy import Calendar, Policies, PolicyFile, Route, SetPolicies
from interlock.contracts.results import Recommendation, TaskResult
from interlock.contracts.scope import FLEET, Scope
from interlock.contracts.step import Progress, StepFailure, StepResult, StepStopped
from interlock.contracts.task import Submit

VALUE = msgspec.Raw(b'{"answer":[1,null,"two"]}')
USED = Amounts(spend_usd_micros=12, tokens=340, model_calls=1)
BILL = Bill(basis="bound", price_source="runs here", input_tokens=300, cache_read_tokens=20, output_tokens=40)
CALLS = (
    ModelCall(purpose="find", prompt="Find it.", inputs={"q": "why?"}, returns={"type": "object"}),
    ToolCall(tool="search", arguments={"query": "why"}),
    AskCall(question="May I?"),
)
PLAN = Plan(
    steps=(
        PlannedStep(id="find", role="researcher", title="Find", input={"question": "why?"}),
        PlannedStep(id="tell", role="executor", after=("find",)),
    ),
    criteria=("It says why.",),
)
CHARTER = Charter(role="clerk", version="1", objective="File.", tools=("search",), budget=Budget(tokens=9))
STATEMENT = Statement(
    task=42, number=1, effect=7, tool="pay", arguments="d1", policies="d2", verdict="approve", by="ada"
)
APPROVAL = Approval(statement=STATEMENT, public_key="UA", signature="c2ln", counted_ms=5)
BUNDLE = Policies(
    policies=(PolicyFile(name="a.cedar", text="permit (principal, action, resource);"),),
    schemas=(PolicyFile(name="a.cedarschema", text="entity Agent;"),),
    routes=(Route(role="finance", after_s=60, then="operator", at_last="deny", calendar="office"),),
    calendars=(
        Calendar(
            name="office", days=(0, 4), opens_minute=540, closes_minute=1020, zone="UTC", offsets=((9, 60),)
        ),
    ),
)
NEEDS = (people.Need(role="finance", quorum=2),)
RULES = (people.Rule(id="large", says="Two of finance."),)
CLAIM = roles.Claim(text="So.", citations=(roles.Citation(quote="so", file="a.md", line=3),))
DEMAND = facts.Demand(kind="model", name="offline/x", prompt_tokens=10, max_output_tokens=20)

FACTS: tuple[facts.AnyFact, ...] = (
    facts.Accepted(
        at_ms=1, goal="g", submitter="alice", tenant="default", priority=5, budget=DEFAULT_TASK_BUDGET
    ),
    facts.Rejected(reason="no", where="$.goal"),
    facts.Refused(input=3, reason="late"),
    facts.PlanRequested(at_ms=1, step="plan", refusals=("too long",), replan=True),
    facts.Planned(steps=PLAN.steps, criteria=PLAN.criteria),
    facts.PlanRefused(step="plan", reasons=("a circle",)),
    facts.ReviewRequested(step="review", round=1),
    facts.StepAssigned(at_ms=1, step="find", attempt=1, principal="clerk-1", deadline_ms=9),
    facts.StepWaiting(step="find", reason="nobody is here"),
    facts.StepCompleted(at_ms=1, step="find", attempt=1, result=8),
    facts.StepFailed(at_ms=1, step="find", attempt=1, message="oh", retry_at_ms=7),
    facts.StepLost(at_ms=1, step="find", attempt=1, principal="clerk-1", reason="gone"),
    facts.StepSuspended(at_ms=1, step="find", attempt=1, principal="clerk-1", reason="a person is asked"),
    facts.StepAwakened(at_ms=2, step="find"),
    facts.StepStopped(step="find", attempt=1, principal="clerk-1", stopped_us=5, input=9),
    facts.StepRetried(step="find"),
    facts.StepDead(step="find", reason="enough"),
    facts.StepReopened(step="find", notes=("better",)),
    facts.EffectGranted(
        effect=7,
        step="find",
        attempt=1,
        key="k1",
        grant=1,
        worker="w-1",
        reserved=USED,
        demand=DEMAND,
        repeatable=True,
        to_count=True,
    ),
    facts.EffectHeld(
        effect=7, step="find", attempt=1, key="k1", demand=DEMAND, waits_for="budget", reason="used up"
    ),
    facts.EffectDenied(effect=7, step="find", attempt=1, key="k1", rule="charter.tools", reason="not listed"),
    facts.EffectEscalated(effect=7, step="find", attempt=1, key="k1", question="May I?"),
    facts.EffectRecommended(
        effect=7,
        step="find",
        attempt=1,
        key="k1",
        tool="pay",
        arguments={"a": 1},
        reason="only suggest",
    ),
    facts.Escalated(
        at_ms=1,
        number=1,
        kind="approval",
        summary="pay 700 to ACME",
        asks="clerk-1",
        role="clerk",
        objective="File.",
        submitter="alice",
        tenant="default",
        about=42,
        input=7,
        step="find",
        attempt=1,
        effect=7,
        key="k1",
        tool="pay",
        risk="irreversible",
        arguments={"amount_cents": 70000},
        digest="d1",
        form={"type": "object"},
        policies="d2",
        rules=RULES,
        cost=USED,
        reversible="undo",
        undo="refund",
        evidence=(people.Evidence(record=6, what="tool read_invoice", untrusted=True),),
        needs=NEEDS,
        desk="finance",
        excluded=("alice",),
        deadline_ms=9,
        at_last="deny",
        blocks=True,
        canary=True,
    ),
    facts.EscalationMoved(
        at_ms=2, number=1, desk="operator", deadline_ms=9, by="bob", input=8, reason="away"
    ),
    facts.ApprovalCounted(at_ms=2, number=1, by="ada", instead_of="bob", input=8, approval=APPROVAL),
    facts.ArgumentsEdited(
        at_ms=2,
        number=1,
        by="ada",
        input=8,
        arguments={"a": 2},
        digest="d3",
        needs=NEEDS,
        rules=RULES,
        reason="r",
    ),
    facts.Resolved(at_ms=3, number=1, verdict="approved", by=("ada", "bob"), input=9, reason="fine"),
    facts.Delegated(at_ms=3, by="bob", to="ada", until_ms=9, reason="holiday"),
    facts.PoliciesSet(at_ms=3, by="supervisor-1", digest="d2", bundle=BUNDLE, input=3),
    facts.PoliciesRefused(digest="d4", reasons=("a.cedar: line 1",), input=3),
    facts.AutonomySet(
        at_ms=3, role="clerk", risk="write", tenant="*", level=2, by="olga", reason="r", lowered=True, input=3
    ),
    facts.CharterExceeded(principal="clerk-1", role="clerk", asks=("the tool pay",), policies="d2"),
    facts.EffectRepeated(effect=7, attempt=2),
    facts.EffectSettled(
        at_ms=1,
        effect=7,
        grant=1,
        end="completed",
        basis="actual",
        spent=USED,
        overrun=USED,
        counted_tokens=4,
    ),
    facts.BudgetWarned(dimension="tokens", spent=8, limit=10),
    facts.LoopFound(step="find", kind="same_effect", times=10, what="tool search"),
    facts.LimitRaised(by="olga", budget=Budget(tokens=20), reason="go on"),
    facts.Parked(
        at_ms=2,
        kind="budget",
        reason="used up",
        lack=facts.Lack(scope="task", dimension="tokens", limit=9, needed=3),
    ),
    facts.Paused(at_ms=2, by="olga", reason="lunch"),
    facts.Resumed(at_ms=3, by="olga"),
    facts.Reviewed(step="review", decision="revise", reasons=("longer",)),
    facts.Completed(at_ms=4, results={"find": 8}),
    facts.Failed(at_ms=4, reason="no", kind="deadline"),
    facts.Halted(at_ms=4, by="olga", reason="stop"),
    facts.AgentJoined(principal="clerk-1", incarnation="i", capacity=2, charter=CHARTER),
    facts.EffectsJoined(principal="w-1", incarnation="i", capacity=2),
    facts.Left(principal="clerk-1", incarnation="i", reason="bye"),
    facts.FleetSwitched(at_ms=5, state="paused", by="olga", until_ms=9),
    facts.Switched(
        at_ms=5, scope=Scope(kind="tool", name="search"), state="killed", by="olga", input=4, commanded_us=3
    ),
    facts.Drained(at_ms=2, by="olga", reason="later"),
    facts.ReleaseAsked(at_ms=5, by=("olga",), needed=2),
    facts.ReleaseRuleSet(people=2, by="ada"),
    facts.AgentCondemned(at_ms=5, principal="clerk-1", incarnation="i", reason="it goes on", kill=4),
    facts.GuardJoined(principal="guard-1", incarnation="i", host="h", children=("clerk-1",)),
    facts.AccessJoined(principal="access-1", incarnation="i", host="h"),
    facts.ExitObserved(principal="clerk-1", input=8, observer="guard-1", exited_us=7),
    facts.ConnectionObserved(principal="clerk-1", input=8, observer="access-1", ended_us=7),
    facts.AccessViolated(at_ms=5, principal="clerk-1", action="publish", target="a.b", times=2, input=8),
    facts.Entitled(
        principal="olga", roles=("submitter",), tenants=("a",), tools=("search",), models=("o/*",)
    ),
    facts.Receipted(
        at_ms=9,
        kill=4,
        scope=FLEET,
        by="olga",
        effects=(
            facts.EffectReceipt(
                task=2, effect=7, step="find", name="tool search", fate="aborted", outcome=8, started_us=-5
            ),
        ),
        processes=(
            facts.ProcessReceipt(principal="clerk-1", fate="exited", exited_us=900, observers=("guard-1",)),
        ),
        last_exit_us=900,
    ),
    facts.LimitsSet(at_ms=5, scope="tenant a", total=Budget(tokens=9), day=Budget(), by="olga"),
    facts.LeaderTook(principal="supervisor-1", incarnation="i1", at_ms=1),
    facts.LeaderLeft(principal="supervisor-1", incarnation="i1", at_ms=2),
    facts.Led(term=7),
)

EXAMPLES: dict[str, list[Any]] = {
    "in.task.submit": [
        Submit(goal="Why?"),
        Submit(goal="Why?", docs="/d", tenant="a", criteria=("c",), budget=Budget(tokens=1), plan=PLAN),
    ],
    "in.control.pause": [Control(), Control(reason="lunch", for_s=60)],
    "in.control.drain": [Control(reason="night")],
    "in.control.kill": [Control(reason="it runs away")],
    "in.control.resume": [Control()],
    "in.control.raise": [RaiseLimit(more=Amounts(tokens=5), reason="go on")],
    "in.control.limit": [SetLimits(total=Budget(tokens=5), day=Budget(model_calls=1), reason="quarter")],
    "in.control.release": [ReleaseRule(people=2, reason="four eyes")],
    "in.control.autonomy": [SetAutonomy(level=2, risk="write", tenant="a", reason="r")],
    "in.control.canary": [people.PlantCanary(role="finance", tool="pay", arguments={"amount_cents": 100})],
    "in.supervisor.policies": [SetPolicies(bundle=BUNDLE)],
    "in.human.approve": [people.Approve(), people.Approve(approval=APPROVAL, reason="fine")],
    "in.human.edit": [people.Edit(arguments={"a": 2}, approval=APPROVAL)],
    "in.human.reject": [people.Reject(reason="no", undo=True)],
    "in.human.answer": [people.Answer(text="yes"), people.Answer(value=VALUE)],
    "in.human.raise": [people.Raise(more=Amounts(tokens=5), reason="go on")],
    "in.human.reassign": [people.Reassign(to="bob", reason="he knows")],
    "in.human.abort": [people.Abort(reason="enough")],
    "in.human.delegate": [people.Delegate(to="ada", for_s=60)],
    "in.agent.hello": [
        presence.AgentHello(incarnation="i", charter=CHARTER, input_schema={"type": "object"})
    ],
    "in.agent.bye": [presence.Bye(incarnation="i")],
    "in.agent.effect": [EffectRequest(step="find", attempt=1, key="k", call=call) for call in CALLS],
    "in.agent.result": [StepResult(step="find", attempt=1, value=VALUE)],
    "in.agent.failed": [StepFailure(step="find", attempt=1, kind="transient", message="oh")],
    "in.agent.stopped": [StepStopped(step="find", attempt=1, stopped_us=5)],
    "in.guard.hello": [GuardHello(incarnation="i", host="h", children=("clerk-1",))],
    "in.guard.bye": [presence.Bye(incarnation="i")],
    "in.guard.exited": [
        ProcessExited(principal="clerk-1", pid=7, host="h", signal=9, processes=2, told_us=1, exited_us=2)
    ],
    "in.access.hello": [AccessHello(incarnation="i", host="h")],
    "in.access.bye": [presence.Bye(incarnation="i")],
    "in.access.ended": [ConnectionEnded(principal="clerk-1", kicked=True, ended_us=3, reason="kicked")],
    "in.access.violated": [Violation(principal="clerk-1", action="publish", target="a.b", times=3)],
    "in.access.entitled": [
        Entitlement(roles=("submitter",), tenants=("a",), tools=("search",), models=("openai/*",))
    ],
    "in.effect.hello": [
        presence.EffectHello(
            incarnation="i",
            models=(
                presence.ModelOffer(
                    model="offline/x",
                    input_usd_micros_per_mtok=9,
                    up_to=(
                        presence.PriceUpTo(
                            prompt_tokens=5, input_usd_micros_per_mtok=1, output_usd_micros_per_mtok=2
                        ),
                    ),
                    counts=True,
                ),
            ),
            tools=(presence.ToolOffer(tool="search", risk="read", repeatable=True),),
        )
    ],
    "in.effect.bye": [presence.Bye(incarnation="i", reason="update")],
    "in.effect.completed": [
        EffectCompleted(effect=7, grant=1, value=VALUE, used=USED),
        EffectCompleted(effect=7, grant=1, value=VALUE, used=USED, bill=BILL),
    ],
    "in.effect.failed": [EffectFailed(effect=7, grant=1, transient=True, message="429")],
    "in.effect.aborted": [EffectAborted(effect=7, grant=1, started=True, reason="killed")],
    "in.effect.counted": [EffectCounted(effect=7, grant=1, prompt_tokens=44)],
    "decision": [Decision(task=42, cause=42, at_ms=1, by="supervisor-1", facts=FACTS, observed="tick")],
    "do.step": [
        dispatch.DoStep(
            task=42,
            step="tell",
            attempt=1,
            role="executor",
            title="Tell",
            goal="Why?",
            input={"instruction": "tell"},
            given={"find": VALUE},
        )
    ],
    "do.effect": [
        dispatch.DoEffect(
            task=42,
            step="find",
            attempt=1,
            effect=7,
            grant=1,
            key="k",
            agent="clerk-1",
            incarnation="i",
            call=call,
            reserved=USED,
            needs=NEEDS,
            approvals=(APPROVAL,),
            approved_until_ms=9,
            flags=("review",),
        )
        for call in CALLS
    ],
    "do.outcome": [dispatch.Outcome(task=42, step="find", key="k", effect=7, end="completed", value=VALUE)],
    "do.cancel": [dispatch.Cancel(task=42, reason="killed")],
    "beat": [presence.Beat(incarnation="i", in_hand=3)],
    "live": [Progress(principal="clerk-1", text="reading", tokens=True)],
    "charter": [CHARTER],
    "result": [
        TaskResult(task=42, status="completed", claims=(CLAIM,), verdict=roles.Verdict(decision="approve")),
        TaskResult(
            task=42, status="completed", recommendations=(Recommendation(effect=7, step="find", tool="pay"),)
        ),
    ],
    "role.goal": [roles.Goal(goal="Why?", roles=(roles.RoleOffer(role="clerk", objective="File."),))],
    "role.plan": [PLAN],
    "role.question": [roles.Question(question="why?", hints=("h",))],
    "role.findings": [
        roles.Findings(question="why?", claims=(CLAIM,)),
        roles.Findings(question="?", unanswered="no"),
    ],
    "role.instruction": [roles.Instruction(instruction="tell")],
    "role.outcome": [
        roles.Outcome(
            report="# So", claims=(CLAIM,), artifacts=(roles.Artifact(path="a", sha256="0", size_bytes=1),)
        )
    ],
    "role.work": [roles.Work(goal="Why?", round=2)],
    "role.verdict": [roles.Verdict(decision="revise", reasons=("longer",))],
}
