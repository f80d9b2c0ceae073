"""How a market stood is told beside how it stood a day earlier, to the microsecond."""

from dataclasses import fields
from types import SimpleNamespace
from typing import Any

from adapters.http.as_of import past_market
from adapters.http.requests.past import AsOfQuery
from application.snapshots.standing import BEFORE_ALL
from domain.identifiers import Ticker
from domain.market.state import MarketState
from domain.quantities import Ticks
from projections.reading.as_of import Stood
from projections.reading.views import MarketView

M = Ticker("M")


async def test_what_was_traded_in_a_day_begins_24_hours_before_the_moment_that_is_asked_for() -> None:
    asked: list[int] = []

    async def market_at(_ticker: Ticker, at_us: int) -> Stood:
        asked.append(at_us)
        state = MarketState()
        state.volume, state.last_price = (900, Ticks(6_000)) if len(asked) == 1 else (250, Ticks(4_000))  # type: ignore[assignment]
        return Stood(state=state, tip=BEFORE_ALL)

    port: Any = SimpleNamespace(past=SimpleNamespace(market_at=market_at))
    now = MarketView(**(dict.fromkeys(each.name for each in fields(MarketView)) | {"ticker": M}))
    then = await past_market(
        port, now, AsOfQuery.model_construct(as_of_ts=200_000_000_000, as_of_revision=None)
    )
    assert asked == [200_000_000_000, 200_000_000_000 - 86_400_000_000]
    assert (then.volume, then.volume_24h, then.last_price_ticks, then.previous_price_ticks) == (
        900,
        650,
        6_000,
        4_000,
    )
