"""Carries out the place-order saga."""

from uuid import UUID

from application.derived_ids import derived_id
from application.hosting.decision import Decision
from application.hosting.directory import Directory
from application.orders import order_state
from application.ports.event_store import AppendOutcomeUnknown, Position
from application.ports.notifier import Notifier
from application.requests import OrderAccepted, OrderAnswer, OrderRequest
from application.sagas.place_order import Outcome, SagaState, advance
from domain.identifiers import OrderId
from domain.ledger.commands import ReleaseReservation, ReserveFunds
from domain.market.commands import PlaceOrder
from domain.market.events import MarketEvent
from domain.market.policies import first_refusal, reservation_for
from domain.market.state import MarketState
from domain.quantities import Money
from domain.rejections import Rejected


class OrderPlacement:
    """One order on its way through the saga."""

    def __init__(
        self,
        request: OrderRequest,
        order_id: OrderId,
        digest: str,
        *,
        saga_id: UUID,
        market: MarketState,
        directory: Directory,
        notifier: Notifier,
    ) -> None:
        self.state = SagaState.STARTED
        self._request = request
        self._order_id = order_id
        self._digest = digest
        self._saga_id = saga_id
        self._market = market
        self._directory = directory
        self._notifier = notifier
        self._rejected: Rejected | None = None
        self._accepted: OrderAccepted | None = None

    async def run(self, now_us: int) -> OrderAnswer:
        """Go through the saga to its end and say how it ended.

        Raises the store's errors when an outcome cannot be made durable or is unknown; the saga is then
        brought to its end by recovery.
        """
        command = _command(self._request, self._order_id, Money(0), now_us)
        refused = first_refusal(command, self._market)
        if refused is not None:
            return refused
        reserved = Money(reservation_for(command, self._market))
        while not self.state.ended:
            self.state = advance(self.state, await self._step(reserved))
        if self._accepted is not None:
            return self._accepted
        assert self._rejected is not None
        return self._rejected

    async def _step(self, reserved: Money) -> Outcome:
        match self.state:
            case SagaState.STARTED:
                return await self._reserve(reserved)
            case SagaState.RESERVED:
                return await self._place(reserved)
            case SagaState.RELEASING:
                return await self._release()
            case _:
                return self._notify()

    async def _reserve(self, reserved: Money) -> Outcome:
        decision = await self._directory.ledger(self._request.account_id).ask(
            ReserveFunds(
                order_id=self._order_id,
                account_id=self._request.account_id,
                ticker=self._request.ticker,
                amount=reserved,
                request_digest=self._digest,
                order_group_id=self._request.order_group_id,
            ),
            command_id=derived_id(self._saga_id, "reserve"),
            correlation_id=self._saga_id,
        )
        self._rejected = decision.rejected
        return Outcome.DONE if decision.rejected is None else Outcome.REFUSED

    async def _place(self, reserved: Money) -> Outcome:
        try:
            decision = await self._directory.market(self._request.ticker).ask(
                lambda now_us: _command(self._request, self._order_id, reserved, now_us),
                command_id=self._saga_id,
                correlation_id=self._saga_id,
            )
        except AppendOutcomeUnknown:
            raise
        except Exception:
            # Nothing was recorded: compensate before the caller hears of the fault.
            await self._release()
            raise
        self._rejected = decision.rejected
        if decision.rejected is not None:
            return Outcome.REFUSED
        self._accepted = self._answer(decision)
        return Outcome.DONE

    async def _release(self) -> Outcome:
        await self._directory.ledger(self._request.account_id).ask(
            ReleaseReservation(order_id=self._order_id),
            command_id=derived_id(self._saga_id, "release"),
            correlation_id=self._saga_id,
        )
        return Outcome.DONE

    def _notify(self) -> Outcome:
        assert self._accepted is not None
        self._notifier.order_confirmed(self._accepted)
        return Outcome.DONE

    def _answer(self, decision: Decision[MarketEvent]) -> OrderAccepted:
        return OrderAccepted(
            position=Position(decision.position),
            order_id=self._order_id,
            order=order_state(self._request.ticker, self._order_id, decision.events),
        )


def _command(request: OrderRequest, order_id: OrderId, reserved: Money, now_us: int) -> PlaceOrder:
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
    )
