"""How far an answer about a market must go to be as good as new."""

from types import SimpleNamespace
from typing import Any

from msgspec.structs import replace

from application.events import DomainEvent, Recorded
from application.ports.event_store import Position
from domain.group.events import GroupFinalized
from domain.identifiers import Ticker
from domain.market.events import MarketClosed
from domain.market.vocabulary import Side
from projections.reading.changes import Changes
from tests.unit.projections.events import Log, leg, trade

M, N = Ticker("M"), Ticker("N")
TRADE = trade(leg("ann", Side.YES), leg("bob", Side.NO), 4_000, 100)


class Followed:
    """Changes that are noted at positions, and what readers can see."""

    def __init__(self) -> None:
        self.freshness = SimpleNamespace(position=0)
        self.changes = Changes(self.freshness)  # type: ignore[arg-type]

    def note(self, stream: str, event: DomainEvent, position: int) -> None:
        recorded: Recorded[Any] = replace(Log().add(stream, event), position=Position(position))
        self.changes.take([recorded])

    def needs(self, visible: int) -> tuple[int | None, ...]:
        self.freshness.position = visible
        return (self.changes.market_needs(M), self.changes.trades_need(M), self.changes.market_needs(N))


def test_until_something_is_visible_nothing_is_known() -> None:
    followed = Followed()
    followed.note("market-M", MarketClosed(), 3)
    assert followed.needs(0) == (None, None, None)


def test_what_changed_before_the_log_was_followed_may_have_been_anything() -> None:
    followed = Followed()
    assert followed.needs(10) == (10, 10, 10)
    assert followed.needs(20) == (10, 10, 10), "since then nothing changed"


def test_a_market_needs_its_last_change_and_its_trades_the_last_trade_as_far_as_readers_can_see() -> None:
    followed = Followed()
    followed.needs(10)
    followed.note("market-M", TRADE, 12)
    followed.note("market-M", MarketClosed(), 14)
    assert followed.needs(11) == (11, 11, 10)
    assert followed.needs(13) == (13, 12, 10)
    assert followed.needs(20) == (14, 12, 10)
    followed.note("ledger-0", MarketClosed(), 21)
    assert followed.needs(30) == (14, 12, 10), "what happens elsewhere changes no market"


def test_what_a_group_says_changes_every_market_and_does_so_once() -> None:
    followed = Followed()
    followed.needs(10)
    ended = GroupFinalized(winner=M, members=(M,))
    followed.note("group-G", ended, 15)
    followed.note("group-G", ended, 12)  # it comes again
    assert followed.needs(20) == (15, 15, 15)
