"""The whole exchange in one process without any I/O: several markets, several ledgers, their processes.

Every command runs as the real saga does: look, reserve, place, book. What the markets decide is booked in
pieces, delivered twice, and may wait.
"""

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from zlib import crc32

from msgspec.structs import replace

from application.processes.order_groups import bounding
from application.verification.folding import over_limit
from domain.decider import execute
from domain.group import commands as gc
from domain.group import events as ge
from domain.group.aggregate import GROUP, GroupState
from domain.identifiers import AccountId, GroupId, OrderId, Ticker
from domain.invariants import violations
from domain.ledger import commands as lc
from domain.ledger import events as le
from domain.ledger.aggregate import LEDGER
from domain.ledger.state import LedgerState
from domain.limits import DEFAULT_LIMITS, AccountLimits
from domain.market import commands as c
from domain.market import events as e
from domain.market.aggregate import MARKET
from domain.market.crossing import placing_of
from domain.market.policies import amended_terms, first_amendment_refusal, first_refusal, reservation_for
from domain.market.state import MarketState
from domain.market.trading import amended_reservation
from domain.market.vocabulary import Result
from domain.quantities import PAYOUT_TICKS, Money, Ticks
from domain.rejections import Rejected

Outcome = Rejected | None


def concerned(event: e.MarketEvent) -> set[AccountId]:
    if isinstance(event, e.TradeExecuted):
        return {event.maker.account_id, event.taker.account_id}
    account_id = getattr(event, "account_id", None)
    return {account_id} if account_id else set()


@dataclass
class MiniExchange:
    partitions: int = 3
    random: Random = field(default_factory=lambda: Random(0))
    now: int = 0
    count: int = 0
    markets: dict[Ticker, MarketState] = field(default_factory=dict)
    ledgers: list[LedgerState] = field(default_factory=list)
    groups: dict[GroupId, GroupState] = field(default_factory=dict)
    log: list[tuple[object, object]] = field(default_factory=list)
    history: dict[Ticker, list[e.MarketEvent]] = field(default_factory=dict)
    delivered: Counter[tuple[int, Ticker]] = field(default_factory=Counter)
    seen: int = 0
    unbooked: set[tuple[str, AccountId]] = field(default_factory=set)
    interrupted: list[c.PlaceOrder | c.AmendOrder] = field(default_factory=list)
    tickers: dict[OrderId, Ticker] = field(default_factory=dict)
    limits: AccountLimits = DEFAULT_LIMITS

    def __post_init__(self) -> None:
        self.ledgers = [LEDGER.initial() for _ in range(self.partitions)]

    # ------------------------------------------------------------------------------------- streams

    def partition(self, account_id: AccountId) -> int:
        return crc32(account_id.encode()) % self.partitions

    def ask_market(self, ticker: Ticker, command: c.MarketCommand) -> Outcome:
        return self.decide(ticker, command)[1]

    def decide(self, ticker: Ticker, command: c.MarketCommand) -> tuple[list[e.MarketEvent], Outcome]:
        state = self.markets.setdefault(ticker, MARKET.initial())
        events, refused = execute(MARKET, state, command, self.now)
        self.history.setdefault(ticker, []).extend(events)
        self.log.extend((ticker, event) for event in events)
        for event in events:
            if isinstance(event, e.TradeExecuted):
                self.unbooked |= {(event.trade_id, account) for account in concerned(event)}
        return events, refused

    def ask_ledger(self, partition: int, command: lc.LedgerCommand) -> tuple[list[le.LedgerEvent], Outcome]:
        events, refused = execute(LEDGER, self.ledgers[partition], command, self.now)
        self.log.extend((partition, event) for event in events)
        for event in events:
            if isinstance(event, le.FillBooked):
                self.unbooked.remove((event.trade_id, event.account_id))
        return events, refused

    def ask_account(self, command: lc.Deposit | lc.Withdraw | lc.OrderGroupCommand) -> Outcome:
        return self.ask_ledger(self.partition(command.account_id), command)[1]

    def ask_group(self, group_id: GroupId, command: gc.GroupCommand) -> Outcome:
        state = self.groups.setdefault(group_id, GROUP.initial())
        events, refused = execute(GROUP, state, command, self.now)
        self.log.extend((group_id, event) for event in events)
        return refused

    # --------------------------------------------------------------------------------------- sagas

    def place(self, ticker: Ticker, command: c.PlaceOrder, *, interrupt: bool = False) -> Outcome:
        """Reserve, place, and release if the market does not take the order."""
        market = self.markets[ticker]
        command = replace(command, reserved=Money(reservation_for(command, market)), now_us=self.now)
        refused = first_refusal(command, market)
        partition = self.partition(command.account_id)
        if refused is None:
            reserve = lc.ReserveFunds(
                order_id=command.order_id,
                account_id=command.account_id,
                ticker=ticker,
                amount=command.reserved,
                request_digest=str(command.quantity),
                order_group_id=command.order_group_id,
                limits=self.limits,
            )
            reserved, refused = self.ask_ledger(partition, reserve)
            for event in reserved:
                if isinstance(event, le.OrderGroupAllotted):
                    command = replace(command, allotment=bounding(event))
        if refused is not None:
            return refused
        self.tickers[command.order_id] = ticker
        if interrupt:
            self.interrupted.append(command)
            return None
        return self.carry_out(command)

    def cross(self, ticker: Ticker, command: c.CrossOrders) -> Outcome:
        """Reserve for both, cross, and release what is reserved if the market does not cross them."""
        market, reserved, refused = self.markets[ticker], [], None
        for order in (command.maker, command.taker):
            placing = placing_of(order, command.price_ticks, command.quantity, self.now, Money(0))
            refused = first_refusal(placing, market)
            if refused is None:
                reserve = lc.ReserveFunds(
                    order_id=order.order_id,
                    account_id=order.account_id,
                    ticker=ticker,
                    amount=Money(reservation_for(placing, market)),
                    request_digest=command.quote_id,
                    order_group_id=None,
                    limits=self.limits,
                )
                _, refused = self.ask_ledger(self.partition(order.account_id), reserve)
                reserved.append(reserve)
            if refused is not None:
                break
        else:
            maker, taker = (reserve.amount for reserve in reserved)
            command = replace(command, maker_reserved=maker, taker_reserved=taker, now_us=self.now)
            _, refused = self.decide(ticker, command)
        if refused is not None:
            for reserve in reserved:
                order_id, account_id = reserve.order_id, reserve.account_id
                self.ask_market(ticker, c.AbandonPlacement(order_id=order_id, account_id=account_id))
                self.ask_ledger(self.partition(account_id), lc.ReleaseReservation(order_id=order_id))
            assert not reserved or self.ask_market(ticker, command) is not None
        else:
            assert self.decide(ticker, command) == ([], None), "crossed twice"
        return refused

    def carry_out(self, command: c.PlaceOrder | c.AmendOrder) -> Outcome:
        """Do what is left of a saga once the money is set aside."""
        events, refused = self.decide(self.tickers[command.order_id], command)
        if isinstance(command, c.AmendOrder):
            if not any(isinstance(event, e.OrderAmended) for event in events):
                self.release(command)
        elif refused is not None:
            self.release(command)
        return refused

    def release(self, command: c.PlaceOrder | c.AmendOrder) -> None:
        compensation: lc.GiveUpAmendment | lc.ReleaseReservation
        if isinstance(command, c.AmendOrder):
            compensation = lc.GiveUpAmendment(amendment_id=command.amendment_id)
        else:
            compensation = lc.ReleaseReservation(order_id=command.order_id)
        self.ask_ledger(self.partition(command.account_id), compensation)

    def amend(self, command: c.AmendOrder, *, interrupt: bool = False) -> Outcome:
        """Set more money aside if need be, amend, and give back what the market did not take."""
        ticker = self.tickers[command.order_id]
        market = self.markets[ticker]
        order = market.orders.get(command.order_id)
        if order is None:
            return self.ask_market(ticker, command)
        needed = amended_reservation(order, *amended_terms(command, order), market)
        extra = Money(max(0, needed - order.reserved))
        refused = first_amendment_refusal(command, order, market)
        if refused is not None:
            return refused
        if extra:
            begin = lc.BeginAmendment(
                amendment_id=command.amendment_id,
                order_id=command.order_id,
                account_id=command.account_id,
                ticker=ticker,
                amount=extra,
            )
            _, refused = self.ask_ledger(self.partition(command.account_id), begin)
            if refused is not None:
                return refused
        command = replace(command, extra=extra)
        if interrupt:
            self.interrupted.append(command)
            return None
        return self.carry_out(command)

    def recover(self) -> None:
        """End the first interrupted saga: it goes on, or it is ruled out and the money goes back."""
        command = self.interrupted.pop(0)
        if self.random.random() < 0.5:
            self.carry_out(command)
            return
        abandon: c.AbandonAmendment | c.AbandonPlacement
        if isinstance(command, c.AmendOrder):
            abandon = c.AbandonAmendment(
                order_id=command.order_id,
                account_id=command.account_id,
                amendment_id=command.amendment_id,
            )
        else:
            abandon = c.AbandonPlacement(order_id=command.order_id, account_id=command.account_id)
        self.ask_market(self.tickers[command.order_id], abandon)
        self.release(command)
        assert self.ask_market(self.tickers[command.order_id], command) is not None

    # ----------------------------------------------------------------------------------- processes

    def settle(self, *, pieces: int | None = None) -> None:
        """Book what the markets decided, at most so many pieces, and do what follows from it."""
        while True:
            due = [key for key in self.keys() if self.delivered[key] < len(self.history[key[1]])]
            if pieces is not None:
                self.random.shuffle(due)
                due, pieces = due[:pieces], max(0, pieces - len(due))
            for partition, ticker in due:
                self.deliver(partition, ticker)
            if not self.follow_up() and not due:
                return

    def keys(self) -> Iterator[tuple[int, Ticker]]:
        return ((partition, ticker) for ticker in self.history for partition in range(self.partitions))

    def deliver(self, partition: int, ticker: Ticker) -> None:
        history, start = self.history[ticker], self.delivered[partition, ticker]
        stop = min(len(history), start + self.random.choice([1, 2, 5, 1_000]))
        self.ask_ledger(partition, self.booking(partition, ticker, start, stop))
        self.delivered[partition, ticker] = stop
        again = self.random.randint(max(0, start - 5), start)
        repeated, _ = self.ask_ledger(partition, self.booking(partition, ticker, again, stop))
        assert repeated == [], "booked twice"

    def booking(self, partition: int, ticker: Ticker, start: int, stop: int) -> lc.BookMarketEvents:
        entries = []
        for revision in range(start, stop):
            event = self.history[ticker][revision]
            here = {account for account in concerned(event) if self.partition(account) == partition}
            if here or isinstance(event, e.ConditionMet):
                entry = lc.MarketEntry(revision=revision, event=event, accounts=frozenset(here))
                entries.append(entry)
        return lc.BookMarketEvents(ticker=ticker, entries=tuple(entries))

    def follow_up(self) -> bool:
        """Do what follows from the events not yet seen; say whether there were any."""
        new = self.log[self.seen :]
        self.seen = len(self.log)
        for stream, event in new:
            match event:
                case e.MarketFinalized():
                    self.tell_children(Ticker(str(stream)), event.result)
                case e.MarketVoided() | e.MarketCalledOff():
                    self.tell_children(Ticker(str(stream)), Result.VOID)
                case e.ConditionMet():
                    self.finish_with_group(Ticker(str(stream)))
                case le.OrderGroupAllotted():
                    self.ask_market(event.ticker, bounding(event))
                case _:
                    self.group_decided(GroupId(str(stream)), event)
        return bool(new)

    def tell_children(self, ticker: Ticker, result: Result) -> None:
        for child in sorted(self.markets[ticker].children):
            self.ask_market(child, c.DecideCondition(parent=ticker, parent_result=result))

    def finish_with_group(self, ticker: Ticker) -> None:
        group_id = self.markets[ticker].group_id
        if group_id is not None and self.groups[group_id].status.value == "finalized":
            self.ask_market(ticker, c.FinalizeMarket(by_group=group_id))

    def cancel_all(self, ticker: Ticker, account_id: AccountId) -> None:
        self.ask_market(ticker, c.CancelOrders(account_id=account_id))

    def group_decided(self, group_id: GroupId, event: object) -> None:
        match event:
            case ge.GroupDetermined():
                for ticker in event.members:
                    result = Result.YES if ticker == event.winner else Result.NO
                    self.ask_market(ticker, c.CloseMarket(by_group=group_id))
                    self.ask_market(ticker, c.DetermineMarket(result=result, by_group=group_id))
            case ge.GroupDisputed():
                for ticker in event.members:
                    self.ask_market(ticker, c.DisputeMarket(by_group=group_id))
            case ge.GroupFinalized():
                for ticker in event.members:
                    self.ask_market(ticker, c.FinalizeMarket(by_group=group_id))
            case ge.GroupVoided():
                share = Ticks(PAYOUT_TICKS // len(event.members))
                for ticker in event.members:
                    self.ask_market(ticker, c.VoidMarket(yes_price_ticks=share, by_group=group_id))
            case _:
                pass

    # ------------------------------------------------------------------------------------- checking

    def check(self) -> None:
        """Check every invariant, in a copy in which everything outstanding is booked."""
        settled = self if self.is_settled() else self.settled_copy()
        assert violations(settled.markets, settled.ledgers, self.groups) == []
        assert settled.unbooked == set()
        settled.check_counts()
        for ledger in self.ledgers:
            for account in ledger.accounts.values():
                assert account.open_orders <= self.limits.open_orders_in_all

    def check_counts(self) -> None:
        """The ledgers count what is open in the markets, and what is on its way."""
        open_orders = {
            order_id: order.account_id
            for market in self.markets.values()
            for order_id, order in market.orders.items()
        }
        for ledger in self.ledgers:
            for order_id, held in ledger.reservations.items():
                if held.pending or held.extra:
                    open_orders[order_id] = held.account_id
        counted = Counter(
            {
                account_id: account.open_orders
                for ledger in self.ledgers
                for account_id, account in ledger.accounts.items()
            }
        )
        assert counted == Counter(open_orders.values())

    def is_settled(self) -> bool:
        return all(self.delivered[key] == len(self.history[key[1]]) for key in self.keys())

    def settled_copy(self) -> "MiniExchange":
        copy = MiniExchange(
            partitions=self.partitions,
            markets=self.markets,
            history=self.history,
            unbooked=set(self.unbooked),
            delivered=Counter(self.delivered),
        )
        copy.ledgers = deepcopy(self.ledgers)
        for key in list(copy.keys()):
            while copy.delivered[key] < len(copy.history[key[1]]):
                copy.deliver(*key)
        return copy

    def check_replay(self) -> None:
        """Fold the whole log from nothing: every aggregate has the state it has live."""
        markets = {ticker: MARKET.initial() for ticker in self.markets}
        ledgers = [LEDGER.initial() for _ in self.ledgers]
        for stream, event in self.log:
            if isinstance(stream, int):
                LEDGER.evolve(ledgers[stream], event)  # type: ignore[arg-type]
            elif stream in markets:
                assert not list(over_limit(markets[Ticker(str(stream))], event))  # type: ignore[arg-type]
                MARKET.evolve(markets[Ticker(str(stream))], event)  # type: ignore[arg-type]
        assert [ledger.digest() for ledger in ledgers] == [ledger.digest() for ledger in self.ledgers]
        for ticker, market in markets.items():
            assert market.digest() == self.markets[ticker].digest(), ticker

    def new_order_id(self) -> OrderId:
        self.count += 1
        return OrderId(f"o{self.count}")


def whole_balance(exchange: MiniExchange) -> tuple[int, int]:
    """Return what came in less what went out, and all cash and earned fees."""
    came = sum(ledger.deposited - ledger.withdrawn for ledger in exchange.ledgers)
    cash = sum(account.cash for ledger in exchange.ledgers for account in ledger.accounts.values())
    return came, cash + sum(ledger.fees_earned for ledger in exchange.ledgers)
