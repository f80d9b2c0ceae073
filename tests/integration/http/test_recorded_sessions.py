"""A session through the recorder is as it would be without; played back it is the same again."""

from pathlib import Path

import httpx
from starlette.types import ASGIApp

from adapters.cassettes.cassette import Cassette, read_cassette
from adapters.cassettes.player import Player, player
from adapters.cassettes.recorder import recorder
from tests.integration.http.world import BASE, ORDERS, Person, World, error


async def through(world: World, app: ASGIApp, person: Person) -> list[tuple[int, object]]:
    """Trade a little by way of an application that stands before the exchange, or in its place."""
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://recorded")
    there = World(world.presage, client)
    answers = [await there.send(None, "GET", f"{BASE}/markets", query={"limit": 5, "status": "open"})]
    answers.append(await there.place(person, count=3, yes_price=40, client_order_id="mine"))
    order_id = answers[-1].json()["order"]["order_id"]
    for method, path in (
        ("GET", f"{BASE}/portfolio/balance"),
        ("DELETE", f"{ORDERS}/{order_id}"),
        ("GET", f"{BASE}/portfolio/balance"),
        ("GET", f"{BASE}/markets/NONE"),
    ):
        answers.append(await there.send(person, method, path))
    await client.aclose()
    return [(answer.status_code, answer.json()) for answer in answers]


async def test_what_was_recorded_is_played_back(
    world: World, market: str, ann: Person, tmp_path: Path
) -> None:
    file = tmp_path / "session.jsonl"
    with Cassette(file) as cassette:
        recorded = await through(world, recorder(cassette, world.client), ann)
        assert cassette.played == len(recorded) == 6
    assert [status for status, _ in recorded] == [200, 201, 200, 200, 200, 404]
    assert recorded[2] != recorded[4], "the balance is another once the order is gone"
    text = file.read_text()
    assert ann.key_id not in text
    assert "KALSHI" not in text.upper()
    for _ in range(2):
        app = player(Player(read_cassette(file)))
        assert await through(world, app, ann) == recorded
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://recorded")
    assert error(await client.get("/nowhere")) == (404, "not_recorded")
    await client.aclose()


async def test_an_exchange_that_is_away_is_told_and_not_recorded(tmp_path: Path) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    upstream = httpx.AsyncClient(transport=httpx.MockTransport(away), base_url="http://away")
    with Cassette(tmp_path / "session.jsonl") as cassette:
        app = recorder(cassette, upstream)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://recorded")
        assert error(await client.get("/healthz")) == (502, "exchange_away")
        large = await client.post("/x", content=b"x" * (2**20 + 1))
        assert error(large) == (413, "body_too_large")
        assert cassette.played == 0
    for each in (client, upstream):
        await each.aclose()
