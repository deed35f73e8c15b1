"""What people are asked and what they say to it: read from the log, shown, signed, said.

Who may decide what, and what follows, the supervisor decides; here is only a view of it.
"""
