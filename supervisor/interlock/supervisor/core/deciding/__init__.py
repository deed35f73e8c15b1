"""What follows from each kind of input, by what it is about."""
