"""What people see and say: the command line. It starts processes and reads the log.

It decides nothing about tasks: what it shows stands in the log, what it says goes there.
"""
