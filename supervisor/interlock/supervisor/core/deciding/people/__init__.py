"""Decides what people are asked, who may answer, and what follows from their verdicts. Pure."""
