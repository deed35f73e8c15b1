"""The drawn table of permissions is that of the code."""

from pathlib import Path

import pytest

from interlock.bus.matrix import BEGIN, written
from interlock.bus.permissions import ROLES

PAGE = (Path(__file__).parents[2] / "docs" / "identity.md").read_text(encoding="utf-8")


def test_the_page_shows_the_table_that_tickets_are_made_of() -> None:
    assert written(PAGE) == PAGE, "run `make diagrams`"


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_every_pattern_of_its_own_in_it(role: str) -> None:
    tables = PAGE.partition(BEGIN)[2]
    column = next(line for line in tables.splitlines() if line.startswith("| may")).split(" | ").index(role)
    marked = {
        row.split(" | ")[0].strip("| `").replace("«me»", "{principal}")
        for row in tables.splitlines()
        if row.startswith("| `") and "●" in row.split("|")[column + 1]
    }
    permissions = ROLES[role]
    assert marked == {*permissions.publish, *permissions.subscribe}
