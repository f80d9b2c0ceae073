"""Whatever order a market accepts, the log can hold: the rules of events refuse nothing that was decided."""

from itertools import product
from uuid import UUID

import pytest

from adapters.event_schemas.codec import JsonCodec
from application.events import Cause
from application.ports.event_store import Position, RecordedEvent
from domain.decider import execute
from domain.market.aggregate import MARKET
from domain.market.commands import ActivateMarket, CreateMarket, PlaceOrder
from domain.market.state import MarketState
from domain.market.vocabulary import Action, OrderType, Side, TimeInForce
from domain.quantities import Money, Quantity, Ticks

CODEC = JsonCodec()
CAUSE = Cause(command_id=UUID(int=1), correlation_id=UUID(int=1), at_us=9)
LATER_US = 10**9


def open_market() -> MarketState:
    """Return a market in which 10 contracts are offered at half a dollar, and the last price is there too."""
    state = MARKET.initial()
    for command in (CreateMarket(ticker="M", title="?"), ActivateMarket()):
        execute(MARKET, state, command, 1)
    for order_id, account_id, side, count in (("a", "ann", Side.NO, 1_100), ("b", "bob", Side.YES, 100)):
        resting = PlaceOrder(
            order_id=order_id, account_id=account_id, side=side, action=Action.BUY,
            quantity=Quantity(count), price_ticks=Ticks(5_000), reserved=Money(10**9), now_us=2,
        )  # fmt: skip
        assert execute(MARKET, state, resting, 2)[1] is None
    return state


@pytest.mark.parametrize("time_in_force", TimeInForce)
@pytest.mark.parametrize("kind", OrderType)
def test_every_combination_that_is_accepted_is_written_and_read_again(
    kind: OrderType, time_in_force: TimeInForce
) -> None:
    accepted = 0
    for price, stop, expires, most, post_only, quantity in product(
        (None, 5_000, 4_000),
        (None, 4_900, 5_100),
        (None, LATER_US),
        (None, 10**9),
        (False, True),
        (100, 2_000),
    ):
        state = open_market()
        order = PlaceOrder(
            order_id="c",
            account_id="cat",
            side=Side.YES,
            action=Action.BUY,
            quantity=Quantity(quantity),
            order_type=kind,
            time_in_force=time_in_force,
            price_ticks=None if price is None else Ticks(price),
            stop_price_ticks=None if stop is None else Ticks(stop),
            expires_at_us=expires,
            buy_max_cost=None if most is None else Money(most),
            post_only=post_only,
            reserved=Money(10**12),
            now_us=5,
        )
        events, refused = execute(MARKET, state, order, 5)
        accepted += refused is None
        for event in events:
            new = CODEC.encode(event, UUID(int=2), CAUSE)
            stored = RecordedEvent(
                id=new.id, type=new.type, data=new.data, metadata=new.metadata,
                stream="market-M", revision=0, position=Position(1), recorded_at_us=9,
            )  # fmt: skip
            assert CODEC.decode(stored).event == event
    # A market order takes no expiration, and only a date needs one: every other pair is possible.
    assert (accepted > 0) == ((kind, time_in_force) != (OrderType.MARKET, TimeInForce.GOOD_TILL_DATE))
