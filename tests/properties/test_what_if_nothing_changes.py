"""A recorded flow through a market in which nothing is changed happens again as it happened, to the cent."""

import os
from collections.abc import Sequence
from random import Random
from uuid import UUID

import pytest

from application.events import Cause, Recorded
from application.ports.event_store import START
from application.whatif.fork import Changes, Fork
from application.whatif.policy import OffGrid, Policy
from application.whatif.telling import Telling
from application.whatif.under_policy import Spread, came_of
from domain.decider import execute
from domain.market import commands as c
from domain.market import matching, trading
from domain.market.aggregate import MARKET
from domain.market.events import MarketEvent
from domain.market.invariants import market_violations
from domain.market.state import MarketState
from domain.market.vocabulary import EndReason, Result, SelfTradePrevention
from domain.quantities import Ticks
from tests.properties.order_streams import FEES, OrderStream
from tests.properties.test_market_against_naive_market import opened

SOAK = os.environ.get("PRESAGE_SOAK") == "1"
SEEDS = 600 if SOAK else 44
COMMANDS = 600 if SOAK else 250

Life = list[Recorded[MarketEvent]]


def recorded(events: Sequence[MarketEvent], first: int, command: int, at_us: int) -> Life:
    """Return events as the log would have them."""
    cause = Cause(command_id=UUID(int=command), correlation_id=UUID(int=command), at_us=at_us)
    return [
        Recorded(
            event=event,
            id=UUID(int=(command << 32) + number),
            stream="market-M",
            revision=first + number,
            position=START,
            cause=cause,
        )
        for number, event in enumerate(events)
    ]


def lived(random: Random, commands: int = COMMANDS) -> tuple[Life, MarketState]:
    """Return a market's whole life, and how it ended."""
    state, naive, events = opened(random)
    life = recorded(events, 0, 1, 0)
    stream, now = OrderStream(random, naive), 0
    endings: list[c.MarketCommand] = random.choice(
        [
            [],
            [c.CloseMarket()],
            [c.ResolveMarket(result=random.choice([Result.YES, Result.NO]))],
            [c.CloseMarket(), c.DetermineMarket(result=Result.YES), c.FinalizeMarket()],
            [c.VoidMarket()],
            [c.DecideCondition(parent="P", parent_result=Result.YES), c.ResolveMarket(result=Result.NO)],
            [c.DecideCondition(parent="P", parent_result=Result.NO)],
        ]
    )
    for number in range(commands + len(endings)):
        now += random.randint(0, 8)
        asked = stream.next(now) if number < commands else endings[number - commands]
        events, _ = execute(MARKET, state, asked, now)
        if number < commands:
            naive.execute(asked, now)
            naive.revision = state.revision
        life += recorded(events, len(life), number + 2, now)
    return life, state


def at(life: Life, revision: int) -> MarketState:
    """Return the market as its event at ``revision`` left it."""
    state = MARKET.initial()
    for each in life[: revision + 1]:
        MARKET.evolve(state, each.event)
    return state


def replayed(life: Life, revision: int, changes: Changes | None = None) -> Fork:
    """Let all that follows ``revision`` happen beside the recorded market."""
    began_us = life[revision].cause.at_us if revision >= 0 else 0
    decision = life[revision].cause.command_id if revision >= 0 else None
    fork = Fork(
        at(life, revision), at(life, revision), changes or Changes(), at_us=began_us, decision=decision
    )
    for each in life[revision + 1 :]:
        fork.take(each)
    fork.settle()
    return fork


def same(mine: Telling, its: Telling) -> None:
    assert [(each.at_us, each.trade) for each in mine.trades] == [
        (each.at_us, each.trade) for each in its.trades
    ]
    assert mine.accounts == its.accounts
    assert {each: mine.holding(each) for each in mine.accounts} == {
        each: its.holding(each) for each in its.accounts
    }


@pytest.mark.parametrize("seed", range(SEEDS))
def test_an_empty_change_reproduces_every_fill_and_payment(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(seed)
    if seed % 2:
        # Small steps, so that most of what is long is done in several, and forks lie in between.
        monkeypatch.setattr(matching, "STEP", random.randint(1, 4))
        monkeypatch.setattr(trading, "BATCH", random.randint(1, 3))
    life, ended = lived(random)
    decided = [number for number in range(len(life) - 1) if life[number].cause != life[number + 1].cause]
    for revision in (-1, random.choice(decided)):
        fork = replayed(life, revision)
        same(fork.recorded, fork.other)
        assert fork.other.state.digest() == ended.digest(), f"seed {seed}, from {revision}"
        assert not fork.refused
    # In the middle of a decision the rest of it follows by itself; the fills are the same.
    fork = replayed(life, random.randrange(len(life)))
    assert [each.trade for each in fork.recorded.trades] == [each.trade for each in fork.other.trades]
    assert list(market_violations(fork.other.state)) == []


def test_from_the_middle_of_any_decision_all_goes_on_as_it_did() -> None:
    """Even where what follows is that another order of the same trader leaves the book."""
    tried = 0
    for seed in range(30_000, 30_000 + SEEDS // 4):
        life, ended = lived(Random(seed), 150)
        for revision, following in enumerate(life[1:]):
            if getattr(following.event, "reason", None) is not EndReason.SELF_TRADE:
                continue
            assert following.cause == life[revision].cause
            fork = replayed(life, revision)
            same(fork.recorded, fork.other)
            assert fork.other.state.digest() == ended.digest(), f"seed {seed}, from {revision}"
            tried += 1
    assert tried > 10


@pytest.mark.parametrize("seed", range(SEEDS // 4))
def test_under_other_rules_what_some_lose_others_gain_or_the_house_earns(seed: int) -> None:
    random = Random(10_000 + seed)
    life, _ = lived(random)
    policy = Policy(
        name="other",
        fees=random.choice([None, *FEES]),
        tick_ticks=random.choice([None, Ticks(100), Ticks(500)]),
        off_grid=random.choice(list(OffGrid)),
        gives_way=random.choice([None, *SelfTradePrevention]),
    )
    fork = replayed(life, -1, Changes(adjust=policy.adjust))
    for telling in (fork.recorded, fork.other):
        assert list(market_violations(telling.state)) == []
        came = came_of(telling, Spread(), Ticks(3_700))
        returned = telling.state.result is Result.VOID
        assert came.profits.total() == (0 if returned else -came.fees), f"seed {seed}"
