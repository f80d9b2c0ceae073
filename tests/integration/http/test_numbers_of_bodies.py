"""Every number in every body of the interface's document, at 64 bits and beyond: answered, never a fault.

The fields are found in the document, so that one that is added later is tried too.
"""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

from tests.integration.http.world import ADMIN, BASE, Person, World

EDGES = [0, 1, 2**53 + 1, 2**63 - 1, 2**63, 10**30, -1, -(2**63) - 1]
TEXTS = [str(2**63 - 1), str(2**64), "92233720368547758.07", "922337203685477.5807", "9223372036854.775807"]
NUMBERS: list[Any] = [*EDGES, *TEXTS, 1.5, "0.0001", "0.9999", "1e400", "NaN"]

COMPANY: list[dict[str, Any]] = [{}, {"count": 10}, {"yes_price": 42}, {"count": 10, "yes_price": 42}]
"""Numbers that may stand beside the one that is tried, so that it gets as far as it can."""

WORDS: dict[str, Any] = {
    "title": "Numbers",
    "name": "numbers",
    "side": "yes",
    "action": "buy",
    "required_result": "yes",
    "parent_ticker": "NO-SUCH",
}
"""What stands in required fields that are no numbers, where the exact one does not matter."""

MARKETS = f"{ADMIN}/markets"

Schema = dict[str, Any]
Path = tuple[str, ...]


class Document:
    """The bodies that the interface's document describes."""

    def __init__(self, document: Schema) -> None:
        self._document = document
        self._schemas: Schema = document["components"]["schemas"]

    def bodies(self) -> Iterator[tuple[str, str, Schema]]:
        """Yield method, path and schema of every operation that takes a body with numbers."""
        for path, operations in self._document["paths"].items():
            for method, operation in operations.items():
                if "requestBody" in operation:
                    schema = operation["requestBody"]["content"]["application/json"]["schema"]
                    if any(self.numbers(schema)):
                        yield method.upper(), path, schema

    def kinds(self, schema: Schema) -> Iterator[Schema]:
        """Yield what a value may be, references followed."""
        if "$ref" in schema:
            yield from self.kinds(self._schemas[schema["$ref"].rsplit("/", 1)[1]])
        elif "anyOf" in schema:
            for one in schema["anyOf"]:
                yield from self.kinds(one)
        else:
            yield schema

    def numbers(self, schema: Schema, path: Path = ()) -> Iterator[Path]:
        """Yield where in a value there are numbers."""
        for kind in self.kinds(schema):
            types = kind.get("type", ())
            if {"integer", "number"} & {*([types] if isinstance(types, str) else types)}:
                yield path
            for name, value in kind.get("properties", {}).items():
                yield from self.numbers(value, (*path, name))
            if "items" in kind:
                yield from self.numbers(kind["items"], (*path, "[]"))

    def filled(self, schema: Schema, path: Path, number: Any, known: dict[str, Any]) -> Any:
        """Return a value with a number in it, what else is required, and what is known that fits."""
        if not path:
            return number
        first, *rest = path
        for kind in self.kinds(schema):
            if first == "[]" and "items" in kind:
                return [self.filled(kind["items"], (*rest,), number, known)]
            properties = kind.get("properties", {})
            if first in properties:
                fitting = {*kind.get("required", ()), *COMPANY[-1]} & {*known} & {*properties}
                body = {name: known[name] for name in sorted(fitting)}
                return body | {first: self.filled(properties[first], (*rest,), number, known)}
        raise AssertionError(path)


async def somewhere(world: World, operator: Person, ann: Person, number: int) -> dict[str, str]:
    """Return what there is to be asked about: a market, an order and an order group of its own."""
    ticker = f"NUMBERS-{number}"
    await world.market(operator, ticker)
    order = await world.place(ann, ticker=ticker)
    groups = f"{BASE}/portfolio/order_groups/create"
    group = await world.send(ann, "POST", groups, body={"contracts_limit": 5})
    return {
        "ticker": ticker,
        "order_id": order.json()["order"]["order_id"],
        "order_group_id": group.json()["order_group_id"],
        "account_id": "ann",
        "market_ticker": ticker,
        "rfq_id": await asked(world, operator, ticker),
        "quote_id": "nothing-was-quoted",
        "yes_bid": "0.42",
        "no_bid": "0.42",
    }


async def asked(world: World, person: Person, ticker: str) -> str:
    """Let somebody ask for quotes."""
    body = {"market_ticker": ticker, "contracts": 1}
    return str((await world.send(person, "POST", f"{BASE}/communications/rfqs", body=body)).json()["id"])


async def test_every_number_of_every_body_is_answered_at_64_bits_and_beyond(
    world: World, operator: Person, ann: Person
) -> None:
    document = Document((await world.client.get("/openapi.json")).json())
    statuses: dict[str, set[int]] = {}
    for number, (method, path, schema) in enumerate(document.bodies()):
        ids = await somewhere(world, operator, ann, number)
        person, target = operator if path.startswith(ADMIN) else ann, path.format(**ids)
        for place in document.numbers(schema):
            asked: list[Any] = []
            for value, company in product(NUMBERS, COMPANY):
                name = f"N-{number}-{'-'.join(place)}-{len(asked)}"
                known = WORDS | ids | company | {"reference": name}
                if "/events/orders" in path:
                    known = {"price": "0.42", "count": 1} | known | {"side": "bid"}
                known["ticker"] = name if path == MARKETS else ids["ticker"]
                body = document.filled(schema, place, value, known)
                if (path == MARKETS and company) or body in asked:
                    continue
                asked.append(body)
                answer = await world.send(person, method, target, content=json.dumps(body).encode())
                assert answer.status_code < 500, (target, body, answer.text)
                assert "internal_error" not in answer.text, (target, body)
                statuses.setdefault(path, set()).add(answer.status_code)
    assert MARKETS in statuses
    # There are no fees yet to pay out, and none of the numbers is the version of a market.
    assert {path for path, found in statuses.items() if min(found) >= 300} == {
        f"{ADMIN}/fees/withdrawals",
        *(f"{ADMIN}/markets/{{ticker}}/{ending}" for ending in ("determine", "finalize", "resolve")),
    }
    # What was taken is shown: nothing stopped at a number that it could not keep.
    await world.presage.exchange.settled()
    assert (await world.client.get("/readyz")).status_code == 200
