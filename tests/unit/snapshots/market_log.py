"""A log with one lively market in it, and its states one by one."""

from collections.abc import Iterator
from random import Random
from uuid import UUID

from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from adapters.snapshots.memory import MemorySnapshots
from application.events import Cause
from application.ids import event_ids
from application.ports.event_store import NewEvent
from application.ports.snapshots import Snapshots
from application.snapshots.history import StreamHistory
from application.snapshots.market_form import MARKET_FORM
from application.streams import market_stream
from domain.decider import execute
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market import commands as c
from domain.market.aggregate import MARKET
from domain.market.commands import MarketCommand
from domain.market.events import MarketEvent
from domain.market.state import MarketState
from domain.market.vocabulary import Action, Side
from domain.quantities import Money, Quantity, Ticks

TICKER = Ticker("LIVELY")
STREAM = market_stream(TICKER)
STEP_US = 1_000_000


class MarketLog:
    """A market that does one thing a second; ``times`` are by revision."""

    def __init__(self, seed: int = 1) -> None:
        self.random = Random(seed)
        self.store = MemoryEventStore()
        self.codec = JsonCodec()
        self.snapshots = MemorySnapshots()
        self.state = MarketState()
        self.now_us = STEP_US
        self.events: list[MarketEvent] = []
        self.times: list[int] = []

    async def open(self) -> None:
        await self.do(c.CreateMarket(ticker=TICKER, title="Will it rain?"))
        await self.do(c.ActivateMarket())

    async def trade(self, orders: int) -> None:
        for _ in range(orders):
            self.now_us += STEP_US
            await self.do(self.order())

    def order(self) -> MarketCommand:
        random, standing = self.random, list(self.state.orders.values())
        if len(standing) > 30:
            order = random.choice(standing)
            return c.CancelOrder(order_id=order.order_id, account_id=order.account_id)
        return c.PlaceOrder(
            order_id=OrderId(f"o{len(self.events)}"),
            account_id=AccountId(f"trader-{random.randrange(9)}"),
            side=random.choice(list(Side)),
            action=Action.BUY,
            quantity=Quantity(100 * random.randint(1, 9)),
            price_ticks=Ticks(100 * random.randint(35, 60)),
            reserved=Money(10**9),
            now_us=self.now_us,
        )

    async def do(self, command: MarketCommand) -> None:
        twin = len(self.events)
        command_id = UUID(int=twin + 1)
        events, refused = execute(MARKET, self.state, command, self.now_us)
        assert refused is None, refused
        cause = Cause(command_id=command_id, correlation_id=command_id, at_us=self.now_us)
        new = [
            self.codec.encode(event, event_id, cause)
            for event, event_id in zip(events, event_ids(command_id), strict=False)
        ]
        await self.store.append(STREAM, new, expected=twin - 1)
        self.events += events
        self.times += [self.now_us] * len(events)

    def encoded(self, event: MarketEvent) -> NewEvent:
        """Return an event as a command of its own would write it."""
        made = UUID(int=self.random.getrandbits(128))
        return self.codec.encode(event, made, Cause(command_id=made, correlation_id=made, at_us=self.now_us))

    def slow_states(self) -> Iterator[MarketState]:
        """Yield the market after each event, worked out the obvious way. Look before taking the next."""
        state = MarketState()
        for event in self.events:
            MARKET.evolve(state, event)
            yield state

    def history(
        self, snapshots: Snapshots | None = None
    ) -> StreamHistory[MarketState, MarketCommand, MarketEvent]:
        return StreamHistory(
            STREAM,
            MARKET,
            MARKET_FORM,
            reader=self.store,
            codec=self.codec,
            snapshots=snapshots or self.snapshots,
        )
