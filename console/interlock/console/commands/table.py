"""Which commands there are, where they stand, and what they are for in one line; imports none of them."""

from typing import NamedTuple


class Entry(NamedTuple):
    """One command: its module among the commands, its name in there, its line in `interlock --help`."""

    module: str
    attribute: str
    purpose: str


COMMANDS: dict[str, Entry] = {
    "run": Entry("run", "run", "Reach a goal from a folder of documents, here and now."),
    "up": Entry("up", "up", "Start everything on this machine and stay."),
    "submit": Entry("submit", "submit", "Hand in a goal and print its task's number."),
    "watch": Entry("watch", "watch", "Follow a task until it ends."),
    "tasks": Entry("tasks", "tasks", "List the tasks, the newest first."),
    "show": Entry("show", "show", "Tell a task's story, or print any record of the log."),
    "result": Entry("result", "result", "Print what a task came to."),
    "agents": Entry("agents", "agents", "List who is there, and what they have in hand."),
    "kill": Entry("control", "kill", "Stop a task, or anything else, now."),
    "pause": Entry("control", "pause", "Let nothing new start; what is in flight may finish."),
    "drain": Entry("control", "drain", "Finish what was accepted, take nothing new."),
    "resume": Entry("control", "resume", "Go on after a pause, a drain or a kill."),
    "receipt": Entry("receipt", "receipt", "Print what a kill came to."),
    "switches": Entry("switches", "switches", "Show what is paused, draining or killed."),
    "security": Entry("security", "security", "List who tried what is not theirs."),
    "budget": Entry("budget", "budget", "Show what a task may spend and has spent, or raise it."),
    "limits": Entry("limits", "limits", "Show and set the limits that tasks share, by hand or by a file."),
    "inbox": Entry("inbox", "inbox", "Show what people are asked, and decide about it."),
    "approve": Entry("approve", "approve", "Say yes to what is asked."),
    "edit": Entry("edit", "edit", "Say yes, but with other arguments."),
    "reject": Entry("reject", "reject", "Say no to what is asked, and why."),
    "answer": Entry("answer", "answer", "Answer a question, or a form."),
    "reassign": Entry("reassign", "reassign", "Let somebody else be asked."),
    "abort": Entry("reassign", "abort", "End the task that asks."),
    "delegate": Entry("delegate", "delegate", "Let somebody else answer in your place."),
    "reviews": Entry("inbox", "reviews", "List what was done and is to be looked at."),
    "policy": Entry("policy", "policy", "Check policies, try them, and see why something was decided."),
    "autonomy": Entry("autonomy", "autonomy", "Show and set how far roles go by themselves."),
    "people": Entry("people", "people", "Show how people decide, and whether they look."),
    "notify": Entry("notify", "notify", "Tell people outside that they are asked."),
    "keys": Entry("keys", "keys", "Give people and agents their own identity."),
    "doctor": Entry("doctor", "doctor", "Check this machine, and say what to do."),
    "simulate": Entry("simulate", "simulate", "Try to break the supervisor, in virtual time."),
    "completion": Entry("completion", "completion", "Print the script for completion in a shell."),
}
