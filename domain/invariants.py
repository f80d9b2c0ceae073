"""What always holds in the whole exchange, in integers, once the ledgers have booked what markets decided.

1. What came in less what went out is there: cash, reserved, locked, the markets' collateral, fees.
2. In every market as many yes as no shares are outstanding, a dollar of collateral behind each pair.
3. What is reserved is what the open orders need; nothing is negative.
4. A group and its markets know each other, and one of them ends yes.

An order whose placing is under way may have money set aside before a market knows of it, and an
amendment under way before it is decided.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from domain.group.aggregate import GroupState
from domain.group.members import group_violations
from domain.identifiers import AccountId, GroupId, OrderId, Ticker
from domain.ledger.invariants import ledger_violations
from domain.ledger.state import LedgerState, Reservation
from domain.market.book import Order
from domain.market.invariants import collateral, market_violations
from domain.market.state import MarketState
from domain.market.vocabulary import Action, Condition


def violations(
    markets: Mapping[Ticker, MarketState],
    ledgers: Sequence[LedgerState],
    groups: Mapping[GroupId, GroupState] = MappingProxyType({}),
) -> list[str]:
    """Return a sentence for everything that is wrong, none if all is well.

    The ledgers must have booked every event of the markets.
    """
    return [*_violations(markets, ledgers), *group_violations(groups, markets)]


def _violations(markets: Mapping[Ticker, MarketState], ledgers: Sequence[LedgerState]) -> Iterator[str]:
    for ticker, market in markets.items():
        for wrong in market_violations(market):
            yield f"market {ticker}: {wrong}"
    for number, ledger in enumerate(ledgers):
        for wrong in ledger_violations(ledger):
            yield f"ledger {number}: {wrong}"
        for ticker, revision in ledger.booked.items():
            if ticker not in markets or revision > markets[ticker].revision:
                yield f"ledger {number}: booked event {revision} of {ticker}, which has not happened"
    yield from _money_in_markets(markets, ledgers)
    yield from _reservations(markets, ledgers)
    yield from _locks(markets, ledgers)


def _money_in_markets(markets: Mapping[Ticker, MarketState], ledgers: Sequence[LedgerState]) -> Iterator[str]:
    booked = sum(ledger.in_markets for ledger in ledgers)
    held = sum(map(collateral, markets.values()))
    if booked != held:
        yield f"the ledgers put {booked} into markets, and their collateral is {held}"
    fees = sum(position.fees for market in markets.values() for position in market.positions.values())
    fees_held = sum(ledger.fees_held for ledger in ledgers)
    earned = sum(ledger.fees_earned for ledger in ledgers)
    if earned < 0:
        yield f"{-earned} more was taken out of the fees than was earned"
    if fees_held != fees:
        yield f"the ledgers hold {fees_held} of fees, and holders have paid {fees}"


def _reservations(markets: Mapping[Ticker, MarketState], ledgers: Sequence[LedgerState]) -> Iterator[str]:
    found: set[OrderId] = set()
    for ledger in ledgers:
        for order_id, held in ledger.reservations.items():
            if order_id in found:
                yield f"order {order_id} has money set aside twice"
            found.add(order_id)
            market = markets.get(held.ticker)
            order = market.orders.get(order_id) if market else None
            yield from _reservation(order_id, held, order)
    for ticker, market in markets.items():
        for order_id, order in market.orders.items():
            if order.action is Action.BUY and order_id not in found:
                yield f"market {ticker}: order {order_id} has nothing set aside"


def _reservation(order_id: OrderId, held: Reservation, order: Order | None) -> Iterator[str]:
    if held.pending:
        if order is not None:
            yield f"order {order_id} is open in {held.ticker} and its ledger does not know"
        return
    if order is None:
        if held.amount:
            yield f"order {order_id} has {held.amount} set aside and is not open in {held.ticker}"
        if held.for_sale:
            yield f"order {order_id} has {held.for_sale} for sale and is not open in {held.ticker}"
        return
    for_sale = order.remaining if order.action is Action.SELL else 0
    if held.for_sale != for_sale:
        yield f"order {order_id} has {for_sale} for sale, and its ledger knows of {held.for_sale}"
    if order.account_id != held.account_id or order.reserved != held.amount:
        yield (
            f"order {order_id} of {order.account_id} needs {order.reserved}, "
            f"and {held.amount} of {held.account_id} is set aside"
        )


def _locks(markets: Mapping[Ticker, MarketState], ledgers: Sequence[LedgerState]) -> Iterator[str]:
    locked = {
        (ticker, account_id): amount
        for ledger in ledgers
        for account_id, account in ledger.accounts.items()
        for ticker, amount in account.locked.items()
    }
    due = {
        (ticker, account_id): -position.paid
        for ticker, market in markets.items()
        if market.condition in (Condition.PENDING, Condition.FAILED)
        for account_id, position in market.positions.items()
        if position.paid < 0
    }
    for ticker, account_id in sorted(locked.keys() | due.keys()):
        yield from _lock(ticker, account_id, locked, due)


def _lock(
    ticker: Ticker,
    account_id: AccountId,
    locked: Mapping[tuple[Ticker, AccountId], int],
    due: Mapping[tuple[Ticker, AccountId], int],
) -> Iterator[str]:
    has, owes = locked.get((ticker, account_id), 0), due.get((ticker, account_id), 0)
    if has != owes:
        yield f"market {ticker}: {account_id} has {has} locked, and took out {owes} more than it put in"
