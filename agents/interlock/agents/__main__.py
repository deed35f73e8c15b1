"""`python -m interlock.agents ROLE` starts one of the built-in agents."""

import importlib
import sys

from interlock.agents.agent import Agent
from interlock.bus.process import USAGE

BUILT_IN = ("planner", "researcher", "executor", "reviewer")


def main(arguments: list[str]) -> int:
    """Run the agent that is named; return 2 when there is none of that name."""
    if len(arguments) != 1 or arguments[0] not in BUILT_IN:
        sys.stderr.write(f"usage: python -m interlock.agents {'|'.join(BUILT_IN)}\n")
        return USAGE
    agent: Agent = importlib.import_module(f"interlock.agents.{arguments[0]}.agent").agent
    agent.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
