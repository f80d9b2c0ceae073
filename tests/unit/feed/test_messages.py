"""What is told of an event, without a socket anywhere."""

import orjson

from adapters.http.feed.channels import Channel
from adapters.http.feed.frames import text_frames
from adapters.http.feed.history import Tale
from adapters.http.feed.messages import Conflation, Message, book_deltas, trade_message
from domain.identifiers import AccountId, OrderId
from domain.market.events import OrderAmended
from domain.market.vocabulary import Side
from domain.quantities import Money, Quantity, Ticks
from projections.folds.market_book import MarketBook
from tests.unit.projections.events import Log, leg, placed, trade


def body(message: Message) -> dict[str, object]:
    document: dict[str, object] = orjson.loads(b'{"x":0' + message.tail)["msg"]
    return document


def amended(order: str, price: int, quantity: int) -> OrderAmended:
    return OrderAmended(
        order_id=OrderId(order),
        account_id=AccountId("ann"),
        client_order_id="mine",
        price_ticks=Ticks(price),
        remaining=Quantity(quantity),
        rests=Quantity(quantity),
        reserved=Money(0),
        extra=Money(0),
        amendment_id="a",  # type: ignore[arg-type]
    )


def test_an_amended_order_leaves_one_level_and_comes_to_another_and_both_belong_together() -> None:
    log, book = Log(), MarketBook.empty("T")
    first = log.add("market-T", placed("ann", Side.YES, 4_000, 700, order="o"))
    book.apply(first.event, revision=0, sequence=1)
    moved = log.add("market-T", amended("o", 4_100, 500))
    book.apply(moved.event, revision=1, sequence=2)
    off, on = map(body, book_deltas(moved, book.moves))
    assert (off["price_dollars"], off["delta_fp"], off.get("more")) == ("0.4000", "-7.00", True)
    assert (on["price_dollars"], on["delta_fp"], on.get("more")) == ("0.4100", "5.00", None)
    assert off["revision"] == on["revision"] == 1


def test_what_stays_on_its_level_is_told_as_the_difference_and_nothing_as_nothing() -> None:
    log, book = Log(), MarketBook.empty("T")
    book.apply(
        log.add("market-T", placed("ann", Side.YES, 4_000, 700, order="o")).event, revision=0, sequence=1
    )
    for quantity, told in ((500, ["-2.00"]), (500, [])):
        moved = log.add("market-T", amended("o", 4_000, quantity))
        book.apply(moved.event, revision=1, sequence=2)
        assert [body(each)["delta_fp"] for each in book_deltas(moved, book.moves)] == told


def test_only_its_owner_is_told_what_an_order_is_called() -> None:
    log, book = Log(), MarketBook.empty("T")
    recorded = log.add("market-T", placed("ann", Side.NO, 4_000, 700))
    book.apply(recorded.event, revision=0, sequence=1)
    [message] = book_deltas(recorded, book.moves)
    assert message.owner == "ann"
    assert b"client_order_id" in message.owned
    assert b"client_order_id" not in message.tail


def test_a_trade_does_not_say_who_traded() -> None:
    log = Log()
    made = trade(leg("ann", Side.YES), leg("bob", Side.NO), 4_200, 300)
    told = body(trade_message(log.add("market-T", made, at_us=5_000_000)))
    assert (told["taker_side"], told["yes_price_dollars"], told["no_price_dollars"], told["ts"]) == (
        "no",
        "0.4200",
        "0.5800",
        5,
    )
    assert not {"ann", "bob"} & set(map(str, told.values()))


def test_a_ticker_is_told_only_when_it_changes() -> None:
    log, tale = Log(), Tale("T", MarketBook.empty("T"))
    told = []
    for event in (
        placed("ann", Side.YES, 4_000, 700, order="best"),
        placed("ann", Side.YES, 3_000, 700, order="below"),
        trade(leg("ann", Side.YES, order="best"), leg("bob", Side.NO), 4_000, 100),
    ):
        recorded = log.add("market-T", event)
        tale.take(recorded)
        told.append(list(map(body, tale.told(Channel.TICKER, recorded))))
    assert [len(each) for each in told] == [1, 0, 1]
    last = told[-1][0]
    assert (
        last["price_dollars"],
        last["yes_bid_size_fp"],
        last["volume_fp"],
        last["last_trade_size_fp"],
    ) == (
        "0.4000",
        "6.00",
        "1.00",
        "1.00",
    )


def test_what_comes_and_goes_meanwhile_is_not_told_at_all() -> None:
    log, kept = Log(), Conflation()
    recorded = log.add("market-T", placed("ann", Side.YES, 4_000, 700))
    kept.add(recorded, [("yes", 4_000, 700)])
    kept.add(recorded, [("yes", 4_000, -700), ("no", 100, 5)])
    [told] = kept.take("T")
    assert body(told)["side"] == "no"
    assert list(kept.take("T")) == []


def test_frames_have_the_length_that_goes_with_their_size() -> None:
    for size, head in ((125, 2), (126, 4), (65_535, 4), (65_536, 10)):
        frame = text_frames([b"x" * size])
        assert len(frame) == size + head
        assert frame[0] == 0x81
    assert text_frames([b"a", b"bc"]) == b"\x81\x01a\x81\x02bc"
