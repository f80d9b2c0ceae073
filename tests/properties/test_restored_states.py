"""A state that was put down and taken up again is the same, by its hash and by all it does from then on."""

from collections.abc import Mapping
from copy import deepcopy
from random import Random
from typing import Any, TypeVar

import pytest

from adapters.snapshots.encoding import decoded, encoded
from application.snapshots.form import Form, digesting
from application.snapshots.ledger_form import LEDGER_FORM
from application.snapshots.market_form import MARKET_FORM
from application.snapshots.steps import at_once
from domain.identifiers import AccountId, OrderId
from domain.ledger.state import LedgerState
from domain.market.book import Order
from domain.market.state import GroupHere, MarketState, Position
from tests.properties.exchange_life import Life, opened
from tests.properties.mini_exchange import MiniExchange

STEPS = 400

State = TypeVar("State", MarketState, LedgerState)


def restored(state: State, form: Form[State]) -> State:
    document = form.capture(state)
    assert at_once(digesting(form.facts(document))) == state.digest()
    kept = decoded(encoded(document))
    assert at_once(digesting(form.facts(kept))) == state.digest()
    again = at_once(form.rebuild(kept))
    assert again.digest() == state.digest()
    return again


def restart(exchange: MiniExchange) -> None:
    for ticker, market in exchange.markets.items():
        exchange.markets[ticker] = restored(market, MARKET_FORM)
    exchange.ledgers = [restored(ledger, LEDGER_FORM) for ledger in exchange.ledgers]


def lived(seed: int, *, restarts: float) -> MiniExchange:
    random, chance = Random(seed), Random(-seed)
    exchange = opened(random)
    life = Life(exchange, random)
    for _ in range(STEPS):
        life.step()
        if chance.random() < restarts:
            restart(exchange)
    life.end_everything()
    return exchange


@pytest.mark.parametrize("seed", range(6))
def test_an_exchange_restored_again_and_again_does_exactly_what_one_never_stopped_does(seed: int) -> None:
    straight = lived(seed, restarts=0.0)
    restarted = lived(seed, restarts=0.05)
    assert restarted.log == straight.log, f"seed {seed}"
    restarted.check_replay()


def test_nothing_of_a_market_is_left_out() -> None:
    exchange = lived_halfway()
    for market in exchange.markets.values():
        again = restored(market, MARKET_FORM)
        assert simple(again) == simple(market)
        assert [plain(order) for order in again.orders.values()] == [plain(o) for o in market.orders.values()]
        assert list(again.stops) == list(market.stops)
        assert {name: members(group) for name, group in again.order_groups.items()} == {
            name: members(group) for name, group in market.order_groups.items()
        }
        assert names(again.reducing) == names(market.reducing)
        assert names(again.orders_by_account) == names(market.orders_by_account)
        assert again.taker is market.taker is None
        assert {name: all_of(position) for name, position in again.positions.items()} == {
            name: all_of(position) for name, position in market.positions.items()
        }
        assert sorted(again.expirations) == sorted(e for e in market.expirations if e[1] in market.orders)


def test_nothing_of_a_ledger_is_left_out() -> None:
    for ledger in lived_halfway().ledgers:
        again, before = deepcopy(restored(ledger, LEDGER_FORM)), deepcopy(ledger)
        assert set(vars(again)) == set(vars(before)) == set(vars(LedgerState()))
        assert {name: getattr(again, name) for name in ("revision", "booked")} == {
            name: getattr(before, name) for name in ("revision", "booked")
        }
        assert list(again.accounts) == list(before.accounts)
        assert list(again.reservations) == list(before.reservations)


def test_a_fee_beyond_64_bits_survives() -> None:
    market = MarketState()
    market.outstanding = 10**30
    assert restored(market, MARKET_FORM).outstanding == 10**30


def lived_halfway() -> MiniExchange:
    random = Random(99)
    exchange = opened(random)
    life = Life(exchange, random, pace=0.1)
    for _ in range(300):
        life.step()
    return exchange


def simple(market: MarketState) -> dict[str, object]:
    linked = {"book", "orders", "orders_by_account", "stops", "expirations", "positions"}
    linked |= {"order_groups", "reducing", "taker"}
    return {name: value for name, value in vars(market).items() if name not in linked}


def names(by_account: Mapping[AccountId, Mapping[OrderId, Order]]) -> dict[AccountId, list[OrderId]]:
    return {account_id: list(orders) for account_id, orders in by_account.items()}


def plain(order: Order) -> list[object]:
    return [getattr(order, name) for name in Order.__slots__ if name not in ("level", "ahead", "behind")]


def members(group: GroupHere) -> list[object]:
    return [list(value) if name == "orders" else value for name, value in values_of(group)]


def values_of(group: GroupHere) -> list[tuple[str, Any]]:
    return [(name, getattr(group, name)) for name in GroupHere.__slots__]


def all_of(position: Position) -> list[int]:
    return [getattr(position, name) for name in Position.__slots__]
