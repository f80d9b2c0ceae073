"""A market's book as readers see it, set up from the state that an event left."""

from collections.abc import Iterator

from domain.market.state import MarketState
from domain.market.vocabulary import Action
from projections.folds.market_book import BookOrderRow, MarketBook, TopRow


def book_of(state: MarketState) -> MarketBook:
    """Return the book of a market as it stood; queues are in the order of their prices, then of age."""
    book = MarketBook(
        TopRow(
            ticker=state.ticker,
            yes_bid_ticks=None,
            no_bid_ticks=None,
            liquidity=0,
            last_price_ticks=state.last_price,
            open_interest=state.outstanding,
            revision=state.revision,
        ),
        _rows(state),
    )
    top = book.top
    top.yes_bid_ticks, top.yes_bid_size = book.yes.best
    top.no_bid_ticks, top.no_bid_size = book.no.best
    top.liquidity = sum(row.ticks * row.resting for row in book.orders.values())
    return book


def _rows(state: MarketState) -> Iterator[BookOrderRow]:
    """Yield what stands on the book and the stops that wait; what is being matched does not stand there."""
    for number, order in enumerate(state.orders.values()):
        if order.resting or order.order_id in state.stops:
            yield BookOrderRow(
                order_id=order.order_id,
                ticker=state.ticker,
                account_id=order.account_id,
                side=order.book_side.value,
                ticks=order.book_ticks,
                resting=order.resting,
                sells=order.action is Action.SELL,
                sequence=number,
            )
