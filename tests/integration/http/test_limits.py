"""The limits of requests are those of the events they become: all that is taken in can be recorded."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from adapters.http.app import OPERATIONS
from adapters.http.requests.fields import longest
from domain import fields as recorded
from domain.ledger.commands import CreateOrderGroup
from domain.quantities import Quantity
from domain.rejections import Reason, Rejected
from tests.integration.http.world import ADMIN, BASE, ORDERS, Person, World, error
from tests.unit.http.keys import key_pair

TEXTS: dict[str, Any] = {
    "title": recorded.Title,
    "rules": recorded.RulesText,
    "category": recorded.Category,
    "series": recorded.Series,
    "reason": recorded.Explanation,
    "evidence": recorded.Evidence,
    "reference": recorded.Reference,
    "name": recorded.KeyName,
    "public_key": recorded.PublicKeyPem,
}
"""Fields of requests that become texts in events."""


def texts_of(model: type[BaseModel]) -> Iterator[tuple[str, int]]:
    """Yield the texts of a body that become texts of events, with the most they may hold."""
    for name, schema in model.model_json_schema().get("properties", {}).items():
        kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") == "string"]
        if name in TEXTS and kinds:
            yield name, kinds[0]["maxLength"]


def test_no_route_takes_a_text_that_its_event_does_not() -> None:
    bodies = {operation.body for operation in OPERATIONS if operation.body is not None}
    taken = {(body.__name__, *text) for body in bodies for text in texts_of(body)}
    assert {name for _, name, _ in taken} == set(TEXTS)
    assert not [text for text in taken if text[2] > longest(TEXTS[text[1]])]


async def test_the_longest_texts_are_recorded_and_longer_ones_refused(
    world: World, operator: Person, market: str
) -> None:
    _, public_pem = key_pair(1)
    group = {"group_id": "G" * 100, "series": "s" * 64}
    listed = {"ticker": "T" * 100, "activate": True}
    for method, path, fixed, texts in (
        ("POST", "/groups", group, ("title", "category")),
        ("POST", "/markets", listed, ("title", "rules", "category")),
        ("PUT", f"/markets/{market}/rules", {}, ("rules",)),
        ("POST", f"/markets/{market}/pause", {}, ("reason",)),
        ("POST", f"/markets/{market}/resolve", {"result": "yes"}, ("evidence",)),
        ("POST", f"/markets/{'T' * 100}/void", {"yes_price_dollars": "1"}, ("reason",)),
        ("POST", "/accounts/ann/api_keys", {"public_key": public_pem}, ("name",)),
    ):
        for name in texts:
            body: dict[str, Any] = fixed | {text: "ä" * longest(TEXTS[text]) for text in texts}
            longer = body | {name: "ä" * (longest(TEXTS[name]) + 1)}
            assert error(await world.send(operator, method, ADMIN + path, body=longer)) == (
                400,
                "invalid_field",
            )
        taken = await world.send(operator, method, ADMIN + path, body=body)
        assert taken.status_code in (200, 201), taken.text


@pytest.mark.parametrize("length", [197, 200, 201, 300])
async def test_references_of_every_length_are_taken_or_refused(
    world: World, operator: Person, length: int
) -> None:
    for route in ("accounts/ann/deposits", "accounts/bob/withdrawals", "fees/withdrawals"):
        body = {"amount_dollars": "1", "reference": f"{route[:12]:r<{length}}".replace("/", "-")}
        answer = await world.send(operator, "POST", f"{ADMIN}/{route}", body=body)
        assert answer.status_code in (201, 400, 422), answer.text


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        (f"{BASE}/portfolio/order_groups/create", {"contracts_limit": 2**63 - 1}, (422, "invalid_quantity")),
        (f"{ADMIN}/markets", {"ticker": "A", "title": "A\ud800"}, (400, "malformed_body")),
        (
            f"{ADMIN}/markets",
            {"ticker": "A", "title": "A", "fees": {"taker": {"flat_dollars": "1.0001"}}},
            (400, "invalid_field"),
        ),
        (f"{ADMIN}/markets", {"ticker": "A", "title": "\x1b[2J"}, (400, "invalid_field")),
        (f"{ADMIN}/markets/FED-CUT/void", {"yes_price_dollars": "1.0001"}, (400, "invalid_field")),
    ],
)
async def test_what_no_event_could_hold_is_refused(
    world: World, market: str, operator: Person, path: str, body: dict[str, Any], refusal: tuple[int, str]
) -> None:
    content = json.dumps(body).encode()
    assert error(await world.send(operator, "POST", path, content=content)) == refusal


async def test_half_a_character_is_refused_wherever_it_is_sent(world: World, operator: Person) -> None:
    for operation in OPERATIONS:
        named = re.sub(r"{.*?}", "FED-CUT", operation.path)
        for name in operation.query.model_fields:
            answer = await world.send(operator, operation.method, f"{named}?{name}=%ED%A0%80")
            # Where a body is asked for too, either may be refused first.
            assert error(answer) in (
                (400, "invalid_parameter"),
                (400, "missing_field"),
                (400, "invalid_field"),
            )
        if operation.path != named:
            path = re.sub(r"{.*?}", "%ED%A0%80", operation.path)
            refused = await world.send(operator, operation.method, path)
            assert error(refused) in ((404, "not_found"), (400, "missing_field"), (400, "invalid_field"))
        for name in operation.body.model_fields if operation.body is not None else ():
            for content in (b'{"%s": "\\ud800"}', b'{"%s": [{"a": "\\udc00"}]}', b'{"%s": 1, "\\ud800": 1}'):
                sent = await world.send(operator, operation.method, named, content=content % name.encode())
                assert error(sent) == (400, "malformed_body"), (operation.path, content)


async def test_half_a_character_in_a_batch_places_nothing_of_it(
    world: World, market: str, ann: Person
) -> None:
    order = b'{"ticker": "FED-CUT", "side": "yes", "action": "buy", "count": 1, "yes_price": 1}'
    odd = order[:-1] + b', "client_order_id": "\\ud800"}'
    answer = await world.send(
        ann, "POST", f"{ORDERS}/batched", content=b'{"orders": [%b, %b]}' % (order, odd)
    )
    assert error(answer) == (400, "malformed_body")
    assert (await world.send(ann, "GET", ORDERS)).json()["orders"] == []


async def test_a_command_that_cannot_be_recorded_costs_nobody_the_state_of_the_stream(world: World) -> None:
    account = (await world.person("ann", dollars=5)).account_id
    directory = world.presage.exchange.directory
    ledger = directory.ledger(account)
    before = await ledger.state()
    answered = await ledger.ask(
        CreateOrderGroup(order_group_id="no spaces", account_id=account, limit=Quantity(1)),
        command_id=world.presage.exchange.trading._ids.new(),
    )
    assert isinstance(answered.rejected, Rejected)
    assert answered.rejected.reason is Reason.NOT_RECORDABLE
    assert ledger.loaded is before
    assert "no spaces" not in before.order_groups


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/series", "category=%00"),
        ("/search/markets", "text=%00"),
        ("/search/markets", "text=a%00b"),
        ("/markets", "status=" + "closed," * 6_000),
        ("/markets", "tickers=" + ",".join(f"T{number}" for number in range(1_001))),
        ("/events", "status=" + "closed," * 6_000),
    ],
)
async def test_parameters_that_nothing_can_match_are_refused(world: World, path: str, query: str) -> None:
    assert error(await world.client.get(f"{BASE}{path}?{query}")) == (400, "invalid_parameter")


@pytest.mark.parametrize(
    "content",
    [
        b'{"ids": [' + b"1," * 300_000 + b"1]}",
        b'{"ids": [' + b'"a",' * 200_000 + b'"a"]}',
        b"{" + b",".join(b'"a%d":1' % number for number in range(90_000)) + b"}",
        b'",' * 400_000,
    ],
    ids=["numbers", "texts", "names", "quotes"],
)
async def test_a_body_of_countless_values_is_refused_unread(
    world: World, ann: Person, content: bytes
) -> None:
    answer = await world.send(ann, "DELETE", f"{ORDERS}/batched", content=content)
    assert error(answer) == (400, "malformed_body")
    assert len(answer.content) < 1_000
