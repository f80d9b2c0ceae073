"""Short words for ledgers: what was reserved, and what a market decided."""

from typing import Any

from domain.identifiers import AccountId, OrderId, Ticker, TradeId
from domain.ledger import commands as c
from domain.ledger import events as e
from domain.ledger.aggregate import LEDGER
from domain.ledger.state import LedgerState
from domain.market import events as m
from domain.market.vocabulary import (
    Action,
    EndReason,
    FillKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from domain.quantities import Money
from tests.unit.domain.specification import Given
from tests.unit.domain.trading_words import ANN, BOB, TICKER, dollars, hundredths, ticks

Ledger = Given[LedgerState, c.LedgerCommand, e.LedgerEvent]


def ledger(**cash: float) -> Ledger:
    """Return a ledger with deposits by account, in dollars."""
    opened = Given(LEDGER)
    for name, amount in cash.items():
        opened.and_then(c.Deposit(account_id=AccountId(name), amount=dollars(amount), reference="opening"))
    return opened


def reserve(name: str, amount: float, account: AccountId = ANN, **more: Any) -> c.ReserveFunds:
    return c.ReserveFunds(
        **{
            "order_id": OrderId(name),
            "account_id": account,
            "ticker": TICKER,
            "amount": dollars(amount),
            "request_digest": f"{name} {amount}",
            **more,
        }
    )


def release(name: str) -> c.ReleaseReservation:
    return c.ReleaseReservation(order_id=OrderId(name))


def begin(
    name: str, amount: float, account: AccountId = ANN, *, amendment: str = "first", **more: Any
) -> c.BeginAmendment:
    return c.BeginAmendment(
        amendment_id=amendment,
        order_id=OrderId(name),
        account_id=account,
        ticker=TICKER,
        amount=dollars(amount),
        **more,
    )


def give_up(amendment: str = "first") -> c.GiveUpAmendment:
    return c.GiveUpAmendment(amendment_id=amendment)


def book(*events: m.MarketEvent, first: int = 0, ticker: Ticker = TICKER, **more: Any) -> c.BookMarketEvents:
    """Return the booking of consecutive market events; ``accounts`` are those of this ledger."""
    accounts = frozenset(more.get("accounts", (ANN, BOB)))
    entries = tuple(
        c.MarketEntry(revision=first + number, event=event, accounts=accounts)
        for number, event in enumerate(events)
    )
    return c.BookMarketEvents(ticker=ticker, entries=entries)


def placed(name: str, reserved: float, account: AccountId = ANN, **more: Any) -> m.OrderPlaced:
    return m.OrderPlaced(
        **{
            "order_id": OrderId(name),
            "account_id": account,
            "client_order_id": name,
            "side": Side.YES,
            "action": Action.BUY,
            "order_type": OrderType.LIMIT,
            "terms": m.Terms(price_ticks=ticks(50), quantity=hundredths(10)),
            "time_in_force": TimeInForce.GOOD_TILL_CANCELED,
            "expires_at_us": None,
            "stop_price_ticks": None,
            "post_only": False,
            "reduce_only": False,
            "self_trade_prevention": SelfTradePrevention.MAKER,
            "order_group_id": None,
            "cancel_on_pause": False,
            "rests": hundredths(10),
            "reserved": dollars(reserved),
            **more,
        }
    )


def leg(name: str, account: AccountId = ANN, **more: Any) -> m.Leg:
    return m.Leg(
        **{
            "order_id": OrderId(name),
            "account_id": account,
            "side": Side.YES,
            "action": Action.BUY,
            "fee": Money(0),
            "fee_accrued": 0,
            "reserved": Money(0),
            "locked": Money(0),
            "order_group_id": None,
            **more,
        }
    )


def trade(number: int, cents: float, contracts: float, maker: m.Leg, taker: m.Leg) -> m.TradeExecuted:
    return m.TradeExecuted(
        trade_id=TradeId(f"{TICKER}:{number}"),
        price_ticks=ticks(cents),
        quantity=hundredths(contracts),
        kind=FillKind.MINT,
        maker=maker,
        taker=taker,
        rules_version=1,
    )


def canceled(name: str, account: AccountId = ANN, contracts: float = 10) -> m.OrderCanceled:
    return m.OrderCanceled(
        order_id=OrderId(name),
        account_id=account,
        quantity=hundredths(contracts),
        reason=EndReason.REQUESTED,
    )


def money(state: LedgerState, account: AccountId = ANN) -> tuple[float, float, float]:
    """Return an account's cash, reserved and locked money in dollars."""
    held = state.accounts[account]
    return held.cash / 10**6, held.reserved / 10**6, sum(held.locked.values()) / 10**6
