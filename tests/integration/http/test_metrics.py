"""What the metrics tell of a running exchange, figure by figure, after known commands."""

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.http.app import OPERATIONS
from adapters.http.operations import Access
from adapters.http.route_classes import RouteClass, class_of
from tests.integration.http.world import BASE, ORDERS, Person, World

Samples = dict[tuple[str, ...], float]


async def told(world: World) -> Samples:
    """Return every sample by its name and the values of its labels."""
    token = {"Authorization": f"Bearer {world.presage.folder.metrics_token()}"}
    answer = await world.send(None, "GET", "/metrics", headers=token)
    assert answer.status_code == 200, answer.text
    families: Any = text_string_to_metric_families(answer.text)
    return {
        (each.name.removeprefix("presage_"), *each.labels.values()): each.value
        for family in families
        for each in family.samples
    }


async def test_requests_are_counted_by_class_and_by_how_they_ended(
    world: World, market: str, ann: Person
) -> None:
    before = await told(world)
    assert (await world.place(ann)).status_code == 201
    assert (await world.place(ann, yes_price=100)).status_code in (400, 422)
    assert (await world.send(ann, "DELETE", ORDERS)).status_code == 200
    assert (await world.send(None, "GET", f"{BASE}/markets/{market}")).status_code == 200
    assert (await world.send(None, "GET", "/nowhere")).status_code == 404
    after = await told(world)

    def more(*sample: str) -> float:
        return after[sample] - before[sample]

    assert more("http_requests_total", "order", "2xx") == 1
    assert more("http_requests_total", "order", "4xx") == 1
    assert more("http_requests_total", "cancel", "2xx") == 1
    assert more("http_requests_total", "market", "2xx") == 1
    assert more("http_requests_total", "unrouted", "4xx") == 1
    assert more("http_request_duration_seconds_count", "order") == 2
    assert more("http_request_duration_seconds_bucket", "+Inf", "order") == 2
    assert more("http_request_duration_seconds_sum", "order") > 0
    assert after["http_requests_in_flight",] == 1  # the one that asks


async def test_a_request_that_fails_in_us_is_counted_as_such(
    world: World, market: str, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(world.presage.exchange.trading, "place", broken)
    assert (await world.place(ann)).status_code == 500
    assert (await told(world))["http_requests_total", "order", "5xx"] == 1


async def test_orders_are_followed_through_saga_matching_and_log(
    world: World, market: str, ann: Person, bob: Person
) -> None:
    before = await told(world)
    assert (await world.place(ann)).status_code == 201
    assert (await world.place(bob, side="no", yes_price=..., no_price=58)).status_code == 201
    assert (await world.place(ann, count=10_000_000, yes_price=99)).status_code == 422
    await world.presage.exchange.settled()
    after = await told(world)

    def more(*sample: str) -> float:
        return after[sample] - before.get(sample, 0)

    assert more("sagas_ended_total", "placed") == 2
    assert more("sagas_ended_total", "refused") == 1
    assert (after["sagas_open", "placement"], after["sagas_open", "amendment"]) == (0, 0)
    assert more("matching_batch_commands_sum", market) == 2
    assert more("matching_seconds_count", market) == 2
    assert more("matching_seconds_sum", market) > 0
    assert after["streams_owned", "market"] == 1
    assert after["commands_waiting", "market"] == after["commands_waiting_longest", "ledger"] == 0
    events = more("store_append_events_sum")
    assert events == await world.presage.store.head() - before["read_models_position",]
    assert 0 < more("store_append_seconds_count") <= events
    assert more("store_append_failures_total", "conflict") == 0
    assert await world.presage.shown()
    shown = await told(world)
    assert shown["read_models_behind_seconds_count",] == shown["read_models_events_total",]


async def test_an_order_that_the_market_did_not_take_is_counted_as_compensated(
    world: World, market: str, operator: Person, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    trading = world.presage.exchange.trading
    needed_for = trading._needed_for

    def closed_just_after(*arguments: Any) -> Any:
        needed = needed_for(*arguments)
        command = next(iter(world.presage.exchange.directory.markets.values()))
        assert command.loaded is not None
        command.loaded.status = type(command.loaded.status).PAUSED
        return needed

    monkeypatch.setattr(trading, "_needed_for", closed_just_after)
    assert (await world.place(ann)).status_code >= 400
    assert (await told(world))["sagas_ended_total", "compensated"] == 1


async def test_caches_tell_their_hits_and_misses(world: World, market: str) -> None:
    assert await world.presage.shown()
    before = await told(world)
    for _ in range(3):
        await world.send(None, "GET", f"{BASE}/markets/{market}")
        await world.send(None, "GET", f"{BASE}/markets/{market}/orderbook")
    after = await told(world)
    for cache in ("answers", "books"):
        found = [
            after["cache_lookups_total", cache, result] - before["cache_lookups_total", cache, result]
            for result in ("hit", "miss", "stampede_stopped")
        ]
        assert found == [2, 1, 0], cache


async def test_what_is_wrong_is_a_figure_of_its_own(world: World) -> None:
    assert (await told(world))["ready",] == 1
    world.presage.exchange.health.shuts_down()
    after = await told(world)
    assert (after["ready",], after["condition", "shutting_down"], after["condition", "log_replaced"]) == (
        0,
        1,
        0,
    )


async def test_every_class_and_end_is_told_before_its_first_request(world: World) -> None:
    samples = await told(world)
    for name in RouteClass:
        for end in ("2xx", "4xx", "429", "5xx", "none"):
            assert ("http_requests_total", name, end) in samples


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", ORDERS, RouteClass.ORDER),
        ("POST", f"{ORDERS}/{{order_id}}/amend", RouteClass.ORDER),
        ("POST", f"{ORDERS}/batched", RouteClass.BATCH),
        ("DELETE", f"{ORDERS}/batched", RouteClass.CANCEL),
        ("DELETE", f"{ORDERS}/{{order_id}}", RouteClass.CANCEL),
        ("GET", ORDERS, RouteClass.ACCOUNT),
        ("GET", f"{BASE}/markets", RouteClass.MARKET),
        ("POST", f"{BASE}/login", RouteClass.SESSION),
        ("GET", "/metrics", RouteClass.OPERATOR),
        ("GET", "/healthz", RouteClass.SERVICE),
    ],
)
def test_routes_have_a_class(method: str, path: str, expected: RouteClass) -> None:
    [operation] = [op for op in OPERATIONS if (op.method, op.path) == (method, path)]
    assert class_of(operation) is expected


def test_every_route_of_operators_is_in_their_class() -> None:
    for operation in OPERATIONS:
        assert (class_of(operation) is RouteClass.OPERATOR) == (operation.access is Access.ADMIN)
        assert class_of(operation) is not RouteClass.UNROUTED
