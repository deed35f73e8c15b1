"""The versions: of this distribution, and of the protocol that it speaks on the bus."""

DISTRIBUTION = "0.1.0"
PROTOCOL_MAJOR = 1
PROTOCOL_MINOR = 0
