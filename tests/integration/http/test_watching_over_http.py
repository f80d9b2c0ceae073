"""Alerts and service levels of a running exchange, as operators see them."""

from collections.abc import Callable

import pytest

from application.slo.tracker import Tally
from application.watching.order_watch import MINUTE_US
from tests.integration.http.world import ADMIN, Person, World, in_one_process


@pytest.fixture
def minute(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let a minute of the watch on the order flow pass."""
    orders = world.presage.watch.orders
    now_us = orders._clock.now_us()

    class Clock:
        def now_us(self) -> int:
            return now_us

    monkeypatch.setattr(orders, "_clock", Clock())

    def pass_by() -> None:
        nonlocal now_us
        now_us += MINUTE_US
        orders.look()

    return pass_by


async def alerts(world: World, operator: Person) -> tuple[list[str], list[str]]:
    """Return about what there are alerts, and about what there were."""
    told = (await world.send(operator, "GET", f"{ADMIN}/alerts")).json()
    active = [f"{each['concern']} {each['subject']}" for each in told["active"]]
    return sorted(active), sorted(f"{each['concern']} {each['subject']}" for each in told["over"])


async def test_a_burst_of_orders_is_an_alert_while_it_lasts(
    world: World, market: str, operator: Person, ann: Person, minute: Callable[[], None]
) -> None:
    async def place(orders: int) -> None:
        for _ in range(orders):
            assert (await world.place(ann, count=1)).status_code == 201

    for _ in range(10):
        await place(1)
        minute()
    assert await alerts(world, operator) == ([], [])
    await place(30)
    minute()
    both = ["order_flow FED-CUT", "order_flow all markets"]
    assert await alerts(world, operator) == (both, [])
    told = (await world.send(operator, "GET", f"{ADMIN}/alerts")).json()["active"][0]
    assert told["message"].startswith("30 orders in a minute; the ")
    assert told["until"] is None
    metrics = (await world.send(operator, "GET", "/metrics")).text
    assert 'presage_alerts_active{concern="order_flow"} 2.0' in metrics
    await place(1)
    minute()
    assert await alerts(world, operator) == ([], both)


async def test_refused_orders_and_repeated_ones_are_no_order_flow(
    world: World, market: str, ann: Person, minute: Callable[[], None]
) -> None:
    for _ in range(3):
        await world.place(ann, client_order_id="once")
        await world.place(ann, yes_price=100)
    assert world.presage.exchange.trading.sagas.take_placed() == {"FED-CUT": 1}


async def levels(world: World, operator: Person) -> dict[str, dict[str, object]]:
    """Return the objectives by name."""
    told = (await world.send(operator, "GET", f"{ADMIN}/service_levels")).json()
    return {each["name"]: each for each in told["objectives"]}


@in_one_process
async def test_service_levels_are_measured_from_what_the_exchange_does(
    world: World, market: str, operator: Person, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.presage.watch.levels.resume()
    assert (await world.place(ann)).status_code == 201
    assert (await world.place(bob, side="no", yes_price=..., no_price=58)).status_code == 201
    await world.presage.exchange.settled()
    assert await world.presage.shown()

    async def broken(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    with monkeypatch.context() as patched:
        patched.setattr(world.presage.exchange.trading, "place", broken)
        assert (await world.place(ann)).status_code == 500
    await world.presage.watch.levels.tick()
    told = await levels(world, operator)
    assert told["availability"]["bad"] == 1
    assert told["order_latency_p99"]["counted"] == 3
    assert (told["exactly_once"]["counted"], told["exactly_once"]["bad"]) == (1, 0)
    assert told["read_models_fresh"]["counted"] > 5  # type: ignore[operator]
    assert told["exactly_once"]["burn_rates"] == [
        {"minutes": minutes, "rate": 0.0} for minutes in (5, 30, 60, 360, 4_320)
    ]


async def test_a_promise_in_danger_is_an_alert(world: World, operator: Person) -> None:
    service = world.presage.watch.levels
    service.tracker.record("exactly_once", service.now_min, Tally(good=99, total=100))
    await service.resume()
    await service.tick()
    assert (await alerts(world, operator))[0] == ["service_level exactly_once"]
    told = (await levels(world, operator))["exactly_once"]
    assert (told["left"], told["consumed"], told["broken"]) == (-1, None, True)
    assert told["burn_rates"][0] == {"minutes": 5, "rate": None}  # type: ignore[index]


async def test_operators_alone_see_them(world: World, ann: Person) -> None:
    for path in ("alerts", "service_levels"):
        assert (await world.send(ann, "GET", f"{ADMIN}/{path}")).status_code == 403
