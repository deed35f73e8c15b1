"""What can be wrong with a message before anybody acts on it."""


class ContractError(ValueError):
    """A message, name or document that does not fit its contract: what, where, and what to do."""


class MalformedMessage(ContractError):
    """Bytes that are not the message that their subject promises."""


class NewerProtocol(ContractError):
    """A message of a newer major version than this program speaks."""


class MalformedSubject(ContractError):
    """A subject, or a token for one, that is not among those of the protocol."""


class MalformedCharter(ContractError):
    """A charter file that does not describe an agent."""
