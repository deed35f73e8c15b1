"""The user's own prices, and where models run: a TOML file of tables `[models."provider/name"]`, no more."""

import datetime as dt
import tomllib
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import Annotated, Literal, Self

import msgspec

from interlock.effects.errors import BadSettings
from interlock.effects.usage import MICROS, Usage

Usd = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
Tokens = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class OwnPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table: `price = "free"`, or dollars for a million tokens; cached tokens cost `input` if not said.

    `source` and `date` say where the price stands. `prompt_overhead_tokens` is the most that the server adds
    to a prompt, such as its chat template. `region` is where the model runs, `data_class` which data it may
    be given; a table that says only such things leaves the price to those that are published.
    """

    price: Literal["free"] | None = None
    input_usd_per_mtok: Usd | None = None
    output_usd_per_mtok: Usd | None = None
    cache_read_usd_per_mtok: Usd | None = None
    cache_write_usd_per_mtok: Usd | None = None
    prompt_overhead_tokens: Tokens | None = None
    source: str = ""
    date: dt.date | None = None
    region: Annotated[str, msgspec.Meta(max_length=64)] = ""
    data_class: Annotated[str, msgspec.Meta(max_length=64)] = ""

    @property
    def has_price(self) -> bool:
        """Whether the table says what the model costs."""
        return self.price is not None or self.input_usd_per_mtok is not None

    @property
    def input_usd_micros_per_mtok(self) -> int:
        """The most that a million tokens of the prompt cost."""
        return ceil(max(self._input, self._cache_read, self._cache_write) * MICROS)

    @property
    def output_usd_micros_per_mtok(self) -> int:
        """What a million tokens of the answer cost."""
        return ceil(_dollars(self.output_usd_per_mtok) * MICROS)

    def spend_usd_micros(self, usage: Usage) -> int:
        """Return what a usage costs; counts that contradict each other cost the most."""
        plain = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens
        inward = (
            plain * self._input
            + usage.cache_read_tokens * self._cache_read
            + usage.cache_write_tokens * self._cache_write
        )
        if plain < 0:
            inward = usage.input_tokens * max(self._input, self._cache_read, self._cache_write)
        # Dollars for a million tokens are micro-dollars for one.
        return ceil(inward + usage.output_tokens * _dollars(self.output_usd_per_mtok))

    def complaint(self) -> str:
        """Return what is wrong with the table, or an empty text."""
        needed = (self.input_usd_per_mtok, self.output_usd_per_mtok)
        dollars = (*needed, self.cache_read_usd_per_mtok, self.cache_write_usd_per_mtok)
        if (self.price, *dollars) == (None,) * 5 and (self.region or self.data_class):
            return ""
        if (self.price is None) == (None in needed) or (self.price and dollars != (None,) * 4):
            return 'needs either price = "free", or input_usd_per_mtok and output_usd_per_mtok'
        return "" if self.price or any(dollars) else 'costs nothing; if that is so, say price = "free"'

    @property
    def _input(self) -> Decimal:
        return _dollars(self.input_usd_per_mtok)

    @property
    def _cache_read(self) -> Decimal:
        return _dollars(self.cache_read_usd_per_mtok, self.input_usd_per_mtok)

    @property
    def _cache_write(self) -> Decimal:
        return _dollars(self.cache_write_usd_per_mtok, self.input_usd_per_mtok)


class OwnPrices(msgspec.Struct, frozen=True):
    """The tables of a file, by model, and the day on which it was last written."""

    path: Path | None = None
    written: dt.date | None = None
    models: dict[str, OwnPrice] = {}

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file; raises BadSettings that names it and what to write instead."""
        try:
            table = tomllib.loads(path.read_text("utf-8"))
            models = msgspec.convert(table.get("models", {}), dict[str, OwnPrice])
            written = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).date()
        except (OSError, UnicodeDecodeError) as error:
            raise BadSettings(f"INTERLOCK_PRICES: {path} cannot be read: {error}") from error
        except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise BadSettings(f"INTERLOCK_PRICES: {path} is no list of prices: {error}") from error
        for model, price in models.items():
            if complaint := price.complaint():
                raise BadSettings(f'INTERLOCK_PRICES: {path}: [models."{model}"] {complaint}')
        return cls(path, written, models)

    def priced(self, model: str) -> OwnPrice | None:
        """Return the table of a model, if it says what that costs."""
        own = self.models.get(model)
        return own if own is not None and own.has_price else None

    def source(self, model: str) -> str:
        """Say where a price stands and of which day it is: the file and its day, if its table does not."""
        own, file = self.models[model], self.path.name if self.path else ""
        where = f"{own.source}, in {file}" if own.source else file
        return f"{'free: ' if own.price else ''}{where}, as of {own.date or self.written}"


def _dollars(*choices: float | None) -> Decimal:
    return Decimal(str(next((one for one in choices if one is not None), 0)))
