"""The limits file: what it says, and one sentence for whatever is wrong in it."""

from pathlib import Path

import pytest

from interlock.console.budgets.dimensions import LIMIT_NAMES
from interlock.console.budgets.file import read_file
from interlock.console.errors import BadInput
from interlock.contracts.budget import Budget
from interlock.contracts.control import SetLimits

EXAMPLE = Path(__file__).parents[3] / "deploy" / "limits.toml"


def limits_of(folder: Path, text: str) -> dict[str, SetLimits]:
    """Return what a file with this text sets."""
    file = folder / "limits.toml"
    file.write_text(text)
    return read_file(file)


def test_each_scope_has_the_limits_that_the_file_says_in_the_units_of_the_wire(tmp_path: Path) -> None:
    text = """
    [fleet]
    usd_per_day = 20.0
    [tenants.acme]
    tokens = 1_000_000
    usd = 3
    [roles.executor]
    tool_calls_per_day = 500
    wall_s = 60
    """
    assert limits_of(tmp_path, text) == {
        "fleet": SetLimits(day=Budget(spend_usd_micros=20_000_000)),
        "tenant acme": SetLimits(total=Budget(tokens=1_000_000, spend_usd_micros=3_000_000)),
        "role executor": SetLimits(total=Budget(wall_ms=60_000), day=Budget(tool_calls=500)),
    }


def test_every_dimension_may_be_limited_in_total_and_a_day(tmp_path: Path) -> None:
    text = "[fleet]\n" + "\n".join(f"{name} = 1" for name in LIMIT_NAMES)
    limits = limits_of(tmp_path, text)["fleet"]
    one_each = Budget(
        spend_usd_micros=1_000_000, tokens=1, model_calls=1, tool_calls=1, wall_ms=1_000, steps=1, replans=1
    )
    assert (limits.total, limits.day) == (one_each, one_each)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            '[fleet]\nusd_per_day = "20"',
            "usd_per_day = '20' is no number of dollars; write usd_per_day = 2.50",
        ),
        ("[fleet]\nusd = -1", "[fleet] usd = -1 is below zero; write 0 or more, or leave it out"),
        ("[fleet]\nusd = nan", "[fleet] usd = nan is no number of dollars; write usd = 2.50"),
        ("[fleet]\nusd = 2e6", "[fleet] usd = 2000000.0 is too much; write at most 1,000,000"),
        ("[fleet]\nusd = 1e-9", "[fleet.usd] is less than a millionth of a dollar; write 0, or at least"),
        ("[fleet]\nusd_per_month = 1", "usd_per_month: there is no such limit; write a name with _per_day"),
        ("[fleet]\nwall_ms = 1", "[fleet] wall_ms: there is no such limit; write wall_s, in seconds"),
        ("[fleet]\nspend_usd_micros = 1", "there is no such limit; write usd, in dollars"),
        ("[tenants.acme]\ntoken = 5", "[tenants.acme] token: there is no such limit; write tokens"),
        ("[tenants.acme]\nbananas = 5", "write one of usd, tokens, model_calls, tool_calls, wall_s"),
        ("[tenants.acme]\ntokens = 1.5", "tokens = 1.5 is no whole number of tokens; write tokens = 500"),
        ("[tenants.acme]\ntokens = true", "[tenants.acme] tokens = True is no whole number of tokens"),
        ("[tenants.Acme]\nusd = 1", "'Acme' is not a name on the bus: use 1 to 64 of a-z"),
        ("[fleets]\nusd = 1", "[fleets] is nothing that has limits; write [fleet], [tenants.NAME]"),
        ("[tenants]\nacme = 3", "tenants.acme is no table; write [tenants.acme] and its limits below it"),
        ("tenants = 3", "tenants is no table; write [tenants.NAME] and its limits below it"),
        ("[fleet]\nx = 1\ny = 2\nz = 3", "(2 more like this)"),
        ("[fleet", "limits.toml is not TOML: "),
        ("[fleet]\nusd = 1\nusd = 2\n", "Cannot overwrite a value (at line 3"),
    ],
)
def test_what_is_wrong_is_said_with_file_place_and_remedy(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(BadInput) as refused:
        limits_of(tmp_path, text)
    said = str(refused.value)
    assert said.startswith(str(tmp_path / "limits.toml"))
    assert complaint in said
    assert "\n" not in said


def test_an_empty_file_sets_nothing(tmp_path: Path) -> None:
    assert limits_of(tmp_path, "# nothing yet\n") == {}


def test_the_example_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(read_file(EXAMPLE)) == {"fleet", "tenant acme", "role executor"}
    assert capsys.readouterr().err == ""
