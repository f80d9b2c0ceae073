"""Orders of the Good Judgment Project keep their owners and find one market per outcome."""

from pathlib import Path

import pytest

from adapters.recordings.formats import open_recording
from application.replay.flow import LimitOrder, OpenGroup, OpenMarket
from application.replay.recording import UnreadableRecording
from tests.unit.recording_samples import GJP_HEADER, replayed, write


def order(number: int, question: int, outcome: str, *, minute: int = 0, quantity: int = 10) -> str:
    return (
        f"{number},1970-01-01T00:{minute:02d},5,,{question},{question} - Will it?,"
        f'"{outcome}",sell,30,{quantity},0'
    )


def test_an_order_keeps_its_owner_its_side_and_its_price(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", GJP_HEADER, order(744, 12, "Yes", minute=2))
    assert replayed(path) == [
        OpenMarket(
            market="GJP-12",
            title="12 - Will it?",
            tick_size_ticks=100,
            quantity_step=100,
            at_us=120_000_000,
        ),
        LimitOrder(
            ref="744",
            market="GJP-12",
            actor="user-5",
            side="sell",
            price_ticks=3000,
            quantity=1000,
            at_us=120_000_000,
        ),
    ]


def test_several_outcomes_make_a_group_opened_whole_at_the_first_order(tmp_path: Path) -> None:
    path = write(tmp_path / "a", GJP_HEADER, order(1, 13, "None"), order(2, 13, "*Two or more"))
    instructions = replayed(path)
    assert instructions[0] == OpenGroup(
        group="GJP-13", title="13 - Will it?", markets=("GJP-13-NONE", "GJP-13-TWO-OR-MORE"), at_us=0
    )
    opened = [opening for opening in instructions if isinstance(opening, OpenMarket)]
    assert [(opening.market, opening.group) for opening in opened] == [
        ("GJP-13-NONE", "GJP-13"),
        ("GJP-13-TWO-OR-MORE", "GJP-13"),
    ]


def test_conditions_make_no_group(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a", GJP_HEADER, order(1, 14, "If *it rains"), order(2, 14, "If it does not rain.")
    )
    instructions = replayed(path)
    assert not any(isinstance(instruction, OpenGroup) for instruction in instructions)
    assert [opening.market for opening in instructions if isinstance(opening, OpenMarket)] == [
        "GJP-14-IF-IT-RAINS",
        "GJP-14-IF-IT-DOES-NOT-RAIN",
    ]


def test_an_order_for_nothing_is_passed_on(tmp_path: Path) -> None:
    placed = replayed(write(tmp_path / "a", GJP_HEADER, order(1, 12, "Yes", quantity=0)))[-1]
    assert isinstance(placed, LimitOrder)
    assert placed.quantity == 0


def test_times_that_step_back_wait_for_the_order_of_arrival(tmp_path: Path) -> None:
    rows = (order(1, 12, "Yes", minute=5), order(2, 12, "Yes", minute=4), order(3, 12, "Yes", minute=6))
    placed = replayed(write(tmp_path / "a", GJP_HEADER, *rows))[1:]
    assert [instruction.at_us // 60_000_000 for instruction in placed] == [5, 5, 6]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (order(1, 12, "Yes").replace("sell", "short"), "the side is 'short', neither buy nor sell"),
        (order(1, 12, "Yes").replace(",30,", ",100,"), "a price of 100"),
        (order(1, 12, ""), "the order names no question or no outcome"),
        (order(1, 12, "Yes").replace(",5,", ",,"), "'' is not a plain decimal number"),
        (order(0, 12, "Yes"), "batch_order_id 0 after 0"),
    ],
)
def test_a_bad_order_is_refused_with_its_line(tmp_path: Path, row: str, problem: str) -> None:
    with pytest.raises(UnreadableRecording, match=f"line 3: {problem}"):
        open_recording(write(tmp_path / "a", GJP_HEADER, order(0, 12, "Yes"), row))
