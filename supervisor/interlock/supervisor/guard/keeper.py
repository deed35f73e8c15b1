"""A supervisor of processes, in Erlang/OTP's terms: starts children in order, keeps and stops them.

Strategy one_for_one: a child that ends is started again by itself, as its restart says; when it dies too
often, everything is stopped. What holds a child back, or orders its end, comes from outside.
"""

import asyncio
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import groupby, pairwise
from typing import Any

from interlock.supervisor.errors import NotStarted
from interlock.supervisor.guard import voice
from interlock.supervisor.guard.cage import Cages
from interlock.supervisor.guard.intensity import Deaths
from interlock.supervisor.guard.life import Life, kill_all
from interlock.supervisor.guard.plan import Child, Plan
from interlock.supervisor.guard.reaper import Reaper
from interlock.supervisor.guard.spawn import spawn

USAGE = 2
CLEAR_S = 5.0
READY_S = 10.0

OnExit = Callable[[Life, str], None]


class Post:
    """The place of one child: who fills it now, and whether anybody may."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.life: Life | None = None
        self.deaths = Deaths()
        self.due = False
        self.over = False
        self.ready = asyncio.Event()


class Keeper:
    """All children of a guard.

    `held` names those that must not be started now; `on_exit(life, left)` is told of each life that is over,
    where `left` says what could not be ended. `escalated` says because of whom everything has to be stopped.
    """

    def __init__(self, plan: Plan, tell: voice.Tell) -> None:
        self.held: frozenset[str] = frozenset()
        self.on_exit: OnExit = _nobody_asks
        self.completed = asyncio.Event()
        self.escalated: asyncio.Future[voice.GaveUp] = asyncio.get_running_loop().create_future()
        self._plan = plan
        self._tell = tell
        self._posts = {child.name: Post(child) for child in plan.children}
        by_order = sorted(self._posts.values(), key=_order_of)
        self._stages = [tuple(posts) for _, posts in groupby(by_order, key=_order_of)]
        self._reaper = Reaper(self._on_orphan)
        self._cages: Cages | None = None
        self._burials: set[asyncio.Task[None]] = set()
        self._stopping = False

    def start(self, cages: Cages | None) -> None:
        """Start all of the first order who are not held."""
        self._cages = cages
        self._reaper.start()
        self._start_all(self._stages[0] if self._stages else [])

    async def complete(self) -> None:
        """Start everybody else, in order; wait for those who have to be ready first, and nobody else."""
        for stage, following in pairwise(self._stages):
            await self._all_ready([post for post in stage if post.child.ready])
            self._start_all(following)
        self.completed.set()

    def fill(self) -> None:
        """Start whoever is due, does not run and is not held."""
        for post in self._posts.values():
            self._start_if_due(post)

    def kill(self, names: Iterable[str], told_us: int, reason: str) -> None:
        """Kill these at once, all together, with everything that they have started."""
        lives = (self._posts[name].life for name in names)
        kill_all([life for life in lives if life is not None], told_us, reason)

    def sweep(self) -> int:
        """End whatever belongs to nobody; return how many there were."""
        return self._reaper.sweep()

    async def stop(self) -> None:
        """End all children, the last order first; each has its grace before it is killed."""
        self._stopping = True
        for stage in reversed(self._stages):
            await asyncio.gather(*(_end(post.life) for post in stage if post.life is not None))
        await self._reaper.clear(CLEAR_S)
        if self._burials:
            await asyncio.wait(self._burials, timeout=CLEAR_S)
        self._reaper.stop()
        if self._cages is not None:
            self._cages.remove()

    def _start_all(self, posts: Iterable[Post]) -> None:
        for post in posts:
            post.due = True
            self._start_if_due(post)

    def _start_if_due(self, post: Post) -> None:
        may = post.due and not post.over and not self._stopping and post.child.name not in self.held
        if not may or post.life is not None or self.escalated.done():
            return
        cage = self._cages.make(post.child.name) if self._cages else None
        try:
            spawned = spawn(post.child, cage.door if cage else None)
        except NotStarted as error:
            self._escalate(post.child.name, str(error))
            return
        life = post.life = Life(post.child, spawned.pid, cage)
        self._reaper.watch(spawned.pid, lambda status: self._on_end(post, life, status))
        if spawned.ready is not None:
            self._await_word(post, spawned.ready)
        self._tell(voice.Started(post.child.name, spawned.pid))

    def _await_word(self, post: Post, descriptor: int) -> None:
        """Note when a child writes that it is ready; one that closes the descriptor or ends has not."""
        loop = asyncio.get_running_loop()

        def hear() -> None:
            loop.remove_reader(descriptor)
            if os.read(descriptor, 1):
                post.ready.set()
                self._tell(voice.Ready(post.child.name))
            os.close(descriptor)

        loop.add_reader(descriptor, hear)

    async def _all_ready(self, posts: list[Post]) -> None:
        if not posts or self.escalated.done():
            return
        waiting = asyncio.gather(*(post.ready.wait() for post in posts))
        either: set[asyncio.Future[Any]] = {waiting, self.escalated}
        await asyncio.wait(either, timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            late = next(post.child.name for post in posts if not post.ready.is_set())
            self._escalate(late, f"{late} was not ready within {READY_S:.0f} s")

    def _on_end(self, post: Post, life: Life, status: int) -> None:
        life.ended(status)
        burial = asyncio.get_running_loop().create_task(self._bury(post, life))
        self._burials.add(burial)
        burial.add_done_callback(self._burials.discard)

    async def _bury(self, post: Post, life: Life) -> None:
        """See the last of what a life had started end; then say so, and fill its place again if need be."""
        left = await self._reaper.clear(CLEAR_S)
        post.life = None
        life.close()
        name = post.child.name
        self._tell(voice.Exited(name, life.pid, life.code, life.signal, ordered=life.told_us > 0))
        if not self._stopping and not life.told_us:
            self._judge(post, life)
        self.on_exit(life, f"{left} processes did not end within {CLEAR_S:.0f} s" if left else "")
        if not self._stopping:
            self._start_if_due(post)

    def _judge(self, post: Post, life: Life) -> None:
        """Decide whether a child that ended unbidden has its place still."""
        child, name = post.child, post.child.name
        failed = bool(life.code or life.signal)
        if child.restart == "temporary" or (child.restart == "transient" and not failed):
            post.over = True
            return
        if life.code == USAGE:
            self._escalate(name, f"{name} cannot work as it was started")
            return
        rule = self._plan.intensity
        post.deaths = post.deaths.after(asyncio.get_running_loop().time(), rule)
        if post.deaths.are_too_many(rule):
            times = len(post.deaths.at_s)
            self._escalate(
                name, f"{name} died {times} times within {rule.period_s:.0f} s, everything is stopped"
            )

    def _escalate(self, name: str, reason: str) -> None:
        if not self.escalated.done():
            self.escalated.set_result(voice.GaveUp(name, reason))

    def _on_orphan(self, session: int) -> None:
        """Count an orphan that ended to the life in whose session it was, else to one that is being ended."""
        lives = [post.life for post in self._posts.values() if post.life is not None]
        own = next((life for life in lives if life.pid == session), None)
        life = own or next((life for life in lives if not life.running or life.told_us), None)
        if life is not None:
            life.saw_one_end()


def _order_of(post: Post) -> int:
    return post.child.order


def _nobody_asks(_life: Life, _left: str) -> None:
    return


async def _end(life: Life) -> None:
    life.ask()
    try:
        async with asyncio.timeout(life.child.grace_s):
            await life.over.wait()
    except TimeoutError:
        life.kill()
        # What the kernel holds back from its end is not waited for.
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * CLEAR_S):
                await life.over.wait()
