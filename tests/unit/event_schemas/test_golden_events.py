import msgspec
import orjson
import pytest

from adapters.event_schemas.codec import JsonCodec
from adapters.event_schemas.registry import EVENT_TYPES, EventType
from domain.market.events import OrderPlaced, Terms
from domain.market.vocabulary import Action, EndReason, OrderType, SelfTradePrevention, Side, TimeInForce
from domain.quantities import Money, Quantity, Ticks
from tests.unit.event_schemas.events import CAUSE, EVENT_ID, EXAMPLES, golden, stored

CODEC = JsonCodec()

UPCASTED = OrderPlaced(
    order_id=str(EVENT_ID),
    account_id="abc",
    client_order_id="",
    side=Side.YES,
    action=Action.BUY,
    order_type=OrderType.LIMIT,
    terms=Terms(price_ticks=Ticks(6_500), quantity=Quantity(1_000)),
    time_in_force=TimeInForce.GOOD_TILL_CANCELED,
    expires_at_us=None,
    stop_price_ticks=None,
    post_only=False,
    reduce_only=False,
    self_trade_prevention=SelfTradePrevention.TAKER_AT_CROSS,
    order_group_id=None,
    cancel_on_pause=False,
    rests=Quantity(1_000),
    reserved=Money(6_500_000),
)
"""What the golden files of the older versions of ``OrderPlaced`` mean today."""

PRESENT = pytest.mark.parametrize("known", EVENT_TYPES, ids=lambda known: known.name)


@PRESENT
def test_a_golden_event_is_read_as_the_event_it_was(known: EventType) -> None:
    recorded = stored(known.name, golden(known.name, known.version), version=known.version)
    event = CODEC.decode(recorded).event
    assert event == EXAMPLES[known.name]
    assert type(event) is known.event_class


@PRESENT
def test_an_event_is_written_as_its_golden_file_says(known: EventType) -> None:
    new = CODEC.encode(EXAMPLES[known.name], EVENT_ID, CAUSE)
    assert new.type == known.name
    assert new.data == orjson.dumps(golden(known.name, known.version))


@pytest.mark.parametrize("version", [1, 2])
def test_a_golden_order_of_an_older_version_is_read_as_what_it_means_today(version: int) -> None:
    recorded = stored("OrderPlaced", golden("OrderPlaced", version), version=version)
    assert CODEC.decode(recorded).event == UPCASTED


@pytest.mark.parametrize(("version", "reason"), [(1, EndReason.CALLED_OFF), (2, EndReason.REDUCE_ONLY)])
def test_a_golden_cancel_of_an_older_version_is_read_as_it_is(version: int, reason: EndReason) -> None:
    recorded = stored("OrderCanceled", golden("OrderCanceled", version), version=version)
    event = CODEC.decode(recorded).event
    assert event == msgspec.structs.replace(EXAMPLES["OrderCanceled"], reason=reason)


@pytest.mark.parametrize(
    ("name", "version"), [("OrderConfirmed", 1), ("ReservationReleased", 1), ("ReservationAmended", 2)]
)
def test_a_golden_event_from_before_sales_were_counted_tells_of_none(name: str, version: int) -> None:
    for said in (version, None):
        recorded = stored(name, golden(name, version), version=said)
        assert CODEC.decode(recorded).event == msgspec.structs.replace(EXAMPLES[name], for_sale=Quantity(0))


def test_enums_and_nested_parts_come_back_as_the_domains_own() -> None:
    event = CODEC.decode(stored("TradeExecuted", golden("TradeExecuted", 1))).event
    assert event.maker.side is Side.NO
    assert type(event.maker).__name__ == "Leg"
    with pytest.raises(AttributeError, match="immutable"):
        event.maker.fee = 1
