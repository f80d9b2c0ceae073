"""Whatever the domain's types can say, the log keeps: written, read again, nothing is lost."""

import enum
import string
from math import gcd
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.event_schemas.codec import JsonCodec
from adapters.event_schemas.registry import EVENT_TYPES, EventType
from application.events import Cause
from application.ports.event_store import Position, RecordedEvent
from domain.group import events as group
from domain.identifiers import AccountId, GroupId, OrderId, Ticker, TradeId
from domain.identity import aggregate as identity
from domain.ledger import events as ledger
from domain.market import events as market
from domain.market.vocabulary import Action, FillKind, OrderType, Result, TimeInForce
from domain.messages import Message
from domain.quantities import PAYOUT_TICKS, Money, Quantity, Ticks
from domain.webhooks import aggregate as webhooks

CODEC = JsonCodec()

_NAMES = st.text(string.ascii_letters + string.digits, min_size=1, max_size=40)
_TIMES = st.integers(1, 2**53)

BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    Ticks: st.integers(1, 9_999),
    Quantity: st.integers(1, 10**11),
    Money: st.integers(1, 10**17),
    AccountId: st.text(string.ascii_letters + string.digits + "-_.:@/", min_size=1, max_size=64),
    OrderId: st.uuids().map(str),
    TradeId: _NAMES,
    Ticker: _NAMES,
    GroupId: _NAMES,
    bool: st.booleans(),
    int: st.integers(1, 100),
}

_PROSE = st.text(st.characters(codec="utf-8"), min_size=1, max_size=100)
_PROSE_FIELDS = {
    "title",
    "rules",
    "reason",
    "evidence",
    "reference",
    "name",
    "public_key_pem",
    "series",
    "category",
}


def examples_of(hint: Any, name: str = "") -> st.SearchStrategy[Any]:
    """Return a strategy for what a field of this type may hold."""
    if isinstance(hint, type) and issubclass(hint, Message):
        hints = get_type_hints(hint)
        return st.builds(hint, **{field: examples_of(hints[field], field) for field in hints})
    if get_origin(hint) in (Union, UnionType):
        return st.one_of(*(examples_of(choice, name) for choice in get_args(hint)))
    if get_origin(hint) is tuple:
        return st.lists(examples_of(get_args(hint)[0], name), max_size=4).map(tuple)
    if hint is type(None):
        return st.none()
    if hint is Result and name != "parent_result":
        return st.sampled_from([Result.YES, Result.NO])
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return st.sampled_from(list(hint))
    if hint is Money and name.endswith("_delta") and name != "fees_delta":
        return st.integers(-(10**17), 10**17)
    if hint is str:
        return _PROSE if name in _PROSE_FIELDS else _NAMES
    return BY_TYPE[hint]


def agreeing(event: Any) -> Any:
    """Return the event with its fields brought into agreement with one another."""
    match event:
        case market.MarketCreated():
            low, high = sorted((event.price_min_ticks, event.price_max_ticks))
            return replace(event, tick_size_ticks=_divisor(event), price_min_ticks=low, price_max_ticks=high)
        case market.TickSizeChanged():
            return replace(event, tick_size_ticks=_divisor(event))
        case market.OrderPlaced():
            expires, stop = event.expires_at_us or 1, event.stop_price_ticks or 1
            return replace(
                event,
                rests=min(event.rests, event.terms.quantity),
                expires_at_us=(
                    expires if event.time_in_force is TimeInForce.GOOD_TILL_DATE else event.expires_at_us
                ),
                stop_price_ticks=stop if event.order_type is OrderType.STOP else None,
            )
        case market.OrderAmended():
            return replace(event, rests=min(event.rests, event.remaining))
        case market.TradeExecuted():
            side, action = event.maker.side, event.maker.action
            if event.kind is FillKind.NORMAL:
                action = _other(action)
            else:
                side = _other(side)
                action = Action.BUY if event.kind is FillKind.MINT else Action.SELL
            maker = event.maker if event.kind is FillKind.NORMAL else replace(event.maker, action=action)
            return replace(event, maker=maker, taker=replace(event.taker, side=side, action=action))
        case webhooks.WebhookSet():
            return replace(event, name=f"n{event.since_us}", url=f"https://{event.account_id}.example/")
        case (
            webhooks.WebhookRemoved()
            | webhooks.WebhookSuspended()
            | webhooks.NoticeUndelivered()
            | webhooks.NoticeRetried()
        ):
            return replace(event, name="desk")
        case identity.CredentialSet():
            return replace(event, password_hash=f"$argon2id${event.account_id}")
        case ledger.FillBooked():
            quantity = event.quantity % 10**6 + 1
            return replace(event, quantity=quantity, value=event.price_ticks * quantity)
        case group.GroupDetermined() | group.GroupFinalized():
            return replace(event, members=(*event.members, event.winner))
        case _:
            return event


def _divisor(event: Any) -> int:
    return gcd(event.tick_size_ticks, PAYOUT_TICKS)


def _other(choice: Any) -> Any:
    return next(each for each in type(choice) if each is not choice)


CAUSES = st.builds(Cause, command_id=st.uuids(), correlation_id=st.uuids(), at_us=_TIMES)


@pytest.mark.parametrize("known", EVENT_TYPES, ids=lambda known: known.name)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_an_event_comes_back_as_it_was_written(known: EventType, data: st.DataObject) -> None:
    event = agreeing(data.draw(examples_of(known.event_class)))
    cause = data.draw(CAUSES)
    new = CODEC.encode(event, UUID(int=1), cause)
    recorded = RecordedEvent(
        id=new.id,
        type=new.type,
        data=new.data,
        metadata=new.metadata,
        stream="any",
        revision=0,
        position=Position(1),
        recorded_at_us=0,
    )
    decoded = CODEC.decode(recorded)
    assert decoded.event == event
    assert decoded.cause == cause
    assert orjson.loads(CODEC.encode(decoded.event, new.id, cause).data) == orjson.loads(new.data)
