"""The planner: from a goal to a plan of steps for the roles that are present."""
