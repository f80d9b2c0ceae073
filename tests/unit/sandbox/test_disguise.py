"""Names are replaced wherever they stand, one always by the same other one, and none can be guessed at."""

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest

from application.events import Cause, DomainEvent
from application.sandbox.disguise import (
    EVERYBODYS,
    LEFT_OUT,
    NAMED,
    OF_A_PARTITION,
    WORDLESS,
    Disguise,
    NotDisguised,
)
from application.streams import EXCHANGE, EXCHANGE_PREFIXES, GROUP, LEDGER, MARKET, QUOTES, partition_of
from domain.cluster import ClusterEvent
from domain.identifiers import AccountId, OrderId, Ticker
from domain.identity.aggregate import IdentityEvent
from domain.ledger.events import FundsDeposited, FundsReserved
from domain.market.events import MarketPaused, OrderCanceled, OrderPlaced, Terms
from domain.market.vocabulary import Action, EndReason, OrderType, SelfTradePrevention, Side, TimeInForce
from domain.messages import Message
from domain.quantities import Money, Quantity, Ticks
from domain.webhooks.aggregate import WebhookEvent

SECRET = bytes(32)


def disguise(secret: bytes = SECRET, partitions: int = 4) -> Disguise:
    return Disguise(secret=secret, partitions=partitions, shift_us=1_000)


def kinds(hint: Any) -> Iterator[Any]:
    """Yield the plain types that a hint is made of."""
    if get_origin(hint) is Annotated:
        yield from kinds(get_args(hint)[0])
    elif hasattr(hint, "__supertype__"):
        yield from kinds(hint.__supertype__)
    elif get_args(hint):
        for each in get_args(hint):
            yield from kinds(each)
    else:
        yield hint


def classes(kind: Any, known: set[type[Message]]) -> set[type[Message]]:
    """Return an event's class and those of its parts."""
    if kind not in known:
        known.add(kind)
        for hint in get_type_hints(kind, include_extras=True).values():
            for part in kinds(hint):
                if isinstance(part, type) and issubclass(part, Message):
                    classes(part, known)
    return known


NOT_TAKEN_OVER = {*get_args(IdentityEvent), *get_args(WebhookEvent), *get_args(ClusterEvent)}
TAKEN_OVER = set(get_args(DomainEvent)) - NOT_TAKEN_OVER


def test_of_every_kind_of_stream_it_is_known_whether_it_is_taken_over() -> None:
    assert set(EXCHANGE_PREFIXES) - set(LEFT_OUT) == {EXCHANGE, MARKET, LEDGER, GROUP, QUOTES}
    assert set(LEFT_OUT) < set(EXCHANGE_PREFIXES)


def test_of_every_text_in_every_event_it_is_known_whose_it_is() -> None:
    assert len(TAKEN_OVER) > 40
    known: set[type[Message]] = set()
    for event in TAKEN_OVER:
        classes(event, known)
    for each in known:
        for name, hint in get_type_hints(each, include_extras=True).items():
            if str in kinds(hint):
                assert name in EVERYBODYS | NAMED | WORDLESS | OF_A_PARTITION, f"{each.__name__}.{name}"
    assert not EVERYBODYS & NAMED
    assert not EVERYBODYS & WORDLESS


def test_a_text_that_is_not_known_is_a_fault() -> None:
    class Greeted(Message, frozen=True, kw_only=True):
        by_whom: str

    with pytest.raises(NotDisguised, match="by_whom"):
        disguise().message(Greeted(by_whom="alice"))


def placed(**more: Any) -> OrderPlaced:
    fields: dict[str, Any] = {
        "order_id": OrderId("o-1"),
        "account_id": AccountId("alice"),
        "client_order_id": "alices-own",
        "side": Side.YES,
        "action": Action.BUY,
        "order_type": OrderType.LIMIT,
        "terms": Terms(price_ticks=Ticks(4_000), quantity=Quantity(500)),
        "time_in_force": TimeInForce.GOOD_TILL_DATE,
        "expires_at_us": 5_000,
        "stop_price_ticks": None,
        "post_only": False,
        "reduce_only": False,
        "self_trade_prevention": SelfTradePrevention.MAKER,
        "order_group_id": "alices-group",
        "cancel_on_pause": False,
        "rests": Quantity(500),
        "reserved": Money(2_000_000),
    }
    return OrderPlaced(**fields | more)


def test_names_go_times_move_and_all_else_stays() -> None:
    hidden = disguise()
    other = hidden.message(placed())
    for name in ("order_id", "account_id", "client_order_id", "order_group_id"):
        assert getattr(other, name) != getattr(placed(), name)
        assert "alice" not in getattr(other, name)
    assert other.expires_at_us == 6_000
    assert (other.terms, other.reserved, other.side) == (placed().terms, 2_000_000, Side.YES)
    assert hidden.message(placed(client_order_id="", expires_at_us=None)).client_order_id == ""
    paused = hidden.message(MarketPaused(reason="alice asked for it"))
    canceled = hidden.message(
        OrderCanceled(
            order_id=OrderId("o-1"),
            account_id=AccountId("alice"),
            quantity=Quantity(1),
            reason=EndReason.EXPIRED,
        )
    )
    assert (paused.reason, canceled.reason) == ("", EndReason.EXPIRED)


def test_the_same_name_is_the_same_other_one_wherever_it_stands() -> None:
    hidden = disguise()
    order, reserved = (
        hidden.message(placed()),
        hidden.message(
            FundsReserved(
                order_id=OrderId("o-1"),
                account_id=AccountId("alice"),
                ticker=Ticker("RAIN"),
                amount=Money(1),
                request_digest="digest",
                order_group_id="alices-group",
            )
        ),
    )
    assert (order.order_id, order.account_id, order.order_group_id) == (
        reserved.order_id,
        reserved.account_id,
        reserved.order_group_id,
    )
    assert reserved.ticker == "RAIN"


def test_nobody_can_check_a_guess_without_the_secret() -> None:
    mine, its = disguise(), disguise(secret=b"another" * 4)
    for each in (mine, its):
        assert each.message(placed()) == each.message(placed())
    assert mine.message(placed()).order_id != its.message(placed()).order_id
    cause = Cause(command_id=UUID(int=1), correlation_id=UUID(int=1), at_us=5)
    assert mine.cause(cause).command_id != its.cause(cause).command_id
    assert mine.cause(cause).at_us == 1_005


def test_every_account_keeps_its_ledger_and_no_two_become_one() -> None:
    hidden = disguise(partitions=7)
    names = {AccountId(f"somebody-{number}") for number in range(500)}
    others = {each: hidden.account(each) for each in names}
    assert len(set(others.values())) == hidden.accounts == 500
    assert all(partition_of(each, 7) == partition_of(other, 7) for each, other in others.items())
    assert (
        hidden.message(
            FundsDeposited(account_id=AccountId("somebody-1"), amount=Money(5), reference="wire of alice")
        ).amount
        == 5
    )
