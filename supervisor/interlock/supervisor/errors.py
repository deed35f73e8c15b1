"""What can go wrong in deciding."""


class SupervisorError(Exception):
    """The supervisor cannot go on; the sentence says why and what to do."""


class IllegalFact(SupervisorError):
    """A fact that the transition tables do not allow: a defect of the core, or a log that is not ours."""


class SteppedBack(SupervisorError):
    """Somebody else has decided: this supervisor stops, so that there is one writer."""


class MalformedPlan(SupervisorError):
    """What a guard was told to run cannot be: the sentence says which part of it."""


class MalformedPolicies(SupervisorError):
    """A folder of policies that cannot be read: the sentence says which file, and what is wrong with it."""


class NotStarted(SupervisorError):
    """A process of a guard could not be started."""


class Escalated(SupervisorError):
    """A guard has stopped everything: a process died too often, or can never do its work."""
