"""What traders do: place, amend, decrease and cancel orders, and keep order groups."""

import asyncio
from collections.abc import Sequence
from functools import partial
from uuid import UUID, uuid5

from application.hosting.directory import Directory
from application.hosting.known_keys import KnownKeys, perhaps_repeated
from application.hosting.owner import Overloaded
from application.ports.clock import Clock, Ids
from application.ports.event_store import START
from application.ports.key_index import KeyIndex
from application.ports.tracing import NO_SPANS, Spans
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
from application.sagas.amendment import Naming, amend, refused_by_rules
from application.sagas.either_way import EitherWay, as_held, is_either, turned
from application.sagas.funds import Funds
from application.sagas.order_placement import OrderPlacement, impossible, needed_for
from application.sagas.orders import amendment_digest, order_state_of, request_digest
from application.sagas.set_aside import SetAside
from application.watching.sagas import SagaCounts
from domain.identifiers import AccountId, OrderId, Ticker
from domain.ledger import commands as lc
from domain.ledger.events import OrderGroupAllotted
from domain.ledger.order_groups import group_refusal
from domain.ledger.state import KnownOrder, LedgerState
from domain.market.commands import CancelOrder, CancelOrders, DecreaseOrder, MarketCommand
from domain.market.events import OrderCanceled, OrderDecreased
from domain.market.state import MarketState
from domain.market.vocabulary import Action
from domain.quantities import Money, Quantity
from domain.rejections import Reason, Rejected, earliest

ORDERS = UUID("5b9f6c1e-6f43-5d1b-8d0f-2f7f4f0f9a11")
"""The namespace of order ids made from an account and its own name for the order."""

NO_MARKET = Rejected(Reason.MARKET_NOT_FOUND, "there is no such market")
NO_ORDER = Rejected(Reason.ORDER_NOT_FOUND, "there is no such order")


class _UnderWay:
    """A saga that is being carried out. The same request come again waits for its end."""

    __slots__ = ("_end", "digest")

    def __init__(self, digest: str) -> None:
        self.digest = digest
        self._end: asyncio.Future[OrderAnswer] | None = None

    def answer(self) -> "asyncio.Future[OrderAnswer]":
        """Return the placement's end, to be waited for: it is asked for from this very moment on."""
        if self._end is None:
            self._end = asyncio.get_running_loop().create_future()
        return asyncio.shield(self._end)

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


class CommandHandler:
    """Handles the commands of traders: validates each, has it decided, and answers once that is durable.

    An order is checked by the rules of its market (:mod:`domain.market.policies`: price within the range,
    size, position limit) and of its account (:mod:`domain.ledger.decide`: funds) before anything is written,
    and again by the decision itself; the first refusal in the order of :class:`domain.rejections.Reason` is
    told.
    """

    def __init__(
        self,
        directory: Directory,
        *,
        funds: Funds,
        set_aside: SetAside,
        order_keys: KeyIndex[KnownOrder],
        clock: Clock,
        ids: Ids,
        spans: Spans = NO_SPANS,
    ) -> None:
        self.sagas = SagaCounts()
        self._spans = spans
        self._directory = directory
        self._funds = funds
        self._set_aside = set_aside
        self._keys = KnownKeys(directory.ledgers, lambda ledger: ledger.orders, order_keys)
        self._clock = clock
        self._ids = ids
        self._placing: dict[OrderId, _UnderWay] = {}
        self._left: set[asyncio.Task[OrderAnswer]] = set()
        self._amending: dict[asyncio.Task[OrderAnswer], OrderId] = {}
        self._naming: dict[OrderId, tuple[str, asyncio.Task[OrderAnswer]]] = {}

    async def place(self, request: OrderRequest) -> OrderAnswer:
        """Place an order. The same request with the same client id again returns the first answer.

        Raises the store's errors when the outcome is not known to be durable.
        """
        return await self._place(request, present=False)

    async def _place(self, request: OrderRequest, *, present: bool) -> OrderAnswer:
        """Place an order; ``present`` says that what is in memory was the log's since it was asked for."""
        with perhaps_repeated(request.client_order_id):
            market = await self._directory.find_market(request.ticker)
            if market is None:
                return impossible(request, self._clock.now_us()) or NO_MARKET
            order_id = key = self._order_id(request)
            digest = request_digest(request)
            if request.client_order_id:
                order_id, known = await self._named(request.account_id, key, market)
                if known is not None:
                    return await self._repeated(request, order_id, known, digest)
        # From here to the saga's first step there is no await: two requests with one id cannot both begin.
        under_way = self._placing.get(order_id)
        if under_way is not None:
            return await under_way.answer() if under_way.digest == digest else self._another(request)
        placement = self._placement(request, order_id, digest, key, market)
        if isinstance(placement, Rejected):
            if present or impossible(request, self._clock.now_us()):
                return placement
            # Another process may have opened the market, or placed this very order.
            with perhaps_repeated(request.client_order_id):
                await self._directory.market(request.ticker).present()
                await self._directory.ledger(request.account_id).present()
            return await self._place(request, present=True)
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
        tickers = await self._traded_by(account_id) if ticker is None else [ticker]
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
        """Change an order's price, quantity or client id.

        The same request with the same new client id again returns the first answer.
        """
        with perhaps_repeated(request.client_order_id):
            ticker = await self.ticker_of(request.account_id, request.order_id)
        if ticker is None:
            return NO_ORDER
        if refused := self._set_aside.refusal(request.account_id, ticker):
            return refused
        if not request.client_order_id:
            return await self._amended(request, ticker, None)
        naming = Naming(_key(request.account_id, request.client_order_id), amendment_digest(request))
        with perhaps_repeated(request.client_order_id):
            known = await self._known(request.account_id, naming.key)
            state = await self._directory.market(ticker).state()
        order = state.orders.get(request.order_id)
        # From here to the saga there is no await: two amendments to one client id cannot both begin.
        digest, task = self._naming.get(naming.key, (known.request_digest if known else "", None))
        if digest == naming.digest:
            with perhaps_repeated(request.client_order_id):
                return await (asyncio.shield(task) if task else self._repeated_amendment(request, naming))
        if known is None and task is None:
            return await self._amended(request, ticker, naming)
        if order is not None and order.client_order_id == request.client_order_id:
            return await self._amended(request, ticker, None)  # it is called so already
        refused = None if order is None else refused_by_rules(request, order, state)
        return earliest(refused, _taken(request.client_order_id)) or NO_ORDER

    async def is_called(self, account_id: AccountId, order_id: OrderId, client_order_id: str) -> bool:
        """Return whether a client id is, or once was, the account's name for an order."""
        key = _key(account_id, client_order_id)
        if key == order_id:
            return True
        known = await self._known(account_id, key)
        if known is None:
            await self._directory.ledger(account_id).present()
            known = await self._known(account_id, key)
        return known is not None and known.order_id == order_id

    async def ticker_of(self, account_id: AccountId, order_id: OrderId) -> Ticker | None:
        """Return the market an order is in, or ``None`` if there is no such order in the log by now."""
        ticker = await self._ticker_of(account_id, order_id)
        if ticker is None:
            await self._directory.ledger(account_id).present()
            ticker = await self._ticker_of(account_id, order_id)
        return ticker

    @property
    def placing(self) -> int:
        """How many orders are being placed."""
        return len(self._placing)

    @property
    def amending(self) -> int:
        """How many orders are being amended."""
        return len(self._amending)

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

    async def _traded_by(self, account_id: AccountId) -> list[Ticker]:
        """Return the markets in which an account may have orders: all known here, and those it holds for."""
        held = (await self._directory.ledger(account_id).state()).reservations.values()
        elsewhere = (each.ticker for each in held if each.account_id == account_id)
        return list(dict.fromkeys([*self._directory.markets, *elsewhere]))

    async def _ticker_of(self, account_id: AccountId, order_id: OrderId) -> Ticker | None:
        held = (await self._directory.ledger(account_id).state()).reservations.get(order_id)
        if held is not None:
            return held.ticker
        known = await self._known(account_id, order_id)
        return known.ticker if known else None

    async def _amended(self, request: AmendRequest, ticker: Ticker, naming: Naming | None) -> OrderAnswer:
        """Carry out an amendment; it comes to its end even if its caller goes away."""
        saga = amend(
            request,
            ticker,
            naming,
            directory=self._directory,
            funds=self._funds,
            saga_id=self._ids.new(),
            spans=self._spans,
        )
        task = asyncio.ensure_future(saga)
        self._amending[task] = request.order_id
        if naming is not None:
            self._naming[naming.key] = naming.digest, task
            self._keys.use(self._directory.partition_of(request.account_id))
        task.add_done_callback(partial(self._amendment_ended, naming))
        return await asyncio.shield(task)

    def _amendment_ended(self, naming: Naming | None, task: "asyncio.Task[OrderAnswer]") -> None:
        del self._amending[task]
        if naming is not None:
            del self._naming[naming.key]

    async def _repeated_amendment(self, request: AmendRequest, naming: Naming) -> OrderAnswer:
        """Return the answer to an amendment that was made before."""
        ledger = self._directory.ledger(request.account_id)
        if _begun(naming.key, await ledger.state()):
            await self._funds.booked()
            if _begun(naming.key, await ledger.state()):
                raise Overloaded("the amendment was interrupted and is being brought to its end; try again")
        known = await self._known(request.account_id, naming.key)
        assert known is not None
        return await self._as_it_stands(request.order_id, known.ticker)

    def _left_ended(self, order_id: OrderId, left: "asyncio.Task[OrderAnswer]") -> None:
        self._left.discard(left)
        fault = asyncio.CancelledError() if left.cancelled() else left.exception()
        self._placing.pop(order_id).ended(fault or left.result())

    def _order_id(self, request: OrderRequest) -> OrderId:
        if request.client_order_id:
            return _key(request.account_id, request.client_order_id)
        return OrderId(str(self._ids.new()))

    async def _named(
        self, account_id: AccountId, key: OrderId, market: MarketState
    ) -> tuple[OrderId, KnownOrder | None]:
        """Return the id of the order that a key names or will name, and what is known of the key.

        What was given up is never placed, but its request may be sent again: that is another order.
        """
        order_id, known = key, await self._known(account_id, key)
        while True:
            if known is not None and known.order_id == order_id:
                return order_id, known
            if known is not None:
                order_id = known.order_id
                if await self._known(account_id, order_id) is not None:
                    return order_id, known
            if order_id not in market.abandoned:
                return order_id, None
            order_id = OrderId(str(uuid5(ORDERS, order_id)))
            known = await self._known(account_id, order_id)

    def _placement(
        self, request: OrderRequest, order_id: OrderId, digest: str, key: OrderId, market: MarketState
    ) -> OrderPlacement | EitherWay | Rejected:
        """Return the saga that is to place an order, or the first reason for which it would not be taken."""
        either = is_either(request)
        wanted = as_held(request, market) if either else request

        def begin(wanted: OrderRequest) -> OrderPlacement | Rejected:
            needed = self._needed_for(wanted, order_id, market)
            if isinstance(needed, Rejected):
                return needed
            return OrderPlacement(
                wanted,
                order_id,
                digest,
                key=key,
                reserved=needed,
                saga_id=self._ids.new(),
                directory=self._directory,
                funds=self._funds,
                counts=self.sagas,
                spans=self._spans,
            )

        placement = begin(wanted)
        if not either or wanted.action is Action.BUY or isinstance(placement, Rejected):
            return placement
        return EitherWay(placement, lambda: begin(turned(wanted)))

    def _needed_for(self, request: OrderRequest, order_id: OrderId, market: MarketState) -> Money | Rejected:
        """Return what an order has to reserve, or the first reason for which it would not be taken."""
        needed = needed_for(request, order_id, market, self._directory.limits, self._clock.now_us())
        if not (isinstance(needed, Rejected) or request.order_group_id or self._set_aside):
            return needed
        refused = earliest(
            needed if isinstance(needed, Rejected) else None,
            self._set_aside.refusal(request.account_id, request.ticker),
            self._group_refusal(request),
        )
        return refused or needed

    def _group_refusal(self, request: OrderRequest) -> Rejected | None:
        ledger = self._directory.ledger(request.account_id).loaded
        if request.order_group_id is None or ledger is None:
            return None
        return group_refusal(request.order_group_id, request.account_id, request.ticker, ledger)

    def _another(self, request: OrderRequest) -> Rejected:
        """Return why a request is refused whose client id was used for another one."""
        used = _taken(request.client_order_id)
        return earliest(impossible(request, self._clock.now_us()), self._group_refusal(request), used) or used

    async def _repeated(
        self, request: OrderRequest, order_id: OrderId, known: KnownOrder, digest: str
    ) -> OrderAnswer:
        """Return the answer to a request whose client id was used before."""
        if known.request_digest != digest:
            return self._another(request)
        under_way = self._placing.get(order_id)
        if under_way is not None:
            return await under_way.answer()
        return await self._as_it_stands(order_id, known.ticker)

    async def _as_it_stands(self, order_id: OrderId, ticker: Ticker) -> OrderAccepted:
        market = self._directory.market(ticker)
        order = (await market.state()).orders.get(order_id)
        return OrderAccepted(
            position=market.position,
            order_id=order_id,
            order=order_state_of(ticker, order) if order else None,
            repeated=True,
        )

    async def _known(self, account_id: AccountId, key: OrderId) -> KnownOrder | None:
        """Return what is known of a key, be it remembered by the ledger or in the index of older ones."""
        return await self._keys.find(self._directory.partition_of(account_id), key)

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
            decision = await market.ask(command, command_id=self._ids.new())
            canceled += sum(
                isinstance(event, OrderCanceled) and event.account_id == account_id
                for event in decision.events
            )
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


def _key(account_id: AccountId, client_order_id: str) -> OrderId:
    """Return what an account's client id stands for: the id of an order placed under it."""
    return OrderId(str(uuid5(ORDERS, f"{account_id}/{client_order_id}")))


def _begun(key: OrderId, ledger: LedgerState) -> bool:
    return any(amendment.key == key for amendment in ledger.amendments.values())


def _taken(client_order_id: str) -> Rejected:
    return Rejected(
        Reason.DUPLICATE_CLIENT_ORDER_ID,
        f"client_order_id {client_order_id} was used for another request; use a new one",
    )


def _answer_or_fault(answer: OrderAnswer | BaseException) -> OrderAnswer | Exception:
    if isinstance(answer, BaseException) and not isinstance(answer, Exception):
        raise answer
    return answer
