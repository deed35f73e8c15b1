"""Tells people outside that they are asked: a reader of the log, with one channel for each way out."""
