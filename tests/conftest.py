"""In which order the files of tests begin; it must not know what they test.

The seeds of the simulation begin first: they take what the others, who often wait, leave of the processors.
So whoever looks after them is one more process than there are processors (see the Makefile).
"""

import pytest

FIRST = ("tests/simulation/test_seeds.py", "tests/model/test_model.py", "tests/simulation/test_teeth.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes longest begin first, so that none of it is left alone at the end."""
    items.sort(
        key=lambda item: FIRST.index(file) if (file := item.nodeid.split("::")[0]) in FIRST else len(FIRST)
    )
