"""What operators do: list markets and groups, run their lives, and move money in and out."""

from collections.abc import Sequence

from application.hosting.directory import Directory
from application.hosting.known_keys import KnownKeys, perhaps_repeated
from application.listing import NO_GROUP, NO_MARKET, Listing
from application.ports.clock import Clock, Ids
from application.ports.key_index import KeyIndex
from application.processes.consequences import Consequences
from application.processes.runner import ProcessRunner
from application.requests import Accepted, Answer, Requirement
from application.sagas.funds import Funds
from domain.group import commands as g
from domain.group.aggregate import GroupStatus
from domain.group.members import finality_refusal, winner_refusal
from domain.identifiers import AccountId, GroupId, Ticker
from domain.ledger.commands import Deposit, Withdraw, WithdrawFees
from domain.ledger.decide import repeated_transfer
from domain.ledger.state import HOUSE, HOUSE_LEDGER, reference_key
from domain.market import commands as m
from domain.market.state import MarketState
from domain.market.vocabulary import Result
from domain.quantities import MAX_DEPOSITS, Money, Ticks
from domain.rejections import Reason, Rejected

NO_RESULT = Rejected(Reason.TRANSITION_NOT_ALLOWED, "the group has no result yet")

HALF_A_DOLLAR = Ticks(5_000)


class Operations:
    """The use cases of operators. Every answer is durable when it is given."""

    def __init__(
        self,
        directory: Directory,
        funds: Funds,
        transfer_keys: KeyIndex[int],
        processes: ProcessRunner,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._directory = directory
        self._funds = funds
        self._transfers = KnownKeys(directory.ledgers, lambda ledger: ledger.references, transfer_keys)
        self._ids = ids
        self._consequences = Consequences(directory, processes)
        self._listing = Listing(directory, self._consequences, clock, ids)

    # ---------------------------------------------------------------------------------- listing

    async def create_group(self, command: g.CreateGroup) -> Answer:
        """List a group of mutually exclusive markets."""
        decision = await self._directory.group(command.group_id).ask(command, command_id=self._ids.new())
        return decision.rejected or Accepted(position=decision.position)

    async def create_market(
        self, command: m.CreateMarket, *, condition: Requirement | None = None, activate: bool = False
    ) -> Answer:
        """List a market with its condition, in its group, open if asked for: whole or not at all."""
        return await self._listing.create(command, condition=condition, activate=activate)

    async def link_condition(self, child: Ticker, parent: Ticker, required: Result) -> Answer:
        """Make ``child`` conditional on ``parent`` ending as ``required``."""
        return await self._listing.link(child, Requirement(parent=parent, required=required))

    # --------------------------------------------------------------------------- lives of markets

    async def activate(self, ticker: Ticker) -> Answer:
        """Let trading begin."""
        return await self._listing.activate(ticker)

    async def pause(self, ticker: Ticker, reason: str = "") -> Answer:
        """Stop trading for a while."""
        return await self.market(ticker, m.PauseMarket(reason=reason))

    async def resume(self, ticker: Ticker) -> Answer:
        """Let trading go on."""
        return await self.market(ticker, m.ResumeMarket())

    async def close(self, ticker: Ticker) -> Answer:
        """End trading."""
        return await self.market(ticker, m.CloseMarket())

    async def determine(
        self, ticker: Ticker, result: Result, evidence: str = "", *, version: int | None = None
    ) -> Answer:
        """State the result of a closed market."""
        command = m.DetermineMarket(result=result, evidence=evidence, market_revision=version)
        return await self.market(ticker, command)

    async def dispute(self, ticker: Ticker, reason: str = "") -> Answer:
        """Contest a result."""
        return await self.market(ticker, m.DisputeMarket(reason=reason))

    async def finalize(self, ticker: Ticker, *, version: int | None = None) -> Answer:
        """Let a result stand and pay the holders."""
        return await self.market(ticker, m.FinalizeMarket(market_revision=version))

    async def void(
        self,
        ticker: Ticker,
        yes_price: Ticks = HALF_A_DOLLAR,
        reason: str = "",
        *,
        version: int | None = None,
    ) -> Answer:
        """End a market without a result."""
        command = m.VoidMarket(yes_price_ticks=yes_price, reason=reason, market_revision=version)
        return await self.market(ticker, command)

    async def resolve(
        self, ticker: Ticker, result: Result, evidence: str = "", *, version: int | None = None
    ) -> Answer:
        """Close, determine and finalize a market in one go, from wherever it stands; or leave it so."""
        command = m.ResolveMarket(result=result, evidence=evidence, market_revision=version)
        return await self.market(ticker, command)

    async def amend_rules(self, ticker: Ticker, rules: str) -> Answer:
        """Replace the rules text."""
        return await self.market(ticker, m.AmendRules(rules=rules))

    async def change_tick_size(self, ticker: Ticker, tick_size: Ticks) -> Answer:
        """Replace the price grid."""
        return await self.market(ticker, m.ChangeTickSize(tick_size_ticks=tick_size))

    # ---------------------------------------------------------------------------- lives of groups

    async def determine_group(self, group_id: GroupId, winner: Ticker, evidence: str = "") -> Answer:
        """State which market of a group is yes; all its markets close."""
        return await self._determine(group_id, g.DetermineGroup(winner=winner, evidence=evidence))

    async def dispute_group(self, group_id: GroupId, reason: str = "") -> Answer:
        """Contest a group's result."""
        return await self._group(group_id, g.DisputeGroup(reason=reason))

    async def finalize_group(self, group_id: GroupId) -> Answer:
        """Let a group's result stand and pay the holders in all its markets."""
        group = await self._directory.present_group(group_id)
        if group is None or group.winner is None:
            return NO_GROUP if group is None else NO_RESULT
        refused = finality_refusal(group, await self._listed(group.members))
        return refused or await self._group(group_id, g.FinalizeGroup(winner=group.winner))

    async def void_group(self, group_id: GroupId, reason: str = "") -> Answer:
        """End every market of a group without a result."""
        return await self._group(group_id, g.VoidGroup(reason=reason))

    async def resolve_group(self, group_id: GroupId, winner: Ticker, evidence: str = "") -> Answer:
        """Determine and finalize a group, from wherever it stands; or leave it so.

        These are two decisions: what the first one's markets know then nobody can take back in between.
        """
        group = await self._directory.present_group(group_id)
        if group is None or group.status is not GroupStatus.DETERMINED or group.winner != winner:
            command = g.DetermineGroup(winner=winner, evidence=evidence)
            answer = await self._determine(group_id, command, to_stand=True)
            if isinstance(answer, Rejected):
                return answer
        return await self.finalize_group(group_id)

    # -------------------------------------------------------------------------------------- money

    async def deposit(self, account_id: AccountId, amount: Money, reference: str) -> Answer:
        """Credit money from outside; the same reference counts once."""
        most = Money(MAX_DEPOSITS // self._directory.partitions)
        command = Deposit(account_id=account_id, amount=amount, reference=reference, most=most)
        return await self._transfer(self._directory.partition_of(account_id), account_id, command, amount)

    async def withdraw(self, account_id: AccountId, amount: Money, reference: str) -> Answer:
        """Pay money out; the same reference counts once."""
        command = Withdraw(account_id=account_id, amount=amount, reference=reference)
        return await self._transfer(self._directory.partition_of(account_id), account_id, command, -amount)

    async def withdraw_fees(self, amount: Money, reference: str) -> Answer:
        """Pay out fees that the house has earned, in whichever ledgers; the same reference counts once."""
        with perhaps_repeated(reference):
            await self._funds.booked()
            earned = [(await ledger.state()).fees_earned for ledger in self._directory.ledgers]
        del earned[HOUSE_LEDGER]
        command = WithdrawFees(amount=amount, reference=reference, earned_elsewhere=Money(sum(earned)))
        return await self._transfer(HOUSE_LEDGER, HOUSE, command, -amount)

    async def _transfer(
        self, partition: int, account_id: AccountId, command: Deposit | Withdraw | WithdrawFees, moves: int
    ) -> Answer:
        ledger = self._directory.ledgers[partition]
        with perhaps_repeated(command.reference):
            known = await self._transfers.older(partition, reference_key(account_id, command.reference))
        if known is not None:
            return repeated_transfer(command.reference, known, moves) or Accepted(position=ledger.position)
        self._transfers.use(partition)
        decision = await self._funds.ask(ledger, command, command_id=self._ids.new())
        return decision.rejected or Accepted(position=decision.position)

    # ------------------------------------------------------------------------------------ details

    async def market(self, ticker: Ticker, command: m.MarketCommand) -> Answer:
        """Send any command to a market; the answer comes when what follows from it holds."""
        if await self._directory.find_market(ticker) is None:
            return NO_MARKET
        decision = await self._directory.market(ticker).ask(command, command_id=self._ids.new())
        if decision.rejected is not None:
            return decision.rejected
        return Accepted(position=await self._consequences.hold(decision.position, [ticker]))

    async def _determine(
        self, group_id: GroupId, command: g.DetermineGroup, *, to_stand: bool = False
    ) -> Answer:
        group = await self._directory.present_group(group_id)
        if group is None:
            return NO_GROUP
        listed = await self._listed(group.members)
        refused = winner_refusal(group, command.winner, listed, final=to_stand)
        return refused or await self._group(group_id, command)

    async def _group(self, group_id: GroupId, command: g.GroupCommand) -> Answer:
        group = await self._directory.present_group(group_id)
        if group is None:
            return NO_GROUP
        decision = await self._directory.group(group_id).ask(command, command_id=self._ids.new())
        if decision.rejected is not None:
            return decision.rejected
        return Accepted(position=await self._consequences.hold(decision.position, group.members))

    async def _listed(self, members: Sequence[Ticker]) -> list[MarketState]:
        markets = [await self._directory.present_market(ticker) for ticker in members]
        return [market for market in markets if market is not None]
