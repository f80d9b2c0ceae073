"""The latest events are given back as they were written; older ones are read from what was stored."""

from uuid import UUID

from msgspec.structs import replace

from adapters.event_schemas.codec import JsonCodec
from adapters.event_schemas.remembering import REMEMBERED, RememberingCodec
from application.ports.event_store import NewEvent, RecordedEvent
from tests.unit.event_schemas.events import CAUSE, EXAMPLES, golden, stored

EVENT = EXAMPLES["OrderConfirmed"]
CODEC = RememberingCodec(JsonCodec())


def read_back(new: NewEvent) -> RecordedEvent:
    return replace(stored(new.type, golden(new.type, 1)), id=new.id, data=new.data, metadata=new.metadata)


def test_the_latest_events_are_remembered_and_older_ones_read() -> None:
    written = [CODEC.encode(EVENT, UUID(int=number), CAUSE) for number in range(2 * REMEMBERED + 1)]
    decoded = [CODEC.decode(read_back(new)) for new in (written[0], written[-REMEMBERED], written[-1])]
    assert [each.event is EVENT for each in decoded] == [False, True, True]
    assert {(each.event, each.cause) for each in decoded} == {(EVENT, CAUSE)}
    assert [each.id.int for each in decoded] == [0, REMEMBERED + 1, 2 * REMEMBERED]


def test_what_another_process_or_an_earlier_try_wrote_under_the_same_id_is_read() -> None:
    released = EXAMPLES["ReservationReleased"]
    theirs = [
        CODEC.encode(EVENT, UUID(int=1), replace(CAUSE, at_us=CAUSE.at_us - 1)),
        CODEC.encode(replace(EVENT, order_id="another"), UUID(int=1), CAUSE),
        CODEC.encode(released, UUID(int=1), CAUSE),
    ]
    ours = CODEC.encode(EVENT, UUID(int=1), CAUSE)
    assert CODEC.decode(read_back(ours)).event is EVENT
    for each in theirs:
        assert CODEC.decode(read_back(each)) == JsonCodec().decode(read_back(each))
