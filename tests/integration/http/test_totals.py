"""No total that is stored can pass 64 bits, however many allowed amounts are added to it."""

import json
from typing import Any

import pytest

from tests.integration.http.world import ADMIN, BASE, Person, World, error

HUNDRED_BILLION = "100000000000.00"


async def test_deposits_end_before_a_total_can_overflow_and_readers_go_on(
    world: World, operator: Person, ann: Person
) -> None:
    path = f"{ADMIN}/accounts/ann/deposits"
    answers = []
    for number in range(93):
        body = {"amount_dollars": HUNDRED_BILLION, "reference": f"d{number}"}
        answers.append(await world.send(operator, "POST", path, body=body))
    assert [answer.status_code for answer in answers] == 9 * [201] + 84 * [422]
    assert error(answers[-1]) == (422, "deposit_limit")
    repeated = await world.send(
        operator, "POST", path, body={"amount_dollars": HUNDRED_BILLION, "reference": "d0"}
    )
    assert repeated.status_code == 201
    balance = (await world.send(ann, "GET", f"{BASE}/portfolio/balance")).json()
    assert balance["cash_microdollars"] == 9 * 10**17 + 1_000 * 10**6
    assert world.presage.exchange.processes.position > 0
    assert await world.presage.shown()


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 92_233_720_368_547_759, 10**30])
async def test_a_number_too_large_is_refused_wherever_there_is_a_number(
    world: World, operator: Person, market: str, ann: Person, number: int
) -> None:
    order: dict[str, Any] = {"ticker": market, "side": "yes", "action": "buy", "count": 1, "yes_price": 1}
    tries: list[tuple[Person, str, dict[str, Any]]] = [
        (ann, f"{BASE}/portfolio/order_groups/create", {"contracts_limit": number}),
        (ann, f"{BASE}/portfolio/orders", order | {"count": number}),
        (ann, f"{BASE}/portfolio/orders", order | {"yes_price": number}),
        (ann, f"{BASE}/portfolio/orders", order | {"expiration_ts": number}),
        (operator, f"{ADMIN}/accounts/ann/deposits", {"amount_dollars": str(number), "reference": "x"}),
        (operator, f"{ADMIN}/accounts/ann/withdrawals", {"amount_dollars": str(number), "reference": "x"}),
        (operator, f"{ADMIN}/fees/withdrawals", {"amount_dollars": str(number), "reference": "x"}),
    ]
    for person, path, body in tries:
        answer = await world.send(person, "POST", path, content=_json(body))
        assert 400 <= answer.status_code < 500, (path, body, answer.text)


def _json(body: dict[str, Any]) -> bytes:

    # orjson writes no number beyond 64 bits.
    return json.dumps(body).encode()
