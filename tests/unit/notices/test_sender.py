"""Notices over real HTTP: signed as the specification says, and bounded."""

import re
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.notices import sender as module
from adapters.notices.destinations import Destinations
from adapters.notices.sender import HttpSender
from adapters.notices.signing import Signer
from tests.unit.notices.listener import Listener, listening

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PAGE = Path(__file__).parents[3] / "docs" / "notices.md"
BODY = b'{"type":"order.confirmed"}'


class Clock:
    def now_us(self) -> int:
        return 1_793_000_000_999_999


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture
async def sender() -> AsyncIterator[HttpSender]:
    sender = HttpSender(Destinations(own_machine=True), Signer(KEY), Clock())
    yield sender
    await sender.close()


async def test_a_notice_is_signed_for_anybody_who_has_the_public_key(
    sender: HttpSender, listener: Listener
) -> None:
    assert await sender.send(f"{listener.url}/hook?a=b", "n1", BODY) is None
    [request] = listener.requests
    assert (request.path, request.body) == ("/hook?a=b", BODY)
    assert request.headers["webhook-id"] == "n1"
    assert request.headers["webhook-timestamp"] == "1793000000"
    assert request.headers["host"] == listener.url.removeprefix("http://")
    assert request.is_signed_by(Signer(KEY).public_key)
    request.body += b" "
    assert not request.is_signed_by(Signer(KEY).public_key)


async def test_the_check_that_notices_md_shows_knows_a_genuine_request(
    sender: HttpSender, listener: Listener
) -> None:
    shown: dict[str, Any] = {}
    [code] = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    exec(code, shown)
    await sender.send(listener.url, "n1", BODY)
    [request] = listener.requests
    key, at_s = Signer(KEY).public_key, 1_793_000_000
    assert shown["is_genuine"](key, request.headers, BODY, at_s + 299)
    assert not shown["is_genuine"](key, request.headers, BODY, at_s + 301)
    assert not shown["is_genuine"](key, request.headers, BODY + b" ", at_s)
    another = Signer(Ed25519PrivateKey.generate()).public_key
    assert not shown["is_genuine"](another, request.headers, BODY, at_s)


@pytest.mark.parametrize("status", [200, 202, 204, 299])
async def test_any_success_counts(sender: HttpSender, listener: Listener, status: int) -> None:
    listener.answer = lambda _: (status, {}, b"")
    assert await sender.send(listener.url, "n1", BODY) is None


@pytest.mark.parametrize("status", [301, 307, 400, 404, 410, 429, 500, 503])
async def test_anything_else_does_not_and_no_redirect_is_followed(
    sender: HttpSender, listener: Listener, status: int
) -> None:
    listener.answer = lambda _: (status, {"location": f"{listener.url}/elsewhere"}, b"")
    assert await sender.send(listener.url, "n1", BODY) == f"the answer was {status}"
    assert len(listener.requests) == 1


async def test_an_endless_answer_is_not_read(sender: HttpSender, listener: Listener) -> None:
    listener.answer = lambda _: (200, {"content-length": str(10**12)}, bytes(100_000))
    assert await sender.send(listener.url, "n1", BODY) is None


async def test_nobody_there_is_a_sentence(sender: HttpSender) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        fault = await sender.send(f"http://127.0.0.1:{taken.getsockname()[1]}/", "n1", BODY)
    assert fault is not None
    assert fault.startswith("ConnectError")


async def test_who_does_not_answer_is_left_after_a_while(
    sender: HttpSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert module.PATIENCE_S == 5
    monkeypatch.setattr(module, "PATIENCE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        fault = await sender.send(f"http://127.0.0.1:{silent.getsockname()[1]}/", "n1", BODY)
    assert fault == "no answer within 0 s"


async def test_an_address_that_is_not_allowed_is_never_called(sender: HttpSender) -> None:
    assert (
        await sender.send("http://169.254.169.254/", "n1", BODY) == "169.254.169.254 is not a public address"
    )
