"""How far the log is looked through for why something happened, and what is found there."""

from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from application.events import Cause, DomainEvent, Recorded
from application.ports.event_store import Position
from domain.identifiers import AccountId, OrderId, Ticker, TradeId
from domain.ledger.events import FundsDeposited
from domain.market.events import (
    MarketClosed,
    MarketFinalized,
    OrderCanceled,
    OrderDecreased,
    OrderRenamed,
    PairsRedeemed,
    PositionSettled,
    TradeExecuted,
)
from domain.market.vocabulary import EndReason, Result, Side
from domain.quantities import Money, Quantity
from projections.reading.queries import FillFilter, LedgerFilter, Page, Period, SettlementFilter
from projections.reading.why import CausedBy, MarketStep, Why, _order_step
from tests.unit.projections.events import leg, placed, trade

ANN, BOB, M = AccountId("ann"), AccountId("bob"), Ticker("M")
MINE, THEIRS = OrderId("mine"), OrderId("theirs")
MINUTE_US = 60_000_000


class World:
    """A market's events at chosen revisions, an account's rows, and what was asked about them."""

    def __init__(self) -> None:
        self.events: dict[tuple[str, int], Recorded[Any]] = {}
        self.orders: dict[str, Any] = {}
        self.rows: dict[str, list[Any]] = {"fills": [], "settlements": [], "ledger_entries": []}
        self.looked: list[tuple[str, int, int]] = []
        self.ends: list[tuple[int, int]] = []
        self.filters: list[Any] = []
        self.add(MarketClosed(), 0)
        self.why = Why(orders=self, portfolio=self, past=self)  # type: ignore[arg-type]

    def add(self, event: DomainEvent, revision: int, *, at_us: int = 0, stream: str = "market-M") -> Any:
        cause = Cause(command_id=UUID(int=1), correlation_id=UUID(int=1), at_us=at_us or revision)
        self.events[stream, revision] = Recorded(
            event=event,
            id=UUID(int=revision),
            stream=stream,
            revision=revision,
            position=Position(10 * revision),
            cause=cause,
        )
        return self.events[stream, revision]

    def entry(self, revision: int, **more: Any) -> Any:
        """An entry of the ledger right after the market's event of that revision."""
        given = {
            "account_id": ANN,
            "position": 10 * revision + 1,
            "ledger_revision": revision,
            "market_revision": revision,
            "ticker": M,
            "order_id": None,
            "trade_id": None,
        }
        entry = SimpleNamespace(**(given | more))
        self.rows["ledger_entries"].append(entry)
        return entry

    # what Why asks

    async def order(self, _account: AccountId, order_id: OrderId) -> Any:
        return self.orders.get(order_id)

    def _page(self, kind: str, matching: Any) -> Page[Any]:
        self.filters.append(matching)
        return Page(items=self.rows[kind])

    async def fills(self, _account: AccountId, matching: Any, **_: Any) -> Page[Any]:
        return self._page("fills", matching)

    async def settlements(self, _account: AccountId, matching: Any, **_: Any) -> Page[Any]:
        return self._page("settlements", matching)

    async def ledger_entries(self, _account: AccountId, matching: LedgerFilter, **_: Any) -> Page[Any]:
        return self._page("ledger_entries", matching)

    async def event(self, stream: str, revision: int) -> Any:
        return self.events.get((stream, revision))

    async def revision_at(self, ticker: Ticker, at_us: int) -> int:
        found = [r.revision for r in self._of(ticker) if r.cause.at_us <= at_us]
        return max(found, default=-1)

    def _of(self, ticker: Ticker) -> list[Recorded[Any]]:
        return [self.events[key] for key in sorted(self.events) if key[0] == f"market-{ticker}"]

    async def naming(self, ticker: Ticker, name: str, *, first: int, last: int) -> AsyncIterator[Any]:
        self.looked.append((name, first, last))
        for recorded in self._of(ticker):
            if first <= recorded.revision <= last and repr(str(name)) in repr(recorded.event):
                yield recorded

    async def latest(self, ticker: Ticker, types: Sequence[str], *, until: int, within: int) -> Any:
        self.ends.append((until, within))
        found = [r for r in self._of(ticker) if type(r.event).__name__ in types and r.revision <= until]
        return found[-1] if found else None


def order(*, revision: int, created: int = 1, filled: int = 0) -> Any:
    return SimpleNamespace(ticker=M, order_id=MINE, created_at_us=created, revision=revision, filled=filled)


def shown(steps: Sequence[Any]) -> list[str]:
    """Return each step as the revision of the market's event, or that of the entry with an e before it."""
    return [
        f"{step.recorded.revision}" if isinstance(step, MarketStep) else f"e{step.ledger_revision}"
        for step in steps
    ]


PLACED = placed("ann", Side.YES, 4_000, 1_000, order=MINE)
FILLED = trade(leg("ann", Side.YES, order=MINE), leg("bob", Side.NO, order=THEIRS), 4_000, 100)
CANCELED = OrderCanceled(order_id=MINE, account_id=ANN, quantity=Quantity(900), reason=EndReason.REQUESTED)


def redeemed(trade_id: str = "t") -> PairsRedeemed:
    return PairsRedeemed(
        account_id=ANN,
        quantity=Quantity(50),
        payout=Money(500_000),
        locked=Money(0),
        trade_id=TradeId(trade_id),
    )


def settled(account: AccountId = ANN) -> PositionSettled:
    return PositionSettled(
        account_id=account,
        yes=Quantity(100),
        no=Quantity(0),
        payout=Money(1_000_000),
        fees=Money(0),
        fees_returned=False,
    )


async def test_of_what_is_not_there_nothing_is_told() -> None:
    world = World()
    assert await world.why.order(ANN, MINE) is None
    assert await world.why.entry(ANN, "ledger-0", 5) is None
    world.add(FundsDeposited(account_id=BOB, amount=Money(1), reference="r"), 5, stream="ledger-0", at_us=77)
    assert await world.why.entry(ANN, "ledger-0", 5) is None
    assert world.filters == [LedgerFilter(at=Period(since_us=77, until_us=77))]


@pytest.mark.parametrize(
    ("revision", "last", "complete"), [(9, 9, True), (50_001, 50_001, True), (50_002, 50_001, False)]
)
async def test_an_order_that_lived_very_long_is_followed_for_fifty_thousand_events_and_says_so(
    revision: int, last: int, *, complete: bool
) -> None:
    world = World()
    world.orders[MINE] = order(revision=revision)
    world.add(PLACED, 1)
    chain = await world.why.order(ANN, MINE)
    assert chain is not None
    assert (chain.complete, world.looked) == (complete, [(MINE, 1, last)])
    assert world.filters == [LedgerFilter(order_id=MINE)], "what never filled was not paid for either"


async def test_an_order_s_chain_is_in_the_order_of_the_log_and_leaves_out_what_only_holds_its_name() -> None:
    world = World()
    world.orders[MINE] = order(revision=8, filled=100)
    world.rows["fills"] = [SimpleNamespace(trade_id="t", redeemed=50)]
    world.add(PLACED, 1)
    world.add(placed("bob", Side.NO, 100, 5, order="red-herring"), 2)
    world.add(trade(leg("bob", Side.YES, order="x"), leg("cyd", Side.NO, order="mine too"), 4_000, 1), 3)
    world.add(FILLED, 4)
    world.add(redeemed(), 5)
    world.add(CANCELED, 6)
    world.add(MarketFinalized(result=Result.YES), 7)
    world.add(settled(), 8)
    world.rows["settlements"] = [SimpleNamespace(at_us=8, position=80)]
    for revision in (4, 5, 8):
        world.entry(revision)
    chain = await world.why.order(ANN, MINE)
    assert chain is not None
    told = shown(chain.steps)
    assert list(dict.fromkeys(told)) == ["1", "4", "e4", "5", "e5", "6", "7", "8", "e8"]
    assert chain.complete
    assert world.ends == [(7, 50_000)], "how it ended is looked for before it paid"
    assert FillFilter(order_id=MINE) in world.filters
    assert SettlementFilter(ticker=M) in world.filters
    assert LedgerFilter(ticker=M, at=Period(since_us=8)) in world.filters
    assert LedgerFilter(ticker=M, at=Period(since_us=5, until_us=5 + MINUTE_US)) in world.filters
    assert world.looked == [(MINE, 1, 8), (ANN, 4, 50_004), (ANN, 8, 50_008)]


async def test_redemptions_that_are_booked_late_are_looked_for_without_end() -> None:
    world = World()
    world.orders[MINE] = order(revision=4, filled=100)
    world.rows["fills"] = [
        SimpleNamespace(trade_id="t", redeemed=50),
        SimpleNamespace(trade_id="u", redeemed=0),
    ]
    world.add(PLACED, 1)
    world.add(FILLED, 4)
    world.add(redeemed(), 5)
    chain = await world.why.order(ANN, MINE)
    assert chain is not None
    assert shown(chain.steps) == ["1", "4", "5"]
    asked = [each for each in world.filters if isinstance(each, LedgerFilter) and each.ticker == M]
    assert asked == [
        LedgerFilter(ticker=M, at=Period(since_us=5, until_us=5 + MINUTE_US)),
        LedgerFilter(ticker=M, at=Period(since_us=5)),
    ]


async def test_once_all_pairs_are_found_the_log_is_read_no_further() -> None:
    world = World()
    world.orders[MINE] = order(revision=4, filled=100)
    world.rows["fills"] = [SimpleNamespace(trade_id="t", redeemed=50)]
    world.add(PLACED, 1)
    world.add(FILLED, 4)
    world.add(redeemed(), 5)
    for revision in (6, 7):
        world.add(redeemed("later"), revision)
    read: list[int] = []
    naming = world.naming

    async def noted(ticker: Ticker, name: str, *, first: int, last: int) -> AsyncIterator[Any]:
        async for recorded in naming(ticker, name, first=first, last=last):
            if name == ANN:
                read.append(recorded.revision)
            yield recorded

    world.naming = noted  # type: ignore[method-assign]
    chain = await world.why.order(ANN, MINE)
    assert chain is not None
    assert shown(chain.steps) == ["1", "4", "5"]
    assert read == [4, 5]


async def test_trades_that_completed_no_pairs_are_not_looked_for() -> None:
    world = World()
    world.orders[MINE] = order(revision=4, filled=100)
    world.rows["fills"] = [SimpleNamespace(trade_id="t", redeemed=0)]
    world.add(PLACED, 1)
    world.add(FILLED, 4)
    chain = await world.why.order(ANN, MINE)
    assert chain is not None
    assert shown(chain.steps) == ["1", "4"]
    assert world.looked == [(MINE, 1, 4)]


async def test_a_deposit_is_its_own_reason() -> None:
    world = World()
    world.add(FundsDeposited(account_id=ANN, amount=Money(1), reference="r"), 5, stream="ledger-0")
    entry = world.entry(5, ticker=None, market_revision=None)
    chain = await world.why.entry(ANN, "ledger-0", 5)
    assert chain is not None
    assert (chain.entry, shown(chain.steps)) == (entry, ["e5"])


async def explained(world: World, revision: int, **entry: Any) -> list[str]:
    """Return the chain of a ledger's entry that books the market's event of a revision."""
    world.add(FundsDeposited(account_id=ANN, amount=Money(1), reference="r"), revision, stream="ledger-0")
    world.entry(revision, **entry)
    chain = await world.why.entry(ANN, "ledger-0", revision)
    assert chain is not None
    return shown(chain.steps)


async def test_a_fill_s_entry_begins_with_the_placing_and_the_placing_s_own_does_so_once() -> None:
    world = World()
    world.orders[MINE] = order(revision=4)
    world.add(PLACED, 1)
    world.add(FILLED, 4)
    assert await explained(world, 4, order_id=MINE) == ["1", "4", "e4"]
    assert world.looked == [(MINE, 1, 50_001)]
    world.rows["ledger_entries"].clear()
    assert await explained(world, 1, order_id=MINE) == ["1", "e1"]
    world.rows["ledger_entries"].clear()
    assert await explained(world, 4, order_id="of-somebody-else") == ["4", "e4"]


async def test_a_payment_s_entry_begins_with_the_market_s_end() -> None:
    world = World()
    world.add(MarketFinalized(result=Result.YES), 7)
    world.add(settled(), 8)
    assert await explained(world, 8) == ["7", "8", "e8"]
    assert world.ends == [(7, 50_000)]
    del world.events["market-M", 7]
    world.rows["ledger_entries"].clear()
    assert await explained(world, 8) == ["8", "e8"]


@pytest.mark.parametrize(
    ("traded", "looked"),
    [
        (69_999, [("t", 69_000, 69_999)]),
        (69_000, [("t", 69_000, 69_999)]),
        (68_999, [("t", 69_000, 69_999), ("t", 20_000, 69_999)]),
        (20_000, [("t", 69_000, 69_999), ("t", 20_000, 69_999)]),
        (None, [("t", 69_000, 69_999), ("t", 20_000, 69_999)]),
    ],
)
async def test_the_trade_that_completed_pairs_is_looked_for_near_them_and_then_further_back(
    traded: int | None, looked: list[tuple[str, int, int]]
) -> None:
    world = World()
    if traded is not None:
        world.add(FILLED, traded)
        # Both sides of a trade may complete pairs, and the other one's are no trade.
        theirs = {"account_id": BOB, "quantity": Quantity(5), "payout": Money(50_000), "locked": Money(0)}
        world.add(PairsRedeemed(**theirs, trade_id=TradeId("t")), traded - 1)  # type: ignore[arg-type]
    world.add(redeemed(), 70_000)
    steps = await explained(world, 70_000, trade_id=TradeId("t"))
    assert steps == [*([str(traded)] if traded else []), "70000", "e70000"]
    assert world.looked == looked


async def test_pairs_of_which_no_trade_is_known_are_their_own_reason_and_a_log_begins_at_nothing() -> None:
    world = World()
    world.add(redeemed(), 30)
    assert await explained(world, 30) == ["30", "e30"]
    assert world.looked == []
    world.rows["ledger_entries"].clear()
    assert await explained(world, 30, trade_id=TradeId("t")) == ["30", "e30"]
    assert world.looked == [("t", 0, 29), ("t", 0, 29)]


def step(event: DomainEvent, order_id: OrderId | None) -> MarketStep:
    return _order_step(World().add(event, 1), order_id)


def test_who_is_behind_a_trade_is_told_from_the_order_s_side() -> None:
    making, taking = step(FILLED, MINE), step(FILLED, THEIRS)
    assert isinstance(FILLED, TradeExecuted)
    assert (making.caused_by, making.leg) == (CausedBy.COUNTERPARTY, FILLED.maker)
    assert (taking.caused_by, taking.leg) == (CausedBy.OWN_COMMAND, FILLED.taker)


@pytest.mark.parametrize(
    ("event", "caused_by"),
    [
        (PLACED, CausedBy.OWN_COMMAND),
        (
            OrderRenamed(order_id=MINE, account_id=ANN, client_order_id="c", amendment_id="a"),
            CausedBy.OWN_COMMAND,
        ),
        (
            OrderDecreased(order_id=MINE, account_id=ANN, quantity=Quantity(1), reserved=Money(0)),
            CausedBy.OWN_COMMAND,
        ),
        (MarketClosed(), CausedBy.MARKET),
        *(
            (
                OrderCanceled(order_id=MINE, account_id=ANN, quantity=Quantity(1), reason=reason),
                CausedBy.OWN_COMMAND
                if reason
                in {EndReason.REQUESTED, EndReason.IMMEDIATE, EndReason.FILL_OR_KILL, EndReason.SELF_TRADE}
                else CausedBy.MARKET,
            )
            for reason in EndReason
        ),
    ],
    ids=str,
)
def test_what_an_account_did_itself_is_told_from_what_the_market_did(
    event: DomainEvent, caused_by: CausedBy
) -> None:
    told = step(event, MINE)
    assert (told.caused_by, told.leg) == (caused_by, None)
