"""Follows what was agreed beside the book to its trade: once, at the price, between the two who agreed."""

from collections.abc import Iterator

from application.events import DomainEvent, Recorded
from application.streams import MARKET
from domain.market.events import CrossedOrder, Leg, OrdersCrossed, TradeExecuted
from domain.quotes.events import QuoteConfirmed, QuoteEnded, QuoteExecuted
from domain.quotes.vocabulary import Ending


class Agreements:
    """Quotes that were confirmed, and what became of them."""

    def __init__(self) -> None:
        self._confirmed: dict[str, QuoteConfirmed] = {}
        self._crossed: dict[str, OrdersCrossed] = {}
        self._failed: set[str] = set()
        self._due: dict[str, OrdersCrossed] = {}
        """By trade, what was crossed and has yet to be traded: it is the same decision."""

    def note(self, recorded: Recorded[DomainEvent]) -> Iterator[str]:
        """Yield a sentence if an event is not what was agreed."""
        match recorded.event:
            case QuoteConfirmed() as event:
                self._confirmed[event.quote_id] = event
            case OrdersCrossed() as event:
                yield from self._cross(event, recorded.stream.removeprefix(MARKET))
            case TradeExecuted() as event if event.trade_id in self._due:
                crossed = self._due.pop(event.trade_id)
                if not _alike(crossed, event):
                    yield f"trade {event.trade_id} is not what quote {crossed.quote_id} was crossed as"
            case QuoteExecuted() as event:
                noted = self._crossed.get(event.quote_id)
                if noted is None or noted.trade_id != event.trade_id:
                    yield f"quote {event.quote_id} is executed, and trade {event.trade_id} is not its own"
            case QuoteEnded() as event if event.ending is Ending.EXECUTION_FAILED:
                self._failed.add(event.quote_id)
                if event.quote_id in self._crossed:
                    yield f"quote {event.quote_id} was given up and had traded"
            case _:
                pass

    def _cross(self, event: OrdersCrossed, ticker: str) -> Iterator[str]:
        agreed = self._confirmed.get(event.quote_id)
        if agreed is None or (
            (agreed.ticker, agreed.price_ticks, agreed.quantity, agreed.maker, agreed.taker)
            != (ticker, event.price_ticks, event.quantity, event.maker, event.taker)
        ):
            yield f"market {ticker}: orders were crossed for quote {event.quote_id}, which does not say so"
        if event.quote_id in self._crossed:
            yield f"market {ticker}: orders were crossed twice for quote {event.quote_id}"
        if event.quote_id in self._failed:
            yield f"market {ticker}: orders were crossed for quote {event.quote_id}, which was given up"
        self._crossed[event.quote_id] = self._due[event.trade_id] = event

    def untraded(self) -> Iterator[str]:
        """Yield a sentence for everything that was crossed and did not trade."""
        for trade_id, crossed in self._due.items():
            yield f"quote {crossed.quote_id} was crossed, and its trade {trade_id} is not there"


def _alike(crossed: OrdersCrossed, trade: TradeExecuted) -> bool:
    return (
        (crossed.price_ticks, crossed.quantity) == (trade.price_ticks, trade.quantity)
        and crossed.maker == _order(trade.maker)
        and crossed.taker == _order(trade.taker)
    )


def _order(leg: Leg) -> CrossedOrder:
    return CrossedOrder(order_id=leg.order_id, account_id=leg.account_id, side=leg.side, action=leg.action)
