"""Decide: the pure core says what follows from an input; the shell around it reads, commits and tells."""
