"""Short words for markets and orders: prices in cents, quantities in whole contracts."""

from typing import Any

from domain.fees import FREE, FeeSchedule, fee_rate, fee_schedule
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market import commands as c
from domain.market import events as e
from domain.market.aggregate import MARKET
from domain.market.state import MarketState
from domain.market.vocabulary import Action, OrderType, Side
from domain.quantities import Money, Quantity, Ticks
from tests.unit.domain.specification import Given, Outcome

ANN, BOB, CAT = AccountId("ann"), AccountId("bob"), AccountId("cat")
TICKER = Ticker("RAIN")
PLENTY = Money(10**15)

Market = Given[MarketState, c.MarketCommand, e.MarketEvent]

TAKER_FEES = fee_schedule(taker=fee_rate(quadratic_bps=700))
BOTH_PAY = fee_schedule(maker=fee_rate(quadratic_bps=175), taker=fee_rate(quadratic_bps=700))


def listing(**changes: Any) -> c.CreateMarket:
    return c.CreateMarket(**{"ticker": TICKER, "title": "Will it rain?", "rules": "It rains.", **changes})


def listed(**changes: Any) -> Market:
    return Given(MARKET).and_then(listing(**changes))


def trading(fees: FeeSchedule = FREE, **changes: Any) -> Market:
    """Return an open market."""
    return listed(fees=fees, **changes).and_then(c.ActivateMarket(member_of=changes.get("group_id")))


def holding(market: Market, account: AccountId, contracts: float, side: Side = Side.YES) -> Market:
    """Let an account hold shares, bought at 50 cents from somebody who does not appear again."""
    other = Side.NO if side is Side.YES else Side.YES
    return market.and_then(
        order(f"for {account} {side}", AccountId("somebody"), other, Action.BUY, contracts, 50),
        order(f"of {account} {side}", account, side, Action.BUY, contracts, 50),
    )


def order(
    name: str,
    account: AccountId,
    side: Side,
    action: Action,
    contracts: float,
    cents: float | None = None,
    **more: Any,
) -> c.PlaceOrder:
    defaults = {
        "order_type": OrderType.LIMIT if cents is not None else OrderType.MARKET,
        "reserved": PLENTY,
        "client_order_id": name,
    }
    return c.PlaceOrder(
        order_id=OrderId(name),
        account_id=account,
        side=side,
        action=action,
        quantity=hundredths(contracts),
        price_ticks=None if cents is None else ticks(cents),
        **{**defaults, **more},
    )


def buy(
    name: str, account: AccountId, contracts: float, cents: float | None = None, **more: Any
) -> c.PlaceOrder:
    return order(name, account, more.pop("side", Side.YES), Action.BUY, contracts, cents, **more)


def sell(
    name: str, account: AccountId, contracts: float, cents: float | None = None, **more: Any
) -> c.PlaceOrder:
    return order(name, account, more.pop("side", Side.YES), Action.SELL, contracts, cents, **more)


def ticks(cents: float) -> Ticks:
    return Ticks(round(cents * 100))


def hundredths(contracts: float) -> Quantity:
    return Quantity(round(contracts * 100))


def dollars(amount: float) -> Money:
    return Money(round(amount * 1_000_000))


Fill = tuple[str, str, float, float]


def fills(outcome: Outcome[MarketState, e.MarketEvent]) -> list[Fill]:
    """Return maker, taker, yes price in cents and contracts of every trade."""
    return [
        (t.maker.order_id, t.taker.order_id, t.price_ticks / 100, t.quantity / 100)
        for t in outcome.of(e.TradeExecuted)
    ]


def ends(outcome: Outcome[MarketState, e.MarketEvent]) -> list[tuple[str, float, str]]:
    """Return name, contracts and reason of every order or rest of an order that was taken off."""
    return [(end.order_id, end.quantity / 100, end.reason) for end in outcome.of(e.OrderCanceled)]


def depth(market: Market, side: Side = Side.YES) -> list[tuple[float, float]]:
    """Return the bids for a side in cents and contracts, best first."""
    return [(price / 100, quantity / 100) for price, quantity in market.state.book.depth(side)]
