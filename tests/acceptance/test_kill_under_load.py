"""``kill -9`` of a server that is trading: what it acknowledged is in the log, and everything holds."""

import asyncio
import os
import random
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from presage.signing import Signer
from tests.acceptance.in_a_cluster import CLUSTER
from tests.acceptance.presage_process import Server, start_server
from tests.acceptance.trading_load import ORDERS, Told, check_log, furnish, next_order

ROUNDS = 100 if os.environ.get("PRESAGE_SOAK") == "1" else 3
SEED = 20
PROJECTORS = ("inside", "beside")


async def trade(http: httpx.AsyncClient, signer: Signer, choose: random.Random, told: Told) -> None:
    """Place orders, and cancel some, until the server is gone."""
    mine: list[str] = []
    while True:
        if mine and choose.random() < 0.2:
            order_id = mine.pop(choose.randrange(len(mine)))
            path = f"{ORDERS}/{order_id}"
            answer = await http.delete(path, headers=signer.headers("DELETE", path))
            if answer.status_code == 200:
                told.canceled.add(order_id)
            continue
        order = next_order(signer, choose, told)
        answer = await http.post(ORDERS, json=order, headers=signer.headers("POST", ORDERS))
        while CLUSTER and answer.status_code == 503:  # repeated under its name, as it is told
            await asyncio.sleep(0.1)
            answer = await http.post(ORDERS, json=order, headers=signer.headers("POST", ORDERS))
        assert answer.status_code == 201, answer.text
        placed = answer.json()["order"]
        told.acknowledged[placed["order_id"]] = placed
        mine.append(placed["order_id"])


async def kill_under_load(server: Server, signers: dict[str, Signer], seed: int, told: Told) -> int:
    """Trade with several clients at once, kill the server amid it, and return how many orders it took."""
    choose = random.Random(seed)
    before = len(told.acknowledged)
    async with httpx.AsyncClient(base_url=server.url, timeout=20) as http:
        clients = [
            asyncio.create_task(trade(http, signer, random.Random(choose.random()), told))
            for signer in signers.values()
            for _ in range(3)
        ]
        await asyncio.sleep(choose.uniform(0.3, 1.2))
        while len(told.acknowledged) == before and not any(each.done() for each in clients):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        server.kill()
        ends = await asyncio.gather(*clients, return_exceptions=True)
    assert all(isinstance(end, httpx.TransportError) for end in ends), ends
    return len(told.acknowledged) - before


@pytest.mark.usefixtures("on_every_store")
def test_no_acknowledged_order_is_lost_when_the_server_is_killed(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    signers = furnish(tmp_path)
    told = Told()
    taken = []
    for number in range(ROUNDS):
        server = start_server(tmp_path, "--projector", PROJECTORS[number % len(PROJECTORS)])
        taken.append(asyncio.run(kill_under_load(server, signers, SEED + number, told)))
    # The next start ends what was interrupted.
    assert start_server(tmp_path).stop() == 0

    assert min(taken) > 0
    check_log(tmp_path, told)
    record_property("kills", ROUNDS)
    record_property("orders acknowledged", len(told.acknowledged))
