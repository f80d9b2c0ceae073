"""The middle of the feed: what happens comes in once, and goes to whoever subscribed to it.

It looks on while the board of markets takes in the log, so there is one follower per process, and books are
those that everybody sees. What is told of an event is written once; only number and subscription are added
for each subscriber, when its turn to be written comes.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from adapters.http.feed.audience import Part
from adapters.http.feed.channels import PRIVATE, Channel
from adapters.http.feed.messages import (
    Message,
    Quote,
    book_deltas,
    lifecycle_message,
    quote_of,
    snapshot,
    ticker_message,
    trade_message,
)
from adapters.http.feed.private_messages import as_it_stands, order_group_message, told_of
from adapters.http.feed.seating import Seating
from adapters.http.feed.subscription import Subscription
from application.events import DomainEvent, Recorded
from application.ports.event_store import START, Position
from application.streams import MARKET, market_stream
from domain.identifiers import AccountId, Ticker
from domain.market.events import StopTriggered, TradeExecuted
from projections.folds.market_book import MarketBook
from projections.live.desk import Desk
from projections.live.market_board import LiveMarket, MarketBoard
from projections.orders import OrderRow
from projections.portfolio import PositionRow
from projections.reading.queries import AccountStanding

log = logging.getLogger(__name__)

Hearers = dict[Subscription | Part, None]
"""Those who are told: a subscription, or a part of an audience for many of them."""

Standing = Callable[[Position], Awaitable[AccountStanding]]
"""Returns how an account stands, of a moment no earlier than a position."""


class Topic:
    """A market that somebody subscribed to, and how far it has been told."""

    __slots__ = ("book", "position", "revision", "subscribers", "ticker", "told")

    def __init__(self, ticker: str, told: Quote | None) -> None:
        self.ticker = ticker
        self.told = told
        self.revision: int | None = None
        self.position: Position = START
        self.subscribers: dict[Channel, Hearers] = {}
        self.book: tuple[int, Message] | None = None

    def of(self, channel: Channel) -> Hearers:
        """Return who subscribed to a channel of this market."""
        return self.subscribers.get(channel, {})


class Account:
    """An account that listens to what is its own; ``waiting`` is how many are about to."""

    __slots__ = ("desk", "opening", "subscribers", "waiting")

    def __init__(self, account_id: AccountId) -> None:
        self.desk = Desk(account_id)
        self.opening = asyncio.Lock()
        self.subscribers: dict[Channel, dict[Subscription, None]] = {}
        self.waiting = 0


class Hub:
    """Hands what happens to subscriptions.

    ``lose`` is called with those that cannot be told any more, ``fail`` when that may be true of all.
    """

    def __init__(
        self,
        board: MarketBoard,
        lose: Callable[[Sequence[Subscription], str], None],
        fail: Callable[[], None],
    ) -> None:
        self._fail = fail
        self._board = board
        self._lose = lose
        self._topics: dict[str, Topic] = {}
        self._everywhere: dict[Channel, Hearers] = {}
        self._accounts: dict[AccountId, Account] = {}
        self._tickers: dict[str, Quote] = {}
        self.position: Position = START
        self.told_at_us = 0
        self.messages = 0
        self.seating = Seating(self._enter, self._exit)
        board.onlooker = self

    # ------------------------------------------------------------------------------------- subscribing

    def join(self, subscription: Subscription) -> None:
        """Have a subscription told what happens from now on."""
        channel, account_id = subscription.channel, subscription.account_id
        if channel in PRIVATE:
            assert account_id is not None
            self._accounts[account_id].subscribers.setdefault(channel, {})[subscription] = None
        else:
            self._enter(subscription)

    def add(self, subscription: Subscription, ticker: str) -> None:
        """Have a subscription told of one more market."""
        if subscription.channel not in PRIVATE:
            self._by_itself(subscription)
            self._enter_topic(subscription, ticker)

    def remove(self, subscription: Subscription, ticker: str) -> None:
        """Tell a subscription no more of a market."""
        self._by_itself(subscription)
        self._leave_topic(subscription, ticker)
        subscription.drop(ticker)

    def leave(self, subscription: Subscription) -> None:
        """Tell a subscription nothing more."""
        self._by_itself(subscription)
        subscription.end()
        if subscription.channel in PRIVATE:
            assert subscription.account_id is not None
            self._leave_account(subscription.account_id, subscription)
        else:
            self._exit(subscription)

    def _by_itself(self, subscription: Subscription) -> None:
        """Have a subscription told by itself: it is about to change."""
        if subscription.seat is not None:
            self.seating.rise(subscription.seat)

    def _enter(self, hearer: Subscription | Part) -> None:
        if hearer.tickers is None:
            self._everywhere.setdefault(hearer.channel, {})[hearer] = None
        else:
            for ticker in hearer.tickers:
                self._enter_topic(hearer, ticker)

    def _enter_topic(self, hearer: Subscription | Part, ticker: str) -> None:
        self.topic(ticker).subscribers.setdefault(hearer.channel, {})[hearer] = None

    def _exit(self, hearer: Subscription | Part) -> None:
        if hearer.tickers is None:
            _leave(self._everywhere, hearer)
        else:
            for ticker in hearer.tickers:
                self._leave_topic(hearer, ticker)

    def _leave_topic(self, hearer: Subscription | Part, ticker: str) -> None:
        topic = self._topics.get(market_stream(Ticker(ticker)))
        if topic is not None:
            _leave(topic.subscribers, hearer)
            if not topic.subscribers:
                del self._topics[market_stream(Ticker(ticker))]

    @asynccontextmanager
    async def account(self, account_id: AccountId, standing: Standing) -> AsyncIterator[Account]:
        """Have an account's orders and positions followed while the block runs, and while it listens."""
        account = self._accounts.get(account_id)
        if account is None:
            account = self._accounts[account_id] = Account(account_id)
        account.waiting += 1
        try:
            async with account.opening:
                if not account.desk.ready:
                    account.desk.open(await standing(self._board.position))
            yield account
        finally:
            account.waiting -= 1
            self._forget(account_id, account)

    def tell_desk(self, subscription: Subscription) -> None:
        """Tell an account's open orders or positions as they stand."""
        assert subscription.account_id is not None
        desk = self._accounts[subscription.account_id].desk
        rows: Iterable[OrderRow | PositionRow] = ()
        if subscription.channel is Channel.ORDERS:
            rows = desk.orders.values()
        elif subscription.channel is Channel.POSITIONS:
            rows = desk.positions.values()
        for row in rows:
            if subscription.tickers is None or row.ticker in subscription.tickers:
                subscription.tell(as_it_stands(row))

    def _leave_account(self, account_id: AccountId, subscription: Subscription) -> None:
        account = self._accounts.get(account_id)
        if account is not None:
            _leave(account.subscribers, subscription)
            self._forget(account_id, account)

    def _forget(self, account_id: AccountId, account: Account) -> None:
        if not account.subscribers and not account.waiting:
            self._accounts.pop(account_id, None)

    def topic(self, ticker: str) -> Topic:
        """Return a market's topic, which somebody is about to subscribe to."""
        stream = market_stream(Ticker(ticker))
        topic = self._topics.get(stream)
        if topic is None:
            market = self._board.on_board(ticker)
            topic = self._topics[stream] = Topic(ticker, _state(market) if market else None)
        return topic

    def snapshot(self, ticker: str) -> Message:
        """Return a market's whole book as it stands; of one that is over, an empty one."""
        market, topic = self._board.on_board(ticker), self._topics.get(market_stream(Ticker(ticker)))
        if market is None:
            return snapshot(ticker, MarketBook.empty(ticker), -1, self.position)
        revision = market.revision if topic is None or topic.revision is None else topic.revision
        if topic is not None and topic.book is not None and topic.book[0] == revision:
            return topic.book[1]
        message = snapshot(ticker, market.book, revision, self.position)
        if topic is not None:
            topic.book = revision, message
        return message

    def ticker_now(self, ticker: str, at_us: int) -> Message | None:
        """Return how a market stands, ``None`` for one that is over."""
        market = self._board.on_board(ticker)
        if market is None:
            return None
        return ticker_message(
            ticker, _state(market), revision=market.revision, at_us=at_us, position=self.position
        )

    @property
    def subscriptions(self) -> dict[str, int]:
        """How many there are of each channel; one of several markets counts for each."""
        counts = dict.fromkeys(map(str, Channel), 0)
        by_channel: Iterable[Mapping[Channel, Iterable[Subscription | Part]]] = (
            self._everywhere,
            *(account.subscribers for account in self._accounts.values()),
            *(topic.subscribers for topic in self._topics.values()),
        )
        for each in by_channel:
            for channel, subscribers in each.items():
                counts[channel] += sum(hearer.heard_by for hearer in subscribers)
        return counts

    # ---------------------------------------------------------------------------------------- following

    def happened(self, recorded: Recorded[DomainEvent], market: LiveMarket | None) -> None:
        """Tell of an event. No fault here keeps the board from going on: all are sent away, to come back."""
        try:
            self._happened(recorded, market)
        except Exception:
            log.exception("%s at revision %d could not be told", recorded.stream, recorded.revision)
            self._fail()

    def _happened(self, recorded: Recorded[DomainEvent], market: LiveMarket | None) -> None:
        self.position = recorded.position
        self.told_at_us = recorded.cause.at_us
        if self._accounts:
            self._tell_accounts(recorded)
        if not recorded.stream.startswith(MARKET):
            return
        topic = self._topics.get(recorded.stream)
        if topic is not None:
            if topic.revision is not None and recorded.revision != topic.revision + 1:
                self._lose_topic(
                    topic, f"revisions {topic.revision + 1} to {recorded.revision - 1} are missing"
                )
                return
            topic.revision, topic.position = recorded.revision, recorded.position
        if topic is not None or self._everywhere:
            self._tell(recorded, market, topic)

    def lost(self, ticker: str) -> None:
        """Tell those who subscribed to a market that it is not followed any more."""
        topic = self._topics.get(market_stream(Ticker(ticker)))
        if topic is not None:
            self._lose_topic(topic, "the market is not followed")

    def _lose_topic(self, topic: Topic, why: str) -> None:
        concerned = [each for hearers in topic.subscribers.values() for each in _each_of(hearers)]
        topic.revision = None
        self._lose(concerned, f"{topic.ticker}: {why}; subscribe again with from_revision")

    def _tell(self, recorded: Recorded[Any], market: LiveMarket | None, topic: Topic | None) -> None:
        ticker = recorded.stream.removeprefix(MARKET)
        for channel in (Channel.LIFECYCLE, Channel.TRADE):
            if (topic is not None and channel in topic.subscribers) or channel in self._everywhere:
                message = single(channel, recorded)
                if message is not None:
                    self._spread(channel, ticker, topic, message)
        if market is None:
            return
        if topic is not None and Channel.BOOK in topic.subscribers and market.book.moves:
            self._tell_book(recorded, market, topic)
        if (topic is not None and Channel.TICKER in topic.subscribers) or Channel.TICKER in self._everywhere:
            self._tell_ticker(recorded, market, topic)

    def _tell_book(self, recorded: Recorded[Any], market: LiveMarket, topic: Topic) -> None:
        if market.book.top.revision != recorded.revision:
            return  # the moves are those of an earlier event
        moves = market.book.moves
        messages = book_deltas(recorded, moves)
        for hearer in topic.of(Channel.BOOK):
            hearer.hear_book(topic.ticker, recorded, moves, messages)
        self.messages += len(messages)

    def _tell_ticker(self, recorded: Recorded[Any], market: LiveMarket, topic: Topic | None) -> None:
        ticker = market.facts.ticker
        state = _state(market)
        before = topic.told if topic is not None else self._tickers.get(ticker)
        if topic is not None:
            topic.told = state
        if market.over:
            self._tickers.pop(ticker, None)
        elif Channel.TICKER in self._everywhere:
            self._tickers[ticker] = state
        if state != before:
            message = ticker_message(
                ticker,
                state,
                revision=recorded.revision,
                at_us=recorded.cause.at_us,
                position=recorded.position,
            )
            self._spread(Channel.TICKER, ticker, topic, message)

    def _spread(self, channel: Channel, ticker: str, topic: Topic | None, message: Message) -> None:
        self.messages += 1
        here = topic.of(channel) if topic is not None else {}
        for hearers in (here, self._everywhere.get(channel, {})):
            for hearer in hearers:
                hearer.hear(ticker, message)

    def _tell_accounts(self, recorded: Recorded[Any]) -> None:
        for account in self._concerned(recorded.event):
            group = order_group_message(recorded)
            if group is not None:
                self._tell_account(account, Channel.ORDER_GROUPS, group, None)
                continue
            ticker = recorded.stream.removeprefix(MARKET)
            for change in account.desk.take(recorded):
                channel, message = told_of(change, recorded)
                self._tell_account(account, channel, message, ticker)

    def _concerned(self, event: object) -> Iterator[Account]:
        """Yield the accounts that an event is about, of those that listen."""
        if isinstance(event, StopTriggered):  # which does not say whose it is
            yield from (each for each in self._accounts.values() if each.desk.knows(event.order_id))
            return
        whose = (
            {event.maker.account_id, event.taker.account_id}
            if isinstance(event, TradeExecuted)
            else {getattr(event, "account_id", None)}
        )
        for account_id in whose:
            account = self._accounts.get(account_id)  # type: ignore[arg-type]  # None is nobody's
            if account is not None:
                yield account

    def _tell_account(self, account: Account, channel: Channel, message: Message, ticker: str | None) -> None:
        self.messages += 1
        for subscription in account.subscribers.get(channel, {}):
            if ticker is None or subscription.tickers is None or ticker in subscription.tickers:
                subscription.tell(message)

    def subscriptions_to(self, channel: Channel) -> list[Subscription]:
        """Return those who subscribed to a channel of all markets, or of none."""
        return list(_each_of(self._everywhere.get(channel, {})))


def _each_of(hearers: Hearers) -> Iterator[Subscription]:
    for hearer in hearers:
        if isinstance(hearer, Subscription):
            yield hearer
        else:
            yield from hearer.subscriptions


def _leave(subscribers: dict[Channel, Any], hearer: Subscription | Part) -> None:
    mine = subscribers.get(hearer.channel)
    if mine is not None:
        mine.pop(hearer, None)
        if not mine:
            del subscribers[hearer.channel]


def single(channel: Channel, recorded: Recorded[Any]) -> Message | None:
    """Return what a channel that needs no more than the event tells of it, if anything."""
    if channel is Channel.LIFECYCLE:
        return lifecycle_message(recorded)
    return trade_message(recorded) if isinstance(recorded.event, TradeExecuted) else None


def _state(market: LiveMarket) -> Quote:
    last = market.trades[-1].quantity if market.trades else 0
    return quote_of(market.book, volume=market.facts.volume, last_trade=last)
