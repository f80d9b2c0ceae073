"""What has to hold between a group and its markets."""

from collections.abc import Iterator, Mapping, Sequence

from domain.group.aggregate import GroupState, GroupStatus
from domain.identifiers import GroupId, Ticker
from domain.market.state import MarketState
from domain.market.vocabulary import Condition, MarketStatus, Result
from domain.rejections import Reason, Rejected

_LIVED = (MarketStatus.ACTIVE, MarketStatus.PAUSED, MarketStatus.DETERMINED, MarketStatus.DISPUTED)


def winner_refusal(
    group: GroupState, winner: Ticker, markets: Sequence[MarketState], *, final: bool
) -> Rejected | None:
    """Refuse a result after which no market of the group would end yes.

    ``markets`` are its members that are listed. ``final`` is whether the result is to stand: until then a
    condition may still be open.

    What is seen here may change before the group decides: a market that has not opened may still become
    conditional. So a result stands only once the winner knows it, for then it does not.
    """
    market = next((market for market in markets if market.ticker == winner), None)
    if market is None or market.group_id != group.group_id:
        return Rejected(Reason.MARKET_NOT_FOUND, f"{winner} is not in group {group.group_id}")
    if market.ended:
        return Rejected(
            Reason.TRANSITION_NOT_ALLOWED, f"{winner} has ended {market.result}; name another market, or void"
        )
    waits_alone = any((other.parent, other.required) != (market.parent, market.required) for other in markets)
    if final and market.condition is Condition.PENDING and waits_alone:
        return Rejected(
            Reason.CONDITION_PENDING, f"{market.parent}, on which not all of the group depend, must end first"
        )
    return None


def finality_refusal(group: GroupState, markets: Sequence[MarketState]) -> Rejected | None:
    """Refuse to let a group's result stand that its winner does not know yet, or could not end with."""
    assert group.winner is not None
    if refused := winner_refusal(group, group.winner, markets, final=True):
        return refused
    [winner] = (market for market in markets if market.ticker == group.winner)
    if winner.status is MarketStatus.DETERMINED:
        return None
    return Rejected(
        Reason.TRANSITION_NOT_ALLOWED, f"{winner.ticker} is {winner.status} still; ask again in a moment"
    )


def group_violations(
    groups: Mapping[GroupId, GroupState], markets: Mapping[Ticker, MarketState]
) -> Iterator[str]:
    """Yield a sentence for everything that is wrong between groups and their markets."""
    for group_id, group in groups.items():
        for ticker in group.members:
            market = markets.get(ticker)
            if market is None:
                yield f"group {group_id}: {ticker} is a member and was never listed"
            elif market.group_id != group_id:
                yield f"group {group_id}: {ticker} is a member and belongs to {market.group_id or 'no group'}"
        yield from _results(group_id, group, markets)
    for ticker, market in markets.items():
        group_id_of = market.group_id
        if group_id_of is None or market.status not in _LIVED:
            continue
        joined = groups.get(group_id_of)
        if joined is None or ticker not in joined.members:
            yield f"market {ticker}: opened without being taken into {group_id_of}"


def _results(group_id: GroupId, group: GroupState, markets: Mapping[Ticker, MarketState]) -> Iterator[str]:
    members = [markets[ticker] for ticker in group.members if ticker in markets]
    results = {
        market.ticker: market.result for market in members if market.group_id == group_id and market.ended
    }
    final = group.status is GroupStatus.FINALIZED
    for ticker, result in results.items():
        if result is not Result.VOID:
            expected = Result.YES if ticker == group.winner else Result.NO
            if not final or result is not expected:
                yield f"group {group_id}: {ticker} ended {result}, and the group is {group.status}"
        elif final and ticker == group.winner and Result.NO in results.values():
            yield f"group {group_id}: {ticker} won and ended {result}, and others lost to it"
