"""Who owns what: finds, or makes, the owner of each stream this process is responsible for."""

import asyncio
from collections.abc import Callable, Iterator

from application.cluster.shared_owner import Elsewhere, SharedOwner
from application.health import Health
from application.hosting.owner import Command, Event, State, StreamOwner
from application.hosting.recordable import recordable
from application.ports.clock import Clock
from application.ports.codec import EventCodec
from application.ports.event_store import StreamAppender, StreamReader
from application.ports.snapshots import Snapshots
from application.snapshots.form import Form
from application.snapshots.history import StreamHistory
from application.snapshots.ledger_form import LEDGER_FORM
from application.snapshots.market_form import MARKET_FORM
from application.snapshots.policy import SHARE, SHARE_WITHOUT_HISTORY, Pace
from application.snapshots.taker import SnapshotTaker
from application.streams import GROUP as GROUP_STREAMS
from application.streams import MARKET as MARKET_STREAMS
from application.streams import (
    group_stream,
    identity_stream,
    ledger_stream,
    market_stream,
    partition_of,
    quotes_stream,
    webhooks_stream,
)
from domain.decider import Decider
from domain.group.aggregate import GROUP, GroupState
from domain.group.commands import GroupCommand
from domain.group.events import GroupEvent
from domain.identifiers import AccountId, GroupId, Ticker
from domain.identity.aggregate import IDENTITY, IdentityCommand, IdentityEvent, IdentityState
from domain.ledger.aggregate import LEDGER
from domain.ledger.commands import LedgerCommand
from domain.ledger.events import LedgerEvent
from domain.ledger.state import LedgerState
from domain.limits import DEFAULT_LIMITS, AccountLimits
from domain.market.aggregate import MARKET
from domain.market.commands import MarketCommand
from domain.market.events import MarketEvent
from domain.market.state import MarketState
from domain.quotes.aggregate import QUOTES
from domain.quotes.commands import QuotesCommand
from domain.quotes.events import QuotesEvent
from domain.quotes.state import QuotesState
from domain.webhooks.aggregate import WEBHOOKS, WebhookCommand, WebhookEvent, WebhooksState

MarketOwner = StreamOwner[MarketState, MarketCommand, MarketEvent]
LedgerOwner = StreamOwner[LedgerState, LedgerCommand, LedgerEvent]
GroupOwner = StreamOwner[GroupState, GroupCommand, GroupEvent]
WebhooksOwner = StreamOwner[WebhooksState, WebhookCommand, WebhookEvent]
QuotesOwner = StreamOwner[QuotesState, QuotesCommand, QuotesEvent]
IdentityOwner = StreamOwner[IdentityState, IdentityCommand, IdentityEvent]
Owner = MarketOwner | LedgerOwner | GroupOwner | IdentityOwner | WebhooksOwner | QuotesOwner


class Directory:
    """The owners of this process. ``partitions`` is fixed when the exchange is created.

    ``limits`` is what one account may have open. With ``elsewhere`` other engines own some of the streams:
    their owners here pass on what is asked.
    """

    def __init__(
        self,
        *,
        reader: StreamReader,
        appender: StreamAppender,
        codec: EventCodec,
        clock: Clock,
        snapshots: Snapshots,
        partitions: int,
        limits: AccountLimits = DEFAULT_LIMITS,
        health: Health | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self.partitions = partitions
        self.limits = limits
        self._reader = reader
        self._appender = appender
        self._codec = codec
        self._clock = clock
        self._snapshots = snapshots
        self._health = health or Health()
        self._elsewhere = elsewhere
        # Large ledgers must not keep markets, whose past is asked for, from having their snapshots.
        self._history_pace, self._other_pace = Pace(SHARE), Pace(SHARE_WITHOUT_HISTORY)
        self.markets: dict[Ticker, MarketOwner] = {}
        self.groups: dict[GroupId, GroupOwner] = {}
        self.ledgers: list[LedgerOwner] = [
            self._owner(ledger_stream(partition), LEDGER, LEDGER_FORM) for partition in range(partitions)
        ]
        self.identities: list[IdentityOwner] = [
            self._owner(identity_stream(partition), IDENTITY) for partition in range(partitions)
        ]
        self.webhooks: list[WebhooksOwner] = [
            self._owner(webhooks_stream(partition), WEBHOOKS) for partition in range(partitions)
        ]
        self.quotes: list[QuotesOwner] = [
            self._owner(quotes_stream(partition), QUOTES) for partition in range(partitions)
        ]
        partitioned: list[Owner] = [*self.ledgers, *self.identities, *self.webhooks, *self.quotes]
        self._partitioned = {owner.stream: owner for owner in partitioned}

    def market(self, ticker: Ticker) -> MarketOwner:
        """Return the owner of a market, whether or not the market exists."""
        owner = self.markets.get(ticker)
        if owner is None:
            owner = self.markets[ticker] = self._owner(market_stream(ticker), MARKET, MARKET_FORM)
        return owner

    async def find_market(self, ticker: Ticker) -> MarketState | None:
        """Return the present state of a market, or ``None`` if there is no such market."""
        market = self.market(ticker)
        state = market.loaded
        if state is None:
            state = await market.state()
        elif not state.created:
            # Another process may have listed it since somebody last looked.
            state = await market.present()
        if state.created:
            return state
        self.markets.pop(ticker, None)
        return None

    async def present_market(self, ticker: Ticker) -> MarketState | None:
        """Return a market as another process may just have left it, or ``None`` if there is none."""
        state = await self.find_market(ticker)
        return None if state is None else await self.market(ticker).present()

    def group(self, group_id: GroupId) -> GroupOwner:
        """Return the owner of a group, whether or not the group exists."""
        owner = self.groups.get(group_id)
        if owner is None:
            owner = self.groups[group_id] = self._owner(group_stream(group_id), GROUP)
        return owner

    async def present_group(self, group_id: GroupId) -> GroupState | None:
        """Return a group as another process may just have left it, or ``None`` if there is none.

        Nothing here follows what becomes of groups, so what is in memory can be of long ago.
        """
        state = await self.group(group_id).present()
        if state.created:
            return state
        self.groups.pop(group_id, None)
        return None

    def partition_of(self, account_id: AccountId) -> int:
        """Return the partition of an account."""
        return partition_of(account_id, self.partitions)

    def ledger(self, account_id: AccountId) -> LedgerOwner:
        """Return the owner of the ledger an account is in."""
        return self.ledgers[self.partition_of(account_id)]

    def identity(self, account_id: AccountId) -> IdentityOwner:
        """Return the owner of an account's keys."""
        return self.identities[self.partition_of(account_id)]

    def here(self, stream: str) -> bool:
        """Return whether a stream is this process's to decide on."""
        return self._elsewhere is None or self._elsewhere.here(stream)

    def owner_of(self, stream: str) -> "Owner | None":
        """Return the owner of a stream, whether or not that exists, ``None`` if none has such a name."""
        if stream.startswith(MARKET_STREAMS):
            return self.market(Ticker(stream.removeprefix(MARKET_STREAMS)))
        if stream.startswith(GROUP_STREAMS):
            return self.group(GroupId(stream.removeprefix(GROUP_STREAMS)))
        return self._partitioned.get(stream)

    @property
    def waiting(self) -> int:
        """How many commands wait in all mailboxes."""
        return sum(owner.waiting for owner in self._owners())

    async def finish(self, goes: Callable[[str], bool]) -> None:
        """Finish what waits now in the mailboxes of some streams, whatever becomes of it."""
        await asyncio.gather(*(owner.present() for owner in self._owners() if goes(owner.stream)))

    async def drain(self) -> None:
        """Finish what waits in every mailbox."""
        await asyncio.gather(*(owner.drain() for owner in self._owners()))

    async def close(self) -> None:
        """Finish what waits in every mailbox, and what is to be kept for the next start."""
        await asyncio.gather(*(owner.close() for owner in self._owners()))

    def _owners(self) -> Iterator[Owner]:
        yield from self.markets.values()
        yield from self.ledgers
        yield from self.groups.values()
        yield from self.identities
        yield from self.webhooks
        yield from self.quotes

    def _owner(
        self, stream: str, decider: Decider[State, Command, Event], form: Form[State] | None = None
    ) -> StreamOwner[State, Command, Event]:
        history = StreamHistory(
            stream, decider, form, reader=self._reader, codec=self._codec, snapshots=self._snapshots
        )
        made: type[StreamOwner[State, Command, Event]] = SharedOwner if self._elsewhere else StreamOwner
        owner = made(
            stream,
            recordable(decider, self._codec),
            history=history,
            taker=self._taker(stream, form) if form else None,
            reader=self._reader,
            appender=self._appender,
            codec=self._codec,
            clock=self._clock,
            health=self._health,
        )
        if isinstance(owner, SharedOwner) and self._elsewhere is not None:
            owner.elsewhere = self._elsewhere
        return owner

    def _taker(self, stream: str, form: Form[State]) -> SnapshotTaker[State]:
        pace = self._history_pace if form.history else self._other_pace
        return SnapshotTaker(stream, form, snapshots=self._snapshots, clock=self._clock, pace=pace)
