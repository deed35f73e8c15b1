"""A person sees what a model costs, and where that price stands."""

from interlock.console.prices import price_fields, said_price
from interlock.contracts.presence import ModelOffer

SOURCE = "our contract, in prices.toml, as of 2026-03-01"


def offer(inward: int | None, outward: int | None, source: str = SOURCE) -> ModelOffer:
    return ModelOffer(
        model="openai/x",
        input_usd_micros_per_mtok=inward,
        output_usd_micros_per_mtok=outward,
        price_source=source,
    )


def test_a_price_is_said_with_its_source_and_date() -> None:
    said = said_price(offer(250_000, 2_000_000))
    assert said == f"at most $0.25 in and $2 out for a million tokens ({SOURCE})"


def test_a_free_model_says_who_says_so() -> None:
    assert said_price(offer(0, 0, "free: prices.toml, as of 2026-11-20")).startswith("free: prices.toml")


def test_a_model_without_a_price_says_how_to_give_one() -> None:
    assert said_price(offer(None, None, "write into prices.toml")) == "write into prices.toml"
    assert said_price(offer(None, None, "")) == "no price is known"
    assert price_fields(offer(None, 1)) == {
        "input_usd_micros_per_mtok": None,
        "output_usd_micros_per_mtok": 1,
        "source": SOURCE,
    }
