"""What readers see is what the exchange itself holds: money to the unit, shares, orders, books, standings."""

from collections import defaultdict

import pytest

from application.ports.event_store import Filter
from domain.identifiers import AccountId
from domain.market.events import PairsRedeemed, PositionSettled, PositionUnwound, TradeExecuted
from domain.market.state import MarketState
from domain.market.vocabulary import Action, Result, Side
from projections.balances import LEDGERS
from projections.portfolio import PortfolioProjection
from projections.reading.queries import LedgerFilter, MarketFilter, OrderFilter, TradeFilter, everything
from projections.reading.views import LeaderboardPeriod, OrderStatus
from tests.integration.read_models.conftest import Database
from tests.integration.read_models.projecting import CODEC, Projected, projected
from tests.integration.read_models.random_flow import (
    ACCOUNTS,
    CHILD,
    DOOMED,
    FREE,
    GROUP,
    MARKETS,
    RUNNERS,
    SINGLE,
    Flow,
    random_flow,
)


async def states(flow: Flow) -> dict[str, MarketState]:
    found = {ticker: await flow.exchange.directory.find_market(ticker) for ticker in MARKETS}
    return {ticker: state for ticker, state in found.items() if state is not None}


async def check_money(flow: Flow, read: Projected) -> None:
    """Each account has the ledger's money, and spent on its positions what they say it did."""
    for ledger in flow.exchange.directory.ledgers:
        state = await ledger.state()
        for account_id, account in state.accounts.items():
            balance = await read.answers.portfolio.balance(account_id)
            assert balance.cash == account.cash
            assert balance.reserved == account.reserved
            assert balance.locked == sum(account.locked.values())
            positions = (await read.answers.portfolio.get_positions(account_id)).items
            spent = sum(each.exposure - each.realized_pnl + each.fees for each in positions)
            entries = await everything(
                lambda cursor, owner=account_id: read.answers.portfolio.ledger_entries(owner, cursor=cursor)
            )
            moved = [
                sum(entry.cash_delta for entry in entries),
                sum(entry.reserved_delta for entry in entries),
                sum(entry.locked_delta for entry in entries),
            ]
            assert moved == [balance.cash, balance.reserved, balance.locked], "every cent has its reason"
            from_outside = sum(entry.cash_delta for entry in entries if entry.reference)
            assert balance.total == from_outside - spent


async def check_sums(flow: Flow, read: Projected) -> None:
    rows = await read.store.fetch(
        f"SELECT {', '.join(LEDGERS.columns)} FROM ledgers ORDER BY ledger",
        {},
    )
    for number, ledger in enumerate(flow.exchange.directory.ledgers):
        state = await ledger.state()
        expected = (
            f"ledger-{number:02d}",
            state.deposited,
            state.withdrawn,
            state.in_markets,
            state.fees_held,
            state.fees_earned,
        )
        assert rows[number] == expected


async def check_holdings(flow: Flow, read: Projected) -> None:
    for ticker, state in (await states(flow)).items():
        for account_id in ACCOUNTS:
            held = state.positions.get(account_id)
            page = await read.answers.portfolio.get_positions(account_id)
            seen = next((each for each in page.items if each.ticker == ticker), None)
            assert (
                (seen.yes, seen.no) == ((held.yes, held.no) if held else (0, 0))
                if seen
                else not held or (held.yes == held.no == 0)
            )
            if held and seen:
                assert seen.exposure - seen.realized_pnl + seen.fees == held.paid
                assert seen.fees == held.fees
                on_the_book = (o for o in state.orders_of(account_id) if o.order_id not in state.stops)
                assert seen.resting == sum(order.remaining for order in on_the_book)


async def check_orders(flow: Flow, read: Projected) -> None:
    open_orders = {}
    for state in (await states(flow)).values():
        open_orders.update(state.orders)
    for account_id in ACCOUNTS:
        orders = await everything(
            lambda cursor, owner=account_id: read.answers.orders.orders(owner, cursor=cursor)
        )
        for order in orders:
            ended = order.filled + order.canceled + order.lapsed + order.voided
            assert ended + order.remaining == order.initial
            assert (order.status is OrderStatus.RESTING) == (order.order_id in open_orders)
            assert (order.status is OrderStatus.CANCELED) == (order.end_reason is not None)
            live = open_orders.pop(order.order_id, None)
            if live is not None:
                assert (order.remaining, order.price_ticks) == (live.remaining, live.price_ticks)
                assert (order.reserved, order.filled) == (live.reserved, live.filled)
                assert order.maker_fees + order.taker_fees == live.fee_charged
    assert open_orders == {}


async def check_books(flow: Flow, read: Projected) -> None:
    for ticker, state in (await states(flow)).items():
        for books in (read.answers.books, read.models.books):
            book = await books.book(ticker)
            assert book is not None
            assert list(book.yes) == state.book.depth(Side.YES)
            assert list(book.no) == state.book.depth(Side.NO)
            for order in state.orders.values():
                queue = await books.queue_position(order.account_id, order.order_id)
                assert (queue.ahead if queue else None) == (
                    state.book.queue_ahead(order) if order.resting else None
                )
        market = await read.answers.markets.market(ticker)
        assert market is not None
        assert market.status is state.status
        assert market.result is state.result
        assert (market.volume, market.last_price_ticks) == (state.volume, state.last_price)
        assert (market.trades, market.open_interest) == (state.trades, state.outstanding)
        assert market.condition is state.condition
        assert market.yes_bid_ticks == state.book.yes.best_ticks
        assert market.no_bid_ticks == state.book.no.best_ticks
        assert market.fees == state.fees
        levels = [*state.book.depth(Side.YES), *state.book.depth(Side.NO)]
        assert market.liquidity == sum(ticks * quantity for ticks, quantity in levels)


async def check_all(flow: Flow, read: Projected) -> None:
    step_us, flow.clock.step_us = flow.clock.step_us, 0  # no order expires while it is compared
    await flow.settle()
    await read.catch_up()
    await check_money(flow, read)
    await check_sums(flow, read)
    await check_holdings(flow, read)
    await check_orders(flow, read)
    await check_books(flow, read)
    flow.clock.step_us = step_us
    assert read.runner.stats.halted == {}
    assert read.runner.stats.parked == {}


@pytest.mark.parametrize("seed", [11, 12])
async def test_readers_see_what_the_exchange_holds_all_along(database: Database, seed: int) -> None:
    async with random_flow(seed) as flow:
        for _ in range(3):
            async with projected(database, flow) as read:
                await flow.trade(70)
                await check_all(flow, read)
                await flow.trade(40)
                await check_all(flow, read)
        async with projected(database, flow) as read:
            await flow.resolve()
            await check_all(flow, read)


async def test_the_board_in_memory_says_what_the_rows_say(database: Database) -> None:
    async with random_flow(13, step_us=90_000_000) as flow:
        for _ in range(4):
            async with projected(database, flow) as read:
                await flow.trade(60)
                await read.catch_up()
                for ticker in MARKETS:
                    flow.clock.step_us = 0
                    assert read.board.market(ticker) == await read.answers.markets.market(ticker)
                    stored = await read.answers.markets.trades(TradeFilter(ticker=ticker), limit=5)
                    assert await read.models.markets.trades(TradeFilter(ticker=ticker), limit=5) == stored
                    latest = read.board.latest_trades(ticker, 5)
                    assert latest is None or latest == stored.items
                    flow.clock.step_us = 90_000_000
        async with projected(database, flow) as read:
            await flow.resolve()
            await read.catch_up()
            assert read.board.market(SINGLE) is None, "what is over leaves the board"
            assert (await read.models.markets.market(SINGLE)) is not None


async def test_a_portfolio_is_money_positions_and_open_orders(database: Database) -> None:
    async with random_flow(14) as flow, projected(database, flow) as read:
        await flow.trade(120)
        await flow.resolve()
        await read.catch_up()
        empty = 0
        portfolio = next(each for each in read.projections if isinstance(each, PortfolioProjection))
        for trader in ACCOUNTS:
            view = await portfolio.get_portfolio(trader)
            assert view.balance == await read.answers.portfolio.balance(trader)
            held = [each for each in view.positions.items if each.yes or each.no]
            assert held == list(await portfolio.get_positions(trader))
            empty += len(view.positions.items) - len(held)
            orders = await portfolio.get_open_orders(trader)
            assert list(view.open_orders.items) == list(orders)
            assert all(order.status is OrderStatus.RESTING for order in orders)
            assert view.balance.portfolio_value == sum(each.value for each in view.positions.items)
            assert (view.positions.cursor, view.open_orders.cursor) == ("", "")
        assert empty, "there were positions without shares too"


async def test_a_portfolio_says_that_there_are_more_orders_than_it_shows(database: Database) -> None:
    async with random_flow(14) as flow, projected(database, flow) as read:
        await flow.trade(200)
        await read.catch_up()
        portfolio = next(each for each in read.projections if isinstance(each, PortfolioProjection))
        trader = ACCOUNTS[1]
        orders = list(await portfolio.get_open_orders(trader))
        assert len(orders) > 2
        view = await read.answers.portfolio.get_portfolio(trader, limit=2)
        rest = await read.answers.portfolio.get_open_orders(trader, cursor=view.open_orders.cursor)
        assert [*view.open_orders.items, *rest.items] == orders


async def test_what_a_called_off_market_took_it_gives_back(database: Database) -> None:
    async with random_flow(15) as flow, projected(database, flow) as read:
        await flow.trade(200)
        await flow.resolve()
        await read.catch_up()
        for trader in ACCOUNTS:
            settlements = (await read.answers.portfolio.settlements(trader)).items
            for each in settlements:
                assert each.unwound == (each.ticker == DOOMED)
            position = next(
                (
                    each
                    for each in (await read.answers.portfolio.get_positions(trader)).items
                    if each.ticker == DOOMED
                ),
                None,
            )
            if position:
                assert (position.realized_pnl, position.fees, position.exposure) == (0, 0, 0)
        results = {
            each.ticker: (each.result, each.yes_ticks)
            for trader in ACCOUNTS
            for each in (await read.answers.portfolio.settlements(trader)).items
        }
        assert results[SINGLE] == (Result.NO, 0)
        assert results[FREE] == (Result.VOID, 4_000)
        assert results[CHILD] == (Result.YES, 10_000)
        assert results[RUNNERS[1]] == (Result.YES, 10_000)


async def test_standings_are_those_of_a_recomputation_from_nothing(database: Database) -> None:
    async with random_flow(16, step_us=600_000_000) as flow, projected(database, flow) as read:
        await flow.trade(200)
        await flow.resolve()
        await read.catch_up()
        profits = await recomputed(flow)
        for period in LeaderboardPeriod:
            at = flow.clock.time_us
            if period is LeaderboardPeriod.ALL:
                top = await read.answers.leaderboard.get_top(100, period, at_us=at)
                assert {entry.account_id: entry.profit for entry in top} == profits
                assert [entry.profit for entry in top] == sorted(profits.values(), reverse=True)
            else:
                sums = await read.store.fetch(
                    "SELECT account_id, SUM(profit) FROM leaderboard WHERE period = :period "
                    "GROUP BY account_id",
                    {"period": period.value},
                )
                assert {account: int(profit) for account, profit in sums} == profits


async def recomputed(flow: Flow) -> dict[AccountId, int]:
    """Every market is over: the profit is simply what came out less what went in."""
    profits: dict[AccountId, int] = defaultdict(int)
    async for page in flow.log.read_all(matching=Filter(stream_prefixes=("market-",))):
        for stored in page.events:
            event = CODEC.decode(stored).event
            match event:
                case TradeExecuted():
                    for leg in (event.maker, event.taker):
                        yes = leg.side is Side.YES
                        value = (event.price_ticks if yes else 10_000 - event.price_ticks) * event.quantity
                        profits[leg.account_id] += (value if leg.action is Action.SELL else -value) - leg.fee
                case PairsRedeemed():
                    profits[event.account_id] += event.payout
                case PositionSettled():
                    profits[event.account_id] += event.payout + (event.fees if event.fees_returned else 0)
                case PositionUnwound():
                    profits[event.account_id] += event.refund
    return dict(profits)


async def test_groups_series_and_words_find_their_markets(database: Database) -> None:
    async with random_flow(17) as flow, projected(database, flow) as read:
        await read.catch_up()
        markets = read.answers.markets
        group = await markets.group(GROUP)
        assert group is not None
        assert group.members == tuple(RUNNERS)
        assert [each.series for each in await markets.series_list()] == ["RACES"]
        in_group = await markets.markets(MarketFilter(group_ids=(GROUP,)))
        assert [market.ticker for market in in_group.items] == RUNNERS
        assert {market.series for market in in_group.items} == {"RACES"}
        assert {market.ticker for market in await markets.search("race happen")} == set(RUNNERS)
        assert await markets.search('"; DROP TABLE markets; --') == []


async def test_pages_follow_each_other_without_gap_or_repeat(database: Database) -> None:
    async with random_flow(18) as flow, projected(database, flow) as read:
        await flow.trade(300)
        await read.catch_up()
        trader = ACCOUNTS[1]
        answers = read.answers
        for name, pages in {
            "orders": lambda cursor, n: answers.orders.orders(trader, limit=n, cursor=cursor),
            "fills": lambda cursor, n: answers.portfolio.fills(trader, limit=n, cursor=cursor),
            "trades": lambda cursor, n: answers.markets.trades(limit=n, cursor=cursor),
            "entries": lambda cursor, n: answers.portfolio.ledger_entries(trader, limit=n, cursor=cursor),
            "positions": lambda cursor, n: answers.portfolio.get_positions(trader, limit=n, cursor=cursor),
            "markets": lambda cursor, n: answers.markets.markets(limit=n, cursor=cursor),
        }.items():
            flow.clock.step_us = 0
            whole = (await pages("", 1_000)).items
            by_three = await everything(lambda cursor, pages=pages: pages(cursor, 3))
            assert list(by_three) == list(whole), name
            assert len(whole) > 3, name


async def test_why_an_order_cost_what_it_did_is_written_down(database: Database) -> None:
    async with random_flow(19) as flow, projected(database, flow) as read:
        await flow.trade(150)
        await read.catch_up()
        for trader in ACCOUNTS:
            executed = await read.answers.orders.orders(trader, OrderFilter(status=OrderStatus.EXECUTED))
            for order in executed.items:
                entries = await read.answers.portfolio.ledger_entries(
                    trader, LedgerFilter(order_id=order.order_id), limit=1_000
                )
                moved = sum(
                    entry.cash_delta + entry.reserved_delta + entry.locked_delta for entry in entries.items
                )
                value = order.maker_fill_cost + order.taker_fill_cost
                paid = value if order.action is Action.BUY else -value
                assert moved == -paid - order.maker_fees - order.taker_fees
