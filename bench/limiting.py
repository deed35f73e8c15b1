"""Eight limits in four nested scopes, none of which is ever reached: what counting costs, not waiting.

Of tokens and of model calls, each: for every step (by its charter), for the task (by default), for the tenant
and for the fleet.
"""

from interlock.contracts.budget import MOST, Budget
from interlock.contracts.control import SetLimits

STEP = Budget(tokens=100_000, model_calls=16)
SHARED = SetLimits(total=Budget(tokens=MOST, model_calls=MOST), reason="a benchmark")
SCOPES = (("tenant", "default"), ("fleet",))
