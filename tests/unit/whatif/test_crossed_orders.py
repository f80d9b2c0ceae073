"""What two accounts agreed on is part of the flow: it is agreed again, or is not there for one of them."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from application.events import Cause, Recorded
from application.ports.event_store import Position
from application.whatif.fork import Changes, Fork
from domain.decider import execute
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market import commands as c
from domain.market.aggregate import MARKET
from domain.market.events import CrossedOrder, MarketEvent
from domain.market.vocabulary import Action, Side
from domain.quantities import Money, Quantity, Ticks

PLENTY = Money(10**12)


def part(name: str, account: str, side: Side) -> CrossedOrder:
    return CrossedOrder(order_id=OrderId(name), account_id=AccountId(account), side=side, action=Action.BUY)


FLOW: Sequence[c.MarketCommand] = (
    c.CreateMarket(ticker=Ticker("RAIN"), title="?", opens=True),
    c.PlaceOrder(
        order_id=OrderId("o"),
        account_id=AccountId("cat"),
        side=Side.YES,
        action=Action.BUY,
        quantity=Quantity(100),
        price_ticks=Ticks(4_000),
        reserved=PLENTY,
    ),
    c.CrossOrders(
        quote_id="q",
        price_ticks=Ticks(4_500),
        quantity=Quantity(500),
        maker=part("m", "bob", Side.YES),
        taker=part("t", "ann", Side.NO),
        maker_reserved=PLENTY,
        taker_reserved=PLENTY,
        now_us=0,
    ),
)


def forked(changes: Changes) -> Fork:
    state, number = MARKET.initial(), 0
    recorded: list[Recorded[MarketEvent]] = []
    for at, command in enumerate(FLOW):
        events, refused = execute(MARKET, state, command, at)
        assert refused is None
        cause = Cause(command_id=UUID(int=at), correlation_id=UUID(int=at), at_us=at)
        for event in events:
            recorded.append(
                Recorded(
                    event=event,
                    id=UUID(int=number),
                    stream="market-RAIN",
                    revision=number,
                    position=Position(number),
                    cause=cause,
                )
            )
            number += 1
    fork = Fork(MARKET.initial(), MARKET.initial(), changes, at_us=0)
    for each in recorded:
        fork.take(each)
    fork.settle()
    return fork


def test_without_a_change_it_trades_as_it_did() -> None:
    fork = forked(Changes())
    assert fork.other.state.digest() == fork.recorded.state.digest()
    assert [each.trade for each in fork.other.trades] == [each.trade for each in fork.recorded.trades]
    assert len(fork.other.trades) == 1


@pytest.mark.parametrize("name", ["m", "t"])
def test_without_one_of_the_two_there_is_nothing_to_agree_on(name: str) -> None:
    fork = forked(Changes(removed=frozenset({OrderId(name)})))
    assert fork.found == {name}
    assert fork.other.trades == []
    assert list(fork.other.state.orders) == ["o"]
