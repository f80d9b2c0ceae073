"""Amounts are sent exactly as they were meant, or not at all."""

from decimal import Decimal

import pytest

from presage.client.amounts import exact, hundredths, ticks


@pytest.mark.parametrize(
    ("value", "places", "sent"),
    [
        (10, 2, "10.00"),
        ("0.45", 4, "0.4500"),
        (Decimal("0.0001"), 4, "0.0001"),
        (Decimal("1E+2"), 2, "100.00"),
        ("-0.5", 4, "-0.5000"),
    ],
)
def test_an_amount_is_sent_in_digits(value: Decimal | int | str, places: int, sent: str) -> None:
    assert exact(value, places, "price") == sent


@pytest.mark.parametrize("value", [0.45, True, None, b"0.45"])
def test_what_is_no_exact_number_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="price is a Decimal, a whole number or a string"):
        exact(value, 4, "price")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "much", "", "1e40"])
def test_what_cannot_be_sent_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="is not a number that can be sent"):
        exact(value, 4, "price")


def test_nothing_is_rounded() -> None:
    with pytest.raises(ValueError, match=r"price: 0\.45001 has more than 4 places"):
        exact("0.45001", 4, "price")


def test_what_was_told_is_read_as_whole_numbers() -> None:
    assert (ticks("0.2900"), ticks("0.0001"), hundredths("-0.29"), hundredths("12345678.07")) == (
        2_900,
        1,
        -29,
        1_234_567_807,
    )
