"""Money, positions, fills and settlements as they are told."""

from typing_extensions import TypedDict

from adapters.http.answers.display import (
    EXCHANGE_INDEX,
    book_side,
    contracts,
    money_cents,
    money_cents_down,
    money_dollars,
    other_side,
    outcome_side,
    price_cents,
    price_dollars,
    seconds,
    timestamp,
    whole_contracts,
)
from adapters.http.answers.orders import Order
from domain.quantities import PAYOUT_TICKS
from projections.reading.views import BalanceView, FillView, GroupPositionView, PositionView, SettlementView


class Balance(TypedDict):
    """An account's money. The exact amounts are in millionths of a dollar."""

    balance: int
    balance_dollars: str
    portfolio_value: int
    portfolio_value_dollars: str
    updated_ts: int
    reserved_dollars: str
    locked_dollars: str
    cash_microdollars: int
    reserved_microdollars: int
    locked_microdollars: int
    portfolio_value_microdollars: int


class IndexedBalance(TypedDict):
    """An amount in dollars, by exchange: there is one."""

    exchange_index: int
    balance: str


class RestingValueAnswer(TypedDict):
    """Price times remaining count of all open orders."""

    total_resting_order_value: int
    total_resting_order_value_dollars: str
    resting_order_value_breakdown: list[IndexedBalance]


class MarketPosition(TypedDict):
    """What an account holds in a market: no contracts are counted below zero."""

    ticker: str
    exchange_index: int
    total_traded: int
    total_traded_dollars: str
    position: int
    position_fp: str
    market_exposure: int
    market_exposure_dollars: str
    realized_pnl: int
    realized_pnl_dollars: str
    unrealized_pnl_dollars: str
    resting_orders_count: int
    fees_paid: int
    fees_paid_dollars: str
    last_updated_ts: str
    yes_count_fp: str
    no_count_fp: str


class EventPosition(TypedDict):
    """What an account holds in all markets of an event together."""

    event_ticker: str
    total_cost: int
    total_cost_dollars: str
    total_cost_shares: int
    total_cost_shares_fp: str
    event_exposure: int
    event_exposure_dollars: str
    realized_pnl: int
    realized_pnl_dollars: str
    fees_paid: int
    fees_paid_dollars: str


class PositionsAnswer(TypedDict):
    """A page of positions, and what they add up to by event."""

    market_positions: list[MarketPosition]
    event_positions: list[EventPosition]
    cursor: str


class PortfolioAnswer(TypedDict):
    """Money, positions and open orders of one moment.

    Where there are more of them, the cursor is that of the list of positions, or of open orders.
    """

    balance: Balance
    market_positions: list[MarketPosition]
    positions_cursor: str
    orders: list[Order]
    orders_cursor: str


class Fill(TypedDict):
    """One account's side of a trade. ``price`` is in dollars and only for clients that still read it."""

    fill_id: str
    trade_id: str
    order_id: str
    client_order_id: str
    ticker: str
    market_ticker: str
    side: str
    action: str
    outcome_side: str
    book_side: str
    exchange_index: int
    count: int
    count_fp: str
    price: float
    yes_price: int
    no_price: int
    yes_price_fixed: str
    no_price_fixed: str
    yes_price_dollars: str
    no_price_dollars: str
    fee_cost: str
    is_taker: bool
    created_time: str
    ts: int
    kind: str
    rules_version: int
    redeemed_count_fp: str


class FillsAnswer(TypedDict):
    """A page of fills, newest first."""

    fills: list[Fill]
    cursor: str


class Settlement(TypedDict):
    """How a position ended. ``unwound`` says that the trades were undone: the condition failed."""

    ticker: str
    exchange_index: int
    event_ticker: str
    market_result: str
    yes_count: int
    yes_count_fp: str
    yes_total_cost: int
    yes_total_cost_dollars: str
    no_count: int
    no_count_fp: str
    no_total_cost: int
    no_total_cost_dollars: str
    revenue: int
    revenue_dollars: str
    settled_time: str
    fee_cost: str
    value: int
    unwound: bool
    fees_returned: bool


class SettlementsAnswer(TypedDict):
    """A page of settlements, newest first."""

    settlements: list[Settlement]
    cursor: str


def balance_answer(view: BalanceView) -> Balance:
    """Return an account's money as it is told: whole cents are those that are surely there."""
    return Balance(
        balance=money_cents_down(view.cash),
        balance_dollars=money_dollars(view.cash),
        portfolio_value=money_cents(view.portfolio_value),
        portfolio_value_dollars=money_dollars(view.portfolio_value),
        updated_ts=seconds(view.updated_at_us),
        reserved_dollars=money_dollars(view.reserved),
        locked_dollars=money_dollars(view.locked),
        cash_microdollars=view.cash,
        reserved_microdollars=view.reserved,
        locked_microdollars=view.locked,
        portfolio_value_microdollars=view.portfolio_value,
    )


def resting_value_answer(micros: int) -> RestingValueAnswer:
    """Return the value of open orders as it is told."""
    return RestingValueAnswer(
        total_resting_order_value=money_cents(micros),
        total_resting_order_value_dollars=money_dollars(micros),
        resting_order_value_breakdown=[
            IndexedBalance(exchange_index=EXCHANGE_INDEX, balance=money_dollars(micros))
        ],
    )


def position_answer(view: PositionView) -> MarketPosition:
    """Return a position as it is told."""
    return MarketPosition(
        ticker=view.ticker,
        exchange_index=EXCHANGE_INDEX,
        total_traded=money_cents(view.total_traded),
        total_traded_dollars=money_dollars(view.total_traded),
        position=whole_contracts(view.net),
        position_fp=contracts(view.net),
        market_exposure=money_cents(view.exposure),
        market_exposure_dollars=money_dollars(view.exposure),
        realized_pnl=money_cents(view.realized_pnl),
        realized_pnl_dollars=money_dollars(view.realized_pnl),
        unrealized_pnl_dollars=money_dollars(view.unrealized_pnl),
        resting_orders_count=whole_contracts(view.resting),
        fees_paid=money_cents(view.fees),
        fees_paid_dollars=money_dollars(view.fees),
        last_updated_ts=timestamp(view.updated_at_us),
        yes_count_fp=contracts(view.yes),
        no_count_fp=contracts(view.no),
    )


def event_position_answer(view: GroupPositionView) -> EventPosition:
    """Return an account's positions in an event as they are told."""
    return EventPosition(
        event_ticker=view.group_id,
        total_cost=money_cents(view.total_traded),
        total_cost_dollars=money_dollars(view.total_traded),
        total_cost_shares=whole_contracts(view.shares_traded),
        total_cost_shares_fp=contracts(view.shares_traded),
        event_exposure=money_cents(view.exposure),
        event_exposure_dollars=money_dollars(view.exposure),
        realized_pnl=money_cents(view.realized_pnl),
        realized_pnl_dollars=money_dollars(view.realized_pnl),
        fees_paid=money_cents(view.fees),
        fees_paid_dollars=money_dollars(view.fees),
    )


def fill_answer(view: FillView) -> Fill:
    """Return a fill as it is told."""
    yes, no = price_dollars(view.price_ticks), price_dollars(other_side(view.price_ticks))
    return Fill(
        fill_id=view.trade_id,
        trade_id=view.trade_id,
        order_id=view.order_id,
        client_order_id=view.client_order_id,
        ticker=view.ticker,
        market_ticker=view.ticker,
        side=view.side.value,
        action=view.action.value,
        outcome_side=outcome_side(view.side, view.action),
        book_side=book_side(view.side, view.action),
        exchange_index=EXCHANGE_INDEX,
        count=whole_contracts(view.quantity),
        count_fp=contracts(view.quantity),
        price=view.price_ticks / PAYOUT_TICKS,
        yes_price=price_cents(view.price_ticks),
        no_price=price_cents(other_side(view.price_ticks)),
        yes_price_fixed=yes,
        no_price_fixed=no,
        yes_price_dollars=yes,
        no_price_dollars=no,
        fee_cost=money_dollars(view.fee),
        is_taker=view.is_taker,
        created_time=timestamp(view.at_us),
        ts=seconds(view.at_us),
        kind=view.kind.value,
        rules_version=view.rules_version,
        redeemed_count_fp=contracts(view.redeemed),
    )


def settlement_answer(view: SettlementView) -> Settlement:
    """Return a settlement as it is told."""
    return Settlement(
        ticker=view.ticker,
        exchange_index=EXCHANGE_INDEX,
        event_ticker=view.group_id or "",
        market_result=view.result.value,
        yes_count=whole_contracts(view.yes),
        yes_count_fp=contracts(view.yes),
        yes_total_cost=money_cents(view.yes_cost),
        yes_total_cost_dollars=money_dollars(view.yes_cost),
        no_count=whole_contracts(view.no),
        no_count_fp=contracts(view.no),
        no_total_cost=money_cents(view.no_cost),
        no_total_cost_dollars=money_dollars(view.no_cost),
        revenue=money_cents(view.payout),
        revenue_dollars=money_dollars(view.payout),
        settled_time=timestamp(view.at_us),
        fee_cost=money_dollars(view.fees),
        value=price_cents(view.yes_ticks),
        unwound=view.unwound,
        fees_returned=view.fees_returned,
    )
