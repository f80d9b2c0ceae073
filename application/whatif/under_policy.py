"""Recorded flow under other rules: what each market, and all of them, would have come to."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from application.events import Recorded
from application.past import Past
from application.whatif.fork import Changes, Fork
from application.whatif.policy import Policy
from application.whatif.telling import Telling
from domain.identifiers import AccountId, Ticker
from domain.market.events import MarketCreated, MarketEvent
from domain.market.lifecycle import is_grid
from domain.market.state import MarketState
from domain.market.vocabulary import EndReason
from domain.quantities import PAYOUT_TICKS, Money, Ticks
from domain.rejections import Reason


@dataclass(slots=True)
class Spread:
    """The difference between the best prices, each for as long as it stood."""

    now: int | None = None
    since_us: int = 0
    weighed: int = 0
    stood_us: int = 0

    def look(self, state: MarketState, at_us: int) -> None:
        """Take note of the book at a time."""
        if self.now is not None:
            self.weighed += self.now * (at_us - self.since_us)
            self.stood_us += at_us - self.since_us
        yes, no = state.book.yes.best_ticks, state.book.no.best_ticks
        self.now = None if yes is None or no is None else PAYOUT_TICKS - yes - no
        self.since_us = at_us

    @property
    def mean_ticks(self) -> float | None:
        """The mean over the time that there were both sides."""
        return self.weighed / self.stood_us if self.stood_us else None


@dataclass(slots=True, kw_only=True)
class Came:
    """What a market, or all of them, came to. ``flow`` has each trade: when, how much, fees, price."""

    trades: int = 0
    volume: int = 0
    maker_fees: int = 0
    taker_fees: int = 0
    self_trades: int = 0
    spread_ticks: float | None = None
    last_price: Ticks | None = None
    flow: list[tuple[int, int, int, Ticks]] = field(default_factory=list)
    profits: Counter[AccountId] = field(default_factory=Counter)

    @property
    def fees(self) -> Money:
        """What the house earned."""
        return Money(self.maker_fees + self.taker_fees)

    def add(self, other: "Came") -> None:
        """Count what another market came to."""
        self.trades += other.trades
        self.volume += other.volume
        self.maker_fees += other.maker_fees
        self.taker_fees += other.taker_fees
        self.self_trades += other.self_trades
        self.flow += other.flow
        for account_id, profit in other.profits.items():
            self.profits[account_id] += profit


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketUnder:
    """One market both ways."""

    ticker: Ticker
    recorded: Came
    other: Came
    refused: Counter[Reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyReport:
    """All markets both ways; ``left_out`` says of which there is no telling, and why."""

    policy: Policy
    markets: list[MarketUnder]
    left_out: dict[Ticker, str]
    recorded: Came
    other: Came
    refused: Counter[Reason]


async def under_policy(
    past: Past, tickers: Iterable[Ticker], policy: Policy, progress: Callable[[str, int, int], None]
) -> PolicyReport:
    """Replay the flow of markets under other rules."""
    found, left_out = [], {}
    wanted = list(tickers)
    for number, ticker in enumerate(wanted):
        progress("markets", number, len(wanted))
        market = await _market(past, ticker, policy)
        if isinstance(market, str):
            left_out[ticker] = market
        else:
            found.append(market)
    report = PolicyReport(
        policy=policy, markets=found, left_out=left_out, recorded=Came(), other=Came(), refused=Counter()
    )
    for each in found:
        report.recorded.add(each.recorded)
        report.other.add(each.other)
        report.refused.update(each.refused)
    return report


async def _market(past: Past, ticker: Ticker, policy: Policy) -> MarketUnder | str:
    fork = Fork(MarketState(), MarketState(), Changes(adjust=policy.adjust), at_us=0)
    spreads = Spread(), Spread()
    async for page, codec in past.stored(ticker, first=0, last=await past.last_revision(ticker)):
        for stored in page:
            recorded: Recorded[MarketEvent] = codec.decode(stored)  # type: ignore[assignment]
            why_not = _impossible(recorded.event, policy)
            if why_not:
                return why_not
            fork.take(recorded)
            for spread, telling in zip(spreads, (fork.recorded, fork.other), strict=True):
                spread.look(telling.state, recorded.cause.at_us)
    fork.settle()
    last = fork.recorded.state.last_price
    mark = Ticks(PAYOUT_TICKS // 2) if last is None else last
    return MarketUnder(
        ticker=ticker,
        recorded=came_of(fork.recorded, spreads[0], mark),
        other=came_of(fork.other, spreads[1], mark),
        refused=fork.refused,
    )


def _impossible(event: MarketEvent, policy: Policy) -> str | None:
    tick = policy.tick_ticks
    if tick is None or not isinstance(event, MarketCreated):
        return None
    if is_grid(tick, event.price_min_ticks, event.price_max_ticks):
        return None
    return "the tick size leaves no price within the market's range"


def came_of(telling: Telling, spread: Spread, mark: Ticks) -> Came:
    """Return what a market came to; what is still held counts at ``mark``."""
    came = Came(
        trades=len(telling.trades),
        volume=telling.volume,
        self_trades=sum(reason is EndReason.SELF_TRADE for reason in telling.ended.values()),
        spread_ticks=spread.mean_ticks,
        last_price=telling.state.last_price,
    )
    for happened in telling.trades:
        trade = happened.trade
        came.maker_fees += trade.maker.fee
        came.taker_fees += trade.taker.fee
        came.flow.append(
            (happened.at_us, trade.quantity, trade.maker.fee + trade.taker.fee, trade.price_ticks)
        )
    came.profits.update(dict(_profits(telling, mark)))
    return came


def _profits(telling: Telling, mark: Ticks) -> Iterator[tuple[AccountId, int]]:
    """Yield what each account gained; what is still held counts at the last recorded price, both ways."""
    for account_id in telling.accounts:
        holding = telling.holding(account_id)
        got = holding.worth(yes_ticks=mark) if holding.got is None else holding.got
        yield account_id, got - holding.paid
