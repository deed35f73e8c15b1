"""The desk's four agents. Each is a process: `python -m invoice_desk.agents.planner`, and so on."""
