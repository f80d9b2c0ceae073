"""An exchange with traders to make logs with: accounts, markets, orders that rest, trade and go."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from adapters.bootstrap import build_exchange
from adapters.checkpoints import MemoryCheckpoints
from adapters.clock import SystemClock
from adapters.event_schemas.codec import JsonCodec
from adapters.event_schemas.remembering import RememberingCodec
from adapters.simulation.older_keys import NoOlderKeys
from adapters.simulation.sources import SeededIds
from application.exchange import Exchange
from application.ports.codec import EventCodec
from application.ports.event_store import START, EventStore, Position
from application.requests import OrderAccepted, OrderRequest
from domain.fees import fee_rate, fee_schedule
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market.commands import CreateMarket
from domain.market.vocabulary import Action, Side
from domain.quantities import Money, Quantity, Ticks

FEES = fee_schedule(taker=fee_rate(quadratic_bps=700))
IN_FLIGHT = 64


class Traders:
    """Places orders around a price that wanders, and cancels some of them."""

    def __init__(self, exchange: Exchange, *, accounts: int, markets: int, seed: int = 1) -> None:
        self.exchange = exchange
        self.random = random.Random(seed)
        self.accounts = [AccountId(f"trader-{number:05d}") for number in range(accounts)]
        self.middles = {Ticker(f"MARKET-{number:03d}"): 50.0 for number in range(markets)}
        self.open: list[tuple[AccountId, OrderId]] = []

    async def prepare(self) -> None:
        """Fund the accounts and open the markets."""
        operations = self.exchange.operations
        for start in range(0, len(self.accounts), 200):
            some = self.accounts[start : start + 200]
            await asyncio.gather(
                *(operations.deposit(account, Money(10**11), f"first of {account}") for account in some)
            )
        for ticker in self.middles:
            await operations.create_market(CreateMarket(ticker=ticker, title=f"Will {ticker} be?", fees=FEES))
            await operations.activate(ticker)

    def request(self) -> OrderRequest:
        """Return the next order: two of three rest, one of three trades."""
        pick = self.random
        ticker = pick.choice(tuple(self.middles))
        middle = self.middles[ticker] = min(80.0, max(20.0, self.middles[ticker] + pick.uniform(-0.3, 0.3)))
        side = pick.choice((Side.YES, Side.NO))
        worth = middle if side is Side.YES else 100 - middle
        cents = round(worth + (pick.uniform(0, 4) if pick.random() < 0.35 else -pick.uniform(1, 12)))
        return OrderRequest(
            account_id=pick.choice(self.accounts),
            ticker=ticker,
            side=side,
            action=Action.BUY,
            quantity=Quantity(100 * pick.randint(1, 50)),
            price_ticks=Ticks(100 * min(99, max(1, cents))),
        )

    async def order(self) -> Position:
        """Place an order, or cancel one in four, and return the position of the answer."""
        if self.open and self.random.random() < 0.25:
            owner = self.open.pop(self.random.randrange(len(self.open)))
            answer = await self.exchange.trading.cancel(*owner)
        else:
            request = self.request()
            answer = await self.exchange.trading.place(request)
            if isinstance(answer, OrderAccepted):
                self.open.append((request.account_id, answer.order_id))
        return answer.position if isinstance(answer, OrderAccepted) else START

    async def trade(self, orders: int) -> None:
        """Send so many orders, many at a time."""
        for _ in range(orders // IN_FLIGHT):
            await asyncio.gather(*(self.order() for _ in range(IN_FLIGHT)))


@asynccontextmanager
async def exchange_on(log: EventStore, codec: EventCodec | None = None) -> AsyncIterator[Exchange]:
    """Run an exchange on a log."""
    exchange = await build_exchange(
        log,
        codec or RememberingCodec(JsonCodec()),
        order_keys=NoOlderKeys(),
        transfer_keys=NoOlderKeys(),
        checkpoints=MemoryCheckpoints(),
        clock=SystemClock(),
        ids=SeededIds(1),
        partitions=4,
    )
    await exchange.start()
    try:
        yield exchange
    finally:
        await exchange.close()


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value below which ``part`` of all values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def apart(measure: Callable[..., Any], *arguments: Any) -> Any:
    """Measure in a fresh process, so that nothing is warm, large or fragmented from what came before.

    The process ends with this call, however that ends. Ctrl-C is for the one that waits alone: the other
    would tell where it stood.
    """
    processes = get_context("spawn")
    receiver, sender = processes.Pipe(duplex=False)
    process = processes.Process(target=_answer, args=(sender, measure, arguments))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    process.start()
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    try:
        sender.close()
        result, error = receiver.recv()
    finally:
        process.terminate()
        process.join()
        receiver.close()
    if error is not None:
        raise error
    return result


def _answer(sender: Connection, measure: Callable[..., Any], arguments: Sequence[Any]) -> None:
    try:
        sender.send((measure(*arguments), None))
    except Exception as error:  # noqa: BLE001 (it is raised where it is waited for)
        sender.send((None, error))
