"""Exercise 2: the price, and everything else about a market, as it stood at any time."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from adapters.snapshots.memory import NoSnapshots
from application.past import FIRST_GLANCE, LOOKED_BACK, Past
from application.ports.event_store import NO_STREAM
from application.streams import market_stream
from domain.identifiers import Ticker
from domain.market import commands as c
from domain.market import events as e
from domain.quantities import Ticks
from tests.unit.snapshots.market_log import STEP_US, TICKER, MarketLog


@pytest.fixture
async def log() -> MarketLog:
    made = MarketLog(seed=5)
    await made.open()
    return made


def past(log: MarketLog) -> Past:
    return Past(reader=log.store, codec=log.codec, snapshots=log.snapshots)


def slow_prices(log: MarketLog) -> Iterator[tuple[int, Ticks | None]]:
    """Yield every time something happened, and the last price then."""
    states = list(zip(log.times, (state.last_price for state in log.slow_states()), strict=True))
    for (at_us, price), (next_us, _) in zip(states, [*states[1:], (0, None)], strict=True):
        if next_us != at_us:
            yield at_us, price


async def test_there_is_no_price_before_the_first_trade(log: MarketLog) -> None:
    assert await past(log).get_price_at(TICKER, 0) is None
    assert await past(log).get_price_at(TICKER, 10**15) is None
    assert await past(log).get_price_at(Ticker("NO-SUCH-MARKET"), 10**15) is None


async def test_the_price_at_any_time_is_that_of_the_last_trade_up_to_then(log: MarketLog) -> None:
    await log.trade(300)
    checked = 0
    for at_us, price in slow_prices(log):
        assert await past(log).get_price_at(TICKER, at_us) == price
        assert await past(log).get_price_at(TICKER, at_us + STEP_US // 2) == price
        checked += price is not None
    assert checked > 200


async def test_a_trade_counts_from_its_very_microsecond_on(log: MarketLog) -> None:
    await log.trade(300)
    changes = [pair for pair in pairwise(slow_prices(log)) if pair[0][1] != pair[1][1]]
    for (_, before), (at_us, price) in changes[:20]:
        assert await past(log).get_price_at(TICKER, at_us) == price
        assert await past(log).get_price_at(TICKER, at_us - 1) == before


async def test_a_price_is_found_far_behind_orders_that_never_traded(log: MarketLog) -> None:
    await log.trade(60)
    price = log.state.last_price
    for order in list(log.state.orders.values()):
        await log.do(c.CancelOrder(order_id=order.order_id, account_id=order.account_id))
    for _ in range(LOOKED_BACK + 50):
        log.now_us += STEP_US
        await log.do(c.PauseMarket() if log.state.status.value == "active" else c.ResumeMarket())
    assert await past(log).get_price_at(TICKER, log.now_us) == price
    nowhere = Past(reader=log.store, codec=log.codec, snapshots=NoSnapshots())
    assert await nowhere.get_price_at(TICKER, log.now_us) == price


async def test_the_last_event_of_a_type_is_found_wherever_it_stands(log: MarketLog) -> None:
    """None is passed over where one stretch that is read backwards ends and the next begins."""
    last = FIRST_GLANCE * (1 + 8) + 20
    for pause in range(3, last + 1):
        # Everything but one event is of another type.
        stream = market_stream(Ticker(f"PAUSED-AT-{pause}"))
        others = [log.encoded(e.RulesAmended(rules="?", version=1)) for _ in range(last + 1)]
        others[pause] = log.encoded(e.MarketPaused(reason=""))
        await log.store.append(stream, others, expected=NO_STREAM)
        ticker, types = Ticker(f"PAUSED-AT-{pause}"), ("MarketPaused",)
        found = await past(log).latest(ticker, types, until=last, within=last + 1)
        assert found is not None
        assert found.revision == pause
        assert await past(log).latest(ticker, types, until=last, within=last - pause) is None
        assert await past(log).latest(ticker, types, until=pause - 1, within=last) is None


async def test_a_market_can_be_had_as_each_of_its_events_left_it(log: MarketLog) -> None:
    await log.trade(100)
    for revision, slow in enumerate(log.slow_states()):
        if revision % 9 == 0:
            there = await past(log).market_after(TICKER, revision)
            assert there is not None
            assert (there.tip.revision, there.state.digest()) == (revision, slow.digest())
    assert await past(log).market_after(TICKER, len(log.events)) is None
    assert await past(log).market_after(TICKER, 10**15) is None


async def test_a_market_is_not_there_before_it_was_listed(log: MarketLog) -> None:
    assert await past(log).market_at(TICKER, log.times[0] - 1) is None
    assert await past(log).market_at(TICKER, log.times[0]) is not None


async def test_the_revision_at_a_time_is_that_of_the_last_event_by_then(log: MarketLog) -> None:
    await log.trade(50)
    for at_us in range(0, log.now_us + 2 * STEP_US, STEP_US // 2):
        expected = sum(time <= at_us for time in log.times) - 1
        assert await past(log).revision_at(TICKER, at_us) == expected
