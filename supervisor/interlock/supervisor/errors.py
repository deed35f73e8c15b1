"""What can go wrong in deciding."""


class SupervisorError(Exception):
    """The supervisor cannot go on; the sentence says why and what to do."""


class IllegalFact(SupervisorError):
    """A fact that the transition tables do not allow: a defect of the core, or a log that is not ours."""


class SteppedBack(SupervisorError):
    """Somebody else has decided: this supervisor stops, so that there is one writer."""
