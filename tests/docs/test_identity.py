"""The drawn table of permissions is that of the code."""

from pathlib import Path

import pytest

from interlock.bus.matrix import BEGIN, written
from interlock.bus.permissions import ROLES

PAGE = (Path(__file__).parents[2] / "docs" / "identity.md").read_text(encoding="utf-8")


def test_the_page_shows_the_table_that_tickets_are_made_of() -> None:
    assert written(PAGE) == PAGE, "run `make diagrams`"


@pytest.mark.parametrize("role", ROLES)
def test_what_is_marked_for_a_role_is_what_it_may(role: str) -> None:
    # Given the drawn tables, cell by cell
    rows = [
        [cell.strip(" `") for cell in line.strip("|").split("|")]
        for line in PAGE.partition(BEGIN)[2].splitlines()
        if line.startswith("|")
    ]
    column = rows[0].index(role)
    # Then the marks in a role's column are its permissions
    marked = {row[0].replace("«me»", "{principal}") for row in rows if row[column] == "●"}
    assert marked == {*ROLES[role].publish, *ROLES[role].subscribe}
