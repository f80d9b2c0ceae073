"""A market beside the recorded one: it is asked what the recorded one was asked, but for what is changed."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from msgspec.structs import replace

from application.events import Recorded
from application.requests import OrderRequest
from application.sagas.either_way import as_held, is_either
from application.whatif.flow import (
    FACTS,
    PLENTY,
    Adjust,
    Fact,
    OrderAsked,
    asked_of,
    holds,
    named_by,
)
from application.whatif.telling import Telling
from domain.identifiers import AccountId, OrderId
from domain.market import commands as c
from domain.market.aggregate import MARKET
from domain.market.book import Order
from domain.market.commands import MarketCommand
from domain.market.events import MarketEvent, OrderPlaced, OrdersCrossed
from domain.market.policies import amended_terms
from domain.market.state import MarketState
from domain.market.trading import amended_reservation
from domain.market.vocabulary import BUY, OrderType
from domain.quantities import Money, Quantity
from domain.rejections import Reason, Rejected


@dataclass(slots=True, kw_only=True)
class Insertion:
    """An order that was never sent, and what became of it in the other market.

    ``after_revision`` is the last recorded event before it. ``sent`` is what the market was asked, and
    ``ahead`` what stood before it in the queue when it came to rest.
    """

    order_id: OrderId
    request: OrderRequest
    after_revision: int
    sent: c.PlaceOrder | None = None
    refused: Rejected | None = None
    ahead: Quantity | None = None

    def command(self, state: MarketState, at_us: int) -> c.PlaceOrder:
        """Return what the order is to a market, as it would be if it were sent there."""
        request = as_held(self.request, state) if is_either(self.request) else self.request
        return c.PlaceOrder(
            order_id=self.order_id,
            account_id=request.account_id,
            side=request.side,
            action=request.action,
            quantity=request.quantity,
            price_ticks=request.price_ticks,
            order_type=request.order_type,
            time_in_force=request.time_in_force,
            expires_at_us=request.expires_at_us,
            stop_price_ticks=request.stop_price_ticks,
            post_only=request.post_only,
            reduce_only=request.reduce_only,
            self_trade_prevention=request.self_trade_prevention,
            cancel_on_pause=request.cancel_on_pause,
            buy_max_cost=request.buy_max_cost,
            reserved=PLENTY,
            now_us=at_us,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is different in the other market.

    ``removed`` orders are not sent, or are taken off first if they are open already. ``owner`` is whose they
    must be, if not anybody's. ``unseen`` are stop orders that whoever asks may not know of.
    """

    inserted: Sequence[Insertion] = ()
    removed: frozenset[OrderId] = frozenset()
    owner: AccountId | None = None
    unseen: Collection[OrderId] = frozenset()
    adjust: Adjust | None = None


class Fork:
    """Takes the recorded events one by one, and lets both markets live on.

    ``decision`` is the command of which the last event before the fork came. Where that is in the middle of
    what was decided, the rest of it happens in both markets first: nothing can come in between.
    """

    def __init__(
        self,
        recorded: MarketState,
        other: MarketState,
        changes: Changes,
        *,
        at_us: int,
        decision: UUID | None = None,
    ) -> None:
        self.recorded = Telling(recorded)
        self.other = Telling(other)
        self.refused: Counter[Reason] = Counter()
        """What was asked in the recorded market and could not be carried out in the other one."""
        self.found: set[OrderId] = set()
        """The orders to be removed that there were."""
        self.at_us = at_us
        self._changes = changes
        self._waiting = sorted(changes.inserted, key=lambda each: each.after_revision)
        self._fact_of: UUID | None = None
        self._gone = changes.removed | frozenset(changes.unseen)
        self._decision = decision
        self._begun = False

    def _begin(self) -> None:
        """Take off what is open and is to be gone, which counts as no decision of anybody's."""
        self._begun = True
        orders = self.other.state.orders
        for order in [orders[each] for each in self._gone if each in orders]:
            if order.order_id in self._changes.removed:
                self._find(order.order_id, order.account_id)
            command = c.CancelOrder(order_id=order.order_id, account_id=order.account_id)
            if order.order_id not in self._changes.removed or order.order_id in self.found:
                self._ask(command, self.at_us)
        self._insert(self.recorded.state.revision)

    def take(self, recorded: Recorded[MarketEvent]) -> None:
        """Let the next recorded event happen, and in the other market what was asked for it."""
        event, at_us = recorded.event, recorded.cause.at_us
        if not self._begun:
            if recorded.cause.command_id == self._decision:
                self.recorded.apply(event, at_us)
                self.other.apply(event, at_us)
                return
            self._begin()
        # Before the next command, what is due by then has been done.
        if isinstance(event, FACTS):
            self._happen(event, recorded.cause.command_id, at_us)
        else:
            self._fact_of = None
            asked = asked_of(event, self.recorded.state, at_us)
            if asked is None:
                self._settle(at_us)
            elif self._wanted(event, asked):
                self._carry_out(asked, at_us)
        self.recorded.apply(event, at_us)
        self.at_us = at_us
        self._insert(recorded.revision)

    def settle(self) -> None:
        """Let the other market finish what is due."""
        if not self._begun:
            self._begin()
        self._settle(self.at_us)

    def _wanted(self, event: MarketEvent, asked: OrderAsked) -> bool:
        # Without one of two orders that were crossed there is nothing to cross.
        gone = [name for name in named_by(asked) if name in self._gone]
        if isinstance(event, OrderPlaced) and event.order_id in self._changes.removed:
            self._find(event.order_id, event.account_id)
        if isinstance(event, OrdersCrossed):
            for order in (event.maker, event.taker):
                if order.order_id in self._changes.removed:
                    self._find(order.order_id, order.account_id)
        # What is somebody else's is there as it was, and the question has no answer.
        return all(name in self._changes.removed and name not in self.found for name in gone)

    def _find(self, order_id: OrderId, account_id: AccountId) -> None:
        if self._changes.owner in (None, account_id):
            self.found.add(order_id)

    def _happen(self, fact: Fact, command_id: UUID, at_us: int) -> None:
        if command_id != self._fact_of:
            self._settle(at_us)
        self._fact_of = command_id
        adjusted = self._adjusted(fact)
        if isinstance(adjusted, FACTS) and holds(adjusted, self.other.state):
            self.other.apply(adjusted, at_us)

    def _carry_out(self, asked: OrderAsked, at_us: int) -> None:
        self._settle(at_us)
        adjusted = self._adjusted(asked)
        if adjusted is None or isinstance(adjusted, FACTS):
            return
        if isinstance(adjusted, c.AmendOrder):
            adjusted = self._funded(adjusted)
        refused = self._ask(adjusted, at_us)
        if refused is not None:
            self.refused[refused.reason] += 1

    def _adjusted(self, asked: OrderAsked | Fact) -> OrderAsked | Fact | None:
        adjust = self._changes.adjust
        return asked if adjust is None else adjust(asked, self.other.state)

    def _funded(self, command: c.AmendOrder) -> c.AmendOrder:
        """Set aside for an amendment what it takes here: there may be more left of the order."""
        state = self.other.state
        order = state.orders.get(command.order_id)
        if order is None or order.action is not BUY:
            return command
        price, remaining = amended_terms(command, order)
        if remaining <= 0:
            return command
        lacking = amended_reservation(order, price, remaining, state) - order.reserved
        return replace(command, extra=Money(max(command.extra, lacking)))

    def _insert(self, revision: int) -> None:
        while self._waiting and self._waiting[0].after_revision <= revision:
            inserted = self._waiting.pop(0)
            self._settle(self.at_us)
            inserted.sent = inserted.command(self.other.state, self.at_us)
            inserted.refused = self._ask(inserted.sent, self.at_us)
            order = self.other.state.orders.get(inserted.order_id)
            if inserted.refused is None and order is not None and order.order_type is not OrderType.STOP:
                inserted.ahead = self._ahead(order)

    def _ahead(self, order: Order) -> Quantity | None:
        return self.other.state.book.queue_ahead(order) if order.resting else None

    def _ask(self, command: MarketCommand, at_us: int) -> Rejected | None:
        self._settle(at_us)
        decided = MARKET.decide(command, self.other.state)
        if isinstance(decided, Rejected):
            return decided
        for event in decided:
            self.other.apply(event, at_us)
        self._settle(at_us)
        return None

    def _settle(self, at_us: int) -> None:
        while (command := MARKET.react(self.other.state, at_us)) is not None:
            decided = MARKET.decide(command, self.other.state)
            assert not isinstance(decided, Rejected), f"reaction refused: {command} {decided}"
            for event in decided:
                self.other.apply(event, at_us)
