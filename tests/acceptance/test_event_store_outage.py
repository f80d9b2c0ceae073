"""The event store goes away under a trading load, killed or frozen, and comes back.

Meanwhile orders are refused with 503 and told when to try again, and reads go on. Then trading goes on by
itself, and the log holds what was acknowledged, once.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from presage.signing import Signer
from tests.acceptance.event_stores import running_node
from tests.acceptance.in_a_cluster import CLUSTER
from tests.acceptance.presage_process import Server, presage_here, running_server
from tests.acceptance.read_rows import rows_of, rows_when_all_is_seen
from tests.acceptance.trading_load import ORDERS, TICKERS, Told, check_log, furnish, next_order
from tests.integration.eventstore_node.node_process import NodeProcess

FROZEN_S = 60 if os.environ.get("PRESAGE_SOAK") == "1" else 10
KILLED_S = 2
RESUMED_WITHIN_S = 90 if CLUSTER else 30  # six processes, and often on two processors
ANSWERED_WITHIN_S = 20
CLIENTS_EACH = 3
SEED = 30

Outage = Callable[[NodeProcess], Awaitable[None]]


@dataclass
class Course:
    """What became of the orders over time."""

    told: Told = field(default_factory=Told)
    accepted_at: dict[int, float] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    longest_wait_s: float = 0.0

    def all_accepted_since(self, moment: float, traders: int) -> bool:
        """Return whether every trader has had an order accepted since then."""
        return len(self.accepted_at) == traders and min(self.accepted_at.values()) > moment


@dataclass
class Venue:
    """A server, the node that its log is in, and who trades."""

    folder: Path
    node: NodeProcess
    server: Server
    signers: dict[str, Signer]


async def kill(node: NodeProcess) -> None:
    await node.end(signal.SIGKILL)
    await asyncio.sleep(KILLED_S)
    await node.start()


async def freeze(node: NodeProcess) -> None:
    node.send(signal.SIGSTOP)
    await asyncio.sleep(FROZEN_S)
    node.send(signal.SIGCONT)


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    folder = tmp_path / "data"
    with running_node(tmp_path / "node") as node, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRESAGE_EVENT_STORE", node.uri)
        signers = furnish(folder)
        with running_server(folder) as server:
            yield Venue(folder, node, server, signers)


async def trade(http: httpx.AsyncClient, signer: Signer, number: int, course: Course) -> None:
    """Place order after order, each again and again until it is accepted."""
    choose = random.Random(SEED + number)
    while True:
        order = next_order(signer, choose, course.told)
        while (answer := await send(http, signer, order, course)).status_code != 201:
            code = answer.json()["error"]["code"]
            # An order that was under way when the store went away may reach the book after its deadline.
            assert answer.status_code == 503 or code == "too_late", answer.text
            course.refused.append(code)
            await asyncio.sleep(float(answer.headers["retry-after"] if answer.status_code == 503 else 0))
        placed = answer.json()["order"]
        course.told.acknowledged[placed["order_id"]] = placed
        course.accepted_at[number] = time.monotonic()


async def send(
    http: httpx.AsyncClient, signer: Signer, order: dict[str, object], course: Course
) -> httpx.Response:
    began = time.monotonic()
    answer = await http.post(ORDERS, json=order, headers=signer.headers("POST", ORDERS))
    course.longest_wait_s = max(course.longest_wait_s, time.monotonic() - began)
    return answer


async def watch(http: httpx.AsyncClient) -> None:
    """Look at the markets, which goes on all the time."""
    while True:
        for ticker in TICKERS:
            answer = await http.get(f"/trade-api/v2/markets/{ticker}/orderbook")
            assert answer.status_code == 200, answer.text
        await asyncio.sleep(0.2)


async def trade_through(venue: Venue, outage: Outage) -> tuple[Course, float]:
    """Trade before, during and after an outage; return what happened and how long it took to go on."""
    course = Course()
    signers = [signer for signer in venue.signers.values() for _ in range(CLIENTS_EACH)]
    async with httpx.AsyncClient(base_url=venue.server.url, timeout=60) as http, asyncio.TaskGroup() as group:
        clients = [
            group.create_task(trade(http, signer, number, course)) for number, signer in enumerate(signers)
        ]
        watching = group.create_task(watch(http))
        await asyncio.sleep(1)
        await outage(venue.node)
        back = time.monotonic()
        async with asyncio.timeout(RESUMED_WITHIN_S):
            while not course.all_accepted_since(back, len(clients)):  # noqa: ASYNC110 (traders tell nobody)
                await asyncio.sleep(0.05)
        resumed_s = time.monotonic() - back
        await asyncio.sleep(1)
        for task in (*clients, watching):
            task.cancel()
    return course, resumed_s


@pytest.mark.parametrize("outage", [kill, freeze])
def test_trading_goes_on_after_the_event_store_was_away(
    venue: Venue,
    outage: Outage,
    record_property: Callable[[str, object], None],
) -> None:
    course, resumed_s = asyncio.run(trade_through(venue, outage))
    assert venue.server.stop() == 0

    told = {"store_unavailable", "outcome_unknown", "too_late", "read_model_behind"}
    assert set(course.refused) <= told | ({"engine_away"} if CLUSTER else set())
    live = rows_when_all_is_seen(venue.folder)
    assert presage_here("rebuild", "--all", "--data", venue.folder).status == 0
    assert rows_of(venue.folder) == live
    assert course.longest_wait_s < ANSWERED_WITHIN_S
    check_log(venue.folder, course.told)
    record_property("orders acknowledged", len(course.told.acknowledged))
    record_property("refusals", {code: course.refused.count(code) for code in set(course.refused)})
    record_property("longest wait s", round(course.longest_wait_s, 2))
    record_property("trading again after s", round(resumed_s, 2))
