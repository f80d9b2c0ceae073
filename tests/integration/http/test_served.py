"""The application behind a real socket: bodies that are cut off, slow or endless, and a clean end."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from adapters.http.serving import bounded_protocol
from adapters.http.serving.serving import ServerEnded, serving
from tests.integration.http.world import BASE, ORDERS, Person, World, a_world
from tests.unit.http.keys import signed_headers


@pytest.fixture
async def url(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    monkeypatch.setattr(bounded_protocol, "REQUEST_TIMEOUT_S", 0.2)
    async with serving(world.presage.app, "127.0.0.1", 0) as served:
        yield served.url


def request_bytes(person: Person, *, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    lines = signed_headers(person.key_id, person.private_pem, "POST", ORDERS) | (headers or {})
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {ORDERS} HTTP/1.1\r\nHost: presage\r\n{head}\r\n".encode() + body


async def exchange_bytes(url: str, sent: bytes, *, half_close: bool = False) -> bytes:
    """Send bytes as they are and return everything that comes back until the connection ends."""
    host, port = httpx.URL(url).host, httpx.URL(url).port
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(sent)
        if half_close:
            writer.write_eof()
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


async def test_a_client_is_answered_over_a_real_socket(
    world: World, url: str, market: str, ann: Person
) -> None:
    async with httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/healthz")).json()["status"] == "ok"
        assert "server" not in (await client.get("/healthz")).headers
        book = await client.get(f"{BASE}/markets/{market}/orderbook")
        assert book.json()["orderbook"]["yes"] == []


async def test_a_body_that_is_cut_off_places_nothing(
    world: World, url: str, market: str, ann: Person
) -> None:
    body = b'{"ticker": "FED-CUT", "side": "yes"'
    answer = await exchange_bytes(
        url, request_bytes(ann, body=body, headers={"Content-Length": "500"}), half_close=True
    )
    assert not answer.startswith(b"HTTP/1.1 2")
    assert (await world.send(ann, "GET", ORDERS)).json()["orders"] == []


async def test_a_body_that_comes_too_slowly_is_given_up(world: World, url: str, ann: Person) -> None:
    answer = await exchange_bytes(url, request_bytes(ann, body=b"{", headers={"Content-Length": "500"}))
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"request_timeout" in answer


async def test_a_body_announced_too_large_is_refused_unread(world: World, url: str, ann: Person) -> None:
    for length in ("1048577", "9" * 30):
        sent = request_bytes(ann, headers={"Content-Length": length})
        answer = await exchange_bytes(url, sent, half_close=True)
        assert answer.startswith(b"HTTP/1.1 4")
        assert b"order_id" not in answer


async def test_a_body_in_pieces_is_refused_once_it_is_too_large(world: World, url: str, ann: Person) -> None:
    piece = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    sent = request_bytes(ann, body=piece * 17, headers={"Transfer-Encoding": "chunked"})
    answer = await exchange_bytes(url, sent)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"body_too_large" in answer


async def test_a_head_without_end_is_refused(url: str) -> None:
    host, port = httpx.URL(url).host, httpx.URL(url).port
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET /healthz HTTP/1.1\r\nX-Long: ")
    try:
        for _ in range(100):
            writer.write(b"x" * 10_000)
            await writer.drain()
            await asyncio.sleep(0)
        answer = await asyncio.wait_for(reader.read(), 5)
        assert answer.startswith(b"HTTP/1.1 400")
    except ConnectionError:
        pass  # refused before all of it was sent
    finally:
        writer.close()
    async with httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/healthz", headers={"X-Long": "x" * 20_000})).status_code == 200


async def test_a_head_that_never_ends_is_given_up(url: str) -> None:
    answer = await exchange_bytes(url, b"GET /healthz HTTP/1.1\r\nX-Slow: ")
    assert answer.startswith(b"HTTP/1.1 408")


async def test_an_answer_under_way_is_not_mistaken_for_a_timeout(url: str) -> None:
    whole = b"GET /healthz HTTP/1.1\r\nHost: presage\r\n\r\n"
    answer = await exchange_bytes(url, whole + b"GET /healthz HTTP/1.1\r\nX-Slow: ")
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"status":"ok"' in answer
    assert answer.count(b"HTTP/1.1 408") == 1


async def test_what_is_not_http_at_all_is_answered_with_a_refusal(url: str) -> None:
    answer = await exchange_bytes(url, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"Traceback" not in answer


async def test_leaving_lets_requests_under_way_come_to_their_end(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        operator = await world.operator()
        await world.market(operator)
        ann = await world.person("ann", dollars=100)
        async with serving(world.presage.app, "127.0.0.1", 0) as there:
            client = httpx.AsyncClient(base_url=there.url)
            served = World(world.presage, client)
            asking = [
                asyncio.create_task(served.place(ann, client_order_id=f"n{number}", count=1))
                for number in range(20)
            ]
            await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        answers = await asyncio.gather(*asking, return_exceptions=True)
        await client.aclose()
        acknowledged = [a for a in answers if isinstance(a, httpx.Response) and a.status_code == 201]
        ids = {answer.json()["order"]["order_id"] for answer in acknowledged}
        listed = (await world.send(ann, "GET", ORDERS)).json()["orders"]
        assert ids <= {order["order_id"] for order in listed}
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(httpx.URL(there.url).host, httpx.URL(there.url).port)


async def test_an_address_that_is_taken_is_said_at_once(world: World) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match=r"[Aa]ddress already in use"):
            async with serving(world.presage.app, "127.0.0.1", taken.getsockname()[1]):
                pass


async def closed(reader: asyncio.StreamReader) -> bytes:
    """Return what comes until the connection ends."""
    return await asyncio.wait_for(reader.read(), 5)


async def test_a_connection_that_never_says_anything_is_closed(url: str) -> None:
    reader, writer = await asyncio.open_connection(httpx.URL(url).host, httpx.URL(url).port)
    assert (await closed(reader)).startswith(b"HTTP/1.1 408")
    writer.close()


async def test_silent_connections_make_room_for_others(world: World) -> None:
    async with serving(world.presage.app, "127.0.0.1", 0, connections_max=5) as served:
        url = served.url
        host, port = httpx.URL(url).host, httpx.URL(url).port
        silent = [await asyncio.open_connection(host, port) for _ in range(20)]
        async with httpx.AsyncClient(base_url=url) as client:
            assert (await client.get("/healthz")).status_code == 200
        for reader, _ in silent[:15]:
            assert await closed(reader) == b""
        for _, writer in silent:
            writer.close()


async def test_connections_with_requests_under_way_are_not_given_up_for_others(world: World) -> None:
    async with serving(world.presage.app, "127.0.0.1", 0, connections_max=2) as served:
        url = served.url
        host, port = httpx.URL(url).host, httpx.URL(url).port
        busy = [await asyncio.open_connection(host, port) for _ in range(2)]
        for _, writer in busy:
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: presage\r\n")
            await writer.drain()
        while not await turned_away(url):
            pass
        for reader, writer in busy:
            writer.write(b"Connection: close\r\n\r\n")
            assert (await closed(reader)).startswith(b"HTTP/1.1 200")
            writer.close()


async def turned_away(url: str) -> bool:
    """Return whether there is no room for another connection."""
    reader, writer = await asyncio.open_connection(httpx.URL(url).host, httpx.URL(url).port)
    try:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: presage\r\nConnection: close\r\n\r\n")
        return b"overloaded" in await closed(reader)
    except ConnectionError:
        return False
    finally:
        writer.close()


async def test_a_head_in_two_packets_before_a_large_body_is_no_fault(
    url: str, market: str, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    through, taken = bounded_protocol.BoundedHttp.data_received, asyncio.Event()

    def data_received(self: bounded_protocol.BoundedHttp, data: bytes) -> None:
        through(self, data)
        taken.set()

    monkeypatch.setattr(bounded_protocol.BoundedHttp, "data_received", data_received)
    body = b'{"ticker": "NONE"%s}' % (b" " * 100_000)
    whole = request_bytes(ann, body=body, headers={"Content-Length": str(len(body)), "Connection": "close"})
    reader, writer = await asyncio.open_connection(httpx.URL(url).host, httpx.URL(url).port)
    writer.write(whole[:30])
    await asyncio.wait_for(taken.wait(), 20)
    writer.write(whole[30:])
    answer = await closed(reader)
    assert b"missing_field" in answer
    writer.close()


async def test_what_comes_after_the_body_signs_nothing(url: str, ann: Person) -> None:
    head = f"POST {ORDERS} HTTP/1.1\r\nHost: presage\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    signed = signed_headers(ann.key_id, ann.private_pem, "POST", ORDERS)
    trailers = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    answer = await exchange_bytes(url, (head + trailers + "\r\n").encode(), half_close=True)
    assert b"not_authenticated" in answer


async def test_what_is_served_by_nobody_any_more_ends_its_process(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(self: uvicorn.Server, counter: int) -> bool:
        if failing_now:
            raise RuntimeError("planted")
        return await on_tick(self, counter)

    on_tick, failing_now = uvicorn.Server.on_tick, False
    monkeypatch.setattr(uvicorn.Server, "on_tick", failing)
    with pytest.raises(ServerEnded):  # noqa: PT012 (the block is what it interrupts)
        async with serving(world.presage.app, "127.0.0.1", 0), asyncio.timeout(20):
            failing_now = True
            await asyncio.Event().wait()


async def test_a_server_that_cannot_begin_says_why(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(self: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(uvicorn.Server, "startup", failing)
    with pytest.raises(RuntimeError, match="planted"):
        async with asyncio.timeout(20), serving(world.presage.app, "127.0.0.1", 0):
            pass
