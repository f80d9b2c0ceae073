"""What traders do: place, amend, decrease and cancel orders, and keep order groups."""

import asyncio
from collections.abc import Sequence
from functools import partial
from uuid import UUID, uuid5

from application.hosting.directory import Directory
from application.known_keys import KnownKeys
from application.orders import order_state_of, request_digest
from application.ports.clock import Clock, Ids
from application.ports.event_store import START
from application.ports.key_index import KeyIndex
from application.ports.notifier import Notifier
from application.processes.order_groups import bounding
from application.requests import (
    Accepted,
    AllCanceled,
    AmendRequest,
    Answer,
    OrderAccepted,
    OrderAnswer,
    OrderRequest,
)
from application.sagas.amendment import amend
from application.sagas.order_placement import OrderPlacement, needed_for
from domain.identifiers import AccountId, OrderId, Ticker
from domain.ledger import commands as lc
from domain.ledger.events import OrderGroupAllotted
from domain.ledger.state import KnownOrder
from domain.market.commands import CancelOrder, CancelOrders, DecreaseOrder, MarketCommand
from domain.market.events import OrderCanceled, OrderDecreased
from domain.quantities import Quantity
from domain.rejections import Reason, Rejected

ORDERS = UUID("5b9f6c1e-6f43-5d1b-8d0f-2f7f4f0f9a11")
"""The namespace of order ids made from an account and its own name for the order."""

NO_MARKET = Rejected(Reason.MARKET_NOT_FOUND, "there is no such market")
NO_ORDER = Rejected(Reason.ORDER_NOT_FOUND, "there is no such order")


class _UnderWay:
    """A placement that is being carried out. The same request come again waits for its end."""

    __slots__ = ("_end", "digest")

    def __init__(self, digest: str) -> None:
        self.digest = digest
        self._end: asyncio.Future[OrderAnswer] | None = None

    async def answer(self) -> OrderAnswer:
        """Wait for the placement's end."""
        if self._end is None:
            self._end = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self._end)

    def ended(self, end: OrderAnswer | BaseException) -> None:
        """Tell whoever waits."""
        if self._end is None:
            return
        if isinstance(end, asyncio.CancelledError):
            self._end.cancel()
        elif isinstance(end, BaseException):
            self._end.set_exception(end)
        else:
            self._end.set_result(end)


class Trading:
    """The use cases of traders. Every answer is durable when it is given."""

    def __init__(
        self,
        directory: Directory,
        *,
        order_keys: KeyIndex[KnownOrder],
        notifier: Notifier,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._directory = directory
        self._keys = KnownKeys(directory.ledgers, lambda ledger: ledger.orders, order_keys)
        self._notifier = notifier
        self._clock = clock
        self._ids = ids
        self._placing: dict[OrderId, _UnderWay] = {}
        self._left: set[asyncio.Task[OrderAnswer]] = set()
        self._amending: dict[asyncio.Task[OrderAnswer], OrderId] = {}

    async def place(self, request: OrderRequest) -> OrderAnswer:
        """Place an order. The same request with the same client id again returns the first answer.

        Raises the store's errors when the outcome is not known to be durable.
        """
        market = await self._directory.find_market(request.ticker)
        if market is None:
            return NO_MARKET
        order_id = self._order_id(request)
        digest = request_digest(request)
        if request.client_order_id:
            known = await self._known(request.account_id, order_id)
            # What was given up is never placed, but its request may be sent again: that is another order.
            while known is None and order_id in market.abandoned:
                order_id = OrderId(str(uuid5(ORDERS, order_id)))
                known = await self._known(request.account_id, order_id)
            if known is not None:
                return await self._repeated(request, order_id, known, digest)
        # From here to the saga's first step there is no await: two requests with one id cannot both begin.
        under_way = self._placing.get(order_id)
        if under_way is not None:
            return await under_way.answer() if under_way.digest == digest else _another_request(request)
        needed = needed_for(request, order_id, market, self._directory.limits, self._clock.now_us())
        if isinstance(needed, Rejected):
            return needed
        placement = OrderPlacement(
            request,
            order_id,
            digest,
            reserved=needed,
            saga_id=self._ids.new(),
            directory=self._directory,
            notifier=self._notifier,
        )
        self._placing[order_id] = _UnderWay(digest)
        self._keys.use(self._directory.partition_of(request.account_id))
        try:
            answer = await placement.run()
        except asyncio.CancelledError:
            # The saga goes on to its end even if its caller goes away.
            left = asyncio.ensure_future(placement.run())
            self._left.add(left)
            left.add_done_callback(partial(self._left_ended, order_id))
            raise
        except Exception as error:
            self._placing.pop(order_id).ended(error)
            raise
        self._placing.pop(order_id).ended(answer)
        return answer

    async def place_many(self, requests: Sequence[OrderRequest]) -> list[OrderAnswer | Exception]:
        """Place several orders; each has its own answer, and its own fault if there was one."""
        answers = await asyncio.gather(*map(self.place, requests), return_exceptions=True)
        return [_answer_or_fault(answer) for answer in answers]

    async def cancel(self, account_id: AccountId, order_id: OrderId) -> OrderAnswer:
        """Take an order off."""
        return await self._on_order(CancelOrder(order_id=order_id, account_id=account_id))

    async def cancel_many(
        self, account_id: AccountId, order_ids: Sequence[OrderId]
    ) -> list[OrderAnswer | Exception]:
        """Take several orders off; each has its own answer."""
        answers = await asyncio.gather(
            *(self.cancel(account_id, order_id) for order_id in order_ids), return_exceptions=True
        )
        return [_answer_or_fault(answer) for answer in answers]

    async def cancel_all(self, account_id: AccountId, ticker: Ticker | None = None) -> AllCanceled:
        """Take off all of an account's orders, in one market or in all."""
        tickers = list(self._directory.markets) if ticker is None else [ticker]
        canceled = [await self._clear(account_id, ticker) for ticker in tickers]
        return AllCanceled(
            position=max((each.position for each in canceled), default=START),
            orders=sum(each.orders for each in canceled),
        )

    async def decrease(
        self,
        account_id: AccountId,
        order_id: OrderId,
        *,
        by: Quantity | None = None,
        to: Quantity | None = None,
    ) -> OrderAnswer:
        """Make an order smaller without losing its place in the queue."""
        return await self._on_order(DecreaseOrder(order_id=order_id, account_id=account_id, by=by, to=to))

    async def amend(self, request: AmendRequest) -> OrderAnswer:
        """Change an order's price or quantity."""
        ticker = await self.ticker_of(request.account_id, request.order_id)
        if ticker is None:
            return NO_ORDER
        task = asyncio.ensure_future(amend(request, ticker, self._directory, self._ids.new()))
        self._amending[task] = request.order_id
        task.add_done_callback(lambda done: self._amending.pop(done, None))
        return await asyncio.shield(task)

    async def ticker_of(self, account_id: AccountId, order_id: OrderId) -> Ticker | None:
        """Return the market an order is in, or ``None`` if there is no such order."""
        held = (await self._directory.ledger(account_id).state()).reservations.get(order_id)
        if held is not None:
            return held.ticker
        known = await self._known(account_id, order_id)
        return known.ticker if known else None

    def busy(self, order_id: OrderId) -> bool:
        """Return whether a saga of this order is being carried out here and now."""
        return order_id in self._placing or order_id in self._amending.values()

    async def close(self) -> None:
        """Let the sagas that are under way come to their end."""
        placing = (under_way.answer() for under_way in self._placing.values())
        await asyncio.gather(*placing, *self._amending, return_exceptions=True)

    # ------------------------------------------------------------------------------- order groups

    async def create_order_group(self, account_id: AccountId, limit: Quantity) -> tuple[str, Answer]:
        """Open an order group and return its id."""
        name = str(self._ids.new())
        command = lc.CreateOrderGroup(
            order_group_id=name, account_id=account_id, limit=limit, limits=self._directory.limits
        )
        return name, await self._on_group(command)

    async def change_order_group_limit(self, account_id: AccountId, name: str, limit: Quantity) -> Answer:
        """Give a group another limit."""
        return await self._on_group(
            lc.ChangeOrderGroupLimit(order_group_id=name, account_id=account_id, limit=limit)
        )

    async def trigger_order_group(self, account_id: AccountId, name: str) -> Answer:
        """Take off a group's orders now and let it take no new ones."""
        return await self._on_group(lc.TriggerOrderGroup(order_group_id=name, account_id=account_id))

    async def reset_order_group(self, account_id: AccountId, name: str) -> Answer:
        """Let a group take orders again."""
        return await self._on_group(lc.ResetOrderGroup(order_group_id=name, account_id=account_id))

    async def delete_order_group(self, account_id: AccountId, name: str) -> Answer:
        """Remove a group and take off its orders."""
        return await self._on_group(lc.DeleteOrderGroup(order_group_id=name, account_id=account_id))

    # ------------------------------------------------------------------------------------ details

    def _left_ended(self, order_id: OrderId, left: "asyncio.Task[OrderAnswer]") -> None:
        self._left.discard(left)
        fault = asyncio.CancelledError() if left.cancelled() else left.exception()
        self._placing.pop(order_id).ended(fault or left.result())

    def _order_id(self, request: OrderRequest) -> OrderId:
        if request.client_order_id:
            return OrderId(str(uuid5(ORDERS, f"{request.account_id}/{request.client_order_id}")))
        return OrderId(str(self._ids.new()))

    async def _repeated(
        self, request: OrderRequest, order_id: OrderId, known: KnownOrder, digest: str
    ) -> OrderAnswer:
        """Return the answer to a request whose client id was used before."""
        if known.request_digest != digest:
            return _another_request(request)
        under_way = self._placing.get(order_id)
        if under_way is not None:
            return await under_way.answer()
        market = self._directory.market(known.ticker)
        order = (await market.state()).orders.get(order_id)
        return OrderAccepted(
            position=market.position,
            order_id=order_id,
            order=order_state_of(known.ticker, order) if order else None,
            repeated=True,
        )

    async def _known(self, account_id: AccountId, order_id: OrderId) -> KnownOrder | None:
        """Return what is known of an order, be it remembered by the ledger or in the index of older ones."""
        return await self._keys.find(self._directory.partition_of(account_id), order_id)

    async def _on_order(self, command: CancelOrder | DecreaseOrder) -> OrderAnswer:
        ticker = await self.ticker_of(command.account_id, command.order_id)
        if ticker is None:
            return NO_ORDER
        market = self._directory.market(ticker)
        decision = await market.ask(command, command_id=self._ids.new())
        if decision.rejected is not None:
            return decision.rejected
        reduced = sum(
            event.quantity
            for event in decision.events
            if isinstance(event, OrderCanceled | OrderDecreased) and event.order_id == command.order_id
        )
        order = (await market.state()).orders.get(command.order_id)
        return OrderAccepted(
            position=decision.position,
            order_id=command.order_id,
            order=order_state_of(ticker, order) if order else None,
            reduced=Quantity(reduced),
        )

    async def _clear(self, account_id: AccountId, ticker: Ticker) -> AllCanceled:
        market = self._directory.market(ticker)
        command: MarketCommand = CancelOrders(account_id=account_id)
        canceled = 0
        while any((await market.state()).orders_of(account_id)):
            canceled += len((await market.ask(command, command_id=self._ids.new())).events)
        return AllCanceled(position=market.position, orders=canceled)

    async def _on_group(self, command: lc.OrderGroupCommand) -> Answer:
        ledger = self._directory.ledger(command.account_id)
        decision = await ledger.ask(command, command_id=self._ids.new())
        if decision.rejected is not None:
            return decision.rejected
        # The process that follows the log sees to it too, if this fails; but then it has not been answered.
        position = decision.position
        for event in decision.events:
            if isinstance(event, OrderGroupAllotted):
                told = await self._directory.market(event.ticker).ask(
                    bounding(event), command_id=self._ids.new()
                )
                position = max(position, told.position)
        return Accepted(position=position)


def _another_request(request: OrderRequest) -> Rejected:
    return Rejected(
        Reason.DUPLICATE_CLIENT_ORDER_ID,
        f"client_order_id {request.client_order_id} was used for another order; use a new one",
    )


def _answer_or_fault(answer: OrderAnswer | BaseException) -> OrderAnswer | Exception:
    if isinstance(answer, BaseException) and not isinstance(answer, Exception):
        raise answer
    return answer
