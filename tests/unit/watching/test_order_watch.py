"""The order flow of a running exchange, minute by minute."""

import pytest

from application.watching.alerts import Alerts, Concern
from application.watching.order_watch import EVERYWHERE, MINUTE_US, OrderWatch


class Clock:
    def __init__(self) -> None:
        self.minute = 1_000

    def now_us(self) -> int:
        return self.minute * MINUTE_US + 1


class Flow:
    """An exchange in which orders are placed by hand."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.alerts = Alerts(self.clock)
        self.listed = ["HOT", "CALM"]
        self.placed: dict[str, int] = {}
        self.watch = OrderWatch(self.take, lambda: self.listed, self.alerts, self.clock)

    def take(self) -> dict[str, int]:
        placed, self.placed = self.placed, {}
        return placed

    def minute(self, **placed: int) -> list[str]:
        """Let a minute pass; return about what there are alerts."""
        self.placed = placed
        self.clock.minute += 1
        self.watch.look()
        return sorted(alert.subject for alert in self.alerts.active)


@pytest.fixture
def flow() -> Flow:
    return Flow()


def test_a_burst_in_one_market_is_an_alert_there_with_its_figures_and_ends_with_the_burst(flow: Flow) -> None:
    for _ in range(20):
        assert flow.minute(HOT=10, CALM=1_000) == []
    assert flow.minute(HOT=100, CALM=1_000) == ["HOT", EVERYWHERE]
    [alert] = [alert for alert in flow.alerts.active if alert.subject == "HOT"]
    assert alert.concern is Concern.ORDER_FLOW
    assert alert.message == (
        "100 orders in a minute; the 20 minutes before had 10.0 on average with a standard deviation of 0.0, "
        "so more than 25.0 are unusual"
    )
    assert flow.minute(HOT=10, CALM=1_000) == []
    assert {alert.subject for alert in flow.alerts.over} == {"HOT", EVERYWHERE}
    assert all(alert.until_us is not None for alert in flow.alerts.over)


def test_a_few_orders_more_in_a_quiet_market_are_nothing_to_call_anybody_for(flow: Flow) -> None:
    for _ in range(20):
        flow.minute(HOT=0)
    assert flow.minute(HOT=15) == []


def test_a_market_that_wakes_up_after_a_long_silence_is_noticed(flow: Flow) -> None:
    for _ in range(30):
        flow.minute(CALM=100)
    assert "HOT" in flow.minute(CALM=100, HOT=40)


def test_a_market_that_was_just_listed_is_given_time(flow: Flow) -> None:
    for _ in range(30):
        flow.minute(CALM=1_000)
    flow.listed.append("NEW")
    assert flow.minute(CALM=1_000, NEW=14) == []
    for _ in range(8):
        assert flow.minute(CALM=1_000, NEW=500) in ([], [EVERYWHERE])


def test_a_busy_hour_that_goes_on_becomes_usual(flow: Flow) -> None:
    for _ in range(20):
        flow.minute(HOT=10)
    alarmed = ["HOT" in flow.minute(HOT=500) for _ in range(60)]
    assert alarmed[0]
    assert not alarmed[-1]


def test_a_silent_market_takes_no_room(flow: Flow) -> None:
    flow.minute(HOT=5)
    for _ in range(200):
        flow.minute(CALM=1)
    assert set(flow.watch._detectors) == {EVERYWHERE, "CALM"}


def test_a_minute_is_looked_at_once(flow: Flow) -> None:
    for _ in range(20):
        flow.minute(HOT=10)
    flow.placed = {"HOT": 9_000}
    flow.watch.look()
    flow.watch.look()
    assert not flow.alerts.active
    assert "HOT" in flow.minute(HOT=9_000)


def test_alerts_are_counted_and_those_that_go_on_are_a_figure(flow: Flow) -> None:
    for _ in range(20):
        flow.minute(HOT=10)
    flow.minute(HOT=100)
    flow.minute(HOT=100)
    figures = {each.name: dict(each.values) for each in flow.alerts.measures()}
    others = {("service_level",): 0, ("market_manipulation",): 0}
    assert figures["presage_alerts_active"] == {("order_flow",): 2} | others
    assert figures["presage_alerts"] == {("order_flow",): 2} | others


def test_an_alert_is_logged_when_it_begins_and_when_it_is_over(
    flow: Flow, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        flow.minute(HOT=10)
    for _ in range(3):
        flow.minute(HOT=100)
    flow.minute(HOT=10)
    about = [line for line in caplog.messages if "HOT" in line]
    assert [line.split(":")[0] for line in about] == ["alert", "alert over"]
