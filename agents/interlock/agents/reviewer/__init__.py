"""The reviewer: from the work and its criteria to a verdict: approve, revise or escalate."""
