"""Switches and receipts, for people: what they can switch, what stands switched, what a kill came to.

Readers of the log: they decide nothing.
"""
