"""A limits file that is followed: only what differs is said, and nothing of what is broken."""

from pathlib import Path

import pytest
from tests.supervisor.stage import Stage

from interlock.bus.memory import Capacity
from interlock.console.budgets.setting import changed, set_and_tell
from interlock.console.budgets.shared import all_standing, set_limits
from interlock.console.budgets.watch import LimitsFile
from interlock.console.errors import BadInput
from interlock.contracts import facts as f
from interlock.contracts.budget import Budget

FIRST = "[fleet]\nusd_per_day = 20.0\n\n[tenants.acme]\ntokens = 1000\n"


class Followed:
    """A limits file in the hand of an editor, and what was said about it."""

    def __init__(self, stage: Stage, path: Path) -> None:
        self.stage = stage
        self.path = path
        self.said: list[str] = []
        path.write_text(FIRST, "utf-8")
        self.file = LimitsFile(stage.operator.bus, path, self.said.append)

    async def writes(self, text: str) -> None:
        """Save the file, and let it be looked at until it has stood still."""
        self.path.write_text(text, "utf-8")
        for _ in range(3):
            await self.file.look()

    @property
    def limits_set(self) -> list[tuple[str, Budget, Budget]]:
        return [(fact.scope, fact.total, fact.day) for fact in self.stage.told(0, f.LimitsSet)]

    async def standing(self) -> dict[str, tuple[Budget, Budget]]:
        found = await all_standing(self.stage.operator.bus)
        return {scope: (stands.limits.total, stands.limits.day) for scope, stands in found.items()}


@pytest.fixture
async def followed(stage: Stage, tmp_path: Path) -> Followed:
    """A file that has just begun to hold."""
    made = Followed(stage, tmp_path / "limits.toml")
    await made.file.begin()
    return made


FLEET = ("fleet", Budget(), Budget(spend_usd_micros=20_000_000))
ACME = ("tenant acme", Budget(tokens=1000), Budget())


async def test_what_the_file_says_is_decided_when_it_begins(followed: Followed) -> None:
    assert followed.limits_set == [FLEET, ACME]
    assert followed.said == ["limits.toml: fleet: $20 a day", "limits.toml: tenant acme: 1,000 tokens"]
    assert followed.stage.told(0, f.LimitsSet)[0].reason == "limits file limits.toml"


async def test_a_file_that_says_what_stands_already_says_nothing(followed: Followed) -> None:
    again = LimitsFile(followed.stage.operator.bus, followed.path, followed.said.append)
    await again.begin()
    for _ in range(3):
        await again.look()
    assert len(followed.limits_set) == 2


async def test_only_what_differs_is_said_after_a_change(followed: Followed) -> None:
    await followed.writes(FIRST.replace("1000", "2000"))
    assert followed.limits_set == [FLEET, ACME, ("tenant acme", Budget(tokens=2000), Budget())]


async def test_a_scope_that_is_gone_from_the_file_is_freed(followed: Followed) -> None:
    await followed.writes("[fleet]\nusd_per_day = 20.0\n")
    assert followed.limits_set[2:] == [("tenant acme", Budget(), Budget())]
    assert followed.said[-1] == "limits.toml: tenant acme: no limits"


async def test_a_scope_that_went_while_nobody_looked_is_freed_at_the_next_beginning(
    followed: Followed,
) -> None:
    followed.path.write_text("[fleet]\nusd_per_day = 20.0\n", "utf-8")
    again = LimitsFile(followed.stage.operator.bus, followed.path, followed.said.append)
    await again.begin()
    assert followed.limits_set[2:] == [("tenant acme", Budget(), Budget())]


async def test_what_people_set_for_other_scopes_stays(followed: Followed) -> None:
    # Given a limit set by hand for a tenant that the file does not name, and one for a tenant that it does
    bus = followed.stage.operator.bus
    await set_limits(bus, "tenant blue", changed({"tokens": 5}, [], ""))
    lines = await set_and_tell(bus, "tenant acme", changed({"tokens": 6}, [], ""))
    assert lines[-1].startswith("the limits file limits.toml had set them, and will again")
    # When the file changes
    await followed.writes(FIRST.replace("20.0", "30.0"))
    # Then the one stays, and the other is as the file says
    standing = await followed.standing()
    assert standing["tenant blue"] == (Budget(tokens=5), Budget())
    assert standing["tenant acme"] == (Budget(tokens=1000), Budget())


async def test_what_people_took_over_is_not_freed_when_the_file_forgets_it(followed: Followed) -> None:
    await set_limits(followed.stage.operator.bus, "tenant acme", changed({"tokens": 6}, [], "mine"))
    await followed.writes("[fleet]\nusd_per_day = 20.0\n")
    assert (await followed.standing())["tenant acme"] == (Budget(tokens=6), Budget())


@pytest.mark.parametrize("text", ["[fleet", "[fleet]\nusd = -1\n", "[planets]\n"])
async def test_a_broken_change_is_refused_once_and_the_limits_stay(followed: Followed, text: str) -> None:
    before = list(followed.said)
    await followed.writes(text)
    await followed.writes(text)
    (complaint, *again) = followed.said[len(before) :]
    assert complaint.startswith(f"the limits stay as they are: {followed.path}")
    assert len(again) <= 1  # written twice, so it may be said twice, but not with every look
    assert followed.limits_set == [FLEET, ACME]
    # And when it is repaired, it holds
    await followed.writes(FIRST.replace("1000", "3000"))
    assert followed.limits_set[-1] == ("tenant acme", Budget(tokens=3000), Budget())


async def test_a_file_that_disappears_changes_nothing(followed: Followed) -> None:
    followed.path.unlink()
    for _ in range(3):
        await followed.file.look()
    assert followed.said[-1].startswith(f"the limits stay as they are: {followed.path} cannot be read")
    assert followed.limits_set == [FLEET, ACME]


async def test_a_file_that_is_still_being_written_is_not_taken_up(followed: Followed) -> None:
    # Given an editor that empties the file first
    followed.path.write_text("", "utf-8")
    await followed.file.look()
    followed.path.write_text(FIRST.replace("1000", "4000"), "utf-8")
    for _ in range(3):
        await followed.file.look()
    # Then nothing was freed in between
    assert followed.limits_set == [FLEET, ACME, ("tenant acme", Budget(tokens=4000), Budget())]


async def test_a_file_that_is_replaced_by_another_is_taken_up(followed: Followed) -> None:
    fresh = followed.path.with_suffix(".new")
    fresh.write_text(FIRST.replace("1000", "5000"), "utf-8")
    fresh.replace(followed.path)
    for _ in range(3):
        await followed.file.look()
    assert followed.limits_set[-1] == ("tenant acme", Budget(tokens=5000), Budget())


async def test_a_file_that_does_not_do_at_the_beginning_is_refused(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    path.write_text("[fleet", "utf-8")
    with pytest.raises(BadInput, match="is not TOML"):
        await LimitsFile(stage.operator.bus, path, lambda _: None).begin()


async def test_what_could_not_be_said_is_said_at_the_next_look(followed: Followed) -> None:
    # Given a log that is full just when the file changes
    roomy, followed.stage.server.capacity = followed.stage.server.capacity, Capacity(records=0)
    await followed.writes(FIRST.replace("1000", "6000"))
    assert len(followed.limits_set) == 2
    # When it has room again
    followed.stage.server.capacity = roomy
    await followed.file.look()
    # Then the change holds
    assert followed.limits_set[-1] == ("tenant acme", Budget(tokens=6000), Budget())
