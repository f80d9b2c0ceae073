"""The client of ``presage.client`` on an exchange: orders, money, and a book across interruptions."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from websockets.asyncio.client import ClientConnection

from adapters.http.serving.serving import serving
from presage.client import BookMirror, Connected, Exchange, Refused, Signer, Told
from tests.integration.http.test_feed_resume import Flow
from tests.integration.http.world import Person, World


@pytest.fixture
async def url(world: World) -> AsyncIterator[str]:
    async with serving(world.presage.app, "127.0.0.1", 0) as served:
        yield served.url


def signer(person: Person) -> Signer:
    return Signer(person.key_id, person.private_pem.encode(), strict=person.strict)


@asynccontextmanager
async def following(url: str, market: str, check_every_s: float = 60.0) -> AsyncIterator["Following"]:
    async with Exchange(url) as exchange:
        follower = Following(exchange, market, check_every_s)
        task = asyncio.create_task(follower.run())
        try:
            yield follower
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class Following:
    """A bot that follows a book."""

    def __init__(self, exchange: Exchange, market: str, check_every_s: float) -> None:
        self.book: BookMirror | None = None
        self.changed = asyncio.Event()
        self._exchange = exchange
        self._market = market
        self._check_every_s = check_every_s

    async def run(self) -> None:
        async for book in self._exchange.follow_book(self._market, check_every_s=self._check_every_s):
            self.book = book
            self.changed.set()

    async def until(self, condition: Callable[[BookMirror], bool]) -> BookMirror:
        async with asyncio.timeout(30):
            while self.book is None or not condition(self.book):
                self.changed.clear()
                await self.changed.wait()
        return self.book


async def test_an_order_is_placed_amended_made_smaller_and_canceled(
    world: World, url: str, market: str, ann: Person, bob: Person
) -> None:
    async with Exchange(url, signer(ann)) as anns, Exchange(url, signer(bob)) as bobs:
        order = await anns.place(market, side="yes", count=10, price=Decimal("0.45"), client_order_id="one")
        again = await anns.place(market, side="yes", count=10, price="0.45", client_order_id="one")
        assert (again.order_id, order.status, order.remaining) == (order.order_id, "resting", Decimal(10))
        assert (await anns.amend(order, price="0.46", count="8.50")).yes_price == Decimal("0.46")
        assert (await anns.decrease(order.order_id, to="8")).remaining == 8
        await bobs.place(market, side="no", count=3, price="0.54")
        assert [(fill.count, fill.yes_price) async for fill in anns.fills()] == [(3, Decimal("0.46"))]
        assert [(held.yes, held.no) async for held in bobs.positions()] == [(0, 3)]
        assert (await anns.balance()).reserved == Decimal("0.46") * 5
        assert [each.order_id async for each in anns.orders(status="resting")] == [order.order_id]
        assert (await anns.cancel(order.order_id)).status == "canceled"
        assert (await anns.cancel(order.order_id)).end_reason is not None
        assert await anns.cancel_all() == 0
        assert [trade.count async for trade in anns.trades(market)] == [3]
        with pytest.raises(Refused, match="duplicate_client_order_id"):
            await anns.place(market, side="yes", count=11, price="0.45", client_order_id="one")


async def test_a_book_is_followed_across_cuts_and_compared_with_the_exchanges(
    world: World, url: str, market: str, ann: Person, bob: Person
) -> None:
    flow, feed = Flow(world, [ann, bob], market, seed=7), world.presage.feed
    async with following(url, market, check_every_s=0.05) as follower:
        for number in range(30):
            await asyncio.gather(*(flow.step() for _ in range(5)))
            if number % 3 == 0:
                for line in list(feed._lines):
                    feed.cut(line, "slow", 1008, "test")
        await world.presage.shown()
        book = await follower.until(lambda book: book.revision >= last_of_the_book(world, market))
        checked = book.checked
        while book.checked < checked + 2:  # noqa: ASYNC110 (a check that finds nothing is not told)
            await asyncio.sleep(0.01)
        assert book.differences == 0
        async with following(url, market) as other:
            fresh = await other.until(lambda book: book.revision >= 0)
        assert book.levels == fresh.levels


def last_of_the_book(world: World, market: str) -> int:
    board = world.presage.feed.hub._board.on_board(market)
    assert board is not None
    return board.book.top.revision


async def test_a_message_that_is_lost_on_the_way_is_noticed_and_told_again(
    world: World, url: str, market: str, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Exchange(url, signer(ann)) as anns, following(url, market) as follower:
        await follower.until(lambda book: book.revision >= 0)
        with monkeypatch.context() as patched:
            lost: list[object] = []
            recv = ClientConnection.__aiter__

            async def leaky(self: ClientConnection) -> AsyncIterator[object]:
                async for text in recv(self):
                    if b'"type":"orderbook_delta"' in text.encode() and not lost:  # type: ignore[union-attr]
                        lost.append(text)
                        continue
                    yield text

            patched.setattr(ClientConnection, "__aiter__", leaky)
            for line in list(world.presage.feed._lines):  # so that it listens anew, with the leak
                world.presage.feed.cut(line, "slow", 1008, "test")
            for cents in (40, 41, 42):
                await anns.place(market, side="yes", count=1, price=Decimal(cents).scaleb(-2))
            book = await follower.until(lambda book: len(book.levels["yes"]) == 3)
        assert lost
        assert sorted(book.levels["yes"].items()) == [(4_000, 100), (4_100, 100), (4_200, 100)]
        assert book.differences == 0


async def test_a_book_that_went_wrong_is_found_and_mended(
    world: World, url: str, market: str, ann: Person
) -> None:
    async with Exchange(url, signer(ann)) as anns, following(url, market, check_every_s=0.05) as follower:
        await anns.place(market, side="yes", count=1, price="0.40")
        book = await follower.until(lambda book: 4_000 in book.levels["yes"])
        book.levels["yes"][4_000] = 7
        await follower.until(lambda book: book.differences == 1)
        assert book.levels["yes"] == {4_000: 100}


async def test_what_happens_is_followed_from_any_event_on_and_from_now_on(
    world: World, url: str, market: str, ann: Person, bob: Person
) -> None:
    async with Exchange(url, signer(ann)) as anns, Exchange(url, signer(bob)) as bobs:
        for _ in range(2):
            await anns.place(market, side="yes", count=1, price="0.45")
            await bobs.place(market, side="no", count=1, price="0.55")
        await world.presage.shown()
        from_the_first = anns.follow(market, "trade", "market_lifecycle_v2", from_revision=0)
        told = [await anext(from_the_first) for _ in range(4)]
        assert sorted(each.messages[0].get("event_type", "trade") for each in told) == [
            "activated",
            "created",
            "trade",
            "trade",
        ]
        from_now = anns.follow(market, "trade")
        upcoming = asyncio.ensure_future(anext(from_now))
        while not world.presage.feed.hub.subscriptions["trade"] > 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await anns.place(market, side="yes", count=2, price="0.45")
        await bobs.place(market, side="no", count=2, price="0.55")
        async with asyncio.timeout(10):
            [trade] = (await upcoming).messages
        assert trade["count_fp"] == "2.00"
        for each in (from_the_first, from_now):
            await each.aclose()  # type: ignore[attr-defined]


async def test_ones_own_orders_are_told_as_they_stand_after_each_interruption(
    world: World, url: str, market: str, ann: Person
) -> None:
    async with Exchange(url, signer(ann)) as anns:
        await anns.place(market, side="yes", count=1, price="0.45", client_order_id="mine")
        await world.presage.shown()
        own = anns.feed.own("user_orders")
        for _ in range(2):
            async with asyncio.timeout(10):
                assert await anext(own) == Connected()
                told = await anext(own)
            assert isinstance(told, Told)
            assert told.messages[0]["client_order_id"] == "mine"
            for line in list(world.presage.feed._lines):
                world.presage.feed.cut(line, "slow", 1008, "test")
        await own.aclose()


async def test_who_is_not_admitted_is_told_so_and_does_not_try_for_ever(
    world: World, url: str, market: str, ann: Person, bob: Person
) -> None:
    stranger = Signer(ann.key_id, (await world.person("eve", pair=1)).private_pem.encode())
    async with Exchange(url, stranger) as exchange:
        with pytest.raises(Refused, match="invalid_signature"):
            await anext(exchange.feed.own("user_orders"))
        with pytest.raises(Refused, match="invalid_signature"):
            await exchange.balance()
    async with Exchange(url) as nobody:
        with pytest.raises(Refused, match="feed_16"):
            await anext(nobody.follow_book("NO-SUCH"))


async def test_a_book_is_not_told_as_it_stands_in_the_middle_of_what_was_before(
    world: World, url: str, market: str, ann: Person
) -> None:
    from tests.integration.http.feed_client import feed_client

    async with feed_client(url) as client:
        await client.ask("subscribe", channels=["orderbook_delta"], market_ticker=market, from_revision=0)
        [line] = world.presage.feed._lines
        [subscription] = line.subscriptions.values()
        subscription.live = False
        said = await client.ask(
            "update_subscription", sids=[1], action="get_snapshot", market_tickers=[market]
        )
        assert said["msg"]["code"] == 13
