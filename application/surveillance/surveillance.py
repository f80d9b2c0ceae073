"""Watches the flow of orders for market manipulation (exercise 28): events in, findings out."""

from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from application.events import DomainEvent, Recorded
from application.streams import MARKET
from application.surveillance.detectors.detector import Detector
from application.surveillance.detectors.layering import Layering
from application.surveillance.detectors.momentum_ignition import MomentumIgnition
from application.surveillance.detectors.quote_stuffing import QuoteStuffing
from application.surveillance.detectors.rapid_cancel import RapidCancel
from application.surveillance.detectors.wash_trading import WashTrading
from application.surveillance.finding import Finding
from application.surveillance.flow import Order, Trade, ref_of, side_of, yes_price
from application.surveillance.rules import Pattern, SurveillanceRules
from domain.market.events import OrderAmended, OrderCanceled, OrderDecreased, OrderPlaced, TradeExecuted
from domain.market.vocabulary import EndReason, OrderType

WATCHED: tuple[type[DomainEvent], ...] = (
    OrderPlaced,
    OrderAmended,
    OrderDecreased,
    OrderCanceled,
    TradeExecuted,
)
"""The events that detectors are fed with."""

DETECTORS: Mapping[Pattern, type[Detector]] = MappingProxyType(
    {
        Pattern.RAPID_CANCEL: RapidCancel,
        Pattern.LAYERING: Layering,
        Pattern.WASH_TRADING: WashTrading,
        Pattern.QUOTE_STUFFING: QuoteStuffing,
        Pattern.MOMENTUM_IGNITION: MomentumIgnition,
    }
)

ORDERS = 100_000
"""Of how many orders it is known when they were placed, the latest."""


class Surveillance:
    """Takes events in the order of the log, and returns what they complete."""

    def __init__(self, rules: SurveillanceRules) -> None:
        self._rules = rules
        self._detectors = [DETECTORS[rule.pattern](rule) for rule in rules.rules]
        # Most detectors do not look at most events, and orders are many.
        self._on_placed = [d.placed for d in self._detectors if type(d).placed is not Detector.placed]
        self._on_canceled = [d.canceled for d in self._detectors if type(d).canceled is not Detector.canceled]
        self._on_message = [d.message for d in self._detectors if type(d).message is not Detector.message]
        self._on_traded = [d.traded for d in self._detectors if type(d).traded is not Detector.traded]
        self._orders: OrderedDict[str, Order] = OrderedDict()
        self._longest_us = max((rule.window_us for rule in rules.rules), default=0)
        self.events = 0
        self.found: Counter[str] = Counter({rule.id: 0 for rule in rules.rules})

    @property
    def rules(self) -> SurveillanceRules:
        """What is looked for."""
        return self._rules

    @property
    def forgotten(self) -> int:
        """How much had to be forgotten before its time for want of room."""
        return sum(detector.forgotten for detector in self._detectors)

    def take(self, recorded: Recorded[DomainEvent]) -> list[Finding]:
        """Take in an event; return the findings it completes that are new in their windows."""
        self.events += 1
        found = [
            each for each in self._seen_by_all(recorded) if not self._rules.exempt(each.rule, each.accounts)
        ]
        for finding in found:
            self.found[finding.rule.id] += 1
        return found

    def _seen_by_all(self, recorded: Recorded[DomainEvent]) -> Iterator[Finding]:
        match recorded.event:
            case OrderPlaced() as event:
                yield from self._placed(recorded, event)
            case OrderCanceled() as event if event.reason is EndReason.REQUESTED:
                yield from self._canceled(recorded, event)
            case OrderAmended() as event:
                self._amended(event)
                yield from self._message(recorded, event.account_id)
            case OrderDecreased() as event:
                yield from self._message(recorded, event.account_id)
            case OrderCanceled() as event:
                self._orders.pop(event.order_id, None)
            case TradeExecuted() as event:
                yield from self._traded(recorded, event)
            case _:
                pass

    def _placed(self, recorded: Recorded[DomainEvent], event: OrderPlaced) -> Iterator[Finding]:
        if event.order_type is not OrderType.STOP:
            order = Order(
                event.order_id,
                event.account_id,
                _market(recorded),
                side_of(event.side, event.action),
                yes_price(event.side, event.terms.price_ticks),
                event.terms.quantity,
                recorded.cause.at_us,
                ref_of(recorded),
            )
            self._orders[order.id] = order
            oldest = next(iter(self._orders.values()))
            if len(self._orders) > ORDERS or oldest.at_us < order.at_us - self._longest_us:
                self._orders.popitem(last=False)
            for look in self._on_placed:
                yield from look(order)
        yield from self._message(recorded, event.account_id)

    def _amended(self, event: OrderAmended) -> None:
        """An amended order is where it was moved to; when it was first placed stays what it was."""
        order = self._orders.get(event.order_id)
        if order is not None:
            order.quantity = event.remaining

    def _canceled(self, recorded: Recorded[DomainEvent], event: OrderCanceled) -> Iterator[Finding]:
        order = self._orders.pop(event.order_id, None)
        if order is not None:
            for look in self._on_canceled:
                yield from look(order, recorded.cause.at_us, ref_of(recorded))
        yield from self._message(recorded, event.account_id)

    def _message(self, recorded: Recorded[DomainEvent], account: str) -> Iterator[Finding]:
        market, at_us, ref = _market(recorded), recorded.cause.at_us, ref_of(recorded)
        for look in self._on_message:
            yield from look(market, account, at_us, ref)

    def _traded(self, recorded: Recorded[DomainEvent], event: TradeExecuted) -> Iterator[Finding]:
        for leg in (event.maker, event.taker):
            order = self._orders.get(leg.order_id)
            if order is not None:
                order.filled += event.quantity
        trade = Trade(
            market=_market(recorded),
            at_us=recorded.cause.at_us,
            maker=event.maker.account_id,
            taker=event.taker.account_id,
            side=side_of(event.taker.side, event.taker.action),
            price=event.price_ticks,
            quantity=event.quantity,
            ref=ref_of(recorded),
        )
        for look in self._on_traded:
            yield from look(trade)


def _market(recorded: Recorded[DomainEvent]) -> str:
    return recorded.stream.removeprefix(MARKET)
