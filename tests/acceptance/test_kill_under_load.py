"""``kill -9`` of a server that is trading: what it acknowledged is in the log, and everything holds."""

import asyncio
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.cli.signer import Signer
from adapters.data_folder import DataFolder
from tests.acceptance.presage_process import Server, presage_here, start_server

ROUNDS = 100 if os.environ.get("PRESAGE_SOAK") == "1" else 5
TRADERS = ("alice", "bob", "carol", "dora")
TICKERS = ("RAIN", "SNOW")
SEED = 20
ORDERS = "/trade-api/v2/portfolio/orders"


@dataclass
class Book:
    """What the clients were told, over all rounds."""

    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)
    canceled: set[str] = field(default_factory=set)
    sent: int = 0


def furnish(folder: Path) -> dict[str, Signer]:
    for ticker in TICKERS:
        presage_here("market", "create", ticker, "--title", ticker, "--data", folder)
    for name in TRADERS:
        presage_here("keys", "create", name, "--data", folder)
        presage_here("deposit", name, "1000000", "--data", folder)
    keys = {name: DataFolder(folder).key_of(name) for name in TRADERS}
    return {name: Signer(key.key_id, key.read()) for name, key in keys.items() if key is not None}


async def trade(http: httpx.AsyncClient, signer: Signer, choose: random.Random, book: Book) -> None:
    """Place orders, and cancel some, until the server is gone."""
    mine: list[str] = []
    while True:
        if mine and choose.random() < 0.2:
            order_id = mine.pop(choose.randrange(len(mine)))
            path = f"{ORDERS}/{order_id}"
            answer = await http.delete(path, headers=signer.headers("DELETE", path))
            if answer.status_code == 200:
                book.canceled.add(order_id)
            continue
        book.sent += 1
        order = {
            "ticker": choose.choice(TICKERS),
            "side": choose.choice(("yes", "no")),
            "action": "buy",
            "count": choose.randint(1, 20),
            "yes_price": choose.randint(40, 60),
            "client_order_id": f"{signer.key_id}-{book.sent}",
        }
        answer = await http.post(ORDERS, json=order, headers=signer.headers("POST", ORDERS))
        assert answer.status_code == 201, answer.text
        placed = answer.json()["order"]
        book.acknowledged[placed["order_id"]] = placed
        mine.append(placed["order_id"])


async def kill_under_load(server: Server, signers: dict[str, Signer], seed: int, book: Book) -> int:
    """Trade with several clients at once, kill the server amid it, and return how many orders it took."""
    choose = random.Random(seed)
    before = len(book.acknowledged)
    async with httpx.AsyncClient(base_url=server.url, timeout=20) as http:
        clients = [
            asyncio.create_task(trade(http, signer, random.Random(choose.random()), book))
            for signer in signers.values()
            for _ in range(3)
        ]
        await asyncio.sleep(choose.uniform(0.3, 1.2))
        server.kill()
        ends = await asyncio.gather(*clients, return_exceptions=True)
    assert all(isinstance(end, httpx.TransportError) for end in ends), ends
    return len(book.acknowledged) - before


def logged(folder: Path, kind: str) -> dict[str, dict[str, Any]]:
    found = presage_here("inspect", "--all", "--type", kind, "--json", "--data", folder)
    assert found.status == 0
    return {event["data"]["order_id"]: event["data"] for event in found.lines}


@pytest.mark.usefixtures("on_each_store")
def test_no_acknowledged_order_is_lost_when_the_server_is_killed(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    signers = furnish(tmp_path)
    book = Book()
    taken = []
    for number in range(ROUNDS):
        server = start_server(tmp_path)
        taken.append(asyncio.run(kill_under_load(server, signers, SEED + number, book)))
    # The next start ends what was interrupted.
    assert start_server(tmp_path).stop() == 0

    placed, canceled = logged(tmp_path, "OrderPlaced"), logged(tmp_path, "OrderCanceled")
    assert min(taken) > 0
    assert book.acknowledged.keys() <= placed.keys()
    assert book.canceled <= canceled.keys()
    for order_id, order in book.acknowledged.items():
        assert placed[order_id]["client_order_id"] == order["client_order_id"]
        assert placed[order_id]["terms"]["quantity"] == order["initial_count"] * 100
    names = [order["client_order_id"] for order in placed.values()]
    assert len(names) == len(set(names))
    checked = presage_here("verify", "--data", tmp_path, "--json")
    assert (checked.status, checked.json["violations"]) == (0, [])
    record_property("kills", ROUNDS)
    record_property("orders acknowledged", len(book.acknowledged))
