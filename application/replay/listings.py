"""The markets a recording trades in: opened by it, joined where they were there before, or left alone."""

from dataclasses import dataclass

from application.exchange import Exchange
from application.replay.flow import (
    Close,
    Instruction,
    LimitOrder,
    OpenGroup,
    OpenMarket,
    Pause,
    Resolve,
    ResolveGroup,
    Resume,
    Void,
)
from application.requests import Answer
from domain.group.commands import CreateGroup
from domain.identifiers import GroupId, Ticker
from domain.market.commands import CreateMarket
from domain.market.state import MarketState
from domain.market.vocabulary import MarketStatus, Result
from domain.quantities import Quantity, Ticks
from domain.rejections import Reason, Rejected

IN_THE_WAY = "the market is there already; replay the file into a folder without it"


@dataclass(slots=True)
class _Listing:
    """A market as the file found it; ``trades`` and ``volume`` are what others had traded before."""

    opened: bool
    trades: int = 0
    volume: int = 0


class Listings:
    """Opens the markets of one recording.

    A market that is there already can take traders' own orders, which mean the same in any book. What
    was recorded of a whole book only means something in a market of its own, so there such a market is
    skipped, and everything recorded for it. ``skipped`` says why, by market.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._listed: dict[str, _Listing] = {}
        self._groups: set[str] = set()
        self.skipped: dict[str, str] = {}

    async def open_group(self, opening: OpenGroup) -> None:
        """List a group; markets of one that is there already can still be joined."""
        answer = await self._exchange.operations.create_group(
            CreateGroup(group_id=GroupId(opening.group), title=opening.title)
        )
        if not isinstance(answer, Rejected):
            self._groups.add(opening.group)

    async def open_market(self, opening: OpenMarket) -> None:
        """List a market and let it trade, or join it."""
        operations = self._exchange.operations
        answer = await operations.create_market(
            CreateMarket(
                ticker=Ticker(opening.market),
                title=opening.title,
                group_id=GroupId(opening.group) if opening.group else None,
                tick_size_ticks=Ticks(opening.tick_size_ticks),
                quantity_min=Quantity(opening.quantity_step),
                quantity_step=Quantity(opening.quantity_step),
            ),
            activate=True,
        )
        if isinstance(answer, Rejected):
            await self._join(opening, answer)
            return
        self._listed[opening.market] = _Listing(opened=True)

    async def _join(self, opening: OpenMarket, refused: Rejected) -> None:
        there = await self._exchange.directory.find_market(Ticker(opening.market))
        if refused.reason is not Reason.MARKET_EXISTS or there is None:
            self.skipped[opening.market] = refused.message
        elif there.status is not MarketStatus.ACTIVE:
            self.skipped[opening.market] = f"{IN_THE_WAY} (it is {there.status})"
        elif opening.tick_size_ticks % there.tick_size or opening.quantity_step % there.quantity_step:
            self.skipped[opening.market] = f"{IN_THE_WAY} (its prices or quantities are coarser)"
        else:
            self._listed[opening.market] = _Listing(opened=False, trades=there.trades, volume=there.volume)

    def takes(self, market: str, instruction: Instruction) -> bool:
        """Return whether an instruction for ``market`` is to be carried out."""
        if market in self.skipped:
            return False
        if self._listed[market].opened or isinstance(instruction, LimitOrder):
            return True
        self.skipped[market] = IN_THE_WAY
        return False

    async def move(self, instruction: Pause | Resume | Close | Resolve | Void) -> Answer:
        """Take a market on in its life."""
        operations, ticker = self._exchange.operations, Ticker(instruction.market)
        match instruction:
            case Pause():
                return await operations.pause(ticker)
            case Resume():
                return await operations.resume(ticker)
            case Close():
                return await operations.close(ticker)
            case Resolve():
                return await operations.resolve(ticker, Result(instruction.result))
            case Void():
                return await operations.void(ticker, reason=instruction.reason)

    async def resolve_group(self, end: ResolveGroup) -> Answer | None:
        """Resolve a group of this file's own; another is left alone."""
        if end.group not in self._groups:
            return None
        return await self._exchange.operations.resolve_group(GroupId(end.group), Ticker(end.winner))

    async def states(self) -> list[tuple[str, MarketState, int, int]]:
        """Return every market that was not skipped, with the trades and volume made in it since."""
        found = []
        for market, listing in self._listed.items():
            state = await self._exchange.directory.find_market(Ticker(market))
            if state is not None and market not in self.skipped:
                found.append((market, state, state.trades - listing.trades, state.volume - listing.volume))
        return found
