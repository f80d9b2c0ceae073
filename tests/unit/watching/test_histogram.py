"""Counting how large values are."""

import pytest

from application.watching.histogram import Histogram


def test_a_value_on_a_bound_is_not_above_it() -> None:
    seen = Histogram((1, 2, 5))
    for value in (0, 1, 1.5, 2, 2.1, 5, 6):
        seen.observe(value)
    assert seen.counts == [2, 2, 2, 1]
    assert (seen.at_most(2), seen.observations, seen.total) == (4, 7, pytest.approx(17.6))


def test_only_a_bound_can_be_asked_for() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        Histogram((1, 2)).at_most(1.5)


def test_what_was_counted_since_a_copy_can_be_added_to_another_one() -> None:
    seen = Histogram((1, 2))
    seen.observe(1)
    then = seen.copy()
    seen.observe(2, 3)
    sum_of = Histogram((1, 2))
    sum_of.add(seen, since=then)
    assert (sum_of.counts, sum_of.total, then.counts) == ([0, 3, 0], 6, [1, 0, 0])
