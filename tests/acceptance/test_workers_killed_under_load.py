"""``kill -9`` of the engine and of HTTP processes that trade: ``presage serve`` goes on, nothing is lost."""

import asyncio
import os
import random
from pathlib import Path

import httpx
import pytest

from presage.signing import Signer
from tests.acceptance.presage_process import Server, running_server
from tests.acceptance.test_serve_workers import children, until
from tests.acceptance.trading_load import ORDERS, Told, check_log, furnish, next_order

pytestmark = pytest.mark.more

KILLS = 60 if os.environ.get("PRESAGE_SOAK") == "1" else 6
SEED = 47
AGAIN = {"starting", "engine_away", "outcome_unknown", "stale_timestamp"}
"""Answers that say: send it again. What waited too long for a process that was started again is stale."""


async def trade(url: str, signer: Signer, choose: random.Random, told: Told, ending: asyncio.Event) -> None:
    """Place orders, each under its name again and again until it is placed, and cancel some."""
    http = httpx.AsyncClient(base_url=url, timeout=60)
    while not ending.is_set():
        order = next_order(signer, choose, told)
        while True:
            try:
                answer = await http.post(ORDERS, json=order, headers=signer.headers("POST", ORDERS))
            except httpx.TransportError:
                await http.aclose()
                http = httpx.AsyncClient(base_url=url, timeout=60)
                continue
            if answer.status_code == 201:
                break
            assert answer.json()["code"] in AGAIN, answer.text
            await asyncio.sleep(0.05)
        placed = answer.json()["order"]
        told.acknowledged[placed["order_id"]] = placed
    await http.aclose()


async def kill_under_load(server: Server, signers: dict[str, Signer], told: Told) -> list[int]:
    """Trade with several clients, killing one process after the other; return orders between kills."""
    choose, ending = random.Random(SEED), asyncio.Event()
    clients = [
        asyncio.create_task(trade(server.url, signer, random.Random(choose.random()), told, ending))
        for signer in signers.values()
    ]
    taken = []
    for number in range(KILLS):
        before = len(told.acknowledged)
        while len(told.acknowledged) < before + 20 and not any(each.done() for each in clients):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        taken.append(len(told.acknowledged) - before)
        name = ("engine", "http 0", "http 1")[number % 3]
        await asyncio.to_thread(until, lambda name=name: name in children(server))
        children(server)[name].kill()
    ending.set()
    await asyncio.gather(*clients)
    return taken


def test_no_acknowledged_order_is_lost_when_processes_are_killed_under_load(tmp_path: Path) -> None:
    told = Told()
    with running_server(tmp_path, "--workers", "2") as server:
        signers = furnish(tmp_path)
        taken = asyncio.run(kill_under_load(server, signers, told))
        assert server.stop() == 0
    assert min(taken) >= 20
    check_log(tmp_path, told)
