"""Requests for quotes over HTTP: from the question to the trade, and who sees what of it."""

from typing import Any

import httpx
import pytest

from tests.integration.http.world import BASE, Person, World, error

COMMUNICATIONS = f"{BASE}/communications"
REQUESTS, QUOTES = f"{COMMUNICATIONS}/rfqs", f"{COMMUNICATIONS}/quotes"


@pytest.fixture
async def cat(world: World) -> Person:
    return await world.person("cat", dollars=100)


async def get(world: World, person: Person, path: str, **query: Any) -> Any:
    answer = await world.send(person, "GET", path, query=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ask(world: World, person: Person, **more: Any) -> str:
    body = {"market_ticker": "FED-CUT", "contracts": 10, "rest_remainder": False} | more
    answer = await world.send(person, "POST", REQUESTS, body=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def quote(world: World, person: Person, rfq_id: str, yes: str = "0.4200", no: str = "0.5500") -> str:
    body = {"rfq_id": rfq_id, "yes_bid": yes, "no_bid": no, "rest_remainder": False}
    answer = await world.send(person, "POST", QUOTES, body=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def accept(world: World, person: Person, quote_id: str, side: str = "yes") -> httpx.Response:
    return await world.send(person, "PUT", f"{QUOTES}/{quote_id}/accept", body={"accepted_side": side})


async def confirm(world: World, person: Person, quote_id: str) -> httpx.Response:
    answer = await world.send(person, "PUT", f"{QUOTES}/{quote_id}/confirm", body={})
    await world.presage.exchange.settled()
    assert await world.presage.shown()
    return answer


async def agreed(world: World, asker: Person, maker: Person, **more: Any) -> str:
    quote_id = await quote(world, maker, await ask(world, asker, **more))
    assert (await accept(world, asker, quote_id)).status_code == 200
    return quote_id


async def cash(world: World, person: Person) -> int:
    return int((await get(world, person, f"{BASE}/portfolio/balance"))["cash_microdollars"])


async def test_a_quote_that_is_accepted_and_confirmed_is_a_trade_of_the_two(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    before = await cash(world, ann), await cash(world, bob)
    quote_id = await agreed(world, ann, bob)
    told = (await get(world, bob, f"{QUOTES}/{quote_id}"))["quote"]
    assert (told["status"], told["accepted_outcome"], told["contracts_fp"]) == ("accepted", "yes", "10.00")
    assert (await cash(world, ann), await cash(world, bob)) == before, "nothing is set aside so far"
    done = await confirm(world, bob, quote_id)
    assert done.status_code == 200, done.text
    assert (await confirm(world, bob, quote_id)).status_code == 200
    # Who bids for yes holds it; who takes the bid holds no, for the rest of a dollar.
    positions = [
        (await get(world, person, f"{BASE}/portfolio/positions"))["market_positions"][0]["position_fp"]
        for person in (ann, bob)
    ]
    assert positions == ["-10.00", "10.00"]
    assert [
        was - now for was, now in zip(before, (await cash(world, ann), await cash(world, bob)), strict=True)
    ] == [
        5_800_000,
        4_200_000,
    ]
    (trade,) = (await get(world, ann, f"{BASE}/markets/trades", ticker=market))["trades"]
    assert (trade["yes_price_dollars"], trade["count_fp"]) == ("0.4200", "10.00")
    told = (await get(world, ann, f"{QUOTES}/{quote_id}"))["quote"]
    assert (told["status"], told["trade_id"]) == ("executed", trade["trade_id"])
    (fill,) = (await get(world, bob, f"{BASE}/portfolio/fills"))["fills"]
    assert fill["is_taker"] is False
    request = (await get(world, bob, f"{REQUESTS}/{told['rfq_id']}"))["rfq"]
    assert (request["status"], request["cancellation_reason"]) == ("closed", "executed")


async def test_the_book_is_not_touched_and_nobody_on_it_is_passed_over(
    world: World, market: str, ann: Person, bob: Person, cat: Person
) -> None:
    await world.place(cat, count=5, yes_price=43)
    refused = await world.send(
        ann,
        "PUT",
        f"{QUOTES}/{await quote(world, bob, await ask(world, ann))}/accept",
        body={"accepted_side": "yes"},
    )
    assert error(refused) == (422, "price_beyond_book")
    quote_id = await quote(world, bob, await ask(world, ann), yes="0.4300", no="0.0000")
    assert error(await accept(world, ann, quote_id, "no")) == (422, "invalid_price")
    assert (await accept(world, ann, quote_id)).status_code == 200
    assert (await confirm(world, bob, quote_id)).status_code == 200
    book = (await get(world, ann, f"{BASE}/markets/{market}/orderbook"))["orderbook"]
    assert (book["yes"], book["no"]) == ([[43, 5]], [])


async def test_what_is_held_is_sold_without_money(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    await world.place(bob, side="no", yes_price=..., no_price=58)
    await world.place(ann)
    poor = await cash(world, ann)
    withdrawn = await world.presage.exchange.operations.withdraw(ann.account_id, poor, "all")  # type: ignore[arg-type]
    assert not hasattr(withdrawn, "reason"), withdrawn
    assert (await confirm(world, bob, await agreed(world, ann, bob))).status_code == 200
    assert await cash(world, ann) == 4_200_000
    assert (await get(world, ann, f"{BASE}/portfolio/positions"))["market_positions"][0][
        "position_fp"
    ] == "0.00"


async def test_a_target_cost_buys_as_much_as_it_suffices_for(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    rfq_id = await ask(world, ann, contracts=None, target_cost_centi_cents=30_000)
    request = (await get(world, bob, f"{REQUESTS}/{rfq_id}"))["rfq"]
    assert (request["contracts"], request["target_cost_dollars"]) == (0, "3.0000")
    quote_id = await quote(world, bob, rfq_id, yes="0.4000")
    assert (await accept(world, ann, quote_id)).status_code == 200
    assert (await confirm(world, bob, quote_id)).status_code == 200
    told = (await get(world, ann, f"{QUOTES}/{quote_id}"))["quote"]
    assert (told["contracts_fp"], told["rfq_target_cost_centi_cents"]) == ("5.00", 30_000)


async def test_who_asks_and_who_quotes_is_told_by_public_names_only(
    world: World, market: str, ann: Person, bob: Person, cat: Person
) -> None:
    quote_id = await agreed(world, ann, bob)
    assert (await confirm(world, bob, quote_id)).status_code == 200
    names = [
        (await get(world, person, f"{COMMUNICATIONS}/id"))["communications_id"] for person in (ann, bob, ann)
    ]
    assert names[0] == names[2] != names[1]
    (request,) = (await get(world, cat, REQUESTS))["rfqs"]
    assert (request["creator_id"], request["creator_user_id"]) == (names[0], None)
    assert (await get(world, ann, REQUESTS))["rfqs"][0]["creator_user_id"] == "ann"
    seen = {}
    for person in (ann, bob):
        (told,) = (await get(world, person, QUOTES))["quotes"]
        assert (told["rfq_creator_id"], told["creator_id"]) == (names[0], names[1])
        seen[person.account_id] = [
            told[name]
            for name in ("rfq_creator_user_id", "creator_user_id", "rfq_creator_order_id", "creator_order_id")
        ]
    assert seen["ann"][:2] == ["ann", None]
    assert seen["ann"][3] is None
    assert seen["bob"][:2] == [None, "bob"]
    assert seen["bob"][2] is None
    order = (await get(world, bob, f"{BASE}/portfolio/orders/{seen['bob'][3]}"))["order"]
    assert (order["status"], order["fill_count_fp"]) == ("executed", "10.00")
    # Others neither see the quote nor learn by asking whose it is.
    assert (await get(world, cat, QUOTES))["quotes"] == []
    assert error(await world.send(cat, "GET", f"{QUOTES}/{quote_id}")) == (404, "quote_not_found")
    for guess in ("quote_creator_user_id", "creator_user_id"):
        assert (await get(world, ann, QUOTES, **{guess: "bob"}))["quotes"] == []
        assert len((await get(world, bob, QUOTES, **{guess: "bob"}))["quotes"]) == 1
    assert (await get(world, bob, QUOTES, rfq_creator_user_id="ann"))["quotes"] == []
    assert (await get(world, cat, REQUESTS, creator_user_id="ann"))["rfqs"] == []


async def test_nobody_else_accepts_confirms_or_takes_back(
    world: World, market: str, ann: Person, bob: Person, cat: Person
) -> None:
    rfq_id = await ask(world, ann)
    quote_id = await quote(world, bob, rfq_id)
    for person in (bob, cat):
        assert error(await accept(world, person, quote_id)) == (404, "quote_not_found")
        assert error(await world.send(person, "DELETE", f"{REQUESTS}/{rfq_id}")) == (404, "rfq_not_found")
    await accept(world, ann, quote_id)
    for person in (ann, cat):
        assert error(await confirm(world, person, quote_id)) == (404, "quote_not_found")
        assert error(await world.send(person, "DELETE", f"{QUOTES}/{quote_id}")) == (404, "quote_not_found")
    assert (await world.send(bob, "DELETE", f"{QUOTES}/{quote_id}")).status_code == 200
    assert error(await confirm(world, bob, quote_id)) == (409, "quote_not_open")
    assert (await world.send(ann, "DELETE", f"{REQUESTS}/{rfq_id}")).status_code == 200
    body = {"rfq_id": rfq_id, "yes_bid": "0.5", "no_bid": "0.4"}
    assert error(await world.send(bob, "POST", QUOTES, body=body)) == (409, "rfq_closed")
    assert error(await world.send(ann, "POST", QUOTES, body=body)) == (422, "own_rfq")


@pytest.mark.parametrize(
    "name", ["none", "x" * 200, "00000000-0000-0000-0000-000000000000-00", "1-00", "%2e"]
)
async def test_what_is_not_there_is_not_found(world: World, market: str, ann: Person, name: str) -> None:
    for path in (f"{REQUESTS}/{name}", f"{QUOTES}/{name}"):
        assert (await world.send(ann, "GET", path)).status_code == 404
        assert (await world.send(ann, "DELETE", path)).status_code == 404
    assert (await confirm(world, ann, name)).status_code == 404
    assert (await accept(world, ann, name)).status_code == 404


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"market_ticker": "NONE"}, (404, "market_not_found")),
        ({"contracts": 0}, (422, "invalid_quantity")),
        ({"contracts": None}, (422, "invalid_quantity")),
        ({"target_cost_centi_cents": 5}, (422, "invalid_quantity")),
        ({"contracts": 2**62}, (422, "invalid_quantity")),
        ({"contracts": None, "target_cost_centi_cents": 2**62}, (422, "invalid_quantity")),
        ({"contracts": 1.5}, (400, "invalid_field")),
        ({"contracts": -1}, (400, "invalid_field")),
        ({"contracts": "5"}, (400, "invalid_field")),
        ({"contracts_fp": "9"}, (400, "invalid_field")),
        ({"rest_remainder": "no"}, (400, "invalid_field")),
        ({"account_id": "bob"}, (400, "unknown_field")),
    ],
)
async def test_what_cannot_be_asked_for_is_refused(
    world: World, market: str, ann: Person, more: dict[str, Any], expected: tuple[int, str]
) -> None:
    body = {"market_ticker": "FED-CUT", "contracts": 10, "rest_remainder": False} | more
    assert error(await world.send(ann, "POST", REQUESTS, body=body)) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"yes_bid": "0", "no_bid": "0"}, (422, "invalid_price")),
        ({"yes_bid": "0.60", "no_bid": "0.41"}, (422, "invalid_price")),
        ({"yes_bid": "0.425"}, (422, "price_off_tick")),
        ({"yes_bid": "1.00"}, (422, "invalid_price")),
        ({"yes_bid": "-0.5"}, (400, "invalid_field")),
        ({"yes_bid": 0.123456}, (400, "invalid_field")),
        ({"yes_bid": None}, (400, "invalid_field")),
        ({"rfq_id": ""}, (400, "invalid_field")),
    ],
)
async def test_what_cannot_be_quoted_is_refused(
    world: World, market: str, ann: Person, bob: Person, more: dict[str, Any], expected: tuple[int, str]
) -> None:
    body = {"rfq_id": await ask(world, ann), "yes_bid": "0.42", "no_bid": "0.55"} | more
    assert error(await world.send(bob, "POST", QUOTES, body=body)) == expected


async def test_a_side_is_said_as_kalshis_documents_or_their_client_say_it(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    for said, meant in (("yes", "yes"), ("true", "yes"), ("no", "no"), ("false", "no")):
        quote_id = await quote(world, bob, await ask(world, ann))
        assert (await accept(world, ann, quote_id, said)).status_code == 200
        told = (await get(world, ann, f"{QUOTES}/{quote_id}"))["quote"]
        assert told["accepted_outcome"] == meant
    assert error(await accept(world, ann, quote_id, "maybe")) == (400, "invalid_field")


async def test_a_market_that_pauses_ends_its_requests(
    world: World, market: str, operator: Person, ann: Person, bob: Person
) -> None:
    quote_id = await agreed(world, ann, bob)
    paused = await world.send(operator, "POST", f"/admin/v1/markets/{market}/pause", body={})
    assert paused.status_code == 200, paused.text
    await world.presage.exchange.settled()
    (request,) = (await get(world, ann, REQUESTS))["rfqs"]
    assert (request["status"], request["cancellation_reason"]) == ("closed", "market_not_trading")
    told = (await get(world, bob, f"{QUOTES}/{quote_id}"))["quote"]
    assert (told["status"], told["cancellation_reason"]) == ("cancelled", "rfq_closed")
    assert error(await confirm(world, bob, quote_id)) == (409, "quote_not_open")
    body = {"market_ticker": market, "contracts": 1}
    assert error(await world.send(ann, "POST", REQUESTS, body=body)) == (422, "market_paused")


async def test_a_trade_for_which_money_is_lacking_is_not_made_and_nobody_learns_how_much_there_was(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    quote_id = await quote(world, bob, await ask(world, ann, contracts=10**6))
    refused = await accept(world, ann, quote_id)
    assert error(refused) == (422, "insufficient_funds")
    quote_id = await agreed(world, ann, bob)
    await world.presage.exchange.operations.withdraw(ann.account_id, await cash(world, ann), "all")  # type: ignore[arg-type]
    failed = await confirm(world, bob, quote_id)
    assert error(failed) == (409, "quote_not_executed")
    assert failed.json()["message"] == "insufficient_funds: the asker cannot trade"
    told = (await get(world, ann, f"{QUOTES}/{quote_id}"))["quote"]
    assert told["status"] == "cancelled"
    assert (await get(world, ann, f"{REQUESTS}/{told['rfq_id']}"))["rfq"]["status"] == "open"


async def test_lists_are_told_page_by_page_the_latest_first(
    world: World, market: str, operator: Person, ann: Person, bob: Person
) -> None:
    await world.market(operator, "RAIN")
    made = [await ask(world, ann, market_ticker=ticker) for ticker in ("FED-CUT", "RAIN") * 3]
    given = [await quote(world, bob, rfq_id) for rfq_id in made]
    for path, name, expected in ((REQUESTS, "rfqs", made), (QUOTES, "quotes", given)):
        found, cursor = [], ""
        while True:
            page = await get(world, bob, path, limit=4, **({"cursor": cursor} if cursor else {}))
            found += [each["id"] for each in page[name]]
            cursor = page["cursor"]
            if not cursor:
                break
        assert found == expected[::-1]
        in_rain = await get(world, bob, path, market_ticker="RAIN")
        assert {each["market_ticker"] for each in in_rain[name]} == {"RAIN"}
        assert len(in_rain[name]) == 3
        assert (await get(world, bob, path, event_ticker="NONE"))[name] == []
        assert error(await world.send(bob, "GET", path, query={"cursor": "x"})) == (400, "invalid_parameter")
        assert error(await world.send(bob, "GET", path, query={"status": "x"})) == (400, "invalid_parameter")
    assert [each["id"] for each in (await get(world, bob, QUOTES, rfq_id=made[2]))["quotes"]] == [given[2]]
    await world.send(ann, "DELETE", f"{REQUESTS}/{made[0]}")
    assert [each["id"] for each in (await get(world, bob, REQUESTS, status="closed"))["rfqs"]] == made[:1]
    assert len((await get(world, bob, QUOTES, status="open"))["quotes"]) == 5


async def test_a_new_request_may_take_the_place_of_those_before_it(
    world: World, market: str, ann: Person
) -> None:
    first = await ask(world, ann)
    second = await ask(world, ann)
    third = await ask(world, ann, replace_existing=True)
    told = {each["id"]: each["cancellation_reason"] for each in (await get(world, ann, REQUESTS))["rfqs"]}
    assert told == {first: "replaced", second: "replaced", third: None}
