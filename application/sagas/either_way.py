"""To give up a share of one outcome and to buy one of the other come to the same: which an order does.

Traders who think in one book only say how far the position is to move. What they hold and have free decides
what that means: shares that are held are sold, which takes no money; where they do not suffice, shares of
the other outcome are bought at the complement, and pairs are redeemed.
"""

from collections.abc import Callable

from msgspec.structs import replace

from application.requests import OrderAnswer, OrderRequest
from application.sagas.order_placement import OrderPlacement
from domain.market.state import MarketState
from domain.market.vocabulary import Action, Side
from domain.quantities import Ticks, complement
from domain.rejections import Reason, Rejected


def is_either(request: OrderRequest) -> bool:
    """Return whether an order may be carried out in either way."""
    return request.closes_first if request.action is Action.BUY else not request.reduce_only


def as_held(request: OrderRequest, market: MarketState) -> OrderRequest:
    """Return an order in the way that the account's holdings ask for as they stand."""
    sells = request.action is Action.SELL
    held = request.side if sells else _other(request.side)
    position = market.positions.get(request.account_id)
    suffices = position is not None and position.free(held) >= request.quantity
    return request if suffices is sells else turned(request)


def turned(request: OrderRequest) -> OrderRequest:
    """Return the same order in the terms of the other outcome."""
    return replace(
        request,
        side=_other(request.side),
        action=Action.SELL if request.action is Action.BUY else Action.BUY,
        price_ticks=_complement(request.price_ticks),
        stop_price_ticks=_complement(request.stop_price_ticks),
    )


class EitherWay:
    """The placing of an order that sells what is held, and buys if others took it in the meantime."""

    def __init__(self, placement: OrderPlacement, otherwise: Callable[[], OrderPlacement | Rejected]) -> None:
        self._placement = placement
        self._otherwise: Callable[[], OrderPlacement | Rejected] | None = otherwise

    async def run(self) -> OrderAnswer:
        """Go through the saga to its answer. Run it again if it was canceled."""
        answer = await self._placement.run()
        if self._otherwise is None or not _sold_meanwhile(answer):
            return answer
        other, self._otherwise = self._otherwise(), None
        if isinstance(other, Rejected):
            return other
        self._placement = other
        return await other.run()


def _sold_meanwhile(answer: OrderAnswer) -> bool:
    return isinstance(answer, Rejected) and answer.reason is Reason.INSUFFICIENT_SHARES


def _other(side: Side) -> Side:
    return Side.NO if side is Side.YES else Side.YES


def _complement(ticks: Ticks | None) -> Ticks | None:
    return None if ticks is None else complement(ticks)
