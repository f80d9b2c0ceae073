"""Carries out single instructions against the exchange, and counts what becomes of them."""

import asyncio

from application.exchange import Exchange
from application.replay.flow import (
    AddOrder,
    BookSide,
    CancelAtLevel,
    LimitOrder,
    RecordedTrade,
    TakeOrder,
    UnplacedTrade,
)
from application.replay.funding import Funding
from application.replay.report import FileReport, Shortfall
from application.requests import OrderAccepted, OrderRequest, OrderState
from domain.identifiers import AccountId, Ticker
from domain.market.book import Level
from domain.market.state import MarketState
from domain.market.vocabulary import Action, SelfTradePrevention, Side, TimeInForce
from domain.quantities import Quantity, Ticks, complement
from domain.rejections import Reason

MAKER, TAKER = "maker", "taker"


class Desk:
    """Trades for everybody who acts in a recording; each has an account of its own.

    Nobody here holds shares to sell: whoever sells yes buys no, which meets the same orders at the same
    prices. Where a trader's order meets an older one of the same trader, the older one gives way, because
    the newer one is what the trader wants now.
    """

    def __init__(self, exchange: Exchange, funding: Funding, report: FileReport) -> None:
        self._exchange = exchange
        self._funding = funding
        self._report = report

    async def market(self, market: str) -> MarketState:
        """Return a market that is known to be there, as it stands."""
        state = await self._exchange.directory.find_market(Ticker(market))
        assert state is not None, f"market {market} has gone"
        return state

    async def add(self, order: AddOrder | LimitOrder) -> None:
        """Place an order that rests once it has traded what it can."""
        buys = order.side in ("bid", "buy")
        placed = await self._place(order.market, order.actor, order.price_ticks, order.quantity, buys=buys)
        self._report.crossing += placed is not None and placed.filled > 0

    async def take(self, order: TakeOrder) -> None:
        """Place an order that trades at once or not at all."""
        filled = await self._take(
            order.market, order.actor, order.limit_ticks, order.quantity, buys=order.side == "buy"
        )
        if filled < order.quantity:
            self._note_shortfall("take", order, order.limit_ticks, filled)

    async def trade(self, trade: RecordedTrade) -> None:
        """Make a trade happen: a maker's order, and a taker's that meets it."""
        buys = trade.taker_side == "yes"
        price, quantity = trade.yes_price_ticks, trade.quantity
        await self._place(trade.market, MAKER, price, quantity, buys=not buys)
        await self._take(trade.market, TAKER, price, quantity, buys=buys)

    async def cancel(self, cancel: CancelAtLevel) -> None:
        """Take a quantity off a price level, from the back of its queue."""
        level = level_at(await self.market(cancel.market), cancel.side, cancel.price_ticks)
        left = cancel.quantity
        order, works = level.last if level else None, []
        while order is not None and left:
            part = min(left, order.resting)
            left -= part
            if part == order.remaining:
                works.append(self._exchange.trading.cancel(order.account_id, order.order_id))
            else:
                works.append(
                    self._exchange.trading.decrease(order.account_id, order.order_id, by=Quantity(part))
                )
            order = order.ahead
        for answer in [await works[0]] if len(works) == 1 else await asyncio.gather(*works):
            if not isinstance(answer, OrderAccepted):
                self._report.refused[answer.reason.value] += 1
        if left:
            self._note_shortfall("cancel", cancel, cancel.price_ticks, cancel.quantity - left)

    def count(self, trade: UnplacedTrade) -> None:
        """Note a trade that the recorded book could not make."""
        self._report.unplaced_trades += 1
        self._report.unplaced_volume += trade.quantity

    async def _take(self, market: str, actor: str, limit_ticks: int, quantity: int, *, buys: bool) -> int:
        placed = await self._place(
            market, actor, limit_ticks, quantity, buys=buys, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL
        )
        filled = placed.filled if placed is not None else 0
        self._report.takes += 1
        self._report.takes_filled += filled == quantity
        return filled

    async def _place(
        self,
        market: str,
        actor: str,
        yes_price_ticks: int,
        quantity: int,
        *,
        buys: bool,
        time_in_force: TimeInForce = TimeInForce.GOOD_TILL_CANCELED,
    ) -> OrderState | None:
        """Place an order, with as much money as it needs, and return how it stands unless refused."""
        account_id = account_of(actor)
        yes_price = Ticks(yes_price_ticks)
        request = OrderRequest(
            account_id=account_id,
            ticker=Ticker(market),
            side=Side.YES if buys else Side.NO,
            action=Action.BUY,
            quantity=Quantity(quantity),
            price_ticks=yes_price if buys else complement(yes_price),
            time_in_force=time_in_force,
            self_trade_prevention=SelfTradePrevention.MAKER,
        )
        self._report.orders += 1
        await self._funding.open(account_id)
        answer = await self._exchange.trading.place(request)
        while not isinstance(answer, OrderAccepted):
            if answer.reason is not Reason.INSUFFICIENT_FUNDS:
                self._report.refused[answer.reason.value] += 1
                return None
            await self._funding.top_up(account_id)
            answer = await self._exchange.trading.place(request)
        return answer.order

    def _note_shortfall(
        self, what: str, wanted: TakeOrder | CancelAtLevel, price_ticks: int, found: int
    ) -> None:
        self._report.shortfalls.append(
            Shortfall(
                what=what,
                market=wanted.market,
                side=wanted.side,
                price_ticks=price_ticks,
                asked=wanted.quantity,
                found=found,
            )
        )


def account_of(actor: str) -> AccountId:
    """Return the account of somebody who acts in a recording."""
    return AccountId(f"replay-{actor}")


def level_at(state: MarketState, side: BookSide, yes_price_ticks: int) -> Level | None:
    """Return what rests at a price in yes terms, in the order of its coming."""
    yes_price = Ticks(yes_price_ticks)
    if side == "bid":
        return state.book.yes.levels.get(yes_price)
    return state.book.no.levels.get(complement(yes_price))
