"""Guard: starts the processes of a host, kills them when told, and sees them end. It runs no agent's code."""
