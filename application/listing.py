"""Listing markets and linking them to the markets they depend on: whole, or not at all.

Two or three streams have to agree. Everything is checked before anything is begun, so that what is refused
leaves no trace; what then still comes in between is decided by one of the streams:

- A market *proposes* itself to its group, which decides. Until the group has taken it in it does not trade,
  and nothing the group decides reaches it. If the group has ended meanwhile, the market is void.
- A parent notes a market that is *about to be* conditional on it, and the child decides. A note without a
  child that knows of it has no effect. A child that was linked after its parent's end is told at once.
"""

from collections.abc import Callable

from msgspec.structs import replace

from application.hosting.directory import Directory
from application.ports.clock import Clock, Ids
from application.ports.event_store import Position
from application.processes.consequences import Consequences
from application.requests import Accepted, Answer, Requirement
from domain.group.aggregate import GROUP
from domain.group.commands import AddMarket
from domain.identifiers import GroupId, Ticker
from domain.market import commands as m
from domain.market.aggregate import MARKET
from domain.market.state import MarketState
from domain.rejections import Reason, Rejected

NO_MARKET = Rejected(Reason.MARKET_NOT_FOUND, "there is no such market")
NO_GROUP = Rejected(Reason.GROUP_NOT_FOUND, "there is no such group")


class Listing:
    """Lists, links and opens markets."""

    def __init__(self, directory: Directory, consequences: Consequences, clock: Clock, ids: Ids) -> None:
        self._directory = directory
        self._consequences = consequences
        self._clock = clock
        self._ids = ids

    async def create(
        self, command: m.CreateMarket, *, condition: Requirement | None = None, activate: bool = False
    ) -> Answer:
        """List a market with its condition, take it into its group, and open it if asked to."""
        link = await self._link_to(condition) if condition else None
        if isinstance(link, Rejected):
            return link
        command = replace(command, condition=link, opens=activate)
        refused = (
            await self._refused(command.ticker, command, self._clock.now_us())
            or await self._group_refuses(command.group_id, command.ticker)
            or (await self._attach(command.ticker, link) if link else None)
        )
        if refused:
            return refused
        answer = await self._ask(command.ticker, lambda now_us: replace(command, now_us=now_us))
        if isinstance(answer, Rejected):
            return answer
        position = await self._consequences.hold(answer.position, [command.ticker])
        if command.group_id is not None:
            refused = await self._group_refuses(command.group_id, command.ticker)
        return refused or Accepted(position=position)

    async def link(self, child: Ticker, condition: Requirement) -> Answer:
        """Make a market that has not opened conditional on another."""
        link = await self._link_to(condition)
        if isinstance(link, Rejected):
            return link
        state = await self._directory.present_market(child)
        if state is None:
            return NO_MARKET
        if state.parent == link.parent and state.required is link.required:
            return Accepted(position=self._directory.market(child).position)
        refused = await self._refused(child, link) or await self._attach(child, link)
        if refused:
            return refused
        answer = await self._ask(child, link)
        if isinstance(answer, Rejected):
            return answer
        return Accepted(position=await self._consequences.hold(answer.position, [child]))

    async def activate(self, ticker: Ticker) -> Answer:
        """Let trading begin, once the market's group has it."""
        state = await self._directory.present_market(ticker)
        if state is None:
            return NO_MARKET
        group_id = state.group_id
        command = m.ActivateMarket(member_of=group_id)
        if refused := await self._refused(ticker, command, self._clock.now_us()):
            return refused
        if group_id is not None:
            joined = await self._directory.group(group_id).ask(
                AddMarket(ticker=ticker), command_id=self._ids.new()
            )
            if joined.rejected is not None:
                return joined.rejected
        return await self._ask(ticker, lambda now_us: replace(command, now_us=now_us))

    async def _refused(self, ticker: Ticker, command: m.MarketCommand, now_us: int = 0) -> Rejected | None:
        """Return why the market as it stands would refuse a command."""
        if isinstance(command, m.CreateMarket | m.ActivateMarket):
            command = replace(command, now_us=now_us)
        decided = MARKET.decide(command, await self._directory.present_market(ticker) or MarketState())
        return decided if isinstance(decided, Rejected) else None

    async def _group_refuses(self, group_id: GroupId | None, ticker: Ticker) -> Rejected | None:
        """Return why the group as it stands would not take a market in."""
        if group_id is None:
            return None
        group = await self._directory.present_group(group_id)
        if group is None:
            return NO_GROUP
        decided = GROUP.decide(AddMarket(ticker=ticker), group)
        return decided if isinstance(decided, Rejected) else None

    async def _link_to(self, condition: Requirement) -> m.LinkCondition | Rejected:
        """Return the command that makes a market conditional, ``NO_MARKET`` if there is no such parent."""
        chain: list[MarketState] = []
        current: Ticker | None = condition.parent
        while current is not None:
            state = await self._directory.present_market(current)
            if state is None:
                return NO_MARKET
            chain.append(state)
            current = state.parent
        return m.LinkCondition(
            parent=condition.parent,
            required=condition.required,
            ancestors=tuple(state.ticker for state in chain),
            groups=tuple(state.group_id for state in chain if state.group_id is not None),
        )

    async def _attach(self, child: Ticker, link: m.LinkCondition) -> Rejected | None:
        attached = await self._ask(link.parent, m.AttachConditional(child=child))
        return attached if isinstance(attached, Rejected) else None

    async def _ask(
        self, ticker: Ticker, command: m.MarketCommand | Callable[[int], m.MarketCommand]
    ) -> Answer:
        decision = await self._directory.market(ticker).ask(command, command_id=self._ids.new())
        return decision.rejected or Accepted(position=Position(decision.position))
