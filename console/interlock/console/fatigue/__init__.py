"""How people decide: how much, how fast, how often yes, and whether they look; a reader of the log."""
