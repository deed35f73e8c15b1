"""How properties are checked here: no deadline of wall time, since machines are shared."""

from hypothesis import settings

settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")
