"""The decision core: state, facts and time in, facts out. No IO, no clock, no randomness."""
