"""What one consumer asks for, and what it is answered. Nothing here knows of a socket."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson

from adapters.http.feed.channels import PRIVATE, SCOPES, Channel, FeedCode, Refused
from adapters.http.feed.commands import (
    Command,
    Listing,
    Subscribe,
    Unsubscribe,
    Update,
    command_id,
    read_command,
)
from adapters.http.feed.feed import Feed
from adapters.http.feed.line import Line
from adapters.http.feed.subscription import Subscription, Writing, as_text
from application.limiting.token_bucket import Outcome
from application.ports.clock import Clock
from application.ports.event_store import Position
from domain.identifiers import Ticker

log = logging.getLogger(__name__)

Exists = Callable[[Ticker], Awaitable[bool]]
"""Returns whether there is a market of a name."""


class Conversation:
    """Answers one consumer's commands, each in its turn; an error never ends the conversation."""

    def __init__(
        self, feed: Feed, line: Line, exists: Exists, clock: Clock, *, writing: Writing = as_text
    ) -> None:
        self._feed = feed
        self._line = line
        self._exists = exists
        self._clock = clock
        self._writing = writing
        self._next_sid = 1

    async def hear(self, text: str | bytes) -> None:
        """Take one message from the consumer."""
        number: int | None = None
        try:
            self._count(len(text))
            number, document = command_id(text)
            await self.obey(number, read_command(document, self._line.limits))
        except Refused as refused:
            self._refuse(number, refused.code, refused.message)
        except Exception:
            log.exception("a command of the feed has failed")
            self._refuse(number, FeedCode.INTERNAL_ERROR, "something went wrong here; it was logged")

    def _count(self, size: int) -> None:
        line = self._line
        if size > line.limits.message_bytes:
            raise Refused(
                FeedCode.MESSAGE_TOO_LARGE, f"a message has at most {line.limits.message_bytes} bytes"
            )
        if line.account_id is None and self._feed.exempts(line.address):
            return
        name = line.account_id or f"address {line.address}"
        if self._feed.buckets.take(name, line.limits.commands).outcome is not Outcome.ALLOWED:
            raise Refused(
                FeedCode.TOO_MANY_REQUESTS, f"at most {line.limits.commands.per_s} commands a second"
            )

    async def obey(self, number: int | None, command: Command) -> None:
        """Do what a command says. Raises :class:`Refused`."""
        match command:
            case Subscribe():
                await self._subscribe(number, command)
            case Unsubscribe():
                self._unsubscribe(number, command)
            case Update():
                await self._update(number, command)
            case Listing():
                self._list(number)

    # -------------------------------------------------------------------------------------- subscribing

    async def _subscribe(self, number: int | None, command: Subscribe) -> None:
        line = self._line
        for channel in command.channels:
            self._authorise(channel)
        await self._check_markets(command.tickers or (), len(command.channels))
        if len(line.subscriptions) + len(command.channels) > line.limits.subscriptions_per_socket:
            most = line.limits.subscriptions_per_socket
            raise Refused(FeedCode.TOO_MANY_SUBSCRIPTIONS, f"a socket has at most {most} subscriptions")
        if command.from_revision is not None:
            assert command.tickers is not None
            await self._feed.history.check(command.tickers[0], command.from_revision)
        if command.from_position is not None:
            await self._feed.history.check_position(Position(command.from_position))
        if line.account_id is None or PRIVATE.isdisjoint(command.channels):
            self._begin_all(number, command)
            return
        async with self._feed.account(line.account_id):
            self._begin_all(number, command)

    def _begin_all(self, number: int | None, command: Subscribe) -> None:
        begun = [self._begin(number, channel, command) for channel in command.channels]
        if command.resumes:
            self._replay(begun, command)

    def _authorise(self, channel: Channel) -> None:
        scope = SCOPES.get(channel)
        if scope is None:
            return
        caller = self._line.caller
        if caller is None:
            raise Refused(
                FeedCode.AUTHENTICATION_REQUIRED,
                f"{channel} is told to whoever signed the handshake or logged in",
            )
        if scope not in caller.scopes:
            raise Refused(FeedCode.SCOPE_MISSING, f"{channel} needs the scope {scope.value}")

    async def _check_markets(self, tickers: Sequence[str], times: int) -> None:
        line = self._line
        if line.markets + len(tickers) * times > line.limits.markets_per_socket:
            most = line.limits.markets_per_socket
            raise Refused(FeedCode.TOO_MANY_MARKETS, f"a socket has at most {most} markets in all")
        for ticker in tickers:
            if not await self._exists(Ticker(ticker)):
                raise Refused(FeedCode.MARKET_NOT_FOUND, f"there is no market {ticker}")

    def _begin(self, number: int | None, channel: Channel, command: Subscribe) -> Subscription:
        line, sid = self._line, self._next_sid
        self._next_sid += 1
        subscription = Subscription(
            sid,
            channel,
            line.outbox,
            account_id=line.account_id,
            tickers=None if command.tickers is None else dict.fromkeys(command.tickers),
            conflate_ms=command.conflate_ms,
            writing=self._writing,
        )
        line.subscriptions[sid] = subscription
        self.say({"type": "subscribed", "id": number, "msg": {"channel": channel.value, "sid": sid}})
        subscription.live = not command.resumes
        self._feed.hub.join(subscription)
        if subscription.live and (channel is Channel.BOOK or command.with_snapshot):
            self._tell_now(subscription, command.tickers or ())
        return subscription

    def _replay(self, begun: Sequence[Subscription], command: Subscribe) -> None:
        assert command.tickers is not None
        line, tickers, history = self._line, command.tickers, self._feed.history

        async def replay() -> None:
            try:
                if command.from_position is not None:
                    await history.replay_after(begun, tickers, Position(command.from_position), line)
                    return
                assert command.from_revision is not None
                await history.replay(
                    begun,
                    tickers[0],
                    command.from_revision,
                    line,
                    with_snapshot=command.with_snapshot is True,
                )
            except Exception:
                log.exception("a replay of %s has failed", ", ".join(tickers))
                self._lose(begun)

        task = asyncio.create_task(replay(), name=f"replay of {tickers[0]}")
        line.replays.add(task)
        task.add_done_callback(line.replays.discard)

    def _lose(self, subscriptions: Sequence[Subscription]) -> None:
        told = {"code": FeedCode.INTERNAL_ERROR, "msg": "the replay has failed; subscribe again"}
        for subscription in subscriptions:
            self._feed.hub.leave(subscription)
            self._line.subscriptions.pop(subscription.sid, None)
            self.say({"type": "error", "sid": subscription.sid, "msg": told})

    def _tell_now(self, subscription: Subscription, tickers: Sequence[str]) -> None:
        """Tell how some markets stand."""
        hub = self._feed.hub
        if subscription.channel in PRIVATE:
            hub.tell_desk(subscription)
        for ticker in tickers:
            if subscription.channel is Channel.BOOK:
                subscription.drop(ticker)
                subscription.tell(hub.snapshot(ticker))
            elif subscription.channel is Channel.TICKER:
                message = hub.ticker_now(ticker, self._clock.now_us())
                if message is not None:
                    subscription.tell(message)

    # ----------------------------------------------------------------------------------- and afterwards

    def _of(self, sid: int) -> Subscription:
        subscription = self._line.subscriptions.get(sid)
        if subscription is None:
            raise Refused(FeedCode.UNKNOWN_SID, f"there is no subscription {sid}")
        return subscription

    def _unsubscribe(self, number: int | None, command: Unsubscribe) -> None:
        for subscription in [self._of(sid) for sid in command.sids]:
            del self._line.subscriptions[subscription.sid]
            self._feed.hub.leave(subscription)
            self.say({"type": "unsubscribed", "id": number, "sid": subscription.sid, "seq": subscription.seq})

    async def _update(self, number: int | None, command: Update) -> None:
        subscription = self._of(command.sid)
        mine = subscription.tickers
        if mine is None:
            raise Refused(FeedCode.UNSUPPORTED_ACTION, "the subscription is of all markets")
        fresh = [ticker for ticker in command.tickers if ticker not in mine]
        if command.action != "delete_markets" and not subscription.live:
            # How a market stands now would come in the middle of what it was before.
            raise Refused(FeedCode.UNSUPPORTED_ACTION, "the subscription is still told what happened before")
        if command.action == "add_markets":
            await self._check_markets(fresh, 1)
            for ticker in fresh:
                mine[ticker] = None
                self._feed.hub.add(subscription, ticker)
        elif command.action == "delete_markets":
            if len(mine) == len(command.tickers) - len(fresh):
                raise Refused(FeedCode.INVALID_PARAMETER, "no market would be left: unsubscribe")
            for ticker in command.tickers:
                if ticker in mine:
                    del mine[ticker]
                    self._feed.hub.remove(subscription, ticker)
        elif fresh:
            raise Refused(FeedCode.INVALID_PARAMETER, f"{fresh[0]} is not part of the subscription")
        tickers = list(mine)

        def agreed() -> bytes:
            return orjson.dumps(
                {
                    "type": "ok",
                    "id": number,
                    "sid": subscription.sid,
                    "seq": subscription.seq,
                    "market_tickers": tickers,
                    "msg": {"market_tickers": tickers},
                }
            )

        self._line.outbox.put(agreed)
        if command.action == "get_snapshot":
            self._tell_now(subscription, command.tickers)
        elif command.action == "add_markets" and (
            subscription.channel is Channel.BOOK or command.with_snapshot
        ):
            self._tell_now(subscription, fresh)

    def _list(self, number: int | None) -> None:
        listed = [
            {
                "channel": each.channel.value,
                "sid": each.sid,
                **({} if each.tickers is None else {"market_tickers": list(each.tickers)}),
            }
            for each in self._line.subscriptions.values()
        ]
        self.say({"type": "ok", "id": number, "msg": listed})

    def _refuse(self, number: int | None, code: FeedCode, message: str) -> None:
        self.say({"type": "error", "id": number, "msg": {"code": code.value, "msg": message}})

    def say(self, document: dict[str, Any]) -> None:
        """Have something said in its turn."""
        if document.get("id", 0) is None:
            del document["id"]
        told = orjson.dumps(document)
        self._line.outbox.put(lambda: told)
