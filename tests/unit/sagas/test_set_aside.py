"""What stops because of sagas that cannot be brought to their end, and what is said of it."""

import pytest

from application.health import Health, Trouble
from application.sagas.set_aside import SetAside
from domain.identifiers import AccountId, OrderId, Ticker
from domain.rejections import Reason

ANN, BOB = AccountId("ann"), AccountId("bob")
RAIN, SNOW = Ticker("RAIN"), Ticker("SNOW")
FIRST, SECOND, THIRD = OrderId("1"), OrderId("2"), OrderId("3")
FAULT = LookupError("no such thing")


def test_an_account_places_nothing_more_in_that_market_until_all_its_sagas_there_are_ended(
    caplog: pytest.LogCaptureFixture,
) -> None:
    health = Health()
    aside = SetAside(health)
    assert (len(aside), aside.refusal(ANN, RAIN), health.conditions) == (0, None, [])
    for order_id in (FIRST, SECOND, SECOND):
        aside.add(ANN, RAIN, order_id, FAULT)
    aside.add(BOB, SNOW, THIRD, ValueError("another"))
    logged = [each for each in caplog.records if each.name == "application.sagas.set_aside"]
    assert len(logged) == 3, "each is told of once"
    assert len(aside) == 2
    assert list(aside) == [
        (FIRST, ANN, RAIN, "LookupError: no such thing"),
        (SECOND, ANN, RAIN, "LookupError: no such thing"),
        (THIRD, BOB, SNOW, "ValueError: another"),
    ]
    for whose, refused in (((ANN, RAIN), True), ((ANN, SNOW), False), ((BOB, RAIN), False)):
        refusal = aside.refusal(*whose)
        assert (refusal is not None and refusal.reason is Reason.TRADING_HALTED) is refused
    assert told(health) == "3 interrupted orders"
    aside.ended(ANN, RAIN, FIRST)
    aside.ended(BOB, RAIN, THIRD)
    assert aside.refusal(ANN, RAIN) is not None
    assert told(health) == "2 interrupted orders"
    aside.ended(ANN, RAIN, SECOND)
    assert aside.refusal(ANN, RAIN) is None
    assert (len(aside), told(health)) == (1, "1 interrupted orders")
    aside.ended(BOB, SNOW, THIRD)
    assert (len(aside), list(aside), health.conditions) == (0, [], [])


def told(health: Health) -> str:
    [condition] = health.conditions
    assert (condition.part, condition.code) == ("saga recovery", Trouble.SAGA_SET_ASIDE)
    return condition.message.partition(" cannot")[0]
