"""A day at the desk, with people who follow a script: `python -m invoice_desk.demo`."""
