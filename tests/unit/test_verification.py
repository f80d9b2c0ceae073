"""What reading a log again names: members that do not know their group, and what should have happened."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from application.events import Cause, DomainEvent, Recorded
from application.ports.event_store import Position
from application.verification.folding import FoldedLog
from application.verification.overdue import PATIENCE_US
from domain.founding import ExchangeFounded
from domain.group import events as g
from domain.identifiers import GroupId, OrderId, Ticker, TradeId
from domain.invariants import violations
from domain.ledger.events import (
    FillBooked,
    FundsDeposited,
    FundsReserved,
    IncreaseReleased,
    OrderConfirmed,
    ProceedsUnlocked,
    RedemptionBooked,
)
from domain.market import commands as c
from domain.market import events as m
from domain.market.vocabulary import Action, Result, Side
from domain.quantities import Money, Quantity, Ticks
from tests.unit.domain.trading_words import ANN, BOB, PLENTY, TICKER, buy, holding, listed, trading

START_US = 1_700_000_000_000_000
A_SECOND_US = 1_000_000
RACE = GroupId("RACE")

Entry = tuple[str, DomainEvent]


def created(ticker: str, group: GroupId | None = None, close_at_us: int | None = None) -> Entry:
    market = listed(**listing_of(ticker, group, close_at_us))
    return f"market-{ticker}", market.past[0]


def listing_of(ticker: str, group: GroupId | None, close_at_us: int | None) -> dict[str, object]:
    return {"ticker": Ticker(ticker), "group_id": group, "close_at_us": close_at_us}


def in_market(ticker: str, *events: m.MarketEvent) -> list[Entry]:
    return [(f"market-{ticker}", event) for event in events]


def in_group(*events: g.GroupEvent) -> list[Entry]:
    return [("group-RACE", event) for event in events]


def sold_of_it(held: dict[str, Any], quantity: Quantity) -> FillBooked:
    return FillBooked(
        **held,
        trade_id=TradeId("M:1"),
        side=Side.YES,
        action=Action.SELL,
        price_ticks=Ticks(1),
        quantity=quantity,
        value=Money(quantity),
        fee=Money(0),
        cash_delta=Money(quantity),
        reserved_delta=Money(0),
        locked_delta=Money(0),
        order_group_id=None,
        market_revision=1,
    )


GROUP = in_group(g.GroupCreated(group_id=RACE, title="Who?", category="", series=""))
WAITING = [
    created("PARENT"),
    *in_market("PARENT", m.MarketActivated(), m.ConditionalAttached(child=Ticker("CHILD"))),
    created("CHILD"),
    *in_market("CHILD", m.ConditionLinked(parent=Ticker("PARENT"), required=Result.YES), m.MarketActivated()),
    *in_market("PARENT", m.MarketClosed(), m.MarketDetermined(result=Result.NO, evidence="")),
    *in_market("PARENT", m.MarketFinalized(result=Result.NO)),
]


def found_in(entries: Sequence[Entry], *, afterwards_us: int = 0, step_us: int = A_SECOND_US) -> list[str]:
    """Return what is wrong with a log that ends with deposits for so long."""
    log: list[Entry] = [("exchange", ExchangeFounded(partitions=1)), *entries]
    log += [("ledger-00", _deposit(number)) for number in range(afterwards_us // step_us)]
    folded = FoldedLog()
    revisions: dict[str, int] = {}
    at_us = START_US
    for number, (stream, event) in enumerate(log):
        revisions[stream] = revisions.get(stream, -1) + 1
        at_us += step_us if number > len(entries) else 1
        cause = Cause(command_id=UUID(int=number), correlation_id=UUID(int=number), at_us=at_us)
        folded.add(
            Recorded(
                event=event,
                cause=cause,
                stream=stream,
                revision=revisions[stream],
                position=Position(number + 1),
                id=UUID(int=number),
            )
        )
    folded.finish()
    return folded.violations + violations(folded.markets, list(folded.ledgers.values()), folded.groups)


def _deposit(number: int) -> FundsDeposited:
    return FundsDeposited(account_id=ANN, amount=Money(1), reference=f"in {number}")


@pytest.mark.parametrize(
    ("market", "says"),
    [
        ([], "group RACE: M is a member and was never listed"),
        ([created("M")], "group RACE: M is a member and belongs to no group"),
        ([created("M", GroupId("OTHER"))], "group RACE: M is a member and belongs to OTHER"),
    ],
)
def test_a_member_that_does_not_know_its_group_is_named(market: list[Entry], says: str) -> None:
    assert found_in([*GROUP, *in_group(g.MarketAdded(ticker=Ticker("M"))), *market]) == [says]


def test_a_market_that_opened_in_a_group_that_does_not_know_it_is_named() -> None:
    assert found_in([*GROUP, created("M", RACE)]) == []
    opened = [*GROUP, created("M", RACE), *in_market("M", m.MarketActivated())]
    assert found_in(opened) == ["market M: opened without being taken into RACE"]


def test_a_member_that_ended_otherwise_than_its_group_is_named() -> None:
    members = (Ticker("M"), Ticker("N"))
    ends = [m.MarketClosed(), m.MarketDetermined(result=Result.YES, evidence="")]
    log = [
        *GROUP,
        *(
            entry
            for name in members
            for entry in (created(name, RACE), *in_group(g.MarketAdded(ticker=name)))
        ),
        *in_group(
            g.GroupDetermined(winner=members[0], members=members, evidence=""),
            g.GroupFinalized(winner=members[0], members=members),
        ),
        *(
            entry
            for name in members
            for entry in in_market(name, *ends, m.MarketFinalized(result=Result.YES))
        ),
    ]
    assert found_in(log) == ["group RACE: N ended yes, and the group is finalized"]


@pytest.mark.parametrize(
    ("afterwards_us", "named"), [(PATIENCE_US - A_SECOND_US, False), (PATIENCE_US + A_SECOND_US, True)]
)
def test_a_conditional_that_waits_for_an_ended_parent_is_named(afterwards_us: int, *, named: bool) -> None:
    expected = ["market CHILD: waits for PARENT, which has ended"] if named else []
    assert found_in(WAITING, afterwards_us=afterwards_us) == expected


def test_what_waited_only_while_nothing_was_running_is_not_named() -> None:
    a_day_us = 86_400 * A_SECOND_US
    assert found_in(WAITING, afterwards_us=3 * a_day_us, step_us=a_day_us) == []


@pytest.mark.parametrize(
    ("afterwards_us", "named"), [(PATIENCE_US - A_SECOND_US, False), (PATIENCE_US + 3 * A_SECOND_US, True)]
)
def test_a_market_past_its_close_that_is_open_is_named(afterwards_us: int, *, named: bool) -> None:
    log = [created("M", close_at_us=START_US + A_SECOND_US), *in_market("M", m.MarketActivated())]
    expected = ["market M: is open, past its close"] if named else []
    assert found_in(log, afterwards_us=afterwards_us) == expected
    closed = [*log, *in_market("M", m.MarketClosed())]
    assert found_in(closed, afterwards_us=afterwards_us) == []


def test_a_member_that_did_not_follow_its_group_is_named() -> None:
    members = (Ticker("M"),)
    log = [
        *GROUP,
        created("M", RACE),
        *in_group(g.MarketAdded(ticker=members[0])),
        *in_market("M", m.MarketActivated()),
        *in_group(g.GroupDetermined(winner=members[0], members=members, evidence="")),
    ]
    assert found_in(log) == []
    late = found_in(log, afterwards_us=PATIENCE_US + A_SECOND_US)
    assert late == ["group RACE: is determined, and M is active"]


def test_a_reservation_below_zero_is_named_where_it_came_about() -> None:
    held = {"order_id": OrderId("e"), "account_id": ANN, "ticker": Ticker("M")}
    log: list[Entry] = [
        ("ledger-00", FundsDeposited(account_id=ANN, amount=Money(100), reference="in")),
        ("ledger-00", FundsReserved(**held, amount=Money(5), request_digest="0" * 64, order_group_id=None)),
        ("ledger-00", IncreaseReleased(**held, amount=Money(9), amendment_id="x")),
    ]
    said = "ledger-00 revision 2: order e has a reservation below zero: "
    assert [each for each in found_in(log) if each.startswith(said)]
    assert not [each for each in found_in(log[:2]) if "below zero" in each]
    sold: list[Entry] = [
        log[0],
        ("ledger-00", FundsReserved(**held, amount=Money(0), request_digest="0" * 64, order_group_id=None)),
        (
            "ledger-00",
            OrderConfirmed(**held, released=Money(0), market_revision=0, for_sale=Quantity(5)),
        ),
        ("ledger-00", sold_of_it(held, Quantity(6))),
    ]
    said = "ledger-00 revision 3: order e has a reservation below zero: 0, 0 for amendments, and -1 for sale"
    assert said in found_in(sold)


def test_two_orders_with_one_client_id_are_named() -> None:
    market = listed(ticker=Ticker("M")).and_then(
        c.ActivateMarket(), buy("a", ANN, 1, 30, client_order_id="mine")
    )
    [placed] = [event for event in market.past if isinstance(event, m.OrderPlaced)]
    log = in_market("M", *market.past)
    doubled = replace(placed, order_id=OrderId("b"))
    said = "ann: orders a and b both have the client id mine"
    assert said in found_in([*log, *in_market("M", doubled)])
    assert said not in found_in([*log, *in_market("M", replace(doubled, client_order_id="other"))])


# ------------------------------------------------------------------------------- what markets pay


def paired(*, old: bool = False) -> list[Entry]:
    """Return a market in which ann came to hold pairs, which are redeemed unless the log is an old one."""
    market = holding(trading(), ANN, 10).and_then(
        buy("b", BOB, 10, 60), buy("a", ANN, 10, 40, side=Side.NO), buy("c", BOB, 5, 60)
    )
    kept = [event for event in market.past if not (old and isinstance(event, m.PairsRedeemed))]
    placed = [event for event in kept if isinstance(event, m.OrderPlaced)]
    put_in: list[DomainEvent] = []
    for order in placed:
        held = {"order_id": order.order_id, "account_id": order.account_id, "ticker": TICKER}
        put_in += [
            FundsDeposited(account_id=order.account_id, amount=PLENTY, reference=order.order_id),
            FundsReserved(**held, amount=PLENTY, request_digest="0" * 64, order_group_id=None),
        ]
    return [*(("ledger-00", event) for event in put_in), *in_market("RAIN", *kept)]


def redemption(**changes: object) -> Entry:
    """Return how the ledger books the redemption of those pairs."""
    at = [type(event) for stream, event in paired() if stream == "market-RAIN"].index(m.PairsRedeemed)
    [pairs] = [event for _, event in paired() if isinstance(event, m.PairsRedeemed)]
    booked = RedemptionBooked(
        account_id=ANN,
        ticker=TICKER,
        quantity=pairs.quantity,
        payout=pairs.payout,
        cash_delta=pairs.payout,
        locked_delta=Money(0),
        trade_id=pairs.trade_id,
        market_revision=at,
    )
    return "ledger-00", replace(booked, **changes)


def of_payments(log: Sequence[Entry], afterwards_us: int = 0) -> list[str]:
    return [
        each
        for each in found_in(log, afterwards_us=afterwards_us)
        if "PairsRedeemed" in each or "pairs are held" in each
    ]


def test_pairs_are_booked_once_to_whom_and_for_what_they_were_redeemed() -> None:
    assert of_payments(paired()) == []
    assert of_payments([*paired(), redemption()]) == []
    begins = "market RAIN: of event 8 PairsRedeemed of "
    assert of_payments([*paired(), redemption(), redemption()]) == [
        f"{begins}10000000 to ann was booked, and nothing was due"
    ]
    assert of_payments([*paired(), redemption(account_id=BOB)]) == [
        f"{begins}10000000 to bob was booked, and PairsRedeemed of 10000000 to ann was due"
    ]
    less = redemption(payout=Money(9_000_000))
    assert of_payments([*paired(), less]) == [
        f"{begins}9000000 to ann was booked, and PairsRedeemed of 10000000 to ann was due"
    ]
    passed_over = "ledger-00", ProceedsUnlocked(ticker=TICKER, market_revision=9)
    assert of_payments([*paired(), passed_over]) == [f"{begins}10000000 to ann is due and was never booked"]


@pytest.mark.parametrize(
    ("afterwards_us", "named"), [(PATIENCE_US - A_SECOND_US, False), (PATIENCE_US + A_SECOND_US, True)]
)
def test_pairs_that_were_not_redeemed_are_named_unless_the_log_is_an_old_one(
    afterwards_us: int, *, named: bool
) -> None:
    elsewhere = in_market("SNOW", *(event for stream, event in paired() if stream == "market-RAIN"))
    log = [*paired(old=True)[:12], *elsewhere, *paired(old=True)[12:]]
    expected = ["market RAIN: pairs are held by ann"] if named else []
    assert of_payments(log, afterwards_us) == expected
    assert of_payments(paired(old=True), afterwards_us) == []
