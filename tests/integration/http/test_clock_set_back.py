"""The machine's clock is set back between two runs: lists keep the order of the log, and it is told."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from adapters.bootstrap import open_presage
from adapters.settings import Settings
from domain.identity.aggregate import Scope
from tests.integration.http.world import BASE, ORDERS, Person, World
from tests.integration.read_models.test_faults import eventually

TWO_HOURS_S = 7_200


class Machine:
    """A clock that can be set."""

    def __init__(self) -> None:
        self.set_by_s = 0

    def time_ns(self) -> int:
        return time.time_ns() + self.set_by_s * 10**9

    def ms(self) -> int:
        return self.time_ns() // 10**6


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr("adapters.clock.time", SimpleNamespace(time_ns=made.time_ns))
    return made


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[World]:
    async with open_presage(Settings(data=folder)) as presage:
        await presage.start()
        transport = httpx.ASGITransport(app=presage.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://presage") as client:
            yield World(presage, client)


async def trade(world: World, machine: Machine, ann: Person, bob: Person, price: int) -> None:
    for person, side in ((ann, "yes"), (bob, "no")):
        order = {"ticker": "FED-CUT", "side": side, "action": "buy", "count": 1}
        order["yes_price" if side == "yes" else "no_price"] = price if side == "yes" else 100 - price
        placed = await world.send(person, "POST", ORDERS, body=order, at_ms=machine.ms())
        assert placed.status_code == 201, placed.text


async def lists(world: World, machine: Machine, ann: Person) -> tuple[list[int], list[Any]]:
    """Return the prices of the trades, the latest first, and Ann's orders as they are listed."""
    assert await world.presage.shown()
    trades = await world.client.get(f"{BASE}/markets/trades", params={"ticker": "FED-CUT"})
    orders = await world.send(ann, "GET", ORDERS, at_ms=machine.ms())
    return [each["yes_price"] for each in trades.json()["trades"]], orders.json()["orders"]


async def test_lists_are_the_same_before_and_after_a_restart_with_the_clock_set_back(
    tmp_path: Path, machine: Machine
) -> None:
    machine.set_by_s = TWO_HOURS_S
    async with running(tmp_path) as world:
        operator = await world.person("operator", tuple(Scope))
        made = await world.send(
            operator,
            "POST",
            "/admin/v1/markets",
            body={"ticker": "FED-CUT", "title": "?", "activate": True},
            at_ms=machine.ms(),
        )
        assert made.status_code == 201, made.text
        ann, bob = await world.person("ann", dollars=1_000), await world.person("bob", dollars=1_000)
        for price in (40, 41):
            await trade(world, machine, ann, bob, price)
        assert (await world.client.get("/readyz")).json() == {"status": "ready", "conditions": []}
    machine.set_by_s = 0
    async with running(tmp_path) as world:
        await eventually(lambda: bool(world.presage.exchange.health.conditions))
        answer = await world.client.get("/readyz")
        [condition] = answer.json()["conditions"]
        assert (answer.status_code, condition["part"], condition["code"]) == (
            200,
            "clock",
            "log_ahead_of_clock",
        )
        for price in (42, 43):
            await trade(world, machine, ann, bob, price)
        prices, orders = await lists(world, machine, ann)
        assert prices == [43, 42, 41, 40]
        assert [order["yes_price"] for order in orders] == [43, 42, 41, 40]
    async with running(tmp_path) as world:
        assert await lists(world, machine, ann) == (prices, orders)
        machine.set_by_s = TWO_HOURS_S + 60
        await eventually(lambda: not world.presage.exchange.health.conditions)
