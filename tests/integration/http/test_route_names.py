"""Nothing that is listed hides behind a route, and a route that does not exist is no ticker."""

import pytest

from adapters.http.app import OPERATIONS
from adapters.http.route_names import names_of
from tests.integration.http.world import ADMIN, BASE, Person, World, error


async def test_what_is_listed_never_has_the_name_of_a_route(world: World, operator: Person) -> None:
    names = names_of(OPERATIONS)
    assert {"trades", "orderbook", "most_traded"} <= names
    for name in names:
        for path, body in (
            ("markets", {"ticker": name, "title": "?"}),
            ("groups", {"group_id": name, "title": "?"}),
            ("groups", {"group_id": "RACE", "title": "?", "series": name}),
        ):
            answer = await world.send(operator, "POST", f"{ADMIN}/{path}", body=body)
            assert error(answer) == (400, "invalid_field"), body


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", f"{BASE}/portfolio/orders/batched", "DELETE, POST"),
        ("GET", f"{BASE}/portfolio/order_groups/create", "POST"),
        ("DELETE", f"{BASE}/portfolio/orders/queue_positions", "GET, HEAD"),
    ],
)
async def test_another_method_of_a_route_is_not_about_something_with_its_name(
    world: World, ann: Person, method: str, path: str, allowed: str
) -> None:
    answer = await world.send(ann, method, path)
    assert error(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


async def test_a_route_that_does_not_exist_is_not_found(world: World, market: str, ann: Person) -> None:
    for path in (f"{BASE}/markets/{market}/trades", f"{BASE}/markets/trades/all", f"{BASE}/nothing"):
        assert error(await world.send(ann, "GET", path)) == (404, "not_found")
