"""Who we are, and which account we pay from."""

NAME = "Example Works Ltd"
IBAN = "DE97200400600123456789"
OPENING_CENTS = 10_000_000
