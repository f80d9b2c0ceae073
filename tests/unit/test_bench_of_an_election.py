"""The cores of an election are added up from what was measured, the generator left out."""

import pytest

from benchmarks._election import cores


def test_orders_and_reads_are_added_up_by_role_without_whoever_sends_them() -> None:
    told = cores({"engine": 0.75, "http": 0.4, "client": 9.0}, {"http": 0.1, "client": 9.0})
    assert told == {"engine": 1.5, "http": 2.6, "in_all": 4.1, "under_4": "no"}


@pytest.mark.parametrize(("read_s", "under"), [(0.11, "yes"), (0.112, "no")])
def test_the_aim_is_less_than_four_cores(read_s: float, under: str) -> None:
    told = cores({"serve": 1.0}, {"serve": read_s})
    assert (told["in_all"], told["under_4"]) == (round(2 + 18 * read_s, 2), under)
