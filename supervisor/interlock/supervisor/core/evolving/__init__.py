"""What each fact makes of the state, by what it is about: tasks, steps, effects, the fleet."""
