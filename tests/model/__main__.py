"""Searches worlds by hand, and tells the trace of a broken protocol; for people: `python -m tests.model`."""

import sys

from tests.model.broken import BROKEN
from tests.model.checker import check
from tests.model.worlds import DEEP, EVERY_RUN, INVARIANTS, World


def search(worlds: dict[str, World]) -> int:
    """Search each world to the end and print its numbers; the exit code."""
    found = 0
    for name, world in worlds.items():
        verdict = check("Interlock", world.constants, INVARIANTS, fast_start=False)
        says = f"{verdict.violated} falls\n{verdict.trace}" if verdict.violated else "holds"
        _say(f"{name}: {says}; {verdict.states:,} states, {verdict.depth} deep")
        found += bool(verdict.violated)
    return 1 if found else 0


def tell(broken: str) -> int:
    """Print the shortest way to where a broken protocol fails; the exit code."""
    verdict = check("Broken", BROKEN[broken].constants(broken), INVARIANTS, threads=1)
    _say(f"{broken}: {verdict.violated} falls after {len(verdict.steps) - 1} steps\n\n{verdict.trace}")
    return 0


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


def main(words: list[str]) -> int:
    """Do what is asked: nothing (the worlds of every run), `deep`, or the name of a broken protocol."""
    match words:
        case []:
            return search(EVERY_RUN)
        case ["deep"]:
            return search(DEEP)
        case [broken] if broken in BROKEN:
            return tell(broken)
        case _:
            _say("say nothing, `deep`, or one of: " + ", ".join(BROKEN))
            return 2


sys.exit(main(sys.argv[1:]))
