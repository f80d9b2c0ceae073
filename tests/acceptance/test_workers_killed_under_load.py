"""Processes that trade are killed, frozen, restarted: ``presage serve`` goes on, nothing is lost."""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from presage.signing import Signer
from tests.acceptance.presage_process import Server, running_server
from tests.acceptance.test_serve_workers import children, readiness, until
from tests.acceptance.trading_load import ORDERS, Told, check_log, furnish, next_order

pytestmark = pytest.mark.more

SOAK = os.environ.get("PRESAGE_SOAK") == "1"
ROUNDS = 10 if SOAK else 1
FROZEN_S = 30.0 if SOAK else 3.0
SEED = 47

PROCESSES = ("engine", "http 0", "http 1")
FAULTS = [(how, name) for how in ("killed", "frozen") for name in PROCESSES]

WITHIN_S = 10.0
"""How soon everybody trades again, on a machine on which a server starts within a third of that."""

PATIENCE_S = 5.0
"""After how long a client takes its request for lost, and sends it again on another connection."""

AGAIN = {"starting", "engine_away", "outcome_unknown", "stale_timestamp", "overloaded"}
"""Answers that say: send it again. What waited too long for a process that was frozen is stale."""


class Client:
    """A trader who sends each order under its name, again and again until it is placed."""

    def __init__(self, url: str, signer: Signer, choose: random.Random, told: Told) -> None:
        self.placed = 0
        self.refusals: list[httpx.Response] = []
        self.broken: list[Exception] = []
        self._url = url
        self._signer = signer
        self._choose = choose
        self._told = told

    async def trade(self, ending: asyncio.Event) -> None:
        http = self._connected()
        while not ending.is_set():
            order = next_order(self._signer, self._choose, self._told)
            while True:
                try:
                    answer = await http.post(ORDERS, json=order, headers=self._signer.headers("POST", ORDERS))
                except httpx.TransportError as error:
                    self.broken.append(error)
                    await http.aclose()
                    http = self._connected()
                    continue
                if answer.status_code == 201:
                    break
                assert answer.json()["code"] in AGAIN, answer.text
                self.refusals.append(answer)
                await asyncio.sleep(0.05)
            placed = answer.json()["order"]
            self._told.acknowledged[placed["order_id"]] = placed
            self.placed += 1
        await http.aclose()

    def _connected(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self._url, timeout=PATIENCE_S)


@asynccontextmanager
async def trading(server: Server, signers: dict[str, Signer], told: Told) -> AsyncIterator[list[Client]]:
    """Have traders trade while the block runs."""
    choose, ending = random.Random(SEED), asyncio.Event()
    clients = [
        Client(server.url, signer, random.Random(choose.random()), told) for signer in signers.values()
    ]
    async with asyncio.TaskGroup() as group:
        for each in clients:
            group.create_task(each.trade(ending))
        yield clients
        ending.set()


async def all_trade(clients: list[Client], orders: int = 5) -> float:
    """Wait until every trader has placed some more orders; return how long the first of them took."""
    begun_s, before = time.monotonic(), [each.placed for each in clients]
    first_s = 0.0
    while any(each.placed < n + orders for each, n in zip(clients, before, strict=True)):
        if not first_s and all(each.placed > n for each, n in zip(clients, before, strict=True)):
            first_s = time.monotonic() - begun_s
        await asyncio.sleep(0.01)
    return first_s or time.monotonic() - begun_s


async def process(server: Server, name: str) -> psutil.Process:
    found: list[psutil.Process] = []

    def there() -> bool:
        found[:] = filter(None, [children(server).get(name)])  # by one look: it may be gone at the next
        return bool(found)

    await asyncio.to_thread(until, there)
    return found[0]


async def killed_and_frozen(server: Server, signers: dict[str, Signer], told: Told) -> list[float]:
    """Kill and freeze processes under load; return after how long everybody traded again."""
    choose, again_s = random.Random(SEED), []
    async with trading(server, signers, told) as clients:
        await all_trade(clients)
        for how, name in [fault for _ in range(ROUNDS) for fault in choose.sample(FAULTS, len(FAULTS))]:
            struck = await process(server, name)
            if how == "killed":
                struck.kill()
            else:
                struck.send_signal(signal.SIGSTOP)
                await asyncio.sleep(FROZEN_S)
                struck.send_signal(signal.SIGCONT)
            again_s.append(await all_trade(clients))
    return again_s


def test_no_acknowledged_order_is_lost_when_processes_are_killed_and_frozen_under_load(
    tmp_path: Path,
) -> None:
    told, begun_s = Told(), time.monotonic()
    with running_server(tmp_path, "--workers", "2") as server:
        started_s = time.monotonic() - begun_s
        signers = furnish(tmp_path)
        again_s = asyncio.run(killed_and_frozen(server, signers, told))
        assert server.stop() == 0
    assert max(again_s) < max(WITHIN_S, 3 * started_s)
    check_log(tmp_path, told)


async def restarted_in_turn(server: Server, signers: dict[str, Signer], told: Told) -> list[Client]:
    async with trading(server, signers, told) as clients:
        await all_trade(clients)
        for name in PROCESSES * ROUNDS:
            ended = await process(server, name)
            ended.terminate()
            await asyncio.to_thread(ended.wait)
            await asyncio.to_thread(until, lambda: readiness(server) == (200, set()))
            await all_trade(clients)
    return clients


def test_no_request_fails_when_every_process_is_restarted_in_turn_under_load(tmp_path: Path) -> None:
    told = Told()
    with running_server(tmp_path, "--workers", "2") as server:
        clients = asyncio.run(restarted_in_turn(server, furnish(tmp_path), told))
        assert server.stop() == 0
    assert [error for each in clients for error in each.broken] == []
    refused = [answer for each in clients for answer in each.refusals]
    assert {(answer.status_code, "Retry-After" in answer.headers) for answer in refused} <= {(503, True)}
    check_log(tmp_path, told)
