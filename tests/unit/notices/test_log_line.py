import logging
from uuid import UUID

import pytest

from application.events import Cause, Recorded
from application.notices.log_line import LogLine
from application.notices.notice import Notice
from application.ports.event_store import Position
from domain.market.events import OrderPlaced
from tests.unit.event_schemas.market_examples import ORDERS


def notice(*, webhook: str | None = None) -> Notice:
    order = ORDERS["OrderPlaced"]
    assert isinstance(order, OrderPlaced)
    recorded = Recorded(
        event=order, id=UUID(int=1), stream="market-RAIN", revision=7, position=Position(7),
        cause=Cause(command_id=UUID(int=2), correlation_id=UUID(int=2), at_us=0),
    )  # fmt: skip
    return Notice(order=recorded, webhook=webhook)


async def test_an_order_has_a_line_and_one_that_is_sent_again_no_second(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "application.notices")
    await LogLine().take([notice(), notice(webhook="desk")])
    order = notice().order.event
    assert caplog.messages == [f"order {order.order_id} of {order.account_id} was placed in RAIN"]


async def test_it_is_ten_lines_in_a_second_and_the_next_counts_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "application.notices")
    now_s = 0.0
    line = LogLine(lambda: now_s)
    await line.take([notice()] * 4)
    now_s = 0.99
    await line.take([notice()] * 30)
    assert len(caplog.messages) == 10
    now_s = 1.0
    await line.take([notice()] * 2)
    assert [message.partition(" in RAIN")[2] for message in caplog.messages[9:]] == [
        "",
        " after 24 more orders",
        "",
    ]


async def test_who_wants_warnings_only_sees_none(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "application.notices")
    await LogLine().take([notice()])
    assert caplog.messages == []
