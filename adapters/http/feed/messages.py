"""What is told of an event: pure functions of the event and of the market as it left it.

Each message is written out once, however many are told: all that differs between subscribers is around it.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from adapters.http.answers.display import (
    contracts,
    other_side,
    price_cents,
    price_dollars,
    seconds,
    timestamp,
    whole_contracts,
)
from adapters.http.answers.trading import book_answer
from application.events import Recorded
from application.streams import MARKET
from domain.identifiers import Ticker
from domain.market import events as e
from domain.market.book import book_place
from domain.market.vocabulary import Result
from domain.quantities import CONTRACT, PAYOUT_TICKS, Ticks
from projections.folds.market_book import MarketBook, Move
from projections.reading.views import BookView


class Message(NamedTuple):
    """A message but for what is around it: its type, what it says, and where in the log that stands.

    ``revision`` is that of the market, if it is about one; ``owner`` is told ``owned`` too: what only that
    account may know.
    """

    kind: str
    tail: bytes
    position: int
    revision: int = -1
    owner: str | None = None
    owned: bytes = b""


def message(kind: str, document: dict[str, Any], position: int) -> Message:
    """Return a message that says the same to everybody."""
    return Message(kind, _tail(document), position, document.get("revision", -1))


def _tail(document: dict[str, Any]) -> bytes:
    return b',"msg":%b}' % orjson.dumps(document)


def milliseconds(at_us: int) -> int:
    """Return a time in whole milliseconds since the Unix epoch."""
    return at_us // 1_000


# -------------------------------------------------------------------------------------------- books


def snapshot(ticker: str, book: MarketBook, revision: int, position: int) -> Message:
    """Return a market's whole book."""
    told = book_answer(
        BookView(ticker=Ticker(ticker), yes=book.depth(book.yes), no=book.depth(book.no), revision=revision)
    )
    return message(
        "orderbook_snapshot",
        {
            "market_ticker": ticker,
            "market_id": ticker,
            "yes_dollars_fp": told["orderbook_fp"]["yes_dollars"],
            "no_dollars_fp": told["orderbook_fp"]["no_dollars"],
            "yes": told["orderbook"]["yes"],
            "no": told["orderbook"]["no"],
            "revision": revision,
        },
        position,
    )


def net(moves: Sequence[Move]) -> dict[tuple[str, int], int]:
    """Return by how much each level changed, of those that did."""
    if len(moves) == 1:
        [(side, ticks, quantity)] = moves
        return {(side, ticks): quantity} if quantity else {}
    changed: dict[tuple[str, int], int] = {}
    for side, ticks, quantity in moves:
        changed[side, ticks] = changed.get((side, ticks), 0) + quantity
    return {level: quantity for level, quantity in changed.items() if quantity}


_NAMED = (e.OrderPlaced, e.OrderAmended)
"""What says how its owner calls an order."""


def book_deltas(recorded: Recorded[Any], moves: Sequence[Move]) -> list[Message]:
    """Return what changed on the book: ``more`` says that another change belongs to the same event."""
    changes = net(moves)
    event, owner, owned = recorded.event, None, b""
    if isinstance(event, _NAMED):
        owner = event.account_id
        owned = b',"client_order_id":%b' % orjson.dumps(event.client_order_id)
    ticker, left, at_us = recorded.stream.removeprefix(MARKET), len(changes), recorded.cause.at_us
    messages: list[Message] = []
    for level, quantity in changes.items():
        left -= 1
        tail = _delta(ticker, level, quantity, recorded.revision, at_us, more=left > 0)
        messages.append(Message("orderbook_delta", tail, recorded.position, recorded.revision, owner, owned))
    return messages


def _delta(
    ticker: str, level: tuple[str, int], quantity: int, revision: int, at_us: int, *, more: bool
) -> bytes:
    """Return that so much came to a level, or below zero left it.

    A replay tells millions of these, so what they have in common is written once.
    """
    return b',"msg":{%b,%b,"ts_ms":%d,"revision":%d%b}}' % (
        _place(ticker, *level),
        _amount(quantity),
        milliseconds(at_us),
        revision,
        b',"more":true' if more else b"",
    )


@lru_cache(maxsize=20_000)
def _place(ticker: str, side: str, ticks: int) -> bytes:
    return _fields(
        {
            "market_ticker": ticker,
            "market_id": ticker,
            "price": price_cents(ticks),
            "price_dollars": price_dollars(ticks),
            "side": side,
        }
    )


@lru_cache(maxsize=20_000)
def _amount(quantity: int) -> bytes:
    return _fields({"delta": whole_contracts(quantity), "delta_fp": contracts(quantity)})


def _fields(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document)[1:-1]


# ----------------------------------------------------------------------------------------- the ticker


class Quote(NamedTuple):
    """How a market stands, in one line."""

    price_ticks: int | None
    yes_bid_ticks: int | None
    no_bid_ticks: int | None
    yes_bid_size: int
    no_bid_size: int
    last_trade: int
    volume: int
    open_interest: int


def quote_of(book: MarketBook, *, volume: int, last_trade: int) -> Quote:
    """Return how a market stands, of its book and what was traded."""
    top = book.top
    return Quote(
        top.last_price_ticks,
        top.yes_bid_ticks,
        top.no_bid_ticks,
        top.yes_bid_size,
        top.no_bid_size,
        last_trade,
        volume,
        top.open_interest,
    )


def ticker_message(ticker: str, state: Quote, *, revision: int, at_us: int, position: int) -> Message:
    """Return how a market stands."""
    last = state.price_ticks or 0
    ask = other_side(Ticks(state.no_bid_ticks or 0))
    return message(
        "ticker",
        {
            "market_ticker": ticker,
            "market_id": ticker,
            "price": price_cents(last),
            "yes_bid": price_cents(state.yes_bid_ticks or 0),
            "yes_ask": price_cents(ask),
            "price_dollars": price_dollars(last),
            "yes_bid_dollars": price_dollars(state.yes_bid_ticks or 0),
            "yes_ask_dollars": price_dollars(ask),
            "yes_bid_size_fp": contracts(state.yes_bid_size),
            "yes_ask_size_fp": contracts(state.no_bid_size),
            "last_trade_size_fp": contracts(state.last_trade),
            "volume": whole_contracts(state.volume),
            "volume_fp": contracts(state.volume),
            "open_interest": whole_contracts(state.open_interest),
            "open_interest_fp": contracts(state.open_interest),
            "dollar_volume": state.volume // CONTRACT,
            "dollar_open_interest": state.open_interest // CONTRACT,
            "ts": seconds(at_us),
            "ts_ms": milliseconds(at_us),
            "time": timestamp(at_us),
            "revision": revision,
        },
        position,
    )


# ------------------------------------------------------------------------------------------- trades


def trade_message(recorded: Recorded[e.TradeExecuted]) -> Message:
    """Return a trade as everybody sees it."""
    trade, at_us = recorded.event, recorded.cause.at_us
    ticker = recorded.stream.removeprefix(MARKET)
    side = book_place(trade.taker.side, trade.taker.action, trade.price_ticks)[0].value
    no_ticks = other_side(trade.price_ticks)
    return message(
        "trade",
        {
            "trade_id": trade.trade_id,
            "market_ticker": ticker,
            "yes_price": price_cents(trade.price_ticks),
            "no_price": price_cents(no_ticks),
            "yes_price_dollars": price_dollars(trade.price_ticks),
            "no_price_dollars": price_dollars(no_ticks),
            "count": whole_contracts(trade.quantity),
            "count_fp": contracts(trade.quantity),
            "taker_side": side,
            "taker_outcome_side": side,
            "taker_book_side": "bid" if side == "yes" else "ask",
            "is_block_trade": False,
            "ts": seconds(at_us),
            "ts_ms": milliseconds(at_us),
            "revision": recorded.revision,
        },
        recorded.position,
    )


# ------------------------------------------------------------------------------------- a market's life


def lifecycle_message(recorded: Recorded[Any]) -> Message | None:
    """Return what an event means for a market's life, ``None`` if nothing."""
    told = _lifecycle(recorded.event, recorded.cause.at_us)
    if told is None:
        return None
    event_type, more = told
    return message(
        "market_lifecycle_v2",
        {
            "event_type": event_type,
            "market_ticker": recorded.stream.removeprefix(MARKET),
            **more,
            "ts_ms": milliseconds(recorded.cause.at_us),
            "revision": recorded.revision,
        },
        recorded.position,
    )


def _lifecycle(event: object, at_us: int) -> tuple[str, dict[str, Any]] | None:
    now = seconds(at_us)
    match event:
        case e.MarketCreated():
            closes = {} if event.close_at_us is None else {"close_ts": seconds(event.close_at_us)}
            return "created", {"title": event.title, "event_ticker": event.group_id or "", **closes}
        case e.MarketActivated():
            return "activated", {"open_ts": now, "is_deactivated": False}
        case e.MarketPaused():
            return "deactivated", {"is_deactivated": True, "reason": event.reason}
        case e.MarketResumed():
            return "activated", {"is_deactivated": False}
        case e.MarketClosed():
            return "closed", {"close_ts": now}
        case e.MarketDetermined():
            return "determined", {"result": event.result.value, "determination_ts": now}
        case e.MarketDisputed():
            return "disputed", {"reason": event.reason}
        case e.MarketFinalized():
            paid = PAYOUT_TICKS if event.result is Result.YES else 0
            return "settled", {"result": event.result.value, "settled_ts": now, **_value(paid)}
        case e.MarketVoided():
            return "settled", {"result": "void", "settled_ts": now, **_value(event.yes_price_ticks)}
        case e.MarketCalledOff():
            return "called_off", {"result": "void", "settled_ts": now, "parent_ticker": event.parent}
        case e.ConditionLinked():
            return "condition_linked", {
                "parent_ticker": event.parent,
                "required_result": event.required.value,
            }
        case e.ConditionMet():
            return "condition_met", {"parent_ticker": event.parent}
        case e.RulesAmended():
            return "rules_amended", {"rules_version": event.version}
        case e.TickSizeChanged():
            return "price_level_structure_updated", {
                "tick_size_dollars": price_dollars(event.tick_size_ticks)
            }
        case _:
            return None


def _value(ticks: int) -> dict[str, Any]:
    return {"settlement_value": price_dollars(ticks)}


# ------------------------------------------------------------------------------------- conflated books


class Conflation:
    """What changed on a book since it was last told: only the sum of it is kept."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, int], int] = {}
        self._revision = self._at_us = self._position = 0

    def add(self, recorded: Recorded[Any], moves: Iterable[Move]) -> None:
        """Take in what an event changed."""
        levels = self._levels
        for side, ticks, quantity in moves:
            total = levels.pop((side, ticks), 0) + quantity
            if total:
                levels[side, ticks] = total
        self._revision, self._at_us = recorded.revision, recorded.cause.at_us
        self._position = recorded.position

    def take(self, ticker: str) -> Iterator[Message]:
        """Yield what changed in sum, and begin again."""
        changes, self._levels = list(self._levels.items()), {}
        for number, (level, quantity) in enumerate(changes, 1):
            tail = _delta(ticker, level, quantity, self._revision, self._at_us, more=number < len(changes))
            yield Message("orderbook_delta", tail, self._position, self._revision)
