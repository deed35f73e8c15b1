"""How facts change what is known of kills: what they reached, what of it has ended, what was observed."""

from immutables import Map

from interlock.contracts import facts
from interlock.contracts.facts import EffectFate, EffectReceipt
from interlock.contracts.scope import Scope, task_scope
from interlock.supervisor.core.kill import NO_MAP, Condemned, Kill, KilledProcess, Stopping
from interlock.supervisor.core.limits import RECEIPT_MS
from interlock.supervisor.core.reach import agents_in, effects_in, in_hand_in
from interlock.supervisor.core.state import Agent, Effect, State, Task, replace
from interlock.supervisor.core.switches import tenant_switch
from interlock.supervisor.errors import IllegalFact

Command = facts.Halted | facts.Switched | facts.FleetSwitched


def opened(state: State, scope: Scope, fact: Command) -> State:
    """Begin to keep what a kill comes to; the state is as it stood before anything followed."""
    if not fact.input:
        return state
    kill = Kill(
        seq=fact.input,
        scope=scope,
        by=fact.by,
        reason=fact.reason,
        commanded_us=fact.commanded_us,
        due_ms=fact.at_ms + RECEIPT_MS,
        open=NO_MAP.update({effect.seq: task.id for task, effect in effects_in(state, scope)}),
    )
    find = _ending if kill.ends_processes else _stopping
    kill = replace(kill, processes=find(state, scope))
    return replace(_withdrawn(state, kill), kills=state.kills.set(kill.seq, kill))


def _withdrawn(state: State, kill: Kill) -> State:
    """Mark what is in flight: it must not be told to a worker any more."""
    tasks = state.tasks
    for seq, number in kill.open.items():
        task = tasks[number]
        effect = task.effects[seq]
        if effect.state == "granted":
            effects = task.effects.set(seq, replace(effect, withdrawn=True))
            tasks = tasks.set(number, replace(task, effects=effects))
    return replace(state, tasks=tasks)


def halted(state: State, task: Task, fact: facts.Halted) -> State:
    """Expect every agent that has a step of the task in hand to confirm its end.

    A task that is halted because its tenant or the fleet is killed has no receipt of its own.
    """
    if not fact.input:
        return state
    if state.switch != "killed" and tenant_switch(state, task.tenant) != "killed":
        state = opened(state, task_scope(task.id), fact)
    state = expect_stops(state, task_scope(task.id), fact.input)
    for effect in task.effects.values():
        if effect.state != "granted":
            state = effect_ended(state, task, effect, effect.unbegun)
    return state


def expect_stops(state: State, scope: Scope, kill: int) -> State:
    """Expect the agents that have a step in this scope in hand to confirm its end."""
    stopping = state.stopping
    for agent, number, step, attempt in in_hand_in(state, scope):
        stopping = stopping.set((number, step), Stopping(agent.principal, agent.incarnation, attempt, kill))
    return replace(state, stopping=stopping)


def effect_ended(
    state: State,
    task: Task,
    effect: Effect,
    fate: EffectFate,
    outcome: int = 0,
    started_us: int = 0,
    ended_us: int = 0,
) -> State:
    """Note the end of an effect in every kill that waits for it."""
    for seq, kill in state.kills.items():
        if effect.seq not in kill.open:
            continue
        receipt = EffectReceipt(
            task=task.id,
            effect=effect.seq,
            step=effect.step,
            name=f"{effect.demand.kind} {effect.demand.name}".strip(),
            fate=fate,
            worker=effect.worker,
            outcome=outcome,
            started_us=started_us - kill.commanded_us if started_us else None,
            ended_us=ended_us - kill.commanded_us if ended_us else None,
        )
        ended = kill.ended.set(effect.seq, receipt)
        closed = replace(kill, open=kill.open.delete(effect.seq), ended=ended)
        state = replace(state, kills=state.kills.set(seq, closed))
    return state


def stopped(state: State, number: int, fact: facts.StepStopped) -> State:
    """Note that a step has ended in its agent's hand."""
    if number not in state.tasks:
        raise IllegalFact(f"there is no task {number}")
    state = _absolved(state, (number, fact.step, fact.attempt), fact.principal)
    awaited = state.stopping.get((number, fact.step))
    if awaited is not None and (awaited.principal, awaited.attempt) == (fact.principal, fact.attempt):
        state = replace(state, stopping=state.stopping.delete((number, fact.step)))
    for seq, kill in state.kills.items():
        process = kill.processes.get(fact.principal)
        if process is None or (number, fact.step, fact.attempt) not in process.steps:
            continue
        seen = replace(
            process,
            steps=tuple(step for step in process.steps if step != (number, fact.step, fact.attempt)),
            stopped_us=max(fact.stopped_us, process.stopped_us or fact.stopped_us),
            records=_with(process.records, fact.input),
        )
        state = _put(state, seq, kill, seen)
    return state


def _absolved(state: State, stopped_step: tuple[int, str, int], principal: str) -> State:
    """Let a condemned life come back that has confirmed everything after all."""
    life = state.condemned.get(principal)
    if life is None or stopped_step not in life.steps:
        return state
    left = tuple(step for step in life.steps if step != stopped_step)
    if not left:
        return replace(state, condemned=state.condemned.delete(principal))
    return replace(state, condemned=state.condemned.set(principal, replace(life, steps=left)))


def life_ended(state: State, principal: str, incarnation: str) -> State:
    """Expect no confirmation any more from a life that is over, but to see the end of its process."""
    over = [
        key
        for key, one in state.stopping.items()
        if (one.principal, one.incarnation) == (principal, incarnation)
    ]
    stopping = state.stopping
    for key in over:
        stopping = stopping.delete(key)
    state = replace(state, stopping=stopping)
    for seq, kill in state.kills.items():
        process = kill.processes.get(principal)
        if process is not None and process.incarnation == incarnation and process.steps:
            state = _put(state, seq, kill, replace(process, ends=True))
    return state


def condemned(state: State, _number: int, fact: facts.AgentCondemned) -> State:
    """Let this life of an agent not come back."""
    steps = tuple(
        (number, name, one.attempt)
        for (number, name), one in sorted(state.stopping.items())
        if (one.principal, one.incarnation) == (fact.principal, fact.incarnation)
    )
    life = Condemned(fact.incarnation, steps)
    return replace(state, condemned=state.condemned.set(fact.principal, life))


def exit_observed(state: State, _number: int, fact: facts.ExitObserved) -> State:
    """Note the end of a process in every kill that waits for it."""
    for seq, kill in state.kills.items():
        process = kill.processes.get(fact.principal)
        if process is None or process.exited_us is not None or fact.pid not in {0, process.pid}:
            continue
        state = _put(state, seq, kill, replace(_seen(process, fact), exited_us=fact.exited_us))
    return state


def connection_observed(state: State, _number: int, fact: facts.ConnectionObserved) -> State:
    """Note the end of a process's connections in every kill that waits for it."""
    for seq, kill in state.kills.items():
        process = kill.processes.get(fact.principal)
        if process is None or process.disconnected_us is not None or not process.ends:
            continue
        state = _put(state, seq, kill, replace(_seen(process, fact), disconnected_us=fact.ended_us))
    return state


def receipted(state: State, _number: int, fact: facts.Receipted) -> State:
    """Keep nothing more of a kill that has its receipt."""
    return replace(state, kills=state.kills.delete(fact.kill)) if fact.kill in state.kills else state


def _seen(process: KilledProcess, fact: facts.ExitObserved | facts.ConnectionObserved) -> KilledProcess:
    observers = process.observers
    if fact.observer not in observers:
        observers = (*observers, fact.observer)
    return replace(process, observers=observers, records=_with(process.records, fact.input))


def _put(state: State, seq: int, kill: Kill, process: KilledProcess) -> State:
    processes = kill.processes.set(process.principal, process)
    return replace(state, kills=state.kills.set(seq, replace(kill, processes=processes)))


def _with(records: tuple[int, ...], record: int) -> tuple[int, ...]:
    return (*records, record) if record and record not in records else records


def _ending(state: State, scope: Scope) -> Map[str, KilledProcess]:
    agents = agents_in(state, scope)
    return NO_MAP.update({agent.principal: replace(_process(state, agent), ends=True) for agent in agents})


def _stopping(state: State, scope: Scope) -> Map[str, KilledProcess]:
    found: dict[str, KilledProcess] = {}
    for agent, number, step, attempt in in_hand_in(state, scope):
        process = found.get(agent.principal) or _process(state, agent)
        found[agent.principal] = replace(process, steps=(*process.steps, (number, step, attempt)))
    return NO_MAP.update(found)


def _process(state: State, agent: Agent) -> KilledProcess:
    return KilledProcess(
        principal=agent.principal,
        incarnation=agent.incarnation,
        pid=agent.pid,
        guard=next(
            (name for name in sorted(state.guards) if agent.principal in state.guards[name].children), ""
        ),
    )
