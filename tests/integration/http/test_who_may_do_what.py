"""Every route, from the table itself: who may call it, and what strangers see. A new route fails closed."""

import re
from typing import Any

import pytest
from starlette.routing import Route, WebSocketRoute

from adapters.http.app import OPERATIONS
from adapters.http.endpoint import Endpoint
from adapters.http.feed.stream import PATH as STREAM_PATH
from adapters.http.operations import Access, Operation, Reading, Reply
from adapters.http.route_names import REFUSED
from domain.identity.aggregate import Scope
from tests.integration.http.world import ORDERS, Person, World, error, in_one_process

PUBLIC = {
    "GET /trade-api/v2/exchange/status",
    "GET /trade-api/v2/exchange/schedule",
    "GET /trade-api/v2/exchange/announcements",
    "GET /trade-api/v2/exchange/user_data_timestamp",
    "GET /trade-api/v2/markets",
    "GET /trade-api/v2/markets/trades",
    "GET /trade-api/v2/markets/{ticker}",
    "GET /trade-api/v2/markets/{ticker}/orderbook",
    "GET /trade-api/v2/markets/{ticker}/price_at",
    "GET /trade-api/v2/markets/{ticker}/rules",
    "GET /trade-api/v2/series",
    "GET /trade-api/v2/series/{series_ticker}",
    "GET /trade-api/v2/series/{series_ticker}/markets/{ticker}/candlesticks",
    "GET /trade-api/v2/events",
    "GET /trade-api/v2/events/{event_ticker}",
    "GET /trade-api/v2/events/{event_ticker}/metadata",
    "GET /trade-api/v2/series/{series_ticker}/events/{event_ticker}/candlesticks",
    "GET /trade-api/v2/series/{series_ticker}/events/{event_ticker}/forecast_percentile_history",
    "GET /trade-api/v2/markets/candlesticks",
    "GET /trade-api/v2/search/tags_by_categories",
    "GET /trade-api/v2/search/filters_by_sport",
    "GET /trade-api/v2/structured_targets",
    "GET /trade-api/v2/milestones",
    "GET /trade-api/v2/live_data/batch",
    "GET /trade-api/v2/incentive_programs",
    "GET /trade-api/v2/multivariate_event_collections",
    "GET /trade-api/v2/events/multivariate",
    "GET /trade-api/v2/series/fee_changes",
    "GET /trade-api/v2/leaderboard",
    "GET /trade-api/v2/webhooks/public_key",
    "GET /trade-api/v2/search/markets",
    "GET /trade-api/v2/search/most_traded",
    "POST /trade-api/v2/login",
    "POST /trade-api/v2/accounts",
    "GET /healthz",
    "GET /readyz",
    "GET /schemas/events",
    "GET /openapi.json",
    "GET /docs",
}
"""The routes that need no key. Whoever adds one to them says so here."""

PAGES = {"GET /", "GET /assets/{name}"}
"""What is served besides: files that are the same for everybody. Whoever adds more says so here."""

EVERYBODYS = {"ticker", "rfq_id"}
"""What is nobody's own, though not everybody may ask about it. Whoever adds a name to them says so here."""

FEED = {f"GET {STREAM_PATH}"}
"""The live feed, whose own tests hold who may listen."""


def name(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


METRICS = "GET /metrics"
"""What operators see, and monitoring with its token."""

PRIVATE = [operation for operation in OPERATIONS if name(operation) not in PUBLIC]


def path_of(operation: Operation, **names: str) -> str:
    """Return a path of the route, its names filled in."""
    return re.sub(r"{(\w+)}", lambda found: names.get(found[1], "SOME"), operation.path)


[SETS_A_WEBHOOK] = [op for op in PRIVATE if (op.method, op.path[-10:]) == ("PUT", "/{webhook}")]


def test_the_public_routes_are_exactly_the_ones_meant_to_be() -> None:
    assert {name(op) for op in OPERATIONS if op.access is Access.PUBLIC} == PUBLIC


def test_a_route_that_does_not_say_who_may_call_it_cannot_be_made_and_no_other_table_has_routes(
    world: World,
) -> None:
    told = {
        field: getattr(OPERATIONS[0], field) for field in ("method", "path", "handler", "summary", "answer")
    }
    with pytest.raises(TypeError, match="access"):
        Operation(**told)
    served = {
        f"{method} {route.path}"
        for route in world.presage.app.routes
        if isinstance(route, Route) and route.name != REFUSED
        for method in (route.methods or ()) - {"HEAD"}
    }
    assert served == {name(op) for op in OPERATIONS if op.method != "HEAD"} | PAGES | FEED
    others = [route for route in world.presage.app.routes if not isinstance(route, Route)]
    assert [route.path for route in others if isinstance(route, WebSocketRoute)] == [
        route.path  # type: ignore[attr-defined]
        for route in others
    ]


def endpoints(world: World) -> list[Any]:
    return [route.endpoint for route in world.presage.app.routes if isinstance(route, Route)]


@in_one_process
async def test_a_new_route_is_closed_until_it_says_otherwise(world: World, ann: Person) -> None:
    async def told(_: Any) -> Reply:
        return Reply(content={"secret": True})

    port = next(each for each in endpoints(world) if isinstance(each, Endpoint))._port
    for access in (Access.READ, Access.TRADE, Access.ADMIN):
        new = Operation(
            method="GET", path=f"/new/{access.name}", access=access, handler=told, summary="?", answer=dict
        )
        world.presage.app.router.routes.insert(0, Route(new.path, Endpoint(new, port), methods=["GET"]))
        assert error(await world.send(None, "GET", new.path)) == (401, "not_authenticated")
        mine = await world.send(ann, "GET", new.path)
        assert mine.status_code == (403 if access is Access.ADMIN else 200), access


def test_operators_routes_are_theirs_alone_and_nobody_else_writes_without_the_scope() -> None:
    for operation in PRIVATE:
        operators = operation.path.startswith("/admin/") or name(operation) == METRICS
        assert operators == (operation.access is Access.ADMIN), name(operation)
        if operation.method != "GET" and not isinstance(operation, Reading):
            assert operation.access in (Access.TRADE, Access.ADMIN), name(operation)


async def test_without_a_key_every_other_route_is_closed(world: World) -> None:
    for operation in PRIVATE:
        answer = await world.send(None, operation.method, path_of(operation), body={})
        assert error(answer) == (401, "not_authenticated"), name(operation)


async def test_the_token_of_monitoring_opens_the_metrics_and_nothing_else(world: World) -> None:
    token = {"Authorization": f"Bearer {world.presage.folder.metrics_token()}"}
    assert [name(operation) for operation in OPERATIONS if operation.scrapers] == [METRICS]
    for operation in PRIVATE:
        answer = await world.send(None, operation.method, path_of(operation), body={}, headers=token)
        assert (answer.status_code == 200) == (name(operation) == METRICS), (name(operation), answer.text)


@pytest.mark.parametrize("wrong", ["Bearer ", "Bearer x", "{token}", "Basic {token}", "Bearer {token}x"])
async def test_another_token_opens_nothing(world: World, wrong: str) -> None:
    headers = {"Authorization": wrong.format(token=world.presage.folder.metrics_token())}
    answer = await world.send(None, "GET", "/metrics", headers=headers)
    assert error(answer) == (401, "not_authenticated")


async def test_a_forged_signature_opens_nothing(world: World, ann: Person, bob: Person) -> None:
    forged = Person(account_id=ann.account_id, key_id=ann.key_id, private_pem=bob.private_pem)
    for operation in PRIVATE:
        answer = await world.send(forged, operation.method, path_of(operation), body={})
        assert error(answer) == (401, "invalid_signature"), name(operation)


@pytest.mark.parametrize(
    ("scopes", "closed"),
    [
        ((Scope.READ, Scope.TRADE), {Access.ADMIN}),
        ((Scope.READ,), {Access.TRADE, Access.ADMIN}),
        ((Scope.ADMIN,), {Access.READ, Access.TRADE}),
    ],
)
async def test_a_key_opens_only_what_its_scopes_name(
    world: World, scopes: tuple[Scope, ...], closed: set[Access]
) -> None:
    person = await world.person("ann", scopes)
    for operation in PRIVATE:
        answer = await world.send(person, operation.method, path_of(operation), body={})
        forbidden = answer.status_code == 403
        assert forbidden == (operation.access in closed), (name(operation), answer.text)
        if forbidden:
            assert error(answer) == (403, "forbidden")


async def test_what_belongs_to_somebody_else_does_not_exist(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    order_id = (await world.place(ann)).json()["order"]["order_id"]
    groups = "/trade-api/v2/portfolio/order_groups"
    made = await world.send(ann, "POST", f"{groups}/create", body={"contracts_limit": 5})
    password = {"new_password": "correct horse battery"}
    await world.send(ann, "POST", "/trade-api/v2/account/password", body=password)
    login = {"account_id": ann.account_id, "password": password["new_password"]}
    session = (await world.send(None, "POST", "/trade-api/v2/login", body=login)).json()["session"]
    world.client.cookies.clear()
    asked = {"market_ticker": market, "contracts": 5}
    rfq = await world.send(ann, "POST", "/trade-api/v2/communications/rfqs", body=asked)
    given = {"rfq_id": rfq.json()["id"], "yes_bid": "0.43", "no_bid": "0.1"}
    cat = await world.person("cat", dollars=10)
    quote = await world.send(cat, "POST", "/trade-api/v2/communications/quotes", body=given)
    theirs = {
        "quote_id": quote.json()["id"],
        "order_id": order_id,
        "order_group_id": made.json()["order_group_id"],
        "api_key": ann.key_id,
        "account_id": ann.account_id,
        "entry": f"{0:018}",
        "webhook": "anns-desk",
        "session": session,
    }
    hook = path_of(SETS_A_WEBHOOK, **theirs)
    assert (await world.send(ann, "PUT", hook, body={"url": "https://ann.example/"})).status_code == 200
    bodies = {
        "amend": {"yes_price": 43},
        "decrease": {"reduce_by": 1},
        "limit": {"contracts_limit": 1},
        "accept": {"accepted_side": "yes"},
    }
    names = {op: set(re.findall(r"{(\w+)}", op.path)) - EVERYBODYS for op in PRIVATE}
    owned = [op for op in PRIVATE if op.access is not Access.ADMIN and names[op]]
    assert {found for op in owned for found in names[op]} == set(theirs)
    for operation in owned:
        if operation is SETS_A_WEBHOOK:
            continue  # names of webhooks are each account's own: it would be another one
        body = bodies.get(operation.path.rsplit("/", 1)[1], {})
        if "/events/orders" in operation.path and "yes_price" in body:
            body = {"price": "0.43"}
        path = path_of(operation, **theirs)
        strange = await world.send(bob, operation.method, path, body=body)
        missing = await world.send(bob, operation.method, path_of(operation), body=body)
        assert strange.status_code == 404, (name(operation), strange.text)
        assert strange.json() == missing.json(), name(operation)
    lists = [op for op in PRIVATE if op.method == "GET" and "{" not in op.path]
    for operation in lists:
        told = (await world.send(bob, operation.method, operation.path)).text
        assert not [found for found in theirs.values() if found in told], name(operation)
    still = (await world.send(ann, "GET", f"{ORDERS}/{order_id}")).json()["order"]
    assert (still["status"], still["remaining_count"]) == ("resting", 10)


async def test_a_batch_cancels_nothing_of_somebody_elses(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    order_id = (await world.place(ann)).json()["order"]["order_id"]
    answer = await world.send(bob, "DELETE", f"{ORDERS}/batched", body={"ids": [order_id]})
    assert answer.json()["orders"][0]["error"]["code"] == "order_not_found"
    assert (await world.send(bob, "DELETE", ORDERS)).json() == {"canceled": 0}
    assert (await world.send(ann, "GET", f"{ORDERS}/{order_id}")).json()["order"]["status"] == "resting"


async def test_an_order_in_somebody_elses_group_is_refused(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    made = await world.send(
        ann, "POST", "/trade-api/v2/portfolio/order_groups/create", body={"contracts_limit": 5}
    )
    placed = await world.place(bob, order_group_id=made.json()["order_group_id"])
    assert error(placed) == (404, "order_group_not_found")


async def test_the_host_header_counts_for_nothing(world: World, ann: Person) -> None:
    for host in ("evil.example", "localhost:1/admin", ""):
        answer = await world.send(ann, "GET", "/trade-api/v2/portfolio/balance", headers={"Host": host})
        assert answer.status_code == 200
        missing = await world.send(None, "GET", "/trade-api/v2/markets/", headers={"Host": host})
        assert error(missing) == (404, "not_found")
