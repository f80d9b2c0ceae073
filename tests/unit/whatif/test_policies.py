"""Recorded flow under other rules: what becomes of orders, of fees, and of files that say what cannot be."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from adapters.policies.file import read_policy
from adapters.policies.report import as_html, as_json, as_text
from adapters.rule_files import UnusableRules
from adapters.snapshots.memory import NoSnapshots
from application.events import Cause
from application.past import Past
from application.streams import market_stream
from application.whatif.policy import OffGrid, Policy
from application.whatif.under_policy import PolicyReport, under_policy
from domain.decider import execute
from domain.fees import fee_rate, fee_schedule
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market import commands as c
from domain.market.aggregate import MARKET
from domain.market.vocabulary import Action, Result, SelfTradePrevention, Side
from domain.quantities import Money, Quantity, Ticks

RAIN = Ticker("RAIN")


def order(number: int, who: str, side: Side, ticks: int, count: int, **more: Any) -> c.PlaceOrder:
    return c.PlaceOrder(
        order_id=OrderId(f"o{number}"),
        account_id=AccountId(who),
        side=side,
        action=Action.BUY,
        quantity=Quantity(100 * count),
        price_ticks=Ticks(ticks),
        reserved=Money(10**12),
        **more,
    )


FLOW: list[c.MarketCommand] = [
    c.CreateMarket(ticker=RAIN, title="?", opens=True, tick_size_ticks=Ticks(100)),
    order(1, "ann", Side.YES, 4_300, 10),
    order(2, "bob", Side.NO, 5_700, 4),
    c.AmendOrder(
        order_id=OrderId("o1"),
        account_id=AccountId("ann"),
        amendment_id="a",
        price_ticks=Ticks(4_400),
        extra=Money(10**6),
    ),
    order(3, "ann", Side.NO, 5_600, 1),
    order(4, "cat", Side.NO, 5_600, 6),
    c.ResolveMarket(result=Result.YES),
]
"""Ann bids and is met at 43 and 44 cents; her own offer in between gives way."""


async def recorded(flow: Sequence[c.MarketCommand] = FLOW) -> Past:
    store, codec, state = MemoryEventStore(), JsonCodec(), MARKET.initial()
    for number, command in enumerate(flow):
        events, refused = execute(MARKET, state, command, number)
        assert refused is None, refused
        cause = Cause(command_id=UUID(int=number), correlation_id=UUID(int=number), at_us=number * 10**6)
        new = [codec.encode(event, UUID(int=1000 * number + at), cause) for at, event in enumerate(events, 1)]
        await store.append(market_stream(RAIN), new, expected=state.revision - len(new))
    return Past(reader=store, codec=codec, snapshots=NoSnapshots())


@pytest.fixture
async def past() -> Past:
    return await recorded()


async def under(past: Past, **rules: Any) -> PolicyReport:
    return await under_policy(past, [RAIN], Policy(name="other", **rules), lambda *_: None)


async def test_the_same_rules_make_no_difference(past: Past) -> None:
    report = await under(past, tick_ticks=Ticks(100), fees=fee_schedule())
    assert (report.recorded.trades, report.recorded.volume) == (2, 1_000)
    assert report.other.flow == report.recorded.flow
    assert (report.other.profits, report.refused) == (report.recorded.profits, {})


async def test_fees_are_charged_to_the_cent_and_missing_from_those_who_pay_them(past: Past) -> None:
    report = await under(
        past, fees=fee_schedule(taker=fee_rate(quadratic_bps=700), maker=fee_rate(flat_ticks=100))
    )
    # Of takers 7 % of p(1 - p): 4 at 43 cents 0.068628, 6 at 44 cents 0.103488, each up to a cent.
    assert (report.other.taker_fees, report.other.maker_fees) == (70_000 + 110_000, 100_000)
    moved = {
        each: report.other.profits[each] - report.recorded.profits[each] for each in ("ann", "bob", "cat")
    }
    assert moved == {"ann": -100_000, "bob": -70_000, "cat": -110_000}


async def test_on_a_coarser_grid_bids_go_down_and_meet_less(past: Past) -> None:
    report = await under(past, tick_ticks=Ticks(500))
    # Ann bids 40 cents, then too; bob bids 55 for no, cat 55: nobody meets her.
    [market] = report.markets
    assert (market.other.trades, market.other.spread_ticks) == (0, 500)
    assert report.recorded.trades == 2


async def test_prices_off_the_grid_may_be_refused_instead(past: Past) -> None:
    report = await under(past, tick_ticks=Ticks(500), off_grid=OffGrid.REFUSE)
    assert {reason.value: count for reason, count in report.refused.items()} == {
        "price_off_tick": 4,
        "order_not_found": 1,
    }


async def test_who_gives_way_decides_what_is_left_on_the_book(past: Past) -> None:
    report = await under(past, gives_way=SelfTradePrevention.MAKER)
    assert (report.recorded.self_trades, report.other.self_trades) == (1, 1)
    # Ann's bid is gone when cat comes.
    assert [each[1] for each in report.other.flow] == [400]


async def test_a_grid_without_a_price_leaves_the_market_out() -> None:
    narrow = c.CreateMarket(
        ticker=RAIN, title="?", opens=True, price_min_ticks=Ticks(5_100), price_max_ticks=Ticks(5_300)
    )
    report = await under(await recorded([narrow]), tick_ticks=Ticks(5_000))
    assert list(report.left_out) == [RAIN]
    assert "no price" in as_text(report)


async def test_the_report_is_told_in_three_ways(past: Past) -> None:
    policy = Policy(name="<b>dear</b>", fees=fee_schedule(taker=fee_rate(flat_ticks=100)))
    report = await under_policy(past, [RAIN], policy, lambda *_: None)
    told = as_json(report)
    assert told["under_policy"]["fees_dollars"] == "0.100000"
    assert told["recorded"]["fees_dollars"] == "0.000000"
    assert told["accounts"] == [
        {"account_id": "cat", "gain_dollars": "-0.060000"},
        {"account_id": "bob", "gain_dollars": "-0.040000"},
    ]
    assert "cat would have lost $0.060000." in as_text(report)
    page = as_html(report)
    assert page.count("<polyline") == 6, "three charts of two lines"
    assert "<b>dear" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "name: is missing"),
        ('name = "x"', "change nothing"),
        ('name = "x"\nfee = 1', "fee: there is nothing of this name"),
        ('name = "x"\n[fees.taker]\nquadratic = 7', "fees.taker.quadratic: there is nothing of this name"),
        ('name = "x"\n[fees.taker]\nquadratic_bps = -1', "fees.taker.quadratic_bps"),
        ('name = "x"\n[fees]\ngrain_dollars = "0"', "grain_dollars must be more than nothing"),
        (
            'name = "x"\n[tick]\nsize_dollars = 0.05',
            "tick.size_dollars: must be written as a text",
        ),
        ('name = "x"\n[tick]\nsize_dollars = "0.03"', "must divide a dollar"),
        ('name = "x"\n[tick]\nsize_dollars = "0.05"\noff_grid = "up"', "tick.off_grid"),
        ('name = "x"\n[self_trade]\ngives_way = "both"', "self_trade.gives_way"),
        ("name = [", "policy.toml: "),
    ],
)
def test_a_policy_that_cannot_be_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(text)
    with pytest.raises(UnusableRules, match=r"policy\.toml") as refused:
        read_policy(file)
    assert said in str(refused.value)


def test_a_policy_is_read_exactly(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(
        'name = "all"\n[fees]\ngrain_dollars = "0.001"\n[fees.maker]\nflat_dollars = "0.0025"\n'
        '[fees.taker]\nquadratic_bps = 700\n[tick]\nsize_dollars = "0.005"\noff_grid = "refuse"\n'
        '[self_trade]\ngives_way = "maker"\n'
    )
    assert read_policy(file) == Policy(
        name="all",
        fees=fee_schedule(
            maker=fee_rate(flat_ticks=25), taker=fee_rate(quadratic_bps=700), grain=Money(1_000)
        ),
        tick_ticks=Ticks(50),
        off_grid=OffGrid.REFUSE,
        gives_way=SelfTradePrevention.MAKER,
    )
