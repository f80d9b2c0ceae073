"""Pool sizes: the exercise's numbers, and the formula against a simulation."""

import heapq
import math
import random
import re
from pathlib import Path

import pytest

from application.capacity.pool import Load, minimum, per_instance, recommended, state, wait_share

LOAD = Load()


def test_two_thousand_requests_a_second_of_three_and_a_half_milliseconds_keep_seven_connections_busy() -> (
    None
):
    assert LOAD.busy == pytest.approx(7.0)
    assert minimum(LOAD) == 7


def test_a_pool_of_exactly_the_minimum_has_a_queue_that_grows() -> None:
    assert state(LOAD, 7).wait_mean_s == math.inf
    assert state(LOAD, 8).wait_mean_s < math.inf


def test_the_recommended_pool_is_the_least_that_keeps_waits_short() -> None:
    size = recommended(LOAD)
    assert state(LOAD, size).wait_p99_s <= 0.001 < state(LOAD, size - 1).wait_p99_s


def test_the_exercises_pool_is_thirteen_and_a_millisecond_each_way_makes_it_fourteen() -> None:
    assert recommended(LOAD) == 13
    one_way = Load(network_s=0.001)
    assert (one_way.busy, minimum(one_way), recommended(one_way)) == (pytest.approx(8.0), 8, 14)


def test_four_pools_need_more_connections_together_than_one() -> None:
    assert 4 * per_instance(LOAD, 4) == 24 > recommended(LOAD)


def test_with_one_of_four_lost_the_other_three_carry_its_load() -> None:
    assert per_instance(LOAD, 4, lost=1) == 7
    third = Load(requests_per_s=LOAD.requests_per_s / 3)
    assert per_instance(LOAD, 4, lost=1) == recommended(third)
    assert per_instance(LOAD, 4, lost=3) == recommended(LOAD)
    assert state(third, 6).wait_p99_s > 0.001, "what was enough with all four is not any more"


def test_all_instances_cannot_be_lost() -> None:
    with pytest.raises(ValueError, match="cannot be lost"):
        per_instance(LOAD, 4, lost=4)
    with pytest.raises(ValueError, match="cannot be lost"):
        per_instance(LOAD, 4, lost=-1)


@pytest.mark.parametrize("connections", [8, 10, 12])
def test_the_share_that_waits_is_what_a_simulation_finds(connections: int) -> None:
    chance = random.Random(13)
    now_s, waited, requests = 0.0, 0, 200_000
    free_at_s = [0.0] * connections
    for _ in range(requests):
        now_s += chance.expovariate(LOAD.requests_per_s)
        begins_s = max(now_s, heapq.heappop(free_at_s))
        waited += begins_s > now_s
        heapq.heappush(free_at_s, begins_s + chance.expovariate(1 / LOAD.held_s))
    assert waited / requests == pytest.approx(wait_share(connections, LOAD.busy), abs=0.02)


def test_a_pool_of_eight_is_seven_eighths_busy_and_takes_a_burst_in_seven_eighths_of_a_second() -> None:
    found = state(LOAD, 8)
    assert (found.connections, found.utilization, found.burst_s) == (8, 0.875, pytest.approx(0.875))
    assert found.wait_share == wait_share(8, LOAD.busy)
    assert found.wait_mean_s == pytest.approx(found.wait_share / (1 / 0.0035))
    assert found.wait_p99_s == pytest.approx(math.log(100 * found.wait_share) * 0.0035)


def test_what_never_waits_needs_no_more_than_the_minimum() -> None:
    idle = Load(requests_per_s=1.0)
    assert state(idle, 1).wait_p99_s == 0
    assert recommended(idle, wait_p99_s=0.0) == minimum(idle) == 1


def test_a_load_above_the_pool_waits_for_ever_and_all_of_it() -> None:
    assert wait_share(7, 7.0) == wait_share(6, 7.0) == 1.0
    over = state(LOAD, 6)
    assert (over.utilization, over.wait_mean_s, over.wait_p99_s) == (1.0, math.inf, math.inf)


@pytest.mark.parametrize("connections", [8, 10])
def test_the_mean_wait_is_what_a_simulation_finds(connections: int) -> None:
    chance = random.Random(14)
    now_s, waited_s, requests = 0.0, 0.0, 200_000
    free_at_s = [0.0] * connections
    for _ in range(requests):
        now_s += chance.expovariate(LOAD.requests_per_s)
        begins_s = max(now_s, heapq.heappop(free_at_s))
        waited_s += begins_s - now_s
        heapq.heappush(free_at_s, begins_s + chance.expovariate(1 / LOAD.held_s))
    assert waited_s / requests == pytest.approx(state(LOAD, connections).wait_mean_s, rel=0.1)


@pytest.mark.parametrize("connections", [7, 8, 10, 13, 26])
def test_the_figures_of_the_page_are_those_of_the_formula(connections: int) -> None:
    page = (Path(__file__).parents[3] / "docs" / "capacity.md").read_text(encoding="utf-8")
    [row] = re.findall(
        rf"^\| {connections} \| (\d+) % \| (\S+)(?: %)? \| (\S+)(?: ms)? \| (\S+)(?: ms)? \|$",
        page,
        re.MULTILINE,
    )
    found = state(LOAD, connections)
    assert int(row[0]) == round(100 * found.utilization)
    if connections == 7:
        assert row[1:] == ("all", "grows", "grows")
        assert (found.wait_share, found.wait_mean_s) == (1.0, math.inf)
        return
    shown = [float(value) for value in row[1:]]
    digits = [len(value.partition(".")[2]) for value in row[1:]]
    exact = (100 * found.wait_share, 1_000 * found.wait_mean_s, 1_000 * found.wait_p99_s)
    assert shown == [round(value, places) for value, places in zip(exact, digits, strict=True)]
