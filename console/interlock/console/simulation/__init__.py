"""The deterministic simulator: the real core and shell, an adversary, virtual time, one thread."""
