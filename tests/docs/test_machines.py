"""The drawn state machines are those of the code."""

from pathlib import Path

from interlock.supervisor.diagrams import page

MACHINES = Path(__file__).parents[2] / "docs" / "machines.md"


def test_the_page_shows_the_tables_that_the_core_obeys() -> None:
    assert MACHINES.read_text(encoding="utf-8") == page(), "run `make diagrams`"
