"""The exit codes of `interlock`, in one table; knows no command."""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended, for the shell."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    FAILED = 3
    BUDGET = 4
    HALTED = 5
    WAITING = 6
    UNREACHABLE = 7
    REJECTED = 8
    UNFINISHED = 9
    INTERRUPTED = 130


MEANINGS: dict[Exit, str] = {
    Exit.DONE: "done",
    Exit.INTERNAL: "a defect of Interlock: please report it",
    Exit.USAGE: "wrong usage or bad input; nothing was started",
    Exit.FAILED: "the task failed",
    Exit.BUDGET: "the budget is exhausted; the task is parked and keeps its work",
    Exit.HALTED: "the task was killed",
    Exit.WAITING: "the task waits for a person, or what was asked for another one",
    Exit.UNREACHABLE: "nothing runs here, or it cannot be reached",
    Exit.REJECTED: "the supervisor, or the server, refused what was asked",
    Exit.UNFINISHED: "the task is not finished yet, or its receipt is not there yet",
    Exit.INTERRUPTED: "Ctrl-C; `run` kills its task first",
}


def of_status(status: str, parked_kind: str = "") -> Exit:
    """Return the exit code for a task's status (contracts.results) and, when parked, for what it waits."""
    match status:
        case "completed":
            return Exit.DONE
        case "failed":
            return Exit.FAILED
        case "halted":
            return Exit.HALTED
        case "rejected":
            return Exit.REJECTED
        case "parked":
            return Exit.BUDGET if parked_kind == "budget" else Exit.WAITING
        case _:
            return Exit.UNFINISHED
