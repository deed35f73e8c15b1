"""The inbox in a terminal: a list, one of it with everything that belongs to it, and sheets to decide.

Only drawing and keys; textual is loaded here and nowhere else.
"""
