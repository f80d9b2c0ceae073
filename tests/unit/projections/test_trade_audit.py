"""Every trade is booked once in each of its two accounts."""

from typing import Any
from uuid import uuid4

import msgspec
import pytest

from application.events import Cause, Recorded
from application.ports.event_store import Position
from domain.ledger.events import FillBooked
from domain.market.events import TradeExecuted
from projections.live.trade_audit import TradeAudit


class Clock:
    at_us = 5_000_000

    def now_us(self) -> int:
        return self.at_us


def bare(kind: Any, **fields: Any) -> Any:
    """Return an event of which only these fields are looked at."""
    made = dict.fromkeys(kind.__struct_fields__) | fields
    return kind(**made)


class Log:
    def __init__(self) -> None:
        self.clock = Clock()
        self.audit = TradeAudit(self.clock)
        self.events: list[Any] = []

    def add(self, *events: Any) -> None:
        fresh = [
            Recorded(
                event=event,
                id=uuid4(),
                stream="any",
                revision=0,
                position=Position(len(self.events) + number + 1),
                cause=Cause(command_id=uuid4(), correlation_id=uuid4(), at_us=self.clock.at_us),
            )
            for number, event in enumerate(events)
        ]
        self.events += fresh
        self.audit.take(fresh)

    @property
    def counted(self) -> tuple[int, int]:
        return self.audit.good, self.audit.bad


def trade(number: int) -> Any:
    return bare(TradeExecuted, trade_id=f"FED:{number}")


def fill(number: int, order: str) -> Any:
    return bare(FillBooked, trade_id=f"FED:{number}", order_id=order)


@pytest.fixture
def log() -> Log:
    assert issubclass(FillBooked, msgspec.Struct)
    return Log()


def test_a_trade_that_is_booked_in_both_accounts_is_good(log: Log) -> None:
    log.add(trade(1), trade(2), fill(2, "maker"), fill(1, "maker"), fill(1, "taker"))
    assert log.counted == (1, 0)
    log.add(fill(2, "taker"))
    assert log.counted == (2, 0)


def test_a_trade_that_is_booked_twice_in_one_account_is_bad_before_and_after_the_other(log: Log) -> None:
    log.add(trade(1), fill(1, "maker"), fill(1, "maker"), fill(1, "taker"))
    assert log.counted == (0, 1)
    log.add(trade(2), fill(2, "maker"), fill(2, "taker"))
    log.add(fill(2, "taker"))
    assert log.counted == (1, 2)


def test_a_trade_that_happens_twice_is_bad(log: Log) -> None:
    log.add(trade(1), trade(1))
    assert log.counted == (0, 1)
    log.add(fill(1, "a"), fill(1, "b"), trade(1))
    assert log.counted == (1, 2), "also when it is booked already"


def test_a_trade_that_is_not_booked_within_ten_minutes_is_bad(log: Log) -> None:
    log.add(trade(1), fill(1, "maker"))
    log.clock.at_us += 10 * 60_000_000 - 1
    log.add(trade(2))
    assert log.counted == (0, 0)
    log.clock.at_us += 1
    log.add(trade(3))
    assert log.counted == (0, 1)
    log.add(fill(1, "taker"))
    assert log.counted == (0, 2), "it was given up, and is not looked for any more"


def test_ten_thousand_trades_that_were_counted_are_remembered(log: Log) -> None:
    for number in range(10_001):
        log.add(trade(number), fill(number, "maker"), fill(number, "taker"))
    assert log.counted == (10_001, 0)
    log.add(fill(0, "taker"))
    assert log.counted == (10_001, 0), "the oldest is forgotten"
    log.add(fill(1, "taker"))
    assert log.counted == (10_001, 1)


def test_what_is_counted_is_told_as_metrics(log: Log) -> None:
    log.add(trade(1), trade(2), trade(3), fill(1, "maker"), fill(1, "taker"), trade(2))
    told = {measure.name: dict(measure.values) for measure in log.audit.measures()}
    assert told == {
        "presage_trades_booked": {("once",): 1, ("wrongly",): 1},
        "presage_trades_unbooked": {(): 2},
    }


def test_events_that_come_again_count_once_and_bookings_of_older_trades_not_at_all(log: Log) -> None:
    log.add(fill(0, "maker"), trade(1), fill(1, "maker"), fill(1, "taker"))
    log.audit.take(log.events)
    assert log.counted == (1, 0)
