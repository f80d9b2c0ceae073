"""A whole exchange in this process, with its HTTP application and people who sign their requests."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson
import pytest
from starlette.types import ASGIApp

from adapters.bootstrap import OPERATOR, Presage, open_presage
from adapters.engine_lines.listening import listening
from adapters.engine_lines.shared_notes import SharedNotes, notes_file
from adapters.http.desk import HttpDesk
from adapters.http.serving.http_processes import HttpProcesses
from adapters.http_process import open_http_process
from adapters.settings import Settings
from application.requests import Accepted
from domain.identifiers import AccountId
from domain.identity.aggregate import Scope
from tests.unit.http.keys import key_pair, signed_headers

BASE = "/trade-api/v2"
ORDERS = f"{BASE}/portfolio/orders"
ADMIN = "/admin/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account with a key."""

    account_id: AccountId
    key_id: str
    private_pem: str
    strict: bool = False


class World:
    """The exchange and a client of it."""

    def __init__(self, presage: Presage, client: httpx.AsyncClient) -> None:
        self.presage = presage
        self.client = client

    async def person(
        self,
        name: str,
        scopes: Sequence[Scope] = (Scope.READ, Scope.TRADE),
        *,
        dollars: int = 0,
        strict: bool = False,
        pair: int = 0,
    ) -> Person:
        """Give an account a key, and money if there is to be any."""
        private_pem, public_pem = key_pair(pair)
        account = AccountId(name)
        key_id, answer = await self.presage.exchange.keys.create(
            account, name="test", public_key_pem=public_pem, scopes=scopes, strict=strict
        )
        assert isinstance(answer, Accepted)
        await self.presage.reads.freshness.await_position(answer.position, 5)
        person = Person(account_id=account, key_id=key_id, private_pem=private_pem, strict=strict)
        if dollars:
            await self.presage.exchange.operations.deposit(account, dollars * 1_000_000, "start")  # type: ignore[arg-type]
        return person

    async def operator(self) -> Person:
        """Give the operator a key of the tests'."""
        return await self.person(OPERATOR, tuple(Scope))

    async def send(
        self,
        person: Person | None,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: Any = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
        at_ms: int | None = None,
    ) -> httpx.Response:
        """Send a request, signed if it is anybody's."""
        target = f"{path}?{urlencode(query)}" if query else path
        sent = content if content is not None else b"" if body is None else orjson.dumps(body)
        signature = (
            signed_headers(
                person.key_id,
                person.private_pem,
                method,
                target,
                body=sent,
                strict=person.strict,
                at_ms=at_ms,
            )
            if person
            else {}
        )
        return await self.client.request(method, target, content=sent, headers=signature | (headers or {}))

    async def market(self, operator: Person, ticker: str = "FED-CUT", **more: Any) -> None:
        """List a market and open it."""
        body = {"ticker": ticker, "title": f"{ticker}?", "activate": True} | more
        made = await self.send(operator, "POST", f"{ADMIN}/markets", body=body)
        assert made.status_code == 201, made.text

    async def place(self, person: Person, **fields: Any) -> httpx.Response:
        """Place an order: by default ten yes at 42 cents."""
        order = {"ticker": "FED-CUT", "side": "yes", "action": "buy", "count": 10, "yes_price": 42} | fields
        wanted = {name: value for name, value in order.items() if value is not ...}
        return await self.send(person, "POST", ORDERS, body=wanted)


AFAR = "PRESAGE_TEST_WORKERS" in os.environ
"""Whether requests go to an HTTP process, which asks the exchange."""

in_one_process = pytest.mark.skipif(AFAR, reason="it breaks what answers requests in the exchange's process")


@asynccontextmanager
async def a_world(folder: Path, *, started: bool = True, **more: Any) -> AsyncIterator[World]:
    """Open an exchange that forgets, and a client of its application.

    With ``PRESAGE_TEST_WORKERS`` set, the client is one of an HTTP process, which asks the exchange.
    """
    settings = Settings(data=folder, event_store="sqlite" if AFAR else "memory", workers=int(AFAR), **more)
    async with AsyncExitStack() as stack:
        notes = SharedNotes(notes_file()) if AFAR else None
        presage = await stack.enter_async_context(open_presage(settings, notes))
        if started:
            # The tests bring their own operator, whose key was made before.
            await presage.exchange.start()
        app = presage.app if notes is None else await _afar(stack, presage, notes)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        yield World(
            presage,
            await stack.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url="http://presage")
            ),
        )


async def _afar(stack: AsyncExitStack, presage: Presage, notes: SharedNotes) -> ASGIApp:
    """Return the application of an HTTP process that asks the exchange, all of it in this process."""
    socket = Path(stack.enter_context(TemporaryDirectory())) / "engine"
    processes = HttpProcesses(1, notes, presage.port.traffic, presage.exchange.health)
    presage.watch.add(processes)
    desk = HttpDesk(presage.port, processes, presage.tracing.endpoint)
    await stack.enter_async_context(
        listening(socket, desk, lambda: presage.exchange.ready, presage.exchange.health)
    )
    process = await stack.enter_async_context(
        open_http_process(presage.settings, worker=0, engine=socket, notes=notes)
    )
    if presage.exchange.ready:
        await process.opened.wait()
    while not processes.present:  # noqa: ASYNC110
        await asyncio.sleep(0)
    return process.app


def error(response: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of a refusal, which must have the shape all errors have."""
    document = response.json()
    assert set(document) == {"error", *document["error"]}
    assert all(document[name] == told for name, told in document["error"].items())
    assert set(document["error"]) == {"code", "message", "details", "service"}
    assert all(isinstance(text, str) for text in document["error"].values())
    assert "Traceback" not in response.text
    return response.status_code, document["error"]["code"]
