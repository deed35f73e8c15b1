"""What the log tells about the fleet while kills are measured: who joined, what was decided, who was cut.

Times are microseconds since the epoch: of decisions by the log, of connections by the server.
"""

from collections.abc import Iterable

from bench.kill.waiting import Waiting

from interlock.bus.ports import Bus, Message, Record
from interlock.console.stop.receipts import Gathering
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.message import decode
from interlock.contracts.observed import ConnectionEnded
from interlock.contracts.subjects import FLEET_DECISIONS

ENDED = "interlock.in.*.access.ended"


class News(Waiting):
    """`joined_seq` is where an agent's last joining stands, `cut_us` when its last connection ended."""

    def __init__(self) -> None:
        super().__init__()
        self.joined_seq: dict[str, int] = {}
        self.decided_us: dict[int, int] = {}
        self.cut_us: dict[str, int] = {}
        self.condemned: set[str] = set()
        self.gathering = Gathering()

    async def start(self, bus: Bus) -> None:
        """Hear of everything from now on, and of what was decided before."""
        await bus.listen(ENDED, self._on_end)
        await bus.follow([FLEET_DECISIONS], self._on_record)

    async def cut(self, agents: Iterable[str]) -> None:
        """Wait until the connections of these have ended."""
        wanted = set(agents)
        await self.until("connections that end", lambda: wanted <= self.cut_us.keys())

    async def receipted(self, kill: int) -> None:
        """Wait for the receipt of a kill whose scope is no task."""
        await self.until(f"the receipt of kill {kill}", lambda: kill in self.gathering.receipts)

    async def joined(self, agents: Iterable[str], after_seq: int) -> None:
        """Wait until these have joined, later than that record."""
        wanted = set(agents)
        await self.until(
            "agents that join", lambda: all(self.joined_seq.get(name, 0) > after_seq for name in wanted)
        )

    def _on_end(self, message: Message) -> None:
        ended = decode(ConnectionEnded, message.data)
        if not ended.clients:
            self.cut_us[ended.principal] = ended.ended_us
            self.told()

    def _on_record(self, record: Record) -> None:
        self.gathering.take(record)
        for fact in decode(Decision, record.data).facts:
            match fact:
                case f.AgentJoined():
                    self.joined_seq[fact.principal] = record.seq
                case f.AgentCondemned():
                    self.condemned.add(fact.principal)
                case f.Switched(state="killed") | f.FleetSwitched(state="killed"):
                    self.decided_us.setdefault(fact.input, record.time_us)
                case _:
                    pass
        self.told()
