"""Carries out the place-order saga, up to where its caller has an answer."""

from collections.abc import Awaitable
from uuid import UUID

from application.hosting.decision import Decision
from application.hosting.directory import Directory
from application.ids import derived_id
from application.ports.event_store import AppendOutcomeUnknown, Position
from application.ports.tracing import NO_SPANS, Spans
from application.processes.order_groups import bounding
from application.requests import OrderAccepted, OrderAnswer, OrderRequest
from application.sagas.funds import Funds
from application.sagas.orders import order_state
from application.sagas.place_order import STEPS, Outcome, SagaState, advance
from application.watching.sagas import SagaCounts
from domain.identifiers import OrderId
from domain.ledger.commands import ReleaseReservation, ReserveFunds
from domain.ledger.events import OrderGroupAllotted
from domain.limits import AccountLimits
from domain.market.commands import BoundOrderGroup, PlaceOrder
from domain.market.events import MarketEvent
from domain.market.policies import OF_THE_COMMAND, first_refusal, reservation_for
from domain.market.state import MarketState
from domain.quantities import Money
from domain.rejections import Rejected


def impossible(request: OrderRequest, now_us: int) -> Rejected | None:
    """Return why no market whatever would take an order, if none would."""
    command = _command(request, OrderId(""), Money(0), AccountLimits(), None, now_us)
    return first_refusal(command, MarketState(), OF_THE_COMMAND)


def needed_for(
    request: OrderRequest, order_id: OrderId, market: MarketState, limits: AccountLimits, now_us: int
) -> Money | Rejected:
    """Return what an order has to reserve, or why the market as it stands would not take it."""
    command = _command(request, order_id, Money(0), limits, None, now_us)
    refused = first_refusal(command, market)
    return refused if refused is not None else Money(reservation_for(command, market))


class OrderPlacement:
    """One order on its way through the saga."""

    def __init__(
        self,
        request: OrderRequest,
        order_id: OrderId,
        digest: str,
        *,
        key: OrderId,
        reserved: Money,
        saga_id: UUID,
        directory: Directory,
        funds: Funds,
        counts: SagaCounts,
        spans: Spans = NO_SPANS,
    ) -> None:
        self.state = SagaState.STARTED
        self._request = request
        self._order_id = order_id
        self._digest = digest
        self._key = key
        self._reserved = reserved
        self._saga_id = saga_id
        self._directory = directory
        self._funds = funds
        self._counts = counts
        self._spans = spans
        self._allotment: BoundOrderGroup | None = None
        self._end: OrderAnswer | Exception | None = None

    async def run(self) -> OrderAnswer:
        """Go through the saga, from where it stands to its answer, and give that.

        Run it again if it was canceled: a step that was under way is not done twice. Raises the store's
        errors when an outcome cannot be made durable or is unknown; recovery then brings the saga to its end.
        """
        try:
            while not self.state.answered:
                with self._spans.span(STEPS[self.state], self._saga_id):
                    outcome = await self._step()
                self.state = advance(self.state, outcome)
        except Exception:
            self._counts.failed()
            raise
        self._counts.note(self._request.ticker, self.state)
        assert self._end is not None
        if isinstance(self._end, Exception):
            raise self._end
        return self._end

    def _step(self) -> Awaitable[Outcome]:
        match self.state:
            case SagaState.STARTED:
                return self._reserve()
            case SagaState.RESERVED:
                return self._place()
            case _:
                return self._release()

    async def _reserve(self) -> Outcome:
        decision = await self._funds.ask(
            self._directory.ledger(self._request.account_id),
            ReserveFunds(
                order_id=self._order_id,
                account_id=self._request.account_id,
                ticker=self._request.ticker,
                amount=self._reserved,
                request_digest=self._digest,
                order_group_id=self._request.order_group_id,
                key=None if self._key == self._order_id else self._key,
                limits=self._directory.limits,
            ),
            command_id=derived_id(self._saga_id, "reserve"),
            correlation_id=self._saga_id,
        )
        self._end = decision.rejected
        for event in decision.events:
            if isinstance(event, OrderGroupAllotted):
                self._allotment = bounding(event)
        return Outcome.DONE if decision.rejected is None else Outcome.REFUSED

    async def _place(self) -> Outcome:
        try:
            decision = await self._directory.market(self._request.ticker).ask(
                self._order_at,
                command_id=self._saga_id,
                correlation_id=self._saga_id,
            )
        except AppendOutcomeUnknown:
            raise
        except Exception as error:  # noqa: BLE001  # nothing was recorded: compensate before the caller hears of it
            self._end = error
            return Outcome.REFUSED
        self._end = decision.rejected or self._accepted(decision)
        return Outcome.DONE if decision.rejected is None else Outcome.REFUSED

    def _order_at(self, now_us: int) -> PlaceOrder:
        return _command(
            self._request,
            self._order_id,
            self._reserved,
            self._directory.limits,
            self._allotment,
            now_us,
        )

    async def _release(self) -> Outcome:
        await self._directory.ledger(self._request.account_id).ask(
            ReleaseReservation(order_id=self._order_id),
            command_id=derived_id(self._saga_id, "release"),
            correlation_id=self._saga_id,
        )
        return Outcome.DONE

    def _accepted(self, decision: Decision[MarketEvent]) -> OrderAccepted:
        return OrderAccepted(
            position=Position(decision.position),
            order_id=self._order_id,
            order=order_state(self._request.ticker, self._order_id, decision.events),
            placed_at_us=decision.at_us,
        )


def _command(
    request: OrderRequest,
    order_id: OrderId,
    reserved: Money,
    limits: AccountLimits,
    allotment: BoundOrderGroup | None,
    now_us: int,
) -> PlaceOrder:
    return PlaceOrder(
        order_id=order_id,
        account_id=request.account_id,
        side=request.side,
        action=request.action,
        quantity=request.quantity,
        price_ticks=request.price_ticks,
        client_order_id=request.client_order_id,
        order_type=request.order_type,
        time_in_force=request.time_in_force,
        expires_at_us=request.expires_at_us,
        stop_price_ticks=request.stop_price_ticks,
        post_only=request.post_only,
        reduce_only=request.reduce_only,
        self_trade_prevention=request.self_trade_prevention,
        order_group_id=request.order_group_id,
        cancel_on_pause=request.cancel_on_pause,
        buy_max_cost=request.buy_max_cost,
        reserved=reserved,
        market_revision=request.market_revision,
        deadline_us=request.deadline_us,
        now_us=now_us,
        allotment=allotment,
        limits=limits,
    )
