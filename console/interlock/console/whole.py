"""Whole numbers as people type them, between two bounds. What they count it does not know."""

import click


class Whole(click.IntRange):
    """A range of whole numbers; what is none is told in words that one uses."""

    name = "number"
