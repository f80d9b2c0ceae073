"""Polymarket operations become orders, cancels and takes in one market."""

import json
from pathlib import Path

import pytest

from adapters.recordings.formats import open_recording, open_recordings
from application.replay.book import Book, Level
from application.replay.flow import AddOrder, CancelAtLevel, OpenMarket, TakeOrder
from application.replay.recording import UnreadableRecording
from tests.unit.recording_samples import POLYMARKET_HEADER, replayed, write

OPERATIONS = (
    POLYMARKET_HEADER,
    "1,1000,add,bid,0.27,15",
    "2,1000,add,ask,0.3,4799.85",
    "3,1001,cancel,bid,0.27,0.5",
    "4,1002,take,buy,0.31,12.1",
    "5,1002,take,sell,0.2,1",
)
MARKET = "PM-CATS-DOGS-2031"


@pytest.fixture
def operations(tmp_path: Path) -> Path:
    return write(tmp_path / "cats-dogs-2031.ops.csv.gz", *OPERATIONS, packed=True)


def test_each_operation_is_one_instruction(operations: Path) -> None:
    assert replayed(operations) == [
        OpenMarket(
            market=MARKET, title="cats-dogs-2031", tick_size_ticks=100, quantity_step=1, at_us=1_000_000
        ),
        AddOrder(
            ref="1",
            market=MARKET,
            actor="bidder",
            side="bid",
            price_ticks=2700,
            quantity=1500,
            at_us=1_000_000,
        ),
        AddOrder(
            ref="2",
            market=MARKET,
            actor="asker",
            side="ask",
            price_ticks=3000,
            quantity=479985,
            at_us=1_000_000,
        ),
        CancelAtLevel(market=MARKET, side="bid", price_ticks=2700, quantity=50, at_us=1_001_000),
        TakeOrder(
            ref="4",
            market=MARKET,
            actor="taker",
            side="buy",
            limit_ticks=3100,
            quantity=1210,
            at_us=1_002_000,
        ),
        TakeOrder(
            ref="5",
            market=MARKET,
            actor="taker",
            side="sell",
            limit_ticks=2000,
            quantity=100,
            at_us=1_002_000,
        ),
    ]


@pytest.mark.parametrize(("price", "tick"), [("0.31", 100), ("0.315", 10), ("0.3155", 1)])
def test_the_tick_size_is_the_coarsest_that_fits_every_price(tmp_path: Path, price: str, tick: int) -> None:
    path = write(tmp_path / "a.csv", *OPERATIONS, f"6,1003,add,ask,{price},1")
    opening = replayed(path)[0]
    assert isinstance(opening, OpenMarket)
    assert opening.tick_size_ticks == tick


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("6,1003,add,buy,0.5,1", "no such operation: add buy"),
        ("6,1003,fill,bid,0.5,1", "no such operation: fill bid"),
        ("6,1003,add,bid,1.0,1", "a price of 1.0"),
        ("6,1003,add,bid,0.5,0", "a quantity of zero"),
        ("6,1003,add,bid,0.5,-1", "'-1' is not a plain decimal number"),
        ("6,soon,add,bid,0.5,1", "'soon' is not a plain decimal number"),
        ("5,1003,add,bid,0.5,1", "seq 5 after 5"),
    ],
)
def test_a_bad_operation_is_refused_with_its_line(tmp_path: Path, row: str, problem: str) -> None:
    path = write(tmp_path / "a.csv", *OPERATIONS, row)
    with pytest.raises(UnreadableRecording, match=f"line 7: {problem}"):
        open_recording(path)


def test_the_final_book_is_folded_from_the_messages_beside_it(operations: Path) -> None:
    messages = (
        {"type": "header", "market": "cats-dogs-2031"},
        {"type": "book", "token": "A", "bids": [["0.2", "5"], ["0.1", "7"]], "asks": [["0.9", "1"]]},
        {"type": "book", "token": "B", "bids": [["0.4", "5"]], "asks": []},
        {"type": "segment", "n": 2},
        {"type": "price_change", "token": "A", "changes": [["bid", "0.2", "0"], ["bid", "0.15", "2.5"]]},
        {"type": "price_change", "token": "A", "changes": [["ask", "0.85", "3"]]},
    )
    write(operations.with_name("cats-dogs-2031.jsonl.gz"), *map(json.dumps, messages), packed=True)
    assert open_recording(operations).recorded_final_book() == Book(
        bids=(Level(price_ticks=1500, quantity=250), Level(price_ticks=1000, quantity=700)),
        asks=(Level(price_ticks=8500, quantity=300), Level(price_ticks=9000, quantity=100)),
    )


def test_messages_that_cannot_be_understood_are_refused(operations: Path) -> None:
    write(operations.with_name("cats-dogs-2031.jsonl"), '{"type":"fill","token":"A"}')
    with pytest.raises(UnreadableRecording, match=r"cats-dogs-2031.jsonl, line 1: no such message: fill"):
        open_recording(operations).recorded_final_book()


def test_damage_in_the_messages_beside_the_operations_is_told_when_the_file_is_opened(
    operations: Path,
) -> None:
    messages = write(operations.with_name("cats-dogs-2031.jsonl"), '{"token": "A", "type": "book", "bids": [')
    with pytest.raises(UnreadableRecording, match="line 1") as refused:
        open_recording(operations)
    assert refused.value.path == messages


def test_two_files_whose_names_come_to_one_market_are_not_replayed_together(tmp_path: Path) -> None:
    files = [
        write(tmp_path / name, *OPERATIONS)
        for name in ("cats-dogs.ops.csv", "cats-cows.ops.csv", "cats_dogs.ops.csv")
    ]
    assert len(open_recordings(files[:2])) == 2
    with pytest.raises(UnreadableRecording, match=r"cats_dogs.ops.csv: its market would be PM-CATS-DOGS,"):
        open_recordings(files)
    with pytest.raises(UnreadableRecording, match="rename one of them"):
        open_recordings([files[0], files[0]])
