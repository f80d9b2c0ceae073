"""A filled exchange: somebody has as much of everything as an account may, others the rest."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from adapters.bootstrap import Presage, open_presage
from adapters.cli.transport import App, InProcessTransport, Message
from adapters.garbage import collect_in_calm, collect_seldom
from adapters.http.callers.sessions import COOKIE
from adapters.http.callers.signing import generate_key_pair
from adapters.settings import Settings
from application.ports.sessions import PER_ACCOUNT
from application.processes.consequences import StillUnderWay
from application.requests import OrderAccepted, OrderRequest
from domain.group.commands import CreateGroup
from domain.identifiers import AccountId, GroupId, OrderId, Ticker
from domain.identity.aggregate import Scope
from domain.market.commands import CreateMarket
from domain.market.vocabulary import Action, Result, Side
from domain.quantities import Money, Quantity, Ticks
from domain.rejections import Rejected
from presage.signing import Signer

HOARDER, OTHER = AccountId("hoarder"), AccountId("other")
EVENT, SERIES = GroupId("EVENT"), "SERIES"
BUSY = Ticker("M-0000")
"""The market with a long history, and long rules."""
DEEP = Ticker("M-0001")
"""The market with many open orders of one account, each at a price of its own."""

RULES_TOLD, RULES_MAX = 20, 100_000
"""How many texts of a market's rules are told, and how long each may be."""

_AT_ONCE = 200
_FUNDS = Money(10**15)


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much there is of everything. By itself: what the longest page shows, or an account may have."""

    markets: int = 1_000
    ended: int = 300
    in_event: int = 100
    fills: int = 3_000
    open_orders: int = 9_000
    cancelled: int = 2_000
    order_groups: int = 900
    keys: int = 50


AS_LARGE_AS_MAY_BE = Size()


@dataclass(kw_only=True)
class World:
    """The exchange, and names of what is in it. ``number`` counts what is made for one request each.

    What comes through ``transport`` comes from another address each time.
    """

    presage: Presage
    transport: InProcessTransport
    signer: Signer
    public_pem: str
    filled_order: OrderId
    order_groups: Sequence[str]
    open_orders: Sequence[OrderId]
    size: Size
    number: int = 0
    password: str = "p" * 100
    made: dict[str, Any] = field(default_factory=dict)

    def fresh(self, prefix: str) -> str:
        """Return a name that was never used."""
        self.number += 1
        return f"{prefix}-{self.number}"

    async def market(self, *, group: GroupId | None = None, opens: bool = True) -> Ticker:
        """Make a market."""
        ticker = Ticker(self.fresh("NEW"))
        operations = self.presage.exchange.operations
        await self.done(operations.create_market(_market(ticker, group)))
        if opens:
            await self.done(operations.activate(ticker))
        return ticker

    async def done(self, command: Awaitable[object]) -> None:
        """Have a command carried out, and all that follows from it, however long that takes."""
        await _done(self.presage, command)

    async def group(self) -> tuple[GroupId, Ticker]:
        """Make a group with a market."""
        name = GroupId(self.fresh("GROUP"))
        await self.presage.exchange.operations.create_group(CreateGroup(group_id=name, title=name))
        return name, await self.market(group=name)

    async def order(self) -> OrderId:
        """Place an order that rests."""
        answer = await self.presage.exchange.trading.place(_order(HOARDER, DEEP, Ticks(2), Quantity(300)))
        assert isinstance(answer, OrderAccepted), answer
        return answer.order_id

    async def rfq(self, asker: AccountId) -> str:
        """Ask for quotes in a market without a book, in place of what was asked there before."""
        rfq_id, answer = await self.presage.exchange.quoting.ask(
            asker,
            self.made.get("quiet") or await self._quiet(),
            quantity=Quantity(100),
            target_cost=Money(0),
            rest_remainder=False,
            replaces=True,
        )
        assert not isinstance(answer, Rejected), answer
        return rfq_id

    async def _quiet(self) -> Ticker:
        ticker: Ticker = self.made.setdefault("quiet", await self.market())
        return ticker

    async def quote(self, maker: AccountId, asker: AccountId, *, accepted: bool = False) -> str:
        """Answer a request, and have the answer taken."""
        quoting = self.presage.exchange.quoting
        quote_id, answer = await quoting.give(
            maker,
            await self.rfq(asker),
            yes_bid=Ticks(5_000),
            no_bid=Ticks(4_000),
            rest_remainder=False,
        )
        assert not isinstance(answer, Rejected), answer
        if accepted:
            answer = await quoting.accept(asker, quote_id, Side.YES)
            assert not isinstance(answer, Rejected), answer
        return quote_id

    async def fill(self, ticker: Ticker) -> None:
        """Have many orders rest in a market, to be taken off at once."""
        await _rest(self.presage, self.size.cancelled, ticker, None)

    async def log_in(self) -> str:
        """Begin a session; return the cookie."""
        said = {"account_id": HOARDER, "password": self.password}
        answer = await self.transport.send(
            "POST", "/trade-api/v2/login", "", {"user-agent": "A" * 200}, orjson.dumps(said)
        )
        cookie, _, _ = answer.headers["set-cookie"].partition(";")
        assert cookie.startswith(COOKIE), answer
        return cookie

    async def shown(self) -> None:
        """Wait until readers see all there is, and all that follows from it is done."""
        await self.presage.exchange.settled()
        head = await self.presage.store.head()
        assert await self.presage.reads.freshness.await_position(head, 600)


@asynccontextmanager
async def filled_world(size: Size) -> AsyncIterator[World]:
    """Give a filled exchange, in a folder of its own, that is not the first to be asked anything."""
    with TemporaryDirectory() as folder:
        async with open_presage(Settings(data=Path(folder), sign_up=True)) as presage:
            await presage.start()
            private_pem, public_pem = generate_key_pair()
            keys = presage.exchange.keys
            key_id, _ = await keys.create(
                HOARDER, name="bench", public_key_pem=public_pem, scopes=tuple(Scope)
            )
            for number in range(size.keys):
                await keys.create(HOARDER, name=f"{number}", public_key_pem=public_pem, scopes=(Scope.READ,))
            await _list_markets(presage, size)
            filled = await _trade(presage, size)
            await _end(presage, size)
            order_groups = [
                (await presage.exchange.trading.create_order_group(HOARDER, Quantity(10**9)))[0]
                for _ in range(size.order_groups)
            ]
            world = World(
                presage=presage,
                transport=InProcessTransport(_from_everywhere(presage.app)),
                signer=Signer(key_id, private_pem.encode()),
                public_pem=public_pem,
                filled_order=filled,
                order_groups=order_groups,
                open_orders=await _rest(presage, size.open_orders, DEEP, order_groups[0]),
                size=size,
            )
            await _set_password(world)
            for _ in range(PER_ACCOUNT):
                await world.log_in()
            await presage.exchange.settled()
            await world.shown()
            # As every server does, once it stands.
            collect_seldom()
            collect_in_calm(asyncio.get_running_loop())
            yield world


def _from_everywhere(app: App) -> App:
    """Return an application in which every request comes from another address."""
    addresses: Iterator[str] = (str(IPv4Address("10.0.0.0") + number) for number in count())

    async def asked(
        scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        await app({**scope, "client": (next(addresses), 1)}, receive, send)

    return asked


async def _set_password(world: World) -> None:
    path = f"/admin/v1/accounts/{HOARDER}/password"
    said = orjson.dumps({"new_password": world.password})
    answer = await world.transport.send("POST", path, "", world.signer.headers("POST", path), said)
    assert answer.status < 300, answer


async def _many(doing: Callable[[Any], Awaitable[Any]], each: Iterable[Any]) -> list[Any]:
    todo, done = list(each), []
    for start in range(0, len(todo), _AT_ONCE):
        done += await asyncio.gather(*map(doing, todo[start : start + _AT_ONCE]))
    return done


async def _done(presage: Presage, command: Awaitable[object]) -> None:
    try:
        await command
    except StillUnderWay:  # on a slow machine what follows may come after the answer
        await presage.exchange.settled()


def _market(ticker: Ticker, group: GroupId | None) -> CreateMarket:
    return CreateMarket(
        ticker=ticker,
        title=f"Will {ticker} {'be what everybody says it will be ' * 3}?",
        rules="It counts what was said by then. " * 30,
        category="Weather",
        group_id=group,
        tick_size_ticks=Ticks(1),
    )


def _tickers(size: Size) -> list[Ticker]:
    return [Ticker(f"M-{number:04d}") for number in range(size.markets)]


def _ended(size: Size) -> list[Ticker]:
    return [Ticker(f"ENDED-{number:04d}") for number in range(size.ended)]


async def _list_markets(presage: Presage, size: Size) -> None:
    """List markets, all but those of one large event in a group of their own."""
    operations = presage.exchange.operations
    tickers = _tickers(size)
    groups = {
        ticker: EVENT if at < size.in_event else GroupId(f"E-{at}") for at, ticker in enumerate(tickers)
    }
    await _many(
        lambda name: operations.create_group(
            CreateGroup(group_id=name, title=f"Of {name}", category="Weather", series=SERIES)
        ),
        dict.fromkeys(groups.values()),
    )

    async def list_one(ticker: Ticker) -> None:
        await _done(presage, operations.create_market(_market(ticker, groups.get(ticker))))
        await _done(presage, operations.activate(ticker))

    await _many(list_one, [*tickers, *_ended(size)])
    for version in range(RULES_TOLD):
        await operations.amend_rules(BUSY, f"{version}".ljust(RULES_MAX, "r"))
    for account in (HOARDER, OTHER):
        await operations.deposit(account, _FUNDS, f"first of {account}")


def _order(account: AccountId, ticker: Ticker, ticks: Ticks, quantity: Quantity, **more: Any) -> OrderRequest:
    side = Side.YES if account == HOARDER else Side.NO
    return OrderRequest(
        account_id=account,
        ticker=ticker,
        side=side,
        action=Action.BUY,
        quantity=quantity,
        price_ticks=ticks,
        **more,
    )


async def _trade(presage: Presage, size: Size) -> OrderId:
    """Trade once in every market, and with one order very often."""
    trading = presage.exchange.trading
    half = Ticks(5_000)

    async def once(ticker: Ticker) -> None:
        await trading.place(_order(HOARDER, ticker, half, Quantity(100)))
        await trading.place(_order(OTHER, ticker, half, Quantity(100)))

    await _many(once, [*_tickers(size), *_ended(size)])
    resting = await trading.place(_order(HOARDER, BUSY, half, Quantity(100 * size.fills + 100)))
    assert isinstance(resting, OrderAccepted), resting
    await _many(lambda _: trading.place(_order(OTHER, BUSY, half, Quantity(100))), range(size.fills))
    return resting.order_id


async def _end(presage: Presage, size: Size) -> None:
    async def end(ticker: Ticker) -> None:
        await _done(presage, presage.exchange.operations.resolve(ticker, Result.YES))

    await _many(end, _ended(size))
    await presage.exchange.settled()


async def _rest(presage: Presage, orders: int, market: Ticker, order_group: str | None) -> list[OrderId]:
    """Place orders that rest, each at a price of its own; every fifth belongs to an order group."""
    answers = await _many(
        lambda ticks: presage.exchange.trading.place(
            _order(
                HOARDER,
                market,
                Ticks(ticks),
                Quantity(100),
                order_group_id=order_group if ticks % 5 == 0 else None,
            )
        ),
        [1 + at * 4_900 // orders for at in range(orders)],
    )
    assert all(isinstance(answer, OrderAccepted) for answer in answers), answers[-1]
    return [answer.order_id for answer in answers]
