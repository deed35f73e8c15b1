"""What can go wrong between a process and the log."""


class BusError(Exception):
    """The bus could not do what was asked; the sentence says what and what to do next."""


class Unreachable(BusError):
    """No server answers, or the connection has ended for good."""


class NotPermitted(BusError):
    """The server refused: this principal may not publish or read there."""


class MayNotSay(NotPermitted):
    """The server refused a message: none of this principal's roles may publish there."""


class LogFull(BusError):
    """The log has no room; nothing that was accepted is dropped, new records are refused."""


class Superseded(BusError):
    """A conditional append came second: somebody else has written to the subject since."""


class Busy(BusError):
    """A conditional append that the log would not look at: another one with that condition is on its way."""


class TooLarge(BusError):
    """A payload beyond what the bus carries."""


class NotTaken(BusError):
    """A dispatch that its principal did not take within the bound."""


class NotNow(Exception):
    """A dispatch that its principal could take, and does not take now: it comes again."""


class ServerFailed(BusError):
    """The embedded server did not start, or stopped by itself."""


class MalformedKey(BusError):
    """A key file that holds no usable key, or that others may read."""


class UnknownPrincipal(BusError):
    """A name that stands in no directory of principals."""


class KeyTaken(BusError):
    """A key or certificate that proves somebody else, or one more than a principal may have."""


class MalformedTicket(BusError):
    """A question or answer of the server's auth callout that is not what it has to be."""
