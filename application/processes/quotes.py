"""Carries out what two accounts have agreed on, and ends requests in markets that do not trade.

A quote that was confirmed becomes one trade or none. The order of the steps is that of placing an order:
both accounts' money is set aside, the market crosses the two orders with each other, settlement books what
came of it. Where a step is refused, the market is made to rule both orders out before anything is given
back, so that a step which somebody else may still be about to take comes too late. Every step has an id made
of the confirmation's, so that it does not matter how often, or by how many processes, they are taken.
"""

from collections.abc import Sequence
from uuid import uuid5

from application.events import DomainEvent, Recorded
from application.hosting.directory import Directory
from application.ids import derived_id
from application.streams import MARKET, QUOTES
from domain.identifiers import Ticker, TradeId
from domain.ledger.commands import ReleaseReservation, ReserveFunds
from domain.ledger.events import FundsReserved
from domain.market import events as m
from domain.market.commands import AbandonPlacement, CrossOrders
from domain.market.crossing import placing_of
from domain.market.policies import first_refusal, reservation_for
from domain.quantities import Money
from domain.quotes.commands import EndRequests, FailExecution, NoteExecution
from domain.quotes.events import QuoteConfirmed
from domain.quotes.vocabulary import QuoteStatus
from domain.rejections import Reason, Rejected

_NOT_TRADING = frozenset({Reason.MARKET_NOT_OPEN, Reason.MARKET_PAUSED, Reason.MARKET_CLOSED})

_PUBLIC = frozenset({*_NOT_TRADING, Reason.PRICE_BEYOND_BOOK})
"""Refusals whose words both sides may read: they say nothing of an account."""


class QuotedTrades:
    """The process manager between requests for quotes, ledgers and markets."""

    concerns: frozenset[type[DomainEvent]] = frozenset(
        {
            QuoteConfirmed,
            m.MarketPaused,
            m.MarketClosed,
            m.MarketDetermined,
            m.MarketFinalized,
            m.MarketVoided,
            m.MarketCalledOff,
        }
    )

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def handle(self, events: Sequence[Recorded[DomainEvent]]) -> None:
        """Carry out confirmed quotes; end the requests of markets that stopped trading."""
        for recorded in events:
            event = recorded.event
            if isinstance(event, QuoteConfirmed):
                await self._carry_out(recorded, event)
            else:
                await self._end_requests(recorded, Ticker(recorded.stream.removeprefix(MARKET)))

    async def _end_requests(self, recorded: Recorded[DomainEvent], ticker: Ticker) -> None:
        for owner in self._directory.quotes:
            number = 0
            while (await owner.state()).to_end_in(ticker):
                decision = await owner.ask(
                    lambda now_us: EndRequests(ticker=ticker, now_us=now_us),
                    command_id=uuid5(recorded.id, f"requests {owner.stream} {number}"),
                    correlation_id=recorded.cause.correlation_id,
                    shared=True,
                )
                number += 1
                if not decision.events:
                    break

    async def _carry_out(self, recorded: Recorded[DomainEvent], event: QuoteConfirmed) -> None:
        desk = self._directory.quotes[int(recorded.stream.removeprefix(QUOTES))]
        quote = (await desk.state_after(recorded.revision)).quote(event.quote_id)
        if quote is None or quote.status is not QuoteStatus.CONFIRMED:
            return  # it was carried out, or given up, before
        trade_id, refused = await self._trade_of(event), None
        if trade_id is None:
            refused = await self._cross(recorded, event)
            trade_id = await self._trade_of(event)
        if trade_id is None:
            trade_id = await self._rule_out(recorded, event)
        if trade_id is None:
            await self._release(recorded, event)
        await desk.ask(
            lambda now_us: _end(event, trade_id, refused, now_us),
            command_id=derived_id(recorded.id, "executed" if trade_id else "failed"),
            correlation_id=recorded.cause.correlation_id,
            shared=True,
        )

    async def _trade_of(self, event: QuoteConfirmed) -> TradeId | None:
        return (await self._directory.market(event.ticker).state()).crossed.get(event.maker.order_id)

    async def _cross(self, recorded: Recorded[DomainEvent], event: QuoteConfirmed) -> Rejected | None:
        """Set the money aside and have the orders crossed; return why not, if not."""
        reserved: list[Money] = []
        for whose, order in (("the maker", event.maker), ("the asker", event.taker)):
            amount = await self._reserve(recorded, event, order)
            if isinstance(amount, Rejected):
                return (
                    amount if amount.reason in _PUBLIC else Rejected(amount.reason, f"{whose} cannot trade")
                )
            reserved.append(amount)
        decision = await self._directory.market(event.ticker).ask(
            lambda now_us: CrossOrders(
                quote_id=event.quote_id,
                price_ticks=event.price_ticks,
                quantity=event.quantity,
                maker=event.maker,
                taker=event.taker,
                maker_reserved=reserved[0],
                taker_reserved=reserved[1],
                now_us=now_us,
                limits=self._directory.limits,
            ),
            command_id=derived_id(recorded.id, "cross"),
            correlation_id=recorded.cause.correlation_id,
            shared=True,
        )
        return decision.rejected

    async def _reserve(
        self, recorded: Recorded[DomainEvent], event: QuoteConfirmed, order: m.CrossedOrder
    ) -> Money | Rejected:
        market = await self._directory.market(event.ticker).state()
        placing = placing_of(order, event.price_ticks, event.quantity, recorded.cause.at_us, Money(0))
        if refused := first_refusal(placing, market):
            return refused
        ledger = self._directory.ledger(order.account_id)
        decision = await ledger.ask(
            ReserveFunds(
                order_id=order.order_id,
                account_id=order.account_id,
                ticker=event.ticker,
                amount=reservation_for(placing, market),
                request_digest=event.quote_id,
                order_group_id=None,
                limits=self._directory.limits,
            ),
            command_id=derived_id(recorded.id, f"reserve {order.order_id}"),
            correlation_id=recorded.cause.correlation_id,
            shared=True,
        )
        if decision.rejected is not None and decision.rejected.reason is not Reason.ORDER_EXISTS:
            return decision.rejected
        for reserving in decision.events:
            if isinstance(reserving, FundsReserved):
                return reserving.amount
        held = (await ledger.state()).reservations.get(order.order_id)
        return Money(held.amount if held is not None and held.pending else 0)

    async def _rule_out(self, recorded: Recorded[DomainEvent], event: QuoteConfirmed) -> TradeId | None:
        """Have the market take neither order any more; return their trade if it had taken them after all."""
        for order in (event.maker, event.taker):
            await self._directory.market(event.ticker).ask(
                AbandonPlacement(order_id=order.order_id, account_id=order.account_id),
                command_id=derived_id(recorded.id, f"abandon {order.order_id}"),
                correlation_id=recorded.cause.correlation_id,
                shared=True,
            )
        return await self._trade_of(event)

    async def _release(self, recorded: Recorded[DomainEvent], event: QuoteConfirmed) -> None:
        for order in (event.maker, event.taker):
            await self._directory.ledger(order.account_id).ask(
                ReleaseReservation(order_id=order.order_id),
                command_id=derived_id(recorded.id, f"release {order.order_id}"),
                correlation_id=recorded.cause.correlation_id,
                shared=True,
            )


def _end(
    event: QuoteConfirmed, trade_id: TradeId | None, refused: Rejected | None, now_us: int
) -> NoteExecution | FailExecution:
    if trade_id is not None:
        return NoteExecution(quote_id=event.quote_id, trade_id=trade_id, now_us=now_us)
    if refused is None:
        refused = Rejected(Reason.TOO_LATE, "the trade was interrupted and given up")
    return FailExecution(
        quote_id=event.quote_id,
        explanation=f"{refused.reason.value}: {refused.message}" if refused.message else refused.reason.value,
        closes=refused.reason in _NOT_TRADING,
        now_us=now_us,
    )
