from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from typing import Any
from uuid import UUID

import orjson
import pytest
from msgspec.structs import replace

from adapters.event_schemas.codec import InvalidEvent, JsonCodec
from adapters.event_schemas.registry import EVENT_TYPES
from application.ports.codec import UnreadableEvent
from application.ports.event_store import RecordedEvent
from tests.unit.event_schemas.events import CAUSE, EVENT_ID, EXAMPLES, RECORDED_AT_US, golden, stored

CODEC = JsonCodec()

EVENT_VERSIONS = {known.name: known.version for known in EVENT_TYPES}

PRESENT = pytest.mark.parametrize(("name", "version"), [(known.name, known.version) for known in EVENT_TYPES])


def changed(name: str, path: str, value: object, version: int = 1) -> RecordedEvent:
    """Return a golden event with one field set to something else."""
    content = golden(name, version)
    *outer, last = path.split(".")
    part: Any = content
    for key in outer:
        part = part[key]
    part[last] = value
    return stored(name, content, version=version)


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("TradeExecuted", "price_ticks", 0),
        ("TradeExecuted", "price_ticks", 10_000),
        ("OrderPlaced", "terms.price_ticks", -1),
        ("OrderPlaced", "terms.quantity", 0),
        ("OrderPlaced", "terms.quantity", 10**11 + 1),
        ("OrderPlaced", "rests", -1),
        ("OrderPlaced", "client_order_id", "x" * 65),
        ("OrderPlaced", "client_order_id", "two words"),
        ("OrderPlaced", "side", "maybe"),
        ("OrderPlaced", "time_in_force", "YES"),
        ("MarketVoided", "yes_price_ticks", 10_001),
        ("MarketCreated", "ticker", ""),
        ("MarketCreated", "ticker", "no spaces"),
        ("MarketCreated", "ticker", "LINE\n"),
        ("MarketCreated", "title", "x" * 2_001),
        ("MarketCreated", "fees.grain", 0),
        ("MarketCreated", "fees.taker.quadratic_bps", -1),
        ("MarketCreated", "tick_size_ticks", 0),
        ("FundsDeposited", "amount", 0),
        ("FundsDeposited", "amount", 2**63),
        ("FundsReserved", "amount", -1),
        ("PositionSettled", "payout", -1),
        ("TradeExecuted", "taker.fee", -1),
        ("ConditionLinked", "required", "perhaps"),
        ("ConditionLinked", "required", "void"),
        ("MarketDetermined", "result", "void"),
        ("MarketFinalized", "result", "void"),
        ("GroupFinalized", "members", ["GOOD", "not good"]),
        ("GroupFinalized", "members", "FED-26DEC-CUT"),
        ("KeyCreated", "scopes", ["read", "everything"]),
    ],
)
def test_what_breaks_a_rule_is_refused(name: str, path: str, value: object) -> None:
    version = 3 if name == "OrderPlaced" else 1
    with pytest.raises(UnreadableEvent) as refused:
        CODEC.decode(changed(name, path, value, version))
    assert path.rpartition(".")[2] in str(refused.value)


@pytest.mark.parametrize(
    ("name", "fields", "says"),
    [
        ("MarketCreated", {"tick_size_ticks": 300}, "divides a dollar"),
        ("MarketCreated", {"price_min_ticks": 9_000, "price_max_ticks": 8_900}, "at most `price_max_ticks`"),
        ("TickSizeChanged", {"tick_size_ticks": 7}, "divides a dollar"),
        ("ConditionLinked", {"required": "void"}, "`required` is `yes` or `no`"),
        ("MarketDetermined", {"result": "void"}, "`result` is `yes` or `no`"),
        ("MarketFinalized", {"result": "void"}, "`result` is `yes` or `no`"),
        ("OrderPlaced", {"rests": 10**11}, "at most `terms.quantity`"),
        ("OrderPlaced", {"order_type": "limit", "stop_price_ticks": 5}, "for a `stop` and for nothing else"),
        ("OrderPlaced", {"order_type": "stop", "stop_price_ticks": None}, "for a `stop` and for nothing"),
        ("OrderPlaced", {"time_in_force": "good_till_date", "expires_at_us": None}, "`good_till_date`"),
        ("OrderAmended", {"rests": 10**11}, "at most `remaining`"),
        ("TradeExecuted", {"kind": "normal"}, "the legs agree"),
        ("TradeExecuted", {"kind": "merge"}, "the legs agree"),
        ("FillBooked", {"value": 1}, "price times quantity"),
        ("GroupDetermined", {"winner": "ELSEWHERE"}, "one of `members`"),
        ("GroupFinalized", {"winner": "ELSEWHERE"}, "one of `members`"),
    ],
)
def test_fields_that_contradict_one_another_are_refused(name: str, fields: dict[str, Any], says: str) -> None:
    version = EVENT_VERSIONS[name]
    with pytest.raises(UnreadableEvent, match=f"^market-FED-26DEC-CUT revision 4, {name}: .*{says}"):
        CODEC.decode(stored(name, golden(name, version) | fields, version=version))


def test_of_all_ways_in_which_two_legs_meet_each_kind_of_fill_has_its_own() -> None:
    legs = [(side, action) for side in ("yes", "no") for action in ("buy", "sell")]
    readable = set()
    for kind, maker, taker in product(("normal", "mint", "merge"), legs, legs):
        content = golden("TradeExecuted", 1) | {"kind": kind}
        for leg, (side, action) in (("maker", maker), ("taker", taker)):
            content[leg] = content[leg] | {"side": side, "action": action}
        with suppress(UnreadableEvent):
            CODEC.decode(stored("TradeExecuted", content, version=1))
            readable.add((kind, maker, taker))
    yes_buy, yes_sell, no_buy, no_sell = legs
    assert readable == {
        *(("normal", *legs) for legs in ((yes_buy, yes_sell), (yes_sell, yes_buy))),
        *(("normal", *legs) for legs in ((no_buy, no_sell), (no_sell, no_buy))),
        *(("mint", *legs) for legs in ((yes_buy, no_buy), (no_buy, yes_buy))),
        *(("merge", *legs) for legs in ((yes_sell, no_sell), (no_sell, yes_sell))),
    }


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("MarketVoided", "yes_price_ticks", 0),
        ("MarketVoided", "yes_price_ticks", 10_000),
        ("PositionUnwound", "refund", -(10**15)),
        ("FillBooked", "cash_delta", -1),
        ("PayoutBooked", "locked_delta", -1),
        ("OrderCanceled", "account_id", "maker@desk-1"),
        ("MarketCalledOff", "parent_result", "void"),
    ],
)
def test_what_is_out_of_the_ordinary_but_within_the_rules_is_read(
    name: str, path: str, value: object
) -> None:
    assert getattr(CODEC.decode(changed(name, path, value)).event, path) == value


def test_a_refusal_names_the_stream_the_revision_and_the_field() -> None:
    with pytest.raises(
        UnreadableEvent,
        match=r"^market-FED-26DEC-CUT revision 4, TradeExecuted: taker\.fee: Expected `int`, got `float`",
    ):
        CODEC.decode(changed("TradeExecuted", "taker.fee", 1.5))


@PRESENT
def test_a_field_of_another_kind_is_refused_everywhere(name: str, version: int) -> None:
    for path, value in leaves(golden(name, version)):
        for wrong in OTHER_KINDS[type(value)]:
            with pytest.raises(UnreadableEvent):
                CODEC.decode(changed(name, path, wrong, version))


OTHER_KINDS: dict[type, list[object]] = {
    int: [True, 1.0, 1.5, "1", [], {}],
    bool: [0, 1, "true", None, []],
    str: [1, True, [], {}],
    list: [{}, "", None, 7, [7]],
    type(None): [True, 1.5, [], {}],
}


def leaves(content: dict[str, Any], path: str = "") -> Iterator[tuple[str, object]]:
    for key, value in content.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


MAY_BE_MISSING = {"for_sale"}
"""What older versions that are read as they are did not say: its absence means what it meant to them."""


@PRESENT
def test_a_missing_field_is_refused_everywhere(name: str, version: int) -> None:
    content = golden(name, version)
    for field in content.keys() - MAY_BE_MISSING:
        less = {key: value for key, value in content.items() if key != field}
        with pytest.raises(UnreadableEvent, match=f"missing required field `{field}`"):
            CODEC.decode(stored(name, less, version=version))


@PRESENT
def test_an_unknown_field_is_refused_everywhere(name: str, version: int) -> None:
    content = golden(name, version) | {"surprise": 1}
    with pytest.raises(UnreadableEvent, match="unknown field `surprise`"):
        CODEC.decode(stored(name, content, version=version))


def test_an_unknown_field_deep_inside_is_refused() -> None:
    with pytest.raises(UnreadableEvent, match=r"terms: .*`currency`"):
        CODEC.decode(changed("OrderPlaced", "terms.currency", "usd", 3))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"reason": "\xff"}'])
def test_content_that_is_no_json_object_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        CODEC.decode(stored("MarketPaused", data))


def test_an_unknown_type_says_that_the_log_is_newer() -> None:
    with pytest.raises(UnreadableEvent, match="MarketSplit: this log was written by a newer Presage"):
        CODEC.decode(stored("MarketSplit", {}))


def test_an_unknown_version_says_that_the_log_is_newer() -> None:
    with pytest.raises(UnreadableEvent, match=r"version 4 is unknown, 3 is the latest .* a newer Presage"):
        CODEC.decode(stored("OrderPlaced", golden("OrderPlaced", 3), version=4))


def test_metadata_says_version_time_and_cause() -> None:
    new = CODEC.encode(EXAMPLES["OrderPlaced"], EVENT_ID, CAUSE)
    assert new.id == EVENT_ID
    assert orjson.loads(new.metadata) == {
        "version": 3,
        "at_us": CAUSE.at_us,
        "$correlationId": str(CAUSE.correlation_id),
        "$causationId": str(CAUSE.command_id),
    }
    recorded = CODEC.decode(stored(new.type, new.data, metadata=new.metadata))
    assert recorded.cause == CAUSE
    assert (recorded.id, recorded.stream, recorded.revision) == (EVENT_ID, "market-FED-26DEC-CUT", 4)
    assert recorded.position == 17


@pytest.mark.parametrize("metadata", [b"", b"{}", b'{"written_by": "another program"}'])
def test_an_event_that_does_not_say_why_stands_for_itself(metadata: bytes) -> None:
    cause = CODEC.decode(stored("MarketActivated", {}, metadata=metadata)).cause
    assert cause.command_id == cause.correlation_id == EVENT_ID
    assert cause.at_us == RECORDED_AT_US


def test_an_event_without_a_correlation_belongs_to_its_command() -> None:
    command_id = UUID("3e9f6c3b-1d84-5061-8d6f-8e0c5a4b7f03")
    metadata = orjson.dumps({"$causationId": str(command_id)})
    cause = CODEC.decode(stored("MarketActivated", {}, metadata=metadata)).cause
    assert (cause.command_id, cause.correlation_id) == (command_id, command_id)


@pytest.mark.parametrize(
    "metadata",
    [b"[]", b"\x00", b'{"version": "1"}', b'{"version": true}', b'{"at_us": 1.5}', b'{"$causationId": "x"}'],
)
def test_broken_metadata_is_refused(metadata: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        CODEC.decode(stored("MarketActivated", {}, metadata=metadata))


def test_an_exact_fee_beyond_64_bits_is_written_and_read() -> None:
    trade = EXAMPLES["TradeExecuted"]
    whale = replace(trade, taker=replace(trade.taker, fee_accrued=10**21))
    new = CODEC.encode(whale, EVENT_ID, CAUSE)
    assert b'"fee_accrued":1000000000000000000000,' in new.data
    assert CODEC.decode(stored(new.type, new.data)).event == whale


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("OrderPlaced", {"client_order_id": "two words"}),
        ("OrderPlaced", {"rests": -1}),
        ("FundsReserved", {"account_id": ""}),
        ("MarketCreated", {"ticker": "no spaces"}),
        ("MarketCreated", {"title": "half of a pair: \ud83d"}),
        ("MarketPaused", {"reason": None}),
        ("FundsDeposited", {"amount": 2.5}),
        ("FundsDeposited", {"amount": 10**30}),
    ],
)
def test_an_event_that_could_not_be_read_again_is_not_written(name: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent, match=f"{name} cannot be recorded: "):
        CODEC.encode(replace(EXAMPLES[name], **fields), EVENT_ID, CAUSE)
