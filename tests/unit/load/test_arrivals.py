"""When the requests of a load arrive, and what they ask for."""

from collections import Counter
from itertools import pairwise

import pytest

from adapters.load.profiles import PROFILES, RISING, SUDDEN, Kind, Phase, Profile, arrivals

TENTH = PROFILES["exercise30"]


def test_the_named_loads_are_those_of_the_textbook() -> None:
    assert (TENTH.orders_per_s, TENTH.orders_per_s + TENTH.reads_per_s, TENTH.markets) == (2_000, 20_000, 100)
    election = PROFILES["election"]
    assert election.orders_per_s * 3_600 / 3 == pytest.approx(500_000), "a trade an hour takes three orders"
    assert (election.markets, election.hot_markets) == (200, 15)
    ordinary, spike = PROFILES["ordinary"], PROFILES["spike"]
    assert spike.orders_per_s * spike.rate(0.0) == pytest.approx(ordinary.orders_per_s)
    assert spike.rate(0.5) / spike.rate(0.0) == pytest.approx(50)


def test_a_rate_follows_its_phases() -> None:
    def profile(*shape: Phase) -> Profile:
        return Profile(
            about="",
            orders_per_s=1,
            reads_per_s=1,
            markets=1,
            hot_markets=1,
            hot_share=1,
            traders=1,
            shape=shape,
        )

    rising = profile(*RISING)
    assert [round(rising.rate(at), 3) for at in (0, 0.15, 0.3, 0.99, 1.0)] == [0.1, 0.55, 1.0, 1.0, 1.0]
    sudden = profile(*SUDDEN)
    assert [sudden.rate(at) for at in (0, 0.29, 0.31, 0.69, 0.71, 1.0)] == [0.02, 0.02, 1, 1, 0.02, 0.02]


def test_so_many_requests_arrive_as_the_profile_says_and_one_in_ten_is_about_an_order() -> None:
    found = list(arrivals(TENTH, scale=0.1, duration_s=20, seed=3))
    # A tenth of 20,000/s, rising over 6 of 20 seconds from a tenth: 14 s whole, 6 s at 0.55.
    expected = 2_000 * (14 + 6 * 0.55)
    assert len(found) == pytest.approx(expected, rel=4 / expected**0.5)
    kinds = Counter(each.kind for each in found)
    writes = kinds[Kind.ORDER] + kinds[Kind.CANCEL]
    assert writes / len(found) == pytest.approx(0.1, abs=0.01)
    assert kinds[Kind.CANCEL] / writes == pytest.approx(0.2, abs=0.02)
    assert set(kinds) == set(Kind)


def test_arrivals_are_in_order_within_the_time_and_the_same_for_a_seed() -> None:
    def times(seed: int) -> list[float]:
        return [each.at_s for each in arrivals(TENTH, scale=0.01, duration_s=5, seed=seed)]

    assert all(first <= second for first, second in pairwise(times(1)))
    assert 0 <= times(1)[0] < times(1)[-1] < 5
    assert times(1) == times(1) != times(2)


def test_requests_come_at_random_and_not_in_step() -> None:
    steady = PROFILES["ordinary"]
    at_s = [each.at_s for each in arrivals(steady, scale=10, duration_s=200, seed=5)]
    gaps = [after - before for before, after in pairwise(at_s)]
    mean = sum(gaps) / len(gaps)
    spread = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert spread / mean == pytest.approx(1.0, abs=0.05), "gaps of a Poisson process are exponential"
