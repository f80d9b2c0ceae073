"""A market maker that quotes by the logarithmic rule, with a loss that its operator states.

It is a trader like any other: its orders, fills and money are events. What it has sold is what its account
holds: nothing else has to be kept, and a restart goes on where it was. New orders are placed only when those
that rest in the market are, each of them whole, a part of what the rule wants at this moment. So whatever
fills from then on fills within the bound. The account must be used for nothing else in that market.
"""

from collections.abc import Sequence
from typing import Final

from application.hosting.directory import Directory
from application.requests import OrderAccepted, OrderRequest
from application.trading import CommandHandler
from domain.fees import FeeSchedule
from domain.identifiers import AccountId, OrderId, Ticker
from domain.lmsr import Bid, Ladder, LogarithmicRule
from domain.market.policies import widest
from domain.market.state import MarketState
from domain.market.vocabulary import Action, MarketStatus, Side
from domain.quantities import Quantity
from domain.rejections import Reason, Rejected

LEVELS: Final = 4


class MakerPaysFees(Exception):
    """The market charges makers, which no rule of prices bounds."""


class BidRefused(Exception):
    """A bid is missing for a reason that does not go away by itself: the account lacks money, for example."""


class MarketMaker:
    """Keeps bids for both outcomes of one market where the rule wants them."""

    def __init__(
        self,
        trading: CommandHandler,
        directory: Directory,
        *,
        account_id: AccountId,
        ticker: Ticker,
        rule: LogarithmicRule,
        step: Quantity,
        levels: int = LEVELS,
    ) -> None:
        self._trading = trading
        self._directory = directory
        self._account_id = account_id
        self._ticker = ticker
        self._rule = rule
        self._step = step
        self._levels = levels
        self._standing: dict[OrderId, Bid] = {}
        self._as_wanted_at: int | None = None
        self._refused_at: int | None = None
        self._refused = False
        self._refusal: str | None = None
        self._unsure = False

    async def quote(self) -> None:
        """Bring the bids to where they belong, if anything has changed. Call it again and again.

        Raises :class:`MakerPaysFees`, and :class:`BidRefused` for as long as some of the bids are missing.
        """
        market = await self._directory.find_market(self._ticker)
        if market is None or market.status is not MarketStatus.ACTIVE:
            return
        _refuse_fees(market.fees)
        if market.revision != self._as_wanted_at:
            await self._requote(market)
        if self._refusal is not None:
            raise BidRefused(f"bids of {self._account_id} are missing: {self._refusal}")

    async def _requote(self, market: MarketState) -> None:
        missing, extra = self._compared(market)
        if extra or self._unsure:
            missing, extra = self._compared(await self._cleared(extra))
            if extra:
                return  # something has filled meanwhile, or is not off yet: at the next look
        if missing and market.revision != self._refused_at:
            await self._place(missing)
            self._refused_at = market.revision if self._refused else None
        else:
            self._as_wanted_at = market.revision

    async def _cleared(self, extra: Sequence[OrderId]) -> MarketState:
        """Take off what is not wanted; everything, where an order may be about to appear."""
        if self._unsure:
            await self._trading.cancel_all(self._account_id, self._ticker)
            self._unsure = False
        else:
            await self._trading.cancel_many(self._account_id, extra)
        market = await self._directory.find_market(self._ticker)
        assert market is not None, "no market is ever taken from the list"
        return market

    def _compared(self, market: MarketState) -> tuple[list[Bid], list[OrderId]]:
        """Return the bids that are missing, and the orders of the account that are not wanted as they are."""
        bids = self._rule.bids(self._sold(market), self._ladder(market))
        wanted = {(bid.side, bid.ticks): bid.quantity for bid in bids}
        standing, extra = {}, []
        for order in market.orders_of(self._account_id):
            bid = self._standing.get(order.order_id)
            if bid is not None and wanted.get((bid.side, bid.ticks)) == order.remaining:
                standing[order.order_id] = bid
                del wanted[bid.side, bid.ticks]
            else:
                extra.append(order.order_id)
        self._standing = standing
        return [bid for bid in bids if (bid.side, bid.ticks) in wanted], extra

    async def _place(self, bids: Sequence[Bid]) -> None:
        self._refused, self._refusal = False, None
        answers = await self._trading.place_many([self._order(bid) for bid in bids])
        for bid, answer in zip(bids, answers, strict=True):
            if isinstance(answer, OrderAccepted):
                self._standing[answer.order_id] = bid
                continue
            self._refused = True
            if isinstance(answer, Rejected):
                if answer.reason is not Reason.POST_ONLY_WOULD_CROSS:  # which ends when others have gone
                    self._refusal = answer.message
            else:
                self._unsure, self._refusal = True, repr(answer)

    def _sold(self, market: MarketState) -> int:
        position = market.positions.get(self._account_id)
        return 0 if position is None else position.no - position.yes

    def _ladder(self, market: MarketState) -> Ladder:
        return Ladder(
            step=self._step,
            levels=self._levels,
            least=market.quantity_min,
            tick=market.tick_size,
            lowest=widest(Side.YES, Action.SELL, market),
            highest=widest(Side.YES, Action.BUY, market),
        )

    def _order(self, bid: Bid) -> OrderRequest:
        return OrderRequest(
            account_id=self._account_id,
            ticker=self._ticker,
            side=bid.side,
            action=Action.BUY,
            quantity=bid.quantity,
            price_ticks=bid.ticks,
            post_only=True,
            closes_first=True,
        )


def _refuse_fees(fees: FeeSchedule) -> None:
    if fees.maker.quadratic_bps or fees.maker.flat_ticks:
        raise MakerPaysFees("makers pay fees in this market: its loss could not be bounded")
