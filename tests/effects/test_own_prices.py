"""The user's file of prices: what it may say, what is shown of it, and what cached tokens cost by it."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from interlock.effects.errors import BadSettings
from interlock.effects.own_prices import OwnPrices
from interlock.effects.usage import Usage

WRITTEN = datetime(2026, 11, 20, tzinfo=UTC)
CACHED = """
[models."openai/mine"]
input_usd_per_mtok = 1
output_usd_per_mtok = 4
cache_read_usd_per_mtok = 0.25
cache_write_usd_per_mtok = 2
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "prices.toml"


def read(path: Path, text: str) -> OwnPrices:
    path.write_text(text)
    os.utime(path, (WRITTEN.timestamp(), WRITTEN.timestamp()))
    return OwnPrices.read(path)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('price = "free"', "free: prices.toml, as of 2026-11-20"),
        ("input_usd_per_mtok = 1\noutput_usd_per_mtok = 2", "prices.toml, as of 2026-11-20"),
        (
            'input_usd_per_mtok = 1\noutput_usd_per_mtok = 2\nsource = "our contract"\ndate = 2026-03-01',
            "our contract, in prices.toml, as of 2026-03-01",
        ),
    ],
)
def test_a_price_has_a_source_and_a_day(path: Path, said: str, shown: str) -> None:
    assert read(path, f'[models."a/b"]\n{said}').source("a/b") == shown


def test_cached_tokens_cost_what_the_file_says_and_the_dearest_bounds(path: Path) -> None:
    price = read(path, CACHED).models["openai/mine"]
    assert price.input_usd_micros_per_mtok == 2_000_000
    usage = Usage(100, 10, cache_read_tokens=40, cache_write_tokens=20)
    assert price.spend_usd_micros(usage) == 40 + 10 + 40 + 40
    assert price.spend_usd_micros(Usage(100, 10)) == 140


def test_counts_that_contradict_each_other_cost_the_most(path: Path) -> None:
    price = read(path, CACHED).models["openai/mine"]
    assert price.spend_usd_micros(Usage(100, 0, cache_read_tokens=101)) == 200


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("models = 3", "no list of prices"),
        ("[models", "no list of prices"),
        ('[models."a/b"]\nprice = "cheap"', "no list of prices"),
        ('[models."a/b"]\nprice = "free"\ndate = "soon"', "no list of prices"),
        ('[models."a/b"]\ninput_usd_per_mtok = 1', "needs either"),
        ('[models."a/b"]\nregion = "eu"\ninput_usd_per_mtok = 1', "needs either"),
        ('[models."a/b"]\nprompt_overhead_tokens = 1', "needs either"),
        ('[models."a/b"]\nprice = "free"\ninput_usd_per_mtok = 1', "needs either"),
        ('[models."a/b"]\nprice = "free"\ncache_read_usd_per_mtok = 1', "needs either"),
        ('[models."a/b"]\ninput_usd_per_mtok = 0\noutput_usd_per_mtok = 0', 'say price = "free"'),
        ('[models."a/b"]\ninput_usd_per_mtok = -1\noutput_usd_per_mtok = 1', "no list of prices"),
    ],
)
def test_a_file_that_says_nothing_usable_is_refused(path: Path, text: str, complaint: str) -> None:
    with pytest.raises(BadSettings, match=complaint):
        read(path, text)


def test_a_file_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(BadSettings, match=r"prices\.toml cannot be read"):
        OwnPrices.read(path)
