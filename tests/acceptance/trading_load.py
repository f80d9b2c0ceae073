"""Traders who place orders over HTTP as fast as they are answered, and what they were told."""

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.data_folder import DataFolder
from presage.signing import Signer
from tests.acceptance.presage_process import presage_here

TRADERS = ("alice", "bob", "carol", "dora")
TICKERS = ("RAIN", "SNOW")
ORDERS = "/trade-api/v2/portfolio/orders"


@dataclass
class Told:
    """What the traders were told."""

    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)
    canceled: set[str] = field(default_factory=set)
    sent: int = 0


def furnish(folder: Path) -> dict[str, Signer]:
    """List the markets, give the traders money, and return their keys."""
    for ticker in TICKERS:
        presage_here("market", "create", ticker, "--title", ticker, "--data", folder)
    for name in TRADERS:
        presage_here("keys", "create", name, "--data", folder)
        presage_here("deposit", name, "1000000", "--data", folder)
    keys = {name: DataFolder(folder).key_of(name) for name in TRADERS}
    return {name: Signer(key.key_id, key.read()) for name, key in keys.items() if key is not None}


def next_order(signer: Signer, choose: random.Random, told: Told) -> dict[str, Any]:
    """Return an order that often meets another, under a name of its own."""
    told.sent += 1
    return {
        "ticker": choose.choice(TICKERS),
        "side": choose.choice(("yes", "no")),
        "action": "buy",
        "count": choose.randint(1, 20),
        "yes_price": choose.randint(40, 60),
        "client_order_id": f"{signer.key_id}-{told.sent}",
    }


def check_log(folder: Path, told: Told) -> None:
    """Check that the log holds what the traders were told, once, and that all of it adds up."""
    placed, canceled = _logged(folder, "OrderPlaced"), _logged(folder, "OrderCanceled")
    assert told.acknowledged.keys() <= placed.keys()
    assert told.canceled <= canceled.keys()
    for order_id, order in told.acknowledged.items():
        assert placed[order_id]["client_order_id"] == order["client_order_id"]
        assert placed[order_id]["terms"]["quantity"] == order["initial_count"] * 100
    names = [order["client_order_id"] for order in placed.values()]
    assert len(names) == len(set(names))
    checked = presage_here("verify", "--data", folder, "--json")
    assert (checked.status, checked.json["violations"]) == (0, [])


def _logged(folder: Path, kind: str) -> dict[str, dict[str, Any]]:
    found = presage_here("inspect", "--all", "--type", kind, "--json", "--data", folder)
    assert found.status in (0, 1), found.stderr
    return {event["data"]["order_id"]: event["data"] for event in found.lines if "data" in event}
