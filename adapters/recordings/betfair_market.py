"""One Betfair market: a binary market per runner, its states, and at the end who won."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.recordings.betfair_ladder import RunnerLadder
from adapters.recordings.betfair_odds import odds_hundredths, stake_hundredths
from application.replay.flow import (
    BookSide,
    Close,
    Instruction,
    OpenGroup,
    OpenMarket,
    Outcome,
    Pause,
    Resolve,
    ResolveGroup,
    Resume,
    Void,
)
from application.replay.tickers import ticker_text

Json = dict[str, Any]

_LADDERS: tuple[tuple[str, BookSide], ...] = (("atb", "ask"), ("atl", "bid"))


@dataclass(slots=True)
class Foreseen:
    """What the definitions of one market say in all, which has to be known from the first one on.

    ``runs_until`` is the number of the last definition in which a runner is not withdrawn: one that was
    withdrawn before may come back.
    """

    market_id: str
    exclusive: Sequence[str] = ()
    runs_until: dict[str, int] = field(default_factory=dict)
    definitions: int = 0

    def note(self, definition: Json) -> None:
        """Take note of the next definition."""
        self.definitions += 1
        for runner in definition["runners"]:
            if runner["status"] != "REMOVED":
                self.runs_until[_ticker(self.market_id, runner)] = self.definitions
        self.exclusive = exclusive_runners(self.market_id, definition)


def exclusive_runners(market_id: str, final: Json) -> Sequence[str]:
    """Return the markets of all runners where exactly one of them must win, else nothing.

    Nothing also where a runner was withdrawn: its market is voided alone, which a group cannot do.
    """
    statuses = [runner["status"] for runner in final["runners"]]
    decided = final["status"] != "CLOSED" or statuses.count("WINNER") == 1
    if final.get("numberOfWinners") != 1 or "REMOVED" in statuses or len(statuses) < 2 or not decided:
        return ()
    return tuple(_ticker(market_id, runner) for runner in final["runners"])


class BetfairMarket:
    """Turns the changes of one market into instructions."""

    def __init__(self, foreseen: Foreseen, refs: Iterator[int]) -> None:
        self._id = foreseen.market_id
        self._foreseen = foreseen
        self._group = f"BF-{ticker_text(self._id)}" if foreseen.exclusive else None
        self._refs = refs
        self._runners: dict[str, RunnerLadder] = {}
        self._gone: set[str] = set()
        self._away: set[str] = set()
        self._definitions = 0
        self._trading = True
        self._ended = False

    def change(self, change: Json, at_us: int) -> Iterator[Instruction]:
        """Yield what one change of the market asks for."""
        definition = change.get("marketDefinition")
        if self._ended:
            return
        resumed = False
        were_away = set(self._away)
        if definition is not None:
            yield from self._list_runners(definition, at_us)
            resumed = definition["status"] == "OPEN" and not self._trading
        if resumed:
            self._trading = True
            yield from (Resume(market=market, at_us=at_us) for market in self._present())
        touched = self._tell(change) | dict.fromkeys(sorted(were_away - self._away))
        for market in self._runners if resumed else touched:
            trading = self._trading and market not in self._away
            yield from self._runners[market].follow(at_us, trading=trading)
        if definition is not None:
            yield from self._stop(definition, at_us)

    def _list_runners(self, definition: Json, at_us: int) -> Iterator[Instruction]:
        self._definitions += 1
        if self._definitions == 1 and self._group is not None:
            markets = tuple(self._foreseen.exclusive)
            yield OpenGroup(group=self._group, title=_title(definition), markets=markets, at_us=at_us)
        for runner in definition["runners"]:
            market = _ticker(self._id, runner)
            if runner["status"] == "REMOVED":
                yield from self._withdraw(market, at_us)
            elif market not in self._runners:
                self._gone.discard(market)
                yield from self._list(market, definition, runner, at_us)
            elif market in self._away:
                self._away.discard(market)
                if self._trading:
                    yield Resume(market=market, at_us=at_us)

    def _withdraw(self, market: str, at_us: int) -> Iterator[Instruction]:
        """Void the market of a runner that is withdrawn for good; one that comes back only waits."""
        if market not in self._runners:
            self._gone.add(market)
        elif self._foreseen.runs_until[market] < self._definitions:
            self._gone.add(market)
            self._away.discard(market)
            del self._runners[market]
            yield Void(market=market, reason="the runner was withdrawn", at_us=at_us)
        elif market not in self._away:
            self._away.add(market)
            if self._trading:
                yield Pause(market=market, at_us=at_us)

    def _present(self) -> list[str]:
        return [market for market in self._runners if market not in self._away]

    def _list(self, market: str, definition: Json, runner: Json, at_us: int) -> Iterator[Instruction]:
        self._runners[market] = RunnerLadder(market, self._refs)
        yield OpenMarket(
            market=market,
            title=f"{_title(definition)}: {runner.get('name') or 'runner ' + str(runner['id'])}",
            tick_size_ticks=1,
            quantity_step=1,
            group=self._group,
            at_us=at_us,
        )
        if not self._trading:
            yield Pause(market=market, at_us=at_us)

    def _tell(self, change: Json) -> dict[str, None]:
        touched: dict[str, None] = {}
        if change.get("img"):
            touched = dict.fromkeys(self._runners)
            for ladder in self._runners.values():
                ladder.clear()
        for runner in change.get("rc") or ():
            market = _ticker(self._id, runner)
            if market in self._runners:
                _tell_runner(self._runners[market], runner)
                touched[market] = None
            elif market not in self._gone:
                raise ValueError(f"runner {runner['id']} is in no definition of market {self._id}")
        return touched

    def _stop(self, definition: Json, at_us: int) -> Iterator[Instruction]:
        if definition["status"] == "CLOSED":
            self._ended = True
            yield from (Close(market=market, at_us=at_us) for market in self._runners)
            yield from self._results(definition, at_us)
        elif definition["status"] != "OPEN" and self._trading:
            self._trading = False
            yield from (Pause(market=market, at_us=at_us) for market in self._present())

    def _results(self, definition: Json, at_us: int) -> Iterator[Instruction]:
        for runner in definition["runners"]:
            market, status = _ticker(self._id, runner), runner["status"]
            if self._group is not None:
                if status == "WINNER":
                    yield ResolveGroup(group=self._group, winner=market, at_us=at_us)
            elif status in ("WINNER", "LOSER"):
                won: Outcome = "yes" if status == "WINNER" else "no"
                yield Resolve(market=market, result=won, at_us=at_us)
            elif market in self._runners:
                yield Void(market=market, reason=f"the runner ended {status}", at_us=at_us)


def _tell_runner(ladder: RunnerLadder, runner: Json) -> None:
    for prices, side in _LADDERS:
        for odds, stake in runner.get(prices) or ():
            ladder.tell_level(side, odds_hundredths(odds), stake_hundredths(stake))
    for odds, stake in runner.get("trd") or ():
        ladder.tell_traded(odds_hundredths(odds), stake_hundredths(stake))


def _ticker(market_id: str, runner: Json) -> str:
    handicap = str(runner.get("hc") or "")
    # The sign has a letter: two hyphens would become one, and both handicaps one market.
    handicap = f"-{handicap.replace('-', 'M')}" if handicap.strip("-0.") else ""
    return ticker_text(f"BF-{market_id}-{runner['id']}{handicap}")


def _title(definition: Json) -> str:
    event = definition.get("eventName") or definition.get("venue") or definition.get("eventId", "")
    return f"{event} {definition.get('name') or definition.get('marketType', '')}".strip()
