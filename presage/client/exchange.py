"""The exchange as a bot sees it: its markets, its orders, its money, over signed HTTP."""

import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlencode

import httpx
import msgspec

from presage.client.amounts import Amount, exact
from presage.client.answers import Balance, Fill, Market, Order, Position, Trade
from presage.client.book import BookMirror
from presage.client.errors import ExchangeError, OutcomeUnknown, Refused, Unavailable
from presage.client.feed import Feed, Told
from presage.client.patience import Patience, told_to_wait
from presage.signing import Signer

API = "/trade-api/v2"
PAGE = 1_000
PATIENCE_S = 30.0

_LATER = (408, 425, 429, 500, 502, 503, 504)
_PERHAPS_DONE = (500, 502, 504)
_PERHAPS_DONE_CODES = ("outcome_unknown", "still_under_way")
"""What 503 says when something may have been done; with any other code nothing was."""

_REFUSED = 300

T = TypeVar("T")


class Exchange:
    """A connection to an exchange: ``async with Exchange(url, key) as exchange``.

    What is asked is asked again, after as long as the exchange says, until ``patience_s`` have passed; an
    order has a ``client_order_id`` of its own, so that it is never placed twice. Without a key it reads what
    everybody may.
    """

    def __init__(self, url: str, key: Signer | None = None, *, patience_s: float = PATIENCE_S) -> None:
        self._key = key
        self._patience_s = patience_s
        self._http = httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(30.0, connect=5.0))
        self.feed = Feed(url, key)

    async def __aenter__(self) -> Self:
        """Do nothing: connections are opened as they are needed."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    # ---------------------------------------------------------------------------------------- markets

    async def market(self, ticker: str) -> Market:
        """Return a market."""
        return _part(await self.get(f"/markets/{_name(ticker)}"), "market", Market)

    def markets(self, **query: Any) -> AsyncIterator[Market]:
        """Yield markets, for example of a ``status`` or an ``event_ticker``."""
        return self._listed("/markets", "markets", Market, query)

    def trades(self, ticker: str, **query: Any) -> AsyncIterator[Trade]:
        """Yield a market's trades, latest first."""
        return self._listed("/markets/trades", "trades", Trade, {"ticker": ticker, **query})

    async def follow_book(
        self, ticker: str, *, check_every_s: float = 60.0
    ) -> AsyncGenerator[BookMirror, None]:
        """Yield a market's book now and after each change, across interruptions; it checks itself."""
        mirror = BookMirror(ticker)
        async with aclosing(self.feed.book(ticker, check_every_s=check_every_s)) as all_told:
            async for told in all_told:
                if mirror.take(told):
                    yield mirror

    async def follow(
        self, ticker: str, *channels: str, from_revision: int | None = None
    ) -> AsyncGenerator[Told, None]:
        """Yield what happens in a market, each event once, from a revision on; by default from now on."""
        if from_revision is None:
            from_revision = (await self.market(ticker)).version + 1
        async with aclosing(self.feed.follow(ticker, channels, from_revision)) as all_told:
            async for told in all_told:
                yield told

    # ----------------------------------------------------------------------------------------- orders

    async def place(
        self,
        ticker: str,
        *,
        side: str,
        count: Amount,
        price: Amount | None = None,
        action: str = "buy",
        client_order_id: str | None = None,
        **more: Any,
    ) -> Order:
        """Place an order for ``yes`` or ``no``, at a price in dollars of that side; return how it stands.

        Placed again with the same ``client_order_id`` it is the same order. ``more`` are the fields of the
        interface, for example ``time_in_force`` or ``post_only``.
        """
        body: dict[str, Any] = {
            "ticker": ticker,
            "side": side,
            "action": action,
            "count_fp": exact(count, 2, "count"),
            "client_order_id": client_order_id or str(uuid.uuid4()),
            **more,
        }
        if price is not None:
            body[f"{side}_price_dollars"] = exact(price, 4, "price")
        return _part(await self._asked("POST", "/portfolio/orders", body=body), "order", Order)

    async def amend(self, order: Order, *, price: Amount | None = None, count: Amount | None = None) -> Order:
        """Change an order's price, its whole size (filled contracts included), or both."""
        body: dict[str, Any] = {"ticker": order.ticker, "side": order.side, "action": order.action}
        if price is not None:
            body[f"{order.side}_price_dollars"] = exact(price, 4, "price")
        if count is not None:
            body["count_fp"] = exact(count, 2, "count")
        path = f"/portfolio/orders/{_name(order.order_id)}/amend"
        return _part(await self._asked("POST", path, body=body), "order", Order)

    async def decrease(self, order_id: str, *, to: Amount) -> Order:
        """Make an order smaller: so much of it is left. It keeps its place in the queue."""
        body = {"reduce_to_fp": exact(to, 2, "to")}
        path = f"/portfolio/orders/{_name(order_id)}/decrease"
        return _part(await self._asked("POST", path, body=body), "order", Order)

    async def cancel(self, order_id: str) -> Order:
        """Take an order off; return how it ended, also where it had ended already."""
        try:
            answer = await self._asked("DELETE", f"/portfolio/orders/{_name(order_id)}")
        except Refused as refused:
            if refused.code != "order_not_open":
                raise
            return await self.order(order_id)
        return _part(answer, "order", Order)

    async def cancel_all(self, ticker: str | None = None) -> int:
        """Take all orders off, or all of one market; return how many."""
        answer = await self._asked("DELETE", "/portfolio/orders", query={"ticker": ticker})
        return msgspec.json.decode(answer, type=dict[str, int])["canceled"]

    async def order(self, order_id: str) -> Order:
        """Return an order."""
        return _part(await self.get(f"/portfolio/orders/{_name(order_id)}"), "order", Order)

    def orders(self, **query: Any) -> AsyncIterator[Order]:
        """Yield one's orders, for example with ``status="resting"``."""
        return self._listed("/portfolio/orders", "orders", Order, query)

    # ------------------------------------------------------------------------------------------ money

    async def balance(self) -> Balance:
        """Return one's money."""
        return msgspec.json.decode(await self.get("/portfolio/balance"), type=Balance)

    def positions(self, **query: Any) -> AsyncIterator[Position]:
        """Yield what one holds."""
        return self._listed("/portfolio/positions", "market_positions", Position, query)

    def fills(self, **query: Any) -> AsyncIterator[Fill]:
        """Yield one's fills, latest first."""
        return self._listed("/portfolio/fills", "fills", Fill, query)

    # ---------------------------------------------------------------------------------------- requests

    async def get(self, path: str, **query: Any) -> bytes:
        """Return what a path below ``/trade-api/v2`` answers, as it came."""
        return await self._asked("GET", path, query=query)

    async def _listed(
        self, path: str, name: str, kind: type[T], query: Mapping[str, Any]
    ) -> AsyncIterator[T]:
        cursor = ""
        while True:
            answer = await self.get(path, **{"limit": PAGE, **query, "cursor": cursor})
            page = msgspec.json.decode(answer, type=dict[str, msgspec.Raw])
            for each in msgspec.json.decode(page[name], type=list[kind]):  # type: ignore[valid-type]
                yield each
            cursor = msgspec.json.decode(page["cursor"], type=str)
            if not cursor:
                return

    async def _asked(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None
    ) -> bytes:
        """Ask until there is an answer, or patience has run out.

        All that is asked here may be asked twice: an order by its own name, changes because they say how
        things are to be afterwards, not by how much they are to change.
        """
        patience, unheard = Patience(self._patience_s), False
        while True:
            told_s: float | None = None
            try:
                answer = await self._sent(method, API + path, query or {}, body)
            except httpx.TransportError as error:
                fault = ExchangeError("unreachable", str(error) or type(error).__name__)
                unheard = unheard or not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            else:
                if answer.status_code < _REFUSED:
                    return answer.content
                fault = _fault(answer)
                if answer.status_code not in _LATER:
                    raise fault
                told_s = told_to_wait(answer.headers.get("retry-after"))
                unheard = unheard or answer.status_code in _PERHAPS_DONE or fault.code in _PERHAPS_DONE_CODES
            if not await patience.wait(told_s):
                kind = OutcomeUnknown if unheard and method != "GET" else Unavailable
                raise kind(fault.code, f"gave up: {fault}", status=fault.status)

    async def _sent(self, method: str, path: str, query: Mapping[str, Any], body: Any) -> httpx.Response:
        asked = urlencode({name: value for name, value in query.items() if value not in (None, "")})
        content = b"" if body is None else msgspec.json.encode(body)
        # Each try is signed anew: a signature counts once, and not for long.
        headers = {} if self._key is None else self._key.headers(method, path, asked, content)
        if body is not None:
            headers["Content-Type"] = "application/json"
        return await self._http.request(
            method, f"{path}?{asked}" if asked else path, content=content, headers=headers
        )


def read_key(key_id: str, private_key: Path, *, strict: bool = False) -> Signer:
    """Return a key whose private half is in a file. Raises ``OSError`` and ``ValueError``."""
    return Signer(key_id, private_key.read_bytes(), strict=strict)


def _name(text: str) -> str:
    return quote(text, safe="")


def _part(answer: bytes, name: str, kind: type[T]) -> T:
    return msgspec.json.decode(msgspec.json.decode(answer, type=dict[str, msgspec.Raw])[name], type=kind)


class _Error(msgspec.Struct):
    code: str = "unexpected_answer"
    message: str = "the answer is not that of an exchange"
    details: str | None = None


class _Problem(msgspec.Struct):
    error: _Error


def _fault(answer: httpx.Response) -> ExchangeError:
    try:
        said = msgspec.json.decode(answer.content, type=_Problem).error
    except msgspec.DecodeError:
        said = _Error()
    return Refused(said.code, said.message, status=answer.status_code, details=said.details or "")
