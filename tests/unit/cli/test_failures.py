"""Whatever goes wrong with a command is told by code and sentence."""

import pytest

from adapters.cli.failures import Failure, failure_of
from adapters.cli.times import parse_time, time_text
from adapters.event_stores.data_files import UnusableLog
from adapters.settings import Settings
from application.ports.event_store import StoreUnavailable
from projections.running.store import ReadModelDamaged


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Failure("no_key", "none"), "no_key"),
        (UnusableLog("log.db: damaged"), "unusable_data"),
        (ReadModelDamaged("read.db"), "unusable_read_model"),
        (StoreUnavailable("away"), "store_unavailable"),
        (FileNotFoundError(2, "No such file", "x.csv"), "file_error"),
        (ZeroDivisionError("division by zero"), "internal_error"),
    ],
)
def test_every_fault_has_a_code_and_keeps_its_words(error: Exception, code: str) -> None:
    failure = failure_of(error)
    assert failure.code == code
    assert failure.message


def test_an_impossible_setting_is_told_by_its_name() -> None:
    with pytest.raises(ValueError, match="port") as caught:
        Settings.from_environment({"PRESAGE_PORT": "no"})
    failure = failure_of(caught.value)
    assert (failure.code, failure.message.partition(":")[0]) == ("invalid_setting", "port")


def test_a_fault_nobody_thought_of_says_where_it_was_raised() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 // 0
    assert "test_failures.py:" in failure_of(caught.value).details


@pytest.mark.parametrize(
    ("text", "at_us"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T00:00:01.5Z", 1_500_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("12.000001", 12_000_001),
        ("1700000000", 1_700_000_000_000_000),
    ],
)
def test_times_are_read_exactly(text: str, at_us: int) -> None:
    assert parse_time(text) == at_us
    assert parse_time(time_text(at_us)) == at_us


def test_an_impossible_address_is_told_without_its_password() -> None:
    with pytest.raises(ValueError, match="event_store") as caught:
        Settings.from_environment({"PRESAGE_EVENT_STORE": "eventstore://admin:changeit@node:2113"})
    failure = failure_of(caught.value)
    assert "begins with esdb:// or kurrentdb://" in failure.message
    assert "eventstore://***@node:2113" in failure.details
    assert "changeit" not in failure.message + failure.details


@pytest.mark.parametrize(
    "address", ["esdb://a:b@n", "kurrentdb://a:b@n", "kdb://n", "kurrentdb+discover://n"]
)
def test_an_event_store_may_be_named_old_or_new(address: str) -> None:
    assert Settings(event_store=address).event_store == address
