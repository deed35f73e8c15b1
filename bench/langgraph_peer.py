"""LangGraph beside us: makes an environment for it and measures it there; `python -m bench.langgraph_peer`.

One process, no governance. An environment of its own keeps its dependencies out of ours.
"""

import json
import subprocess
import sys
import venv
from pathlib import Path

from bench.measure import Result
from bench.results import save, table

ENVIRONMENT = Path(__file__).parent / ".venv-langgraph"
PYTHON = ENVIRONMENT / "bin" / "python"
INSTALLED = ENVIRONMENT / "installed"
REQUIREMENTS = ("langgraph>=1.2,<2", "langgraph-checkpoint-sqlite>=3.1,<4", "uvloop")
SAVERS = ("memory", "sqlite")
LIMIT_S = 300.0


class PeerUnavailable(Exception):
    """The peer cannot be measured here; the sentence says why."""


def measure_langgraph() -> list[Result]:
    """Measure both savers; raise PeerUnavailable when LangGraph cannot be installed or does not run."""
    if not INSTALLED.exists():
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        _run("-m", "pip", "install", "-qq", *REQUIREMENTS)
        INSTALLED.touch()
    printed = [_run("-m", "bench.langgraph_job", saver) for saver in SAVERS]
    return [Result(**result) for results in printed for result in json.loads(results)]


def _run(*arguments: str) -> str:
    try:
        ended = subprocess.run(
            [PYTHON, *arguments], check=True, stdout=subprocess.PIPE, text=True, timeout=LIMIT_S
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise PeerUnavailable(f"LangGraph is left out: {error}; its own message stands above") from error
    return ended.stdout


if __name__ == "__main__":
    try:
        measured = measure_langgraph()
    except PeerUnavailable as reason:
        sys.exit(str(reason))
    print(table(measured))
    save(measured, "langgraph")
