"""Both generations of fields: the older one rounds, the newer one is exact."""

import pytest

from adapters.http.answers import display


@pytest.mark.parametrize(
    ("ticks", "cents", "dollars"),
    [
        (6_500, 65, "0.6500"),
        (6_549, 65, "0.6549"),
        (6_550, 66, "0.6550"),
        (1, 0, "0.0001"),
        (9_999, 100, "0.9999"),
        (10_000, 100, "1.0000"),
    ],
)
def test_a_price_is_told_in_cents_and_exactly_in_dollars(ticks: int, cents: int, dollars: str) -> None:
    assert (display.price_cents(ticks), display.price_dollars(ticks)) == (cents, dollars)


@pytest.mark.parametrize(
    ("micros", "cents", "down", "dollars"),
    [
        (0, 0, 0, "0.0000"),
        (1_234_567, 123, 123, "1.2346"),
        (1_235_000, 124, 123, "1.2350"),
        (-1_235_000, -124, -124, "-1.2350"),
        (-49, 0, -1, "0.0000"),
        (-50, 0, -1, "-0.0001"),
    ],
)
def test_an_amount_is_told_in_cents_and_in_dollars_with_four_places(
    micros: int, cents: int, down: int, dollars: str
) -> None:
    assert display.money_cents(micros) == cents
    assert display.money_cents_down(micros) == down
    assert display.money_dollars(micros) == dollars


@pytest.mark.parametrize(
    ("quantity", "whole", "text"),
    [(0, 0, "0.00"), (1_250, 12, "12.50"), (-1_250, -12, "-12.50"), (-5, 0, "-0.05"), (99, 0, "0.99")],
)
def test_a_count_is_told_in_whole_contracts_and_in_hundredths(quantity: int, whole: int, text: str) -> None:
    assert (display.whole_contracts(quantity), display.contracts(quantity)) == (whole, text)


def test_times_are_told_in_utc_to_the_microsecond() -> None:
    assert display.timestamp(1_700_000_000_000_001) == "2023-11-14T22:13:20.000001Z"
    assert display.timestamp_or_none(None) is None
    assert display.seconds(1_999_999) == 1
