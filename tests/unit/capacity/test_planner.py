"""Capacity plans: the exercise's scenario by hand, and what a plan must be for any scenario."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.capacity.planner import (
    MEASURED,
    RULES_OF_THUMB,
    CapacityPlanner,
    Component,
    Plan,
    Prices,
    Role,
    Scenario,
    UnitCosts,
    unit_costs,
)

BY_THUMB = CapacityPlanner(RULES_OF_THUMB)


def part(plan: Plan, role: Role) -> Component:
    """Return one part of a plan."""
    return next(each for each in plan.components if each.role is role)


def test_the_exercises_scenario_needs_forty_api_servers_and_four_engines_by_rules_of_thumb() -> None:
    plan = BY_THUMB.plan(Scenario())
    # 18,000 reads and 2,000 orders of a millisecond each keep 20 cores busy; twice that is 40.
    assert part(plan, Role.API).busy_cores == pytest.approx(20)
    assert part(plan, Role.API).instances == 40
    assert part(plan, Role.ENGINE).instances == 4
    assert (part(plan, Role.DATABASE).instances, part(plan, Role.DATABASE).cores_each) == (2, 6)


def test_a_month_of_api_servers_costs_what_their_cores_and_memory_cost_by_the_hour() -> None:
    servers = part(BY_THUMB.plan(Scenario()), Role.API)
    assert servers.cost_per_month == pytest.approx(40 * (1 * 0.05 + 2 * 0.01) * 730)
    assert servers.storage_per_month == 0


def test_what_is_kept_is_paid_for_in_every_copy() -> None:
    scenario = Scenario()
    # Six hours at the peak and 724 at a fiftieth of it.
    orders = 2_000 * 3_600 * (6 + 724 / 50)
    assert scenario.orders_a_month == pytest.approx(orders)
    store = part(BY_THUMB.plan(scenario), Role.EVENT_STORE)
    assert store.storage_gb_each == pytest.approx(orders * 2_000 / 1e9)
    assert store.storage_per_month == pytest.approx(3 * store.storage_gb_each * 0.10)
    year = part(BY_THUMB.plan(Scenario(months_kept=12)), Role.EVENT_STORE)
    assert year.storage_per_month == pytest.approx(12 * store.storage_per_month)


def test_the_most_expensive_part_is_the_one_that_costs_most() -> None:
    plan = BY_THUMB.plan(Scenario())
    assert plan.most_expensive.role is Role.API
    assert plan.cost_per_month == pytest.approx(sum(each.cost_per_month for each in plan.components))
    assert plan.busy_cores == pytest.approx(20 + 2 + 1 + 0.4 + 2.8 + 0.44)


def test_what_would_be_saved_is_named_greatest_first_and_is_never_more_than_the_whole() -> None:
    plan = BY_THUMB.plan(Scenario())
    saved = [each.saved_per_month for each in plan.optimizations]
    assert saved == sorted(saved, reverse=True)
    assert len(saved) == 4
    assert all(0 < each < plan.cost_per_month for each in saved)
    assert plan.optimizations[0].what.startswith("outside the peak")
    outside = (40 - 2) * 0.07 + (4 - 1) * 0.09 + (2 - 1) * 0.07
    assert saved[0] == pytest.approx(outside * 724)


def test_a_market_that_gets_more_than_an_engine_can_do_is_told_of() -> None:
    assert BY_THUMB.plan(Scenario()).warnings == ()
    assert BY_THUMB.plan(Scenario(hottest_share=0.5)).warnings == (), "it can do just that"
    (warning,) = BY_THUMB.plan(Scenario(hottest_share=0.6)).warnings
    assert "1,200 orders/s" in warning
    assert "does 1,000" in warning


def test_projecting_that_keeps_more_than_a_core_busy_is_told_of() -> None:
    (warning,) = CapacityPlanner(MEASURED).plan(Scenario()).warnings
    assert "projecting keeps 1.2 cores busy" in warning


def test_nothing_to_do_is_done_by_the_least_there_is_of_everything() -> None:
    plan = BY_THUMB.plan(Scenario(requests_per_s=0, orders_per_s=0))
    assert {each.cores_each for each in plan.components} == {1}
    assert {each.role: each.instances for each in plan.components} == {
        Role.API: 2,
        Role.ENGINE: 1,
        Role.PROJECTOR: 1,
        Role.EVENT_STORE: 3,
        Role.DATABASE: 2,
        Role.REDIS: 2,
    }


@pytest.mark.parametrize("costs", [MEASURED, RULES_OF_THUMB])
def test_the_figures_of_the_page_are_those_of_the_planner(costs: UnitCosts) -> None:
    page = (Path(__file__).parents[3] / "docs" / "capacity.md").read_text(encoding="utf-8")
    plan = CapacityPlanner(costs).plan(Scenario())
    for each in plan.components:
        assert (
            f"| {each.role} | {each.busy_cores:.2f} | {each.instances} | {each.cores_each} "
            f"| {each.gb_each:g} | {each.storage_gb_each:,.0f} GB | ${each.cost_per_month:,.0f} |"
        ) in page
    assert f"${plan.cost_per_month:,.0f}" in page


def test_rules_of_thumb_are_a_thousand_requests_a_core_and_what_goes_with_them() -> None:
    reads, orders = (
        Scenario(requests_per_s=10_000, orders_per_s=0),
        Scenario(requests_per_s=10_000, orders_per_s=10_000),
    )
    for role, of_reads, of_orders in (
        (Role.API, 10, 10),
        (Role.ENGINE, 0, 10),
        (Role.PROJECTOR, 0, 5),
        (Role.EVENT_STORE, 0, 2),
        (Role.DATABASE, 1, 5),
        (Role.REDIS, 0.2, 0.4),
    ):
        busy = [BY_THUMB.busy_cores(role, scenario) for scenario in (reads, orders)]
        assert busy == pytest.approx([of_reads, of_orders]), role
    plan = BY_THUMB.plan(orders)
    kilobytes = {each.role: each.storage_gb_each / orders.orders_a_month * 1e6 for each in plan.components}
    assert kilobytes == pytest.approx(dict.fromkeys(Role, 0) | {Role.EVENT_STORE: 2, Role.DATABASE: 2})


def test_what_saves_is_the_page_s_list_in_its_order() -> None:
    page = (Path(__file__).parents[3] / "docs" / "capacity.md").read_text(encoding="utf-8")
    told = [
        float(saved.replace(",", ""))
        for saved in re.findall(r"^\d\. \*\*.*?\*\*: \$([\d,]+)", page, re.MULTILINE)
    ]
    optimizations = CapacityPlanner(MEASURED).plan(Scenario()).optimizations
    assert [round(each.saved_per_month) for each in optimizations] == told
    beginnings = ("outside the peak run what 1/50", "a headroom of 1.5", "let clients follow", "keep a tenth")
    for each, beginning in zip(optimizations, beginnings, strict=True):
        assert each.what.startswith(beginning)


def test_prices_count() -> None:
    free = CapacityPlanner(RULES_OF_THUMB, Prices(core_hour=0, gb_hour=0, gb_month=0)).plan(Scenario())
    assert free.cost_per_month == 0
    assert free.optimizations == ()


@given(
    requests=st.floats(0, 1e6),
    share=st.floats(0, 1),
    headroom=st.floats(1, 5),
    more=st.floats(1, 3),
)
def test_there_is_always_room_for_the_load_and_more_load_never_needs_less(
    requests: float, share: float, headroom: float, more: float
) -> None:
    scenario = Scenario(requests_per_s=requests, orders_per_s=requests * share, headroom=headroom)
    plan = BY_THUMB.plan(scenario)
    for each in plan.components:
        assert each.cores_each * (
            1 if each.role in (Role.EVENT_STORE, Role.DATABASE, Role.REDIS) else each.instances
        ) >= (each.busy_cores * headroom - 1e-6)
    larger = Scenario(requests_per_s=requests * more, orders_per_s=requests * share * more, headroom=headroom)
    assert BY_THUMB.plan(larger).cores >= plan.cores


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"markets": 0}, "at least one market"),
        ({"orders_per_s": 20_001.0}, "more orders than requests"),
        ({"orders_per_s": -1.0}, "more orders than requests"),
        ({"headroom": 0.5}, "less than the load"),
        ({"hottest_share": 0.001}, "at least an equal share"),
        ({"hottest_share": 1.1}, "at most all"),
        ({"peak_hours": 0.0}, "730 hours"),
        ({"peak_hours": 731.0}, "730 hours"),
        ({"peak_to_normal": 0.5}, "at least what is normal"),
        ({"months_kept": 0}, "a month at least"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused(wrong: dict[str, float], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Scenario(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "just",
    [
        {"markets": 1, "hottest_share": 1.0},
        {"orders_per_s": 20_000.0},
        {"orders_per_s": 0.0},
        {"headroom": 1.0},
        {"hottest_share": 0.01},
        {"hottest_share": 1.0},
        {"peak_hours": 0.5},
        {"peak_hours": 730.0},
        {"peak_to_normal": 1.0},
        {"months_kept": 1},
    ],
    ids=str,
)
def test_a_scenario_that_can_just_be_is_planned_for(just: dict[str, float]) -> None:
    assert BY_THUMB.plan(Scenario(**just)).cores > 0  # type: ignore[arg-type]


def test_the_scenario_that_is_planned_for_when_nobody_says_otherwise_is_the_exercise_s() -> None:
    assert Scenario() == Scenario(
        markets=100,
        requests_per_s=20_000,
        orders_per_s=2_000,
        headroom=2.0,
        hottest_share=0.2,
        peak_hours=6.0,
        peak_to_normal=50.0,
        months_kept=1,
    )
    assert Prices() == Prices(core_hour=0.05, gb_hour=0.01, gb_month=0.1)


def test_what_was_measured_is_not_changed_without_being_measured_again() -> None:
    assert MEASURED.read_us == {
        Role.API: 268,
        Role.PROJECTOR: 1,
        Role.EVENT_STORE: 1,
        Role.DATABASE: 45,
        Role.REDIS: 1,
    }
    assert MEASURED.order_us == {
        Role.API: 950,
        Role.ENGINE: 618,
        Role.PROJECTOR: 585,
        Role.EVENT_STORE: 935,
        Role.DATABASE: 181,
        Role.REDIS: 21,
    }
    assert MEASURED.order_bytes == {Role.EVENT_STORE: 2_436, Role.DATABASE: 2_343}


def test_unit_costs_are_read_from_what_the_benchmark_prints() -> None:
    document = {
        "ours": {
            "read_us": {"API servers": 10, "database": 2},
            "order_us": {str(role): number for number, role in enumerate(Role, start=1)},
            "order_bytes": {"event store": 7, "database": 8},
        }
    }
    costs = unit_costs(document, source="mine.json")
    assert costs.read_us == {Role.API: 10, Role.DATABASE: 2}
    assert costs.order_us[Role.ENGINE] == 2
    assert costs.order_bytes == {Role.EVENT_STORE: 7, Role.DATABASE: 8}
    del document["ours"]["order_us"]["engines"]
    with pytest.raises(ValueError, match="engines"):
        unit_costs(document, source="mine.json")
