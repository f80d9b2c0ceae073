"""Market manipulation in a running exchange: operators are told, and told again after a restart."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from application.surveillance.detectors.rapid_cancel import MOMENT_US
from application.surveillance.watch import SurveillanceWatch
from tests.integration.http.world import ADMIN, ORDERS, Person, World, a_world


async def flicker(world: World, person: Person, orders: int) -> None:
    """Place orders and take each off at once; those of one moment would count as one."""
    for _ in range(orders):
        await asyncio.sleep(2 * MOMENT_US / 1e6)
        placed = (await world.place(person, count=1)).json()["order"]["order_id"]
        assert (await world.send(person, "DELETE", f"{ORDERS}/{placed}")).status_code == 200


async def looked_at(world: World) -> None:
    """Wait until the watch has taken in the whole log."""
    watch = world.presage.watch.surveillance
    head = await world.presage.store.head()
    async with world.presage.watch.running():
        while watch.position < head:  # noqa: ASYNC110 (nobody in the product waits for it)
            await asyncio.sleep(0.01)


async def told(world: World, operator: Person) -> list[dict[str, Any]]:
    answer = (await world.send(operator, "GET", f"{ADMIN}/alerts")).json()
    return [each for each in answer["active"] if each["concern"] == "market_manipulation"]


async def test_who_places_and_cancels_over_and_over_is_told_to_operators_and_counted(
    world: World, market: str, operator: Person, ann: Person, bob: Person
) -> None:
    await flicker(world, ann, 25)
    await world.place(bob)
    await looked_at(world)
    (alert,) = await told(world, operator)
    assert alert["subject"] == "rapid-cancel FED-CUT ann"
    assert alert["message"].startswith("warning: 20 of 20 orders were taken off untraded within 1000 ms")
    assert "market-FED-CUT@" in alert["message"]
    metrics = (await world.send(operator, "GET", "/metrics")).text
    assert 'presage_surveillance_findings_total{rule="rapid-cancel"} 1.0' in metrics
    assert 'presage_surveillance_findings_total{rule="layering"} 0.0' in metrics
    assert 'presage_alerts_active{concern="market_manipulation"} 1.0' in metrics


async def test_the_alert_is_raised_again_after_a_restart_counted_once_and_over_after_its_window(
    world: World, market: str, operator: Person, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await flicker(world, ann, 25)
    await looked_at(world)
    presage = world.presage
    first = presage.watch.surveillance
    again = SurveillanceWatch(presage.store, presage.codec, first.rules, presage.watch.alerts, first._clock)
    presage.watch.alerts.end(*next(iter(presage.watch.alerts._active)))
    assert await told(world, operator) == []
    monkeypatch.setattr(presage.watch, "surveillance", again)
    await looked_at(world)
    assert [each["subject"] for each in await told(world, operator)] == ["rapid-cancel FED-CUT ann"]
    findings = next(m for m in again.measures() if m.name == "presage_surveillance_findings")
    assert findings.values["rapid-cancel",] == 0  # it was counted when it was found

    class Later:
        def now_us(self) -> int:
            return first._clock.now_us() + 60_000_000

    monkeypatch.setattr(again, "_clock", Later())
    again.look()
    assert await told(world, operator) == []


async def test_it_can_be_turned_off(tmp_path: Path) -> None:
    async with a_world(tmp_path, surveillance="off") as world:
        operator = await world.operator()
        await world.market(operator)
        ann = await world.person("ann", dollars=100)
        await flicker(world, ann, 25)
        async with world.presage.watch.running():
            assert await told(world, operator) == []
            assert "presage_surveillance_findings_total{" not in (
                (await world.send(operator, "GET", "/metrics")).text
            )
