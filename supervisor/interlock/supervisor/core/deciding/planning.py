"""Decides about plans: which will do, what is asked of the planner when one will not, when to plan anew."""

from collections.abc import Mapping

from interlock.contracts import facts, limits
from interlock.contracts.message import Json, encode, line
from interlock.contracts.people import HUMAN
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.shapes import misfit
from interlock.supervisor.core.accounts import scopes
from interlock.supervisor.core.bounds import shortage
from interlock.supervisor.core.deciding.budgets import park_for_budget, warn
from interlock.supervisor.core.deciding.people.resolving import end_task
from interlock.supervisor.core.deciding.people.steps import objections_to
from interlock.supervisor.core.deciding.settling import abandon_effects
from interlock.supervisor.core.evolving.tasks import ONE_REPLAN
from interlock.supervisor.core.limits import MAX_PLAN_REFUSALS
from interlock.supervisor.core.state import State
from interlock.supervisor.core.turn import Turn

NO_SHAPES: Mapping[str, Json] = {}
_RESERVED = ("plan", "review")


def objections(
    plan: Plan,
    known_roles: frozenset[str] | None,
    earlier: frozenset[str] = frozenset(),
    shapes: Mapping[str, Json] = NO_SHAPES,
) -> tuple[str, ...]:
    """Return what is wrong with a plan, in sentences for its author; nothing means that it will do.

    `known_roles` is None where any role may be named (its steps wait until somebody takes it on);
    `earlier` are completed steps of earlier plans, which may be built upon; `shapes` are the schemas of what
    roles are given, where they are known.
    """
    if not plan.steps:
        return ("the plan has no steps; give at least one",)
    if len(plan.steps) > limits.MAX_PLAN_STEPS:
        return (f"the plan has {len(plan.steps)} steps; at most {limits.MAX_PLAN_STEPS} are allowed",)
    names = [step.id for step in plan.steps]
    wrong = [f"two steps are called {name}" for name in sorted({n for n in names if names.count(n) > 1})]
    for step in plan.steps:
        wrong += _step_objections(step, frozenset(names) | earlier, known_roles)
        unfit = misfit(shapes.get(step.role, {}), step.input)
        wrong += [f"step {step.id}: its input is not what {step.role} takes, {unfit}"] if unfit else []
    if wrong:
        return tuple(line(each) for each in wrong)
    depth = _depth({step.id: step.after for step in plan.steps})
    if depth is None:
        return ("the steps wait for each other in a circle: no order can satisfy `after`",)
    if depth > limits.MAX_PLAN_DEPTH:
        return (f"the plan is {depth} steps deep; at most {limits.MAX_PLAN_DEPTH} may follow one another",)
    return ()


def _step_objections(
    step: PlannedStep, names: frozenset[str], known_roles: frozenset[str] | None
) -> list[str]:
    wrong: list[str] = []
    if len(step.id) > limits.MAX_STEP_NAME_CHARS:
        wrong.append(f"step {step.id}: its name is longer than {limits.MAX_STEP_NAME_CHARS} characters")
    if step.id.split("-")[0] in _RESERVED:
        wrong.append(f"step {step.id}: the names plan and review are taken")
    if step.role == HUMAN:
        wrong += objections_to(step)
    elif step.role in {"planner", "reviewer"}:
        wrong.append(f"step {step.id}: the supervisor itself calls the {step.role}; use another role")
    elif known_roles is not None and step.role not in known_roles:
        wrong.append(
            f"step {step.id}: nobody has the role {step.role}; there are {', '.join(sorted(known_roles))}"
        )
    strangers = [before for before in step.after if before not in names]
    wrong += [
        f"step {step.id}: it comes after {before}, which is no step of the plan" for before in strangers
    ]
    if len(encode(step.input)) > limits.MAX_STEP_INPUT_BYTES:
        wrong.append(f"step {step.id}: its input is larger than {limits.MAX_STEP_INPUT_BYTES} bytes")
    return wrong


def _depth(after: Mapping[str, tuple[str, ...]]) -> int | None:
    """Return the length of the longest chain, or None for a circle (Kahn, 1962)."""
    depth = 0
    open_steps = {name: {b for b in before if b in after} for name, before in after.items()}
    while open_steps:
        free = {name for name, before in open_steps.items() if not before}
        if not free:
            return None
        depth += 1
        open_steps = {name: before - free for name, before in open_steps.items() if name not in free}
    return depth


def request_plan(turn: Turn, number: int, refusals: tuple[str, ...], *, replan: bool = False) -> None:
    """Ask the planner, for the first time or again."""
    task = turn.state.tasks[number]
    rounds = sum(1 for name in task.steps if name == "plan" or name.startswith("plan-")) + 1
    step = "plan" if rounds == 1 else f"plan-{rounds}"
    turn.say(number, facts.PlanRequested(at_ms=turn.now_ms, step=step, refusals=refusals, replan=replan))


def begin_plan(turn: Turn, number: int, plan: Plan) -> None:
    """Let a plan hold that has no objections; after a replan its steps get names of their own."""
    task = turn.state.tasks[number]
    own = {step.id for step in plan.steps}
    rounds = task.plan_rounds + 1
    while any(_prefix(rounds) + name in task.steps for name in own):
        rounds += 1
    prefix = _prefix(rounds)
    steps = tuple(
        PlannedStep(
            id=prefix + step.id,
            role=step.role,
            title=step.title,
            input=step.input,
            after=tuple(prefix + before if before in own else before for before in step.after),
        )
        for step in plan.steps
    )
    turn.say(number, facts.Planned(steps=steps, criteria=plan.criteria))


def _prefix(rounds: int) -> str:
    return f"p{rounds}-" if rounds > 1 else ""


def plan_came(turn: Turn, number: int, step: str, plan: Plan) -> None:
    """Take the planner's plan, or send it back with the reasons, a bounded number of times."""
    task = turn.state.tasks[number]
    earlier = frozenset(s.id for s in task.steps.values() if s.state == "completed")
    wrong = objections(plan, _known_roles(turn), earlier, shapes_of_inputs(turn.state))
    if not wrong:
        begin_plan(turn, number, plan)
        return
    turn.say(number, facts.PlanRefused(step=step, reasons=wrong[: limits.MAX_CRITERIA]))
    if task.plan_refusals + 1 >= MAX_PLAN_REFUSALS:
        reason = f"{MAX_PLAN_REFUSALS} plans in a row would not do; the last: {wrong[0]}"
        end_task(turn, number, facts.Failed(at_ms=turn.now_ms, kind="plan", reason=line(reason)))
        return
    request_plan(turn, number, wrong[: limits.MAX_CRITERIA])


def plan_anew(turn: Turn, number: int, reason: str) -> None:
    """Plan again because a step cannot be done; a task whose replans are used up waits for a person."""
    task = turn.state.tasks[number]
    if task.phase == "planning":
        end_task(turn, number, facts.Failed(at_ms=turn.now_ms, kind="step", reason=line(reason)))
        return
    lacking = shortage(ONE_REPLAN, scopes(turn.state, task, None), turn.now_ms)
    if lacking is not None:
        park_for_budget(turn, number, lacking.lack, turn.now_ms, why=reason)
        return
    for name in sorted(step.id for step in task.steps.values() if step.state not in {"completed", "dead"}):
        abandon_effects(turn, number, name)
    request_plan(turn, number, (line(reason),), replan=True)
    warn(turn, number, ONE_REPLAN)


def shapes_of_inputs(state: State) -> dict[str, Json]:
    """Return what each role that is here takes, as its agents say."""
    return {agent.charter.role: agent.input_schema for _, agent in sorted(state.agents.items())}


def _known_roles(turn: Turn) -> frozenset[str]:
    return frozenset(turn.state.charters) - {"planner", "reviewer"}
