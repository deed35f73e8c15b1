"""What a person has said about tools from outside, checked before anything starts; loads none of them."""

from collections.abc import Mapping

from interlock.console.errors import BadInput
from interlock.console.processes import NAMED, named_variables


def check_tools(environment: Mapping[str, str]) -> None:
    """Raise BadInput for a variable that tools shall be given, and that is not set."""
    missing = [name for name in named_variables(environment) if name not in environment]
    if missing:
        raise BadInput(f"{NAMED} names {', '.join(missing)}, which is not set; see docs/tools.md")
