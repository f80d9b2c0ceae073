"""Numbers in recordings are read to the unit or refused."""

import pytest

from adapters.recordings.numbers import (
    SteadyClock,
    cents_ticks,
    hundredths,
    microseconds,
    price_ticks,
    scaled,
)


@pytest.mark.parametrize(
    ("text", "places", "number"),
    [
        ("0.1", 4, 1_000),
        ("12.340000", 2, 1_234),
        ("7", 2, 700),
        ("007.50", 1, 75),
        ("999999999999999.99", 2, 99_999_999_999_999_999),
    ],
)
def test_a_decimal_is_read_exactly(text: str, places: int, number: int) -> None:
    assert scaled(text, places) == number


@pytest.mark.parametrize(
    "text", ["", " 1", "-1", "+1", "1e3", "nan", "Infinity", "1_000", "1.", ".5", "1,5", "\u0661", "0x1"]
)
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a plain decimal number"):
        scaled(text, 2)


def test_digits_beyond_the_unit_are_refused_rather_than_rounded() -> None:
    with pytest.raises(ValueError, match="more than 2 decimal places"):
        scaled("1.001", 2)


@pytest.mark.parametrize("text", ["0", "1", "1.0001", "0.00001"])
def test_a_price_lies_between_nothing_and_a_dollar(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        price_ticks(text)


def test_prices_come_in_dollars_or_cents() -> None:
    assert price_ticks("0.0001") == 1
    assert price_ticks("0.999") == 9_990
    assert cents_ticks("7") == 700
    with pytest.raises(ValueError, match="a price of 100"):
        cents_ticks("100")


def test_a_quantity_is_not_zero() -> None:
    assert hundredths("0.01") == 1
    with pytest.raises(ValueError, match="zero"):
        hundredths("0.00")


@pytest.mark.parametrize(
    ("text", "time_us"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01T00:00:00.5Z", 500_000),
        ("1970-01-01T00:00:00.00001Z", 10),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:01", 60_000_000),
    ],
)
def test_times_are_read_to_the_microsecond(text: str, time_us: int) -> None:
    assert microseconds(text) == time_us


def test_a_clock_that_is_set_back_waits() -> None:
    clock = SteadyClock()
    assert [clock.at(time_us) for time_us in (5, 3, 9, 8)] == [5, 5, 9, 9]
