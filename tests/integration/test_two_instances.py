"""Two instances of Presage trade on one log, as they do while one takes the other's place."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from adapters.bootstrap import Presage, open_presage
from adapters.event_schemas.codec import JsonCodec
from adapters.settings import Settings
from application.requests import Accepted, OrderAccepted, OrderRequest
from application.verification.verify import verify
from domain.identifiers import AccountId, Ticker
from domain.market.commands import CreateMarket
from domain.market.vocabulary import Action, Side
from domain.quantities import Money, Quantity, Ticks
from tests.acceptance.presage_process import presage_here
from tests.acceptance.read_rows import rows_of
from tests.fair_clock import FairClock, fair_clock
from tests.integration.eventstore_node.node_process import NodeProcess

AT_ONCE = 8
TURN_WITHIN_S = 10.0
"""It is 0.5 to 2 s on a machine that does other things too; an owner that was starved waited for 15 s."""

TRADERS = [AccountId(f"trader-{number}") for number in range(6)]
MARKET = Ticker("M")


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[NodeProcess]:
    node = NodeProcess(tmp_path / "node")
    await node.start()
    yield node
    await node.end(signal.SIGKILL)


async def furnish(presage: Presage) -> None:
    operations = presage.exchange.operations
    for trader in TRADERS:
        assert isinstance(await operations.deposit(trader, Money(10**12), f"first of {trader}"), Accepted)
    assert isinstance(await operations.create_market(CreateMarket(ticker=MARKET, title="M")), Accepted)
    assert isinstance(await operations.activate(MARKET), Accepted)


async def trade(
    presage: Presage, name: str, orders: int, accepted_at: list[float], clock: FairClock
) -> Counter[str]:
    """Place orders of one's own, so many at once; return how they were answered."""
    answers: Counter[str] = Counter()
    numbers = iter(range(orders))

    async def one_after_the_other() -> None:
        for number in numbers:
            answer = await presage.exchange.trading.place(
                OrderRequest(
                    account_id=TRADERS[number % len(TRADERS)],
                    ticker=MARKET,
                    side=Side.YES if number % 2 else Side.NO,
                    action=Action.BUY,
                    quantity=Quantity(100),
                    price_ticks=Ticks(4_000 + 100 * (number % 20)),
                    client_order_id=f"{name}-{number}",
                )
            )
            if isinstance(answer, OrderAccepted):
                accepted_at.append(clock.now_s())
                answers["accepted"] += 1
            else:
                answers[answer.reason.name] += 1

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    return answers


@pytest.mark.more
@pytest.mark.parametrize("orders", [100, 600])
async def test_both_place_all_their_orders_and_hold_the_same_money(
    node: NodeProcess, tmp_path: Path, orders: int
) -> None:
    folders = tmp_path / "one", tmp_path / "two"
    one, two = (Settings(data=folder, event_store=node.uri) for folder in folders)
    async with open_presage(one) as first, open_presage(two) as second:
        await first.start()
        await furnish(first)
        await second.start()
        moments: tuple[list[float], list[float]] = ([0.0], [0.0])
        with fair_clock() as clock:
            told = await asyncio.gather(
                trade(first, "one", orders, moments[0], clock),
                trade(second, "two", orders, moments[1], clock),
            )
        assert told == [Counter(accepted=orders)] * 2
        for each in moments:
            assert max(later - earlier for earlier, later in pairwise(each)) < TURN_WITHIN_S
        for presage in (first, second):
            await presage.exchange.settled()
            assert await presage.shown()
        assert (await verify(first.store, JsonCodec())).violations == []
    live = [rows_of(folder) for folder in folders]
    assert live[0] == live[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRESAGE_EVENT_STORE", node.uri)
        rebuilt = await asyncio.to_thread(presage_here, "rebuild", "--all", "--data", folders[0])
        assert rebuilt.status == 0
    assert rows_of(folders[0]) == live[0]
