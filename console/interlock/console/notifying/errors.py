"""Why a notice did not arrive; a reason names no address, for that may be a secret."""


class NotDelivered(Exception):
    """It did not arrive this time; `after_s` is how long whoever refused it wants to be left alone."""

    def __init__(self, reason: str, *, after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.after_s = after_s


class Unwanted(NotDelivered):
    """It will not arrive another time either."""
