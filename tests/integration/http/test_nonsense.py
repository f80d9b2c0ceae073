"""Seeded nonsense to every route: never a fault of ours, always an answer in one of the known shapes."""

import json
import os
import random
import re
from typing import Any

from adapters.http.app import OPERATIONS
from adapters.http.operations import Operation
from adapters.http.requests.orders import OrderBody
from domain.identity.aggregate import Scope
from tests.integration.http.world import World, error

REQUESTS = int(os.environ.get("PRESAGE_FUZZ_REQUESTS", "2000"))
SEED = int(os.environ.get("PRESAGE_FUZZ_SEED", "1"))

WORDS = ("FED-CUT", "OTHER", "RACE", "ann", "yes", "no", "buy", "sell", "limit", "market", "void", "resting")
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    7,
    42,
    99,
    100,
    -1,
    2**31,
    2**53 + 1,
    2**63 - 1,
    2**63,
    10**30,
    0.5,
    1e-7,
    1e300,
    "",
    "0",
    "0.42",
    "0.4200",
    "1.00001",
    "-0.1",
    "NaN",
    "1e5",
    "2024-01-01",
    "\u0000",
    "\ufeff",
    "späť",
    "'; DROP TABLE orders; --",
    "../../etc/passwd",
    "x" * 500,
    [],
    [1],
    {},
    {"a": {}},
)


def value(chance: random.Random, depth: int = 0) -> Any:
    """Return something that may or may not fit anywhere."""
    kind = chance.random()
    if kind < 0.45:
        return chance.choice(WORDS)
    if kind < 0.9 or depth > 3:
        return chance.choice(ODD)
    if kind < 0.95:
        return [value(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {chance.choice(WORDS): value(chance, depth + 1) for _ in range(chance.randrange(4))}


def body_for(operation: Operation, chance: random.Random) -> Any:
    """Return a body that is often nearly right."""
    if operation.body is None or chance.random() < 0.1:
        return value(chance)
    fields = operation.body.model_fields
    body = {
        name: sensible(name, chance)
        for name, field in fields.items()
        if chance.random() < (0.95 if field.is_required() else 0.03)
    }
    if operation.body is OrderBody and chance.random() < 0.8:
        body = {name: sensible(name, chance) for name in NEARLY_AN_ORDER} | body
    if chance.random() < 0.1 and body:
        body[chance.choice(list(body))] = value(chance)
    if chance.random() < 0.05:
        body[chance.choice(WORDS)] = value(chance)
    return body


SENSIBLE: dict[str, tuple[Any, ...]] = {
    "ticker": ("FED-CUT", "OTHER", "FED-CUT", "OTHER", "NEW-1", "NEW-2", "NONE"),
    "activate": (True,),
    "side": ("yes", "no"),
    "action": ("buy", "sell"),
    "count": (1, 2, 5, 1_000),
    "count_fp": ("1.50", "0.01", 2.25),
    "yes_price": (1, 41, 42, 43, 99),
    "no_price": (1, 57, 58, 59, 99),
    "type": ("limit", "market", "stop"),
    "stop_price": (40, 60),
    "time_in_force": ("good_till_canceled", "immediate_or_cancel", "fill_or_kill", "good_till_date"),
    "result": ("yes", "no", "void"),
    "required_result": ("yes", "no"),
    "parent_ticker": ("FED-CUT", "OTHER", "NEW-1"),
    "winner_ticker": ("FED-CUT", "OTHER"),
    "group_id": ("RACE", "NONE"),
    "title": ("What?",),
    "condition": (None, {"parent_ticker": "OTHER", "required_result": "yes"}),
    "fees": (None, {"taker": {"quadratic_bps": 700}}, {"maker": {"flat_dollars": "0.01"}}),
    "amount_dollars": ("10", "0.000001", 5),
    "reference": ("r1", "r2", "r3"),
    "reduce_by": (1, 2),
    "reduce_to": (0, 1),
    "tick_size_dollars": ("0.01", "0.001", "0.0001"),
    "self_trade_prevention_type": ("taker_at_cross", "maker"),
    "scopes": (["read"], ["read", "write"]),
    "contracts_limit": (1, 10),
}


NEARLY_AN_ORDER = ("ticker", "side", "action", "count", "yes_price")


def sensible(name: str, chance: random.Random) -> Any:
    choices = SENSIBLE.get(name)
    return chance.choice(choices) if choices and chance.random() < 0.97 else chance.choice(ODD)


def query_for(operation: Operation, chance: random.Random) -> dict[str, Any]:
    names = [name for name in operation.query.model_fields if chance.random() < 0.3]
    return {name: str(value(chance)) for name in names}


def weight(operation: Operation) -> float:
    """Return how often a route is called: markets that have all ended would make a dull test."""
    if "/orders" in operation.path:
        return 12 if operation.method == "POST" else 4
    return 0.2 if "/admin/v1/" in operation.path and "{" in operation.path else 1


async def test_nonsense_never_breaks_anything(world: World) -> None:
    operator = await world.person("operator", tuple(Scope), dollars=10_000)
    await world.send(operator, "POST", "/admin/v1/groups", body={"group_id": "RACE", "title": "?"})
    for ticker in ("FED-CUT", "OTHER"):
        await world.market(operator, ticker)
    chance = random.Random(SEED)
    order_ids = ["none"]
    statuses: dict[int, int] = {}
    # Making a key pair takes a tenth of a second of pure arithmetic.
    operations = [operation for operation in OPERATIONS if not operation.path.endswith("generate")]
    weights = [weight(operation) for operation in operations]
    for number in range(REQUESTS):
        operation = chance.choices(operations, weights)[0]
        names = (*WORDS, *order_ids[-5:])
        path = re.sub(r"{\w+}", lambda _, names=names: chance.choice(names), operation.path)
        body, query = body_for(operation, chance), query_for(operation, chance)
        sent = f"seed {SEED}, request {number}: {operation.method} {path} {query} {body}"
        answer = await world.send(
            operator, operation.method, path, query=query, content=json.dumps(body).encode()
        )
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        if answer.status_code >= 400:
            assert error(answer)[0] < 500, f"{sent} -> {answer.text}"
        elif operation.path.endswith("/orders") and operation.method == "POST":
            order_ids.append(answer.json()["order"]["order_id"])
    assert {200, 201, 400, 404, 409, 422} <= set(statuses), "some of it should have made sense"
