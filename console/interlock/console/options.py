"""The options that many commands share, and how their values are checked before anything starts."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from interlock.console.errors import BadInput
from interlock.console.whole import Whole
from interlock.contracts import limits
from interlock.contracts.budget import Budget
from interlock.contracts.errors import ContractError, MalformedSubject
from interlock.contracts.message import decode, encode
from interlock.contracts.subjects import token
from interlock.contracts.task import Submit
from interlock.effects.errors import EffectError
from interlock.effects.settings import read_settings

Command = TypeVar("Command", bound=Callable[..., Any])

PROVIDERS = ("offline", "openai", "anthropic")
KEYLESS = ("offline", "instant")
DEFAULT_MODEL = "offline/extractive"
MAX_USD = 1_000_000
MAX_MODEL_CHARS = 128

as_option = click.option(
    "--as",
    "principal",
    metavar="PRINCIPAL",
    help="Speak under this name  [$INTERLOCK_PRINCIPAL, or your login name].",
)
state_option = click.option(
    "--state", metavar="DIR", help="State directory of a local environment  [$INTERLOCK_STATE]."
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON on standard output, nothing else."
)
model_option = click.option(
    "--model",
    metavar="PROVIDER/NAME",
    envvar="INTERLOCK_MODEL",
    default=DEFAULT_MODEL,
    show_default=True,
    help=f"The model that thinks: {', '.join(PROVIDERS)}/…",
)

limits_option = click.option(
    "--limits",
    metavar="FILE",
    envvar="INTERLOCK_LIMITS",
    help="Keep the limits that tasks share as FILE says; it is followed  [$INTERLOCK_LIMITS].",
)

notify_option = click.option(
    "--notify",
    metavar="FILE",
    envvar="INTERLOCK_NOTIFY",
    help="Tell people outside what they are asked, as FILE says  [$INTERLOCK_NOTIFY].",
)


def reach_options(command: Command) -> Command:
    """Add the options that say which environment a command speaks to, and as whom."""
    for option in (
        as_option,
        click.option("--key", metavar="FILE", help="Your key for the server  [$INTERLOCK_KEY_FILE]."),
        click.option("--url", metavar="URL", help="A server elsewhere, nats://host:port  [$INTERLOCK_URL]."),
        state_option,
    ):
        command = option(command)
    return command


def _checked_reason(_context: click.Context, _option: click.Parameter, reason: str) -> str:
    if len(reason) > limits.MAX_REASON_CHARS:
        raise click.BadParameter(
            f"{len(reason)} characters, at most {limits.MAX_REASON_CHARS} stand in the log"
        )
    reason.encode()
    return reason


reason_option = click.option(
    "--reason", default="", metavar="TEXT", callback=_checked_reason, help="Why; it stands in the log."
)


def budget_options(command: Command) -> Command:
    """Add the limits of a new task."""
    for option in (
        click.option("--wall-s", type=Whole(1, 31_536_000), metavar="S", help="At most S seconds of work."),
        click.option("--budget-tokens", type=Whole(1, 2**50), metavar="N", help="At most N tokens."),
        click.option("--budget-usd", type=float, metavar="USD", help="At most USD dollars, such as 0.50."),
    ):
        command = option(command)
    return command


def _checked_name(_context: click.Context, _option: click.Parameter, name: str | None) -> str | None:
    try:
        return name if name is None else token(name)
    except MalformedSubject as error:
        raise click.BadParameter(str(error)) from error


def name_option(*words: str, help: str) -> Callable[[Command], Command]:  # noqa: A002 - click's name
    """Return an option for a name on the bus."""
    return click.option(*words, metavar="NAME", callback=_checked_name, help=help)


def rank_options(command: Command) -> Command:
    """Add how a new task ranks among others."""
    for option in (
        click.option(
            "--priority",
            type=Whole(0, limits.MAX_PRIORITY),
            default=limits.DEFAULT_PRIORITY,
            show_default=True,
            help="Who goes first when not all can: 9 before 0.",
        ),
        click.option(
            "--tenant",
            default="default",
            show_default=True,
            metavar="NAME",
            callback=_checked_name,
            help="On whose account it goes.",
        ),
    ):
        command = option(command)
    return command


task_argument = click.argument("task", type=Whole(1, 2**53), metavar="N")


def usd_micros(usd: float | None) -> int | None:
    """Return dollars as whole micro-dollars; raises BadInput for what is no amount."""
    if usd is None:
        return None
    if not math.isfinite(usd) or not 0 <= usd <= MAX_USD:
        raise BadInput(f"{usd} is no budget: dollars go from 0 to {MAX_USD:,}, such as 0.50")
    return round(usd * 1_000_000)


def checked_goal(goal: str) -> str:
    """Return the goal without blank ends; raises BadInput when it is empty or too long to be one."""
    goal = goal.strip()
    if not goal:
        raise BadInput("the goal is empty; say what is wanted, in quotation marks")
    if len(goal) > limits.MAX_GOAL_CHARS:
        raise BadInput(
            f"the goal has {len(goal)} characters, at most {limits.MAX_GOAL_CHARS} are read; "
            "put the rest into a document and name its folder with --docs"
        )
    try:
        goal.encode()
    except UnicodeEncodeError as error:
        raise BadInput("the goal is not valid UTF-8 text") from error
    return goal


def checked_folder(path: str, option: str = "--docs") -> Path:
    """Return an existing, readable folder as an absolute path; raises BadInput."""
    folder = Path(path).expanduser()
    try:
        folder = folder.resolve(strict=True)
        if not folder.is_dir():
            raise BadInput(f"{option}: {path} is not a folder")
        next(folder.iterdir(), None)
    except FileNotFoundError as error:
        raise BadInput(f"{option}: the folder {path} does not exist") from error
    except (OSError, RuntimeError, ValueError) as error:
        raise BadInput(f"{option}: the folder {path!r} cannot be read: {error}") from error
    if len(str(folder)) > limits.MAX_PATH_CHARS:
        raise BadInput(
            f"{option}: the path has {len(str(folder))} characters, at most {limits.MAX_PATH_CHARS} do"
        )
    return folder


def checked_limits(file: str | None) -> Path | None:
    """Return a limits file as an absolute path; raises BadInput that says what is wrong in it."""
    if not file:
        return None
    # Most commands get no file of limits, and pydantic needs 130 ms and 9 MB to load.
    from interlock.console.budgets.file import read_file  # noqa: PLC0415 - for that reason

    path = Path(file).expanduser().absolute()
    read_file(path)
    return path


def checked_channels(file: str | None, environment: Mapping[str, str]) -> Path | None:
    """Return a file of channels as an absolute path; raises BadInput that says what is wrong in it."""
    if not file:
        return None
    # Who calls webhooks takes a while to load.
    from interlock.console.notifying.couriers import read_couriers  # noqa: PLC0415 - for that reason

    path = Path(file).expanduser().absolute()
    read_couriers(path, environment)
    return path


def checked_models(models: str, environment: Mapping[str, str]) -> str:
    """Return the models to offer (separated by commas, the first is the default); raises BadInput.

    A provider that cannot answer without a key must have one, or an address of its own. What else is set for
    models is read as the effect worker will read it.
    """
    names = [name.strip() for name in models.split(",") if name.strip()]
    if not names:
        raise BadInput(f"--model is empty; name one, such as {DEFAULT_MODEL}")
    for name in names:
        provider = _checked_model(name)
        key, address = f"{provider.upper()}_API_KEY", f"{provider.upper()}_BASE_URL"
        if provider not in KEYLESS and not environment.get(key) and not environment.get(address):
            raise BadInput(
                f"--model: {name} needs {key} (or {address} for a server of your own) in the environment"
            )
    try:
        prices = read_settings({**environment, "INTERLOCK_MODEL": ",".join(names)}).prices
    except EffectError as error:
        raise BadInput(str(error)) from error
    if prices and not prices.is_file():
        raise BadInput(f"INTERLOCK_PRICES: there is no file {prices}")
    return ",".join(names)


def _checked_model(model: str) -> str:
    provider, _, name = model.partition("/")
    if not provider or not name or len(model) > MAX_MODEL_CHARS:
        raise BadInput(
            f"--model: {model!r} is not PROVIDER/NAME, such as {DEFAULT_MODEL} or openai/gpt-5-mini"
        )
    if provider not in PROVIDERS + KEYLESS:
        raise BadInput(f"--model: {provider!r} is no provider; there are {', '.join(PROVIDERS)}")
    return provider


def task_budget(options: Mapping[str, Any]) -> Budget:
    """Return the limits that were given; the others are the supervisor's defaults."""
    wall_s: int | None = options["wall_s"]
    return Budget(
        spend_usd_micros=usd_micros(options["budget_usd"]),
        tokens=options["budget_tokens"],
        wall_ms=None if wall_s is None else wall_s * 1000,
    )


def checked_task(task: Submit) -> Submit:
    """Return the submission if its reader would take it; raises BadInput that names the place."""
    try:
        return decode(Submit, encode(task))
    except ContractError as error:
        raise BadInput(str(error)) from error
