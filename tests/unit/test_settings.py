"""Settings, from the environment and back into it."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from adapters.settings import ProjectorPlace, Settings
from domain.limits import AccountLimits


def test_another_process_gets_the_same_settings() -> None:
    settings = Settings(
        data=Path("/somewhere"),
        event_store="esdb://node:2113?tls=false",
        database_url="postgresql://db/presage",
        projector=ProjectorPlace.BESIDE,
        port=0,
    )
    environment = settings.as_environment({"HOME": "/home/somebody", "PRESAGE_PORT": "80"})
    assert Settings.from_environment(environment) == settings
    assert environment["HOME"] == "/home/somebody"


def test_what_is_not_set_stays_so() -> None:
    assert "DATABASE_URL" not in Settings(data=Path("/somewhere")).as_environment({})


@pytest.mark.parametrize("place", ["beside", "elsewhere"])
def test_a_log_in_memory_is_followed_by_nobody_else(place: str) -> None:
    with pytest.raises(ValidationError, match=f"cannot be followed by a projector {place}; only inside"):
        Settings.from_environment({"PRESAGE_EVENT_STORE": "memory", "PRESAGE_PROJECTOR": place})


def test_what_an_account_may_have_is_set_from_outside() -> None:
    environment = {
        "PRESAGE_OPEN_ORDERS_MAX": "7",
        "PRESAGE_OPEN_ORDERS_IN_ALL_MAX": "9",
        "PRESAGE_ORDER_GROUPS_MAX": "2",
        "PRESAGE_KEYS_MAX": "3",
    }
    settings = Settings.from_environment(environment, stop_orders_max=5)
    assert settings.limits == AccountLimits(
        open_orders=7, open_orders_in_all=9, stops=5, order_groups=2, keys=3
    )
    assert Settings().limits == AccountLimits()
    with pytest.raises(ValidationError, match="open_orders_max"):
        Settings(open_orders_max=0)


def test_the_markets_that_the_house_makes_are_named_with_what_it_may_lose() -> None:
    settings = Settings.from_environment({"PRESAGE_LIQUIDITY": "RAIN=100,SNOW-27=50.25@0.30"})
    assert [(stake.ticker, stake.loss, stake.prior) for stake in settings.stakes] == [
        ("RAIN", 100_000_000, 5_000),
        ("SNOW-27", 50_250_000, 3_000),
    ]


@pytest.mark.parametrize(
    "text", ["RAIN", "RAIN=", "RAIN=100@1", "RAIN=-5", "RAIN=100@0.00001", "=5", "RAIN=0@0.5"]
)
def test_a_stake_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="liquidity"):
        Settings.from_environment({"PRESAGE_LIQUIDITY": text})
