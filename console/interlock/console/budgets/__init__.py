"""Budgets as people see them: the account book read from the log, limits in words, the limits file.

It counts with the supervisor's own core and decides nothing.
"""
