"""Requests for quotes: traders ask for a price beside the book, makers answer, both agree or nobody does."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

from application.hosting.directory import Directory, QuotesOwner
from application.ports.clock import Clock, Ids
from application.processes.consequences import FOLLOWS_S, StillUnderWay
from application.requests import Accepted, Answer
from application.sagas.funds import Funds
from application.trading import NO_MARKET
from application.turns import in_turns
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market.crossing import beyond_the_book, placing_of
from domain.market.events import CrossedOrder
from domain.market.policies import check_open, check_price, check_step, first_refusal, reservation_for
from domain.market.state import MarketState
from domain.market.vocabulary import Action, Side
from domain.quantities import Money, Quantity, Ticks, complement
from domain.quotes import commands as c
from domain.quotes.decide import bid_of, quantity_of
from domain.quotes.state import Quote, QuoteRequest
from domain.quotes.vocabulary import QuoteStatus
from domain.rejections import Reason, Rejected

NO_REQUEST = Rejected(Reason.RFQ_NOT_FOUND, "there is no such request for quotes")
NO_QUOTE = Rejected(Reason.QUOTE_NOT_FOUND, "there is no such quote")

_Check = Callable[[MarketState], Rejected | None]


class Quoting:
    """The use cases of requests and quotes. Every answer is durable when it is given.

    What the market or an account's money rules out now is refused before anything is agreed; whether it
    still holds when the trade is carried out, the market and the ledgers decide.
    """

    def __init__(self, directory: Directory, funds: Funds, clock: Clock, ids: Ids) -> None:
        self._directory = directory
        self._funds = funds
        self._clock = clock
        self._ids = ids

    # ------------------------------------------------------------------------------------- looking

    async def requests(self, wanted: Callable[[QuoteRequest], bool]) -> Sequence[QuoteRequest]:
        """Return those of all known requests that are wanted, the latest first."""
        states = [await owner.state() for owner in self._directory.quotes]
        known = [request for state in states for request in state.requests.values()]
        found = [request async for request in in_turns(known) if wanted(request)]
        return sorted(found, key=lambda each: (-each.requested.at_us, each.rfq_id))

    async def request(self, rfq_id: str) -> QuoteRequest | None:
        """Return a request, ``None`` if there is none or it is forgotten."""
        desk = self._desk_of(rfq_id)
        return None if desk is None else (await desk.state()).requests.get(rfq_id)

    async def quotes(self, account_id: AccountId) -> Sequence[tuple[QuoteRequest, Quote]]:
        """Return the quotes that an account gave or was given, with their requests, the latest first."""
        states = [await owner.state() for owner in self._directory.quotes]
        found = [
            (state.requests[quote.given.rfq_id], quote)
            for state in states
            for quote in state.quotes_seen_by(account_id)
        ]
        return sorted(found, key=lambda pair: (-pair[1].given.at_us, pair[1].quote_id))

    async def quote(self, account_id: AccountId, quote_id: str) -> tuple[QuoteRequest, Quote] | None:
        """Return a quote that an account gave or was given; others' are nobody else's business."""
        desk = self._desk_of(quote_id)
        state = None if desk is None else await desk.state()
        quote = None if state is None else state.quote(quote_id)
        if state is None or quote is None:
            return None
        request = state.requests[quote.given.rfq_id]
        return (request, quote) if account_id in (request.account_id, quote.account_id) else None

    async def communications_id(self, account_id: AccountId) -> str:
        """Return the name under which others see what an account asks for and quotes."""
        owner = self._directory.quotes[self._directory.partition_of(account_id)]
        known = (await owner.state()).communications.get(account_id)
        if known is None:
            await owner.ask(
                c.IntroduceAccount(account_id=account_id, communications_id=str(self._ids.new())),
                command_id=self._ids.new(),
            )
            known = (await owner.state()).communications[account_id]
        return known

    # -------------------------------------------------------------------------------------- asking

    async def ask(
        self,
        account_id: AccountId,
        ticker: Ticker,
        *,
        quantity: Quantity,
        target_cost: Money,
        rest_remainder: bool,
        replaces: bool,
    ) -> tuple[str, Answer]:
        """Ask for quotes; return the request's id."""
        partition = self._directory.partition_of(account_id)
        rfq_id = f"{self._ids.new()}-{partition:02d}"

        def check(market: MarketState) -> Rejected | None:
            return check_open(market) or (check_step(quantity, market) if quantity else None)

        if refused := await self._refusal(ticker, check):
            return rfq_id, refused
        creator_id = await self.communications_id(account_id)
        answer = await self._decide(
            self._directory.quotes[partition],
            lambda now_us: c.RequestQuotes(
                rfq_id=rfq_id,
                account_id=account_id,
                creator_id=creator_id,
                ticker=ticker,
                quantity=quantity,
                target_cost=target_cost,
                rest_remainder=rest_remainder,
                replaces=replaces,
                now_us=now_us,
            ),
        )
        return rfq_id, answer

    async def withdraw_request(self, account_id: AccountId, rfq_id: str) -> Answer:
        """End a request of one's own."""
        desk = self._desk_of(rfq_id)
        if desk is None:
            return NO_REQUEST
        return await self._decide(
            desk, lambda now_us: c.WithdrawRequest(rfq_id=rfq_id, account_id=account_id, now_us=now_us)
        )

    # ------------------------------------------------------------------------------------- quoting

    async def give(
        self, account_id: AccountId, rfq_id: str, *, yes_bid: Ticks, no_bid: Ticks, rest_remainder: bool
    ) -> tuple[str, Answer]:
        """Answer a request; return the quote's id. It takes the place of the account's former one."""
        request, desk = await self.request(rfq_id), self._desk_of(rfq_id)
        if request is None or desk is None:
            return "", NO_REQUEST
        bids = [(side, bid) for side, bid in ((Side.YES, yes_bid), (Side.NO, no_bid)) if bid]

        def check(market: MarketState) -> Rejected | None:
            off = (check_price(bid, side, market) for side, bid in bids)
            return check_open(market) or next((refused for refused in off if refused), None)

        if refused := await self._refusal(request.ticker, check):
            return "", refused
        creator_id = await self.communications_id(account_id)
        quote_id = f"{self._ids.new()}-{rfq_id[-2:]}"
        answer = await self._decide(
            desk,
            lambda now_us: c.GiveQuote(
                quote_id=quote_id,
                rfq_id=rfq_id,
                account_id=account_id,
                creator_id=creator_id,
                yes_bid_ticks=yes_bid,
                no_bid_ticks=no_bid,
                rest_remainder=rest_remainder,
                now_us=now_us,
            ),
        )
        return quote_id, answer

    async def withdraw_quote(self, account_id: AccountId, quote_id: str) -> Answer:
        """Take back a quote of one's own."""
        desk = self._desk_of(quote_id)
        if desk is None:
            return NO_QUOTE
        return await self._decide(
            desk, lambda now_us: c.WithdrawQuote(quote_id=quote_id, account_id=account_id, now_us=now_us)
        )

    # ------------------------------------------------------------------------------------ agreeing

    async def accept(self, account_id: AccountId, quote_id: str, side: Side) -> Answer:
        """Take a quote's bid for an outcome."""
        found, desk = await self.quote(account_id, quote_id), self._desk_of(quote_id)
        if found is None or desk is None or found[0].account_id != account_id:
            return NO_QUOTE
        request, quote = found
        bid = bid_of(quote, side)
        market = await self._directory.present_market(request.ticker)
        if market is None:
            return NO_MARKET
        if quote.status is QuoteStatus.OPEN and bid:
            quantity = quantity_of(request, bid, market.quantity_step)
            price = bid if side is Side.YES else complement(bid)
            if refused := await self._unable(account_id, _other(side), price, quantity, market):
                return refused
        return await self._decide(
            desk,
            lambda now_us: c.AcceptQuote(
                quote_id=quote_id,
                account_id=account_id,
                side=side,
                step=market.quantity_step,
                now_us=now_us,
            ),
        )

    async def confirm(self, account_id: AccountId, quote_id: str) -> Answer:
        """Stand by a quote that was accepted, and wait until its trade is carried out, or is not."""
        found, desk = await self.quote(account_id, quote_id), self._desk_of(quote_id)
        if found is None or desk is None or found[1].account_id != account_id:
            return NO_QUOTE
        request, quote = found
        market = await self._directory.present_market(request.ticker)
        if market is None:
            return NO_MARKET
        side, quantity = quote.side or Side.YES, Quantity(quote.quantity)
        if quote.status is QuoteStatus.ACCEPTED:
            bid = bid_of(quote, side)
            price = bid if side is Side.YES else complement(bid)
            if refused := await self._unable(account_id, side, price, quantity, market):
                return refused
        answer = await self._decide(
            desk,
            lambda now_us: c.ConfirmQuote(
                quote_id=quote_id,
                account_id=account_id,
                maker_action=_action(account_id, side, quantity, market),
                taker_action=_action(request.account_id, _other(side), quantity, market),
                now_us=now_us,
            ),
        )
        return answer if isinstance(answer, Rejected) else await self._carried_out(desk, quote_id, request)

    async def _carried_out(self, desk: QuotesOwner, quote_id: str, request: QuoteRequest) -> Answer:
        try:
            async with asyncio.timeout(FOLLOWS_S):
                await self._funds.booked()
        except Exception as fault:
            raise StillUnderWay(
                "the quote is confirmed, and its trade is being carried out; look again soon"
            ) from fault
        quote = (await desk.state()).quote(quote_id)
        if quote is not None and quote.status is QuoteStatus.CANCELED:
            return Rejected(Reason.QUOTE_NOT_EXECUTED, quote.explanation)
        return Accepted(position=max(desk.position, self._directory.market(request.ticker).position))

    # ------------------------------------------------------------------------------------- details

    def _desk_of(self, name: str) -> QuotesOwner | None:
        """Return who decides on a request or a quote: its id ends with its partition."""
        head, _, partition = name.rpartition("-")
        try:
            UUID(head)
            number = int(partition)
        except ValueError:
            return None
        known = 0 <= number < self._directory.partitions and name == f"{UUID(head)}-{number:02d}"
        return self._directory.quotes[number] if known else None

    async def _decide(self, desk: QuotesOwner, command: Callable[[int], c.QuotesCommand]) -> Answer:
        decision = await desk.ask(command, command_id=self._ids.new())
        return decision.rejected or Accepted(position=decision.position)

    async def _refusal(self, ticker: Ticker, check: _Check) -> Rejected | None:
        """Return why a market rules something out, as it stands in the log."""
        market = await self._directory.find_market(ticker)
        if market is None:
            return NO_MARKET
        if check(market) is None:
            return None
        return check(await self._directory.market(ticker).present())

    async def _unable(
        self, account_id: AccountId, gains: Side, price: Ticks, quantity: Quantity, market: MarketState
    ) -> Rejected | None:
        """Return why an account could not do its part now, if it could not."""
        action = _action(account_id, gains, quantity, market)
        order = CrossedOrder(
            order_id=OrderId(str(self._ids.new())),
            account_id=account_id,
            side=gains if action is Action.BUY else _other(gains),
            action=action,
        )
        placing = placing_of(order, price, quantity, self._clock.now_us(), Money(0))
        if refused := first_refusal(placing, market) or beyond_the_book(price, market):
            return refused
        needed, ledger = reservation_for(placing, market), self._directory.ledger(account_id)
        if (await ledger.state()).cash(account_id) < needed:
            await self._funds.booked()
            if (await ledger.present()).cash(account_id) < needed:
                return Rejected(
                    Reason.INSUFFICIENT_FUNDS, "there is not enough money for the trade, fees included"
                )
        return None


def _other(side: Side) -> Side:
    return Side.NO if side is Side.YES else Side.YES


def _action(account_id: AccountId, gains: Side, quantity: Quantity, market: MarketState) -> Action:
    """Return how an account comes to hold more of an outcome: what is free of the other is given up first."""
    position = market.positions.get(account_id)
    free = 0 if position is None else position.free(_other(gains))
    return Action.SELL if free >= quantity else Action.BUY
