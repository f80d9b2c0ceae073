"""Numbers from outside are read to the unit or refused; none is ever rounded."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http.requests.exact import LARGEST, scaled, whole


@pytest.mark.parametrize(
    ("value", "ticks"),
    [
        ("0.65", 6_500),
        ("0.6500", 6_500),
        (Decimal("0.0001"), 1),
        (Decimal("0.65"), 6_500),
        (1, 10_000),
        ("007", 70_000),
        (0, 0),
    ],
)
def test_a_decimal_is_read_to_the_tick(value: object, ticks: int) -> None:
    assert scaled(value, 4) == ticks


@pytest.mark.parametrize(
    "value",
    [
        0.65,
        float("nan"),
        float("inf"),
        True,
        None,
        [],
        {},
        "0.65001",
        Decimal("0.65000"),
        "-0.65",
        "+0.65",
        "1e-1",
        ".65",
        "0.",
        "",
        " 0.65",
        "0.65\n",
        "0,65",
        "\u0660.\u0666",  # digits, but not ours
        "9" * 20,
        2**63,
        Decimal("NaN"),
    ],
)
def test_what_is_not_exactly_a_number_of_ticks_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"must|is too large"):
        scaled(value, 4)


@given(st.integers(min_value=0, max_value=LARGEST), st.sampled_from([2, 4, 6]))
def test_every_amount_that_fits_is_read_back_as_it_was(units: int, places: int) -> None:
    text = f"{units // 10**places}.{units % 10**places:0{places}d}"
    assert scaled(text, places) == units


def test_an_amount_beyond_63_bits_is_refused() -> None:
    assert scaled("922337203685477.5807", 4) == LARGEST
    with pytest.raises(ValueError, match="too large"):
        scaled("922337203685477.5808", 4)


@pytest.mark.parametrize("value", [1.0, True, False, "1", None, Decimal(1), -1, 2**63])
def test_what_is_not_a_whole_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        whole(value)
