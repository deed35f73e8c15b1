"""The bounds within which the supervisor decides. Reaching one is an outcome, never a surprise."""

MAX_STEP_FAILURES = 3
MAX_STEP_LOSSES = 5
RETRY_BASE_MS = 1_000
RETRY_MAX_MS = 30_000
MAX_PLAN_REFUSALS = 3
MAX_REVIEW_ROUNDS = 3
MAX_EFFECTS_PER_TASK = 2_000
MAX_SAME_EFFECTS = 10
MAX_EFFECTS_IN_VAIN = 16
MAX_RETRIED_TASKS = 32
WARN_NUMERATOR, WARN_DENOMINATOR = 4, 5

MIN_OUTPUT_TOKENS = 16
BUILT_IN_ROLES = ("planner", "researcher", "executor", "reviewer")
