"""A market maker that quotes by the logarithmic rule, with a loss that its operator states.

It is a trader like any other: its orders, fills and money are events. What it has sold is what its account
holds: nothing else has to be kept, and a restart goes on where it was. No order of the account rests in the
market while new ones are worked out, so nothing can fill in between, and whatever fills after it fills within
the bound. The account must be used for nothing else in that market.
"""

import logging
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

log = logging.getLogger(__name__)

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
        self._refused_at: int | None = None
        self._refusal: str | None = None

    async def quote(self) -> None:
        """Bring the bids to where they belong, if anything has changed. Call it again and again.

        Raises :class:`MakerPaysFees`, and :class:`BidRefused` for as long as some of the bids are missing.
        """
        market = await self._directory.find_market(self._ticker)
        if market is None or market.status is not MarketStatus.ACTIVE:
            return
        _refuse_fees(market.fees)
        if not (self._standing and self._is_as_wanted(market)):
            await self._quote_anew()
        if self._refusal is not None:
            raise BidRefused(f"bids of {self._account_id} are missing: {self._refusal}")

    async def _quote_anew(self) -> None:
        # What is not known to be off could fill while the new bids are worked out.
        self._standing, self._refused_at, self._refusal = {}, None, None
        await self._trading.cancel_all(self._account_id, self._ticker)
        market = await self._directory.find_market(self._ticker)
        assert market is not None, "no market is ever taken from the list"
        if self._open(market):
            log.warning("%s waits: orders of %s are still in the market", self._ticker, self._account_id)
            return
        wanted = self._rule.bids(self._sold(market), self._ladder(market))
        answers = await self._trading.place_many([self._order(bid) for bid in wanted])
        for bid, answer in zip(wanted, answers, strict=True):
            if isinstance(answer, OrderAccepted):
                self._standing[answer.order_id] = bid
                continue
            self._refused_at = market.revision
            if not (isinstance(answer, Rejected) and answer.reason is Reason.POST_ONLY_WOULD_CROSS):
                self._refusal = answer.message if isinstance(answer, Rejected) else repr(answer)

    def _is_as_wanted(self, market: MarketState) -> bool:
        """Return whether every bid rests whole: then nothing has filled since they were worked out.

        Where some were refused, for example because somebody bids more than the rule asks, they are tried
        again once the market has moved.
        """
        if self._refused_at not in (None, market.revision):
            return False
        return all(
            order_id in market.orders and market.orders[order_id].remaining == bid.quantity
            for order_id, bid in self._standing.items()
        )

    def _open(self, market: MarketState) -> bool:
        position = market.positions.get(self._account_id)
        return position is not None and position.open_orders > 0

    def _sold(self, market: MarketState) -> int:
        position = market.positions.get(self._account_id)
        return 0 if position is None else position.no - position.yes

    def _ladder(self, market: MarketState) -> Ladder:
        return Ladder(
            step=self._step,
            levels=self._levels,
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
