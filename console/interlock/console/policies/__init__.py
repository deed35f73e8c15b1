"""Policies for people: whether they will do, what they say of cases, and why something was decided."""
