"""Groups of mutually exclusive markets: they resolve in one decision."""

import pytest

from domain.group import commands as c
from domain.group import events as e
from domain.group.aggregate import GROUP, GroupState
from domain.group.members import finality_refusal, group_violations
from domain.identifiers import GroupId, Ticker
from domain.market.state import MarketState
from domain.market.vocabulary import MarketStatus, Result
from domain.rejections import Reason
from tests.unit.domain.specification import Given

SUN, RAIN, SNOW = Ticker("SUN"), Ticker("RAIN"), Ticker("SNOW")
WEATHER = c.CreateGroup(group_id=GroupId("WEATHER"), title="Tomorrow's weather", series="W")
Group = Given[GroupState, c.GroupCommand, e.GroupEvent]

RAINS = c.DetermineGroup(winner=RAIN, evidence="gauge")
STANDS = c.FinalizeGroup(winner=RAIN)


def group(*commands: c.GroupCommand) -> Group:
    return Given(GROUP).and_then(WEATHER, c.AddMarket(ticker=SUN), c.AddMarket(ticker=RAIN), *commands)


def test_a_group_is_created_once() -> None:
    fresh: Group = Given(GROUP)
    fresh.when(WEATHER).then(
        e.GroupCreated(group_id=GroupId("WEATHER"), title="Tomorrow's weather", category="", series="W")
    )
    fresh.when(WEATHER).then(Reason.GROUP_EXISTS)


def test_nothing_can_be_asked_of_a_group_that_does_not_exist() -> None:
    Given(GROUP).when(c.AddMarket(ticker=SUN)).then(Reason.GROUP_NOT_FOUND)


def test_markets_join_once_while_the_group_is_open() -> None:
    weather = group()
    weather.when(c.AddMarket(ticker=SNOW)).then(e.MarketAdded(ticker=SNOW))
    weather.when(c.AddMarket(ticker=SNOW)).then()
    weather.and_then(RAINS).when(c.AddMarket(ticker=Ticker("HAIL"))).then(Reason.TRANSITION_NOT_ALLOWED)


def test_one_market_wins_and_all_others_lose_in_one_event() -> None:
    group().when(RAINS).then(e.GroupDetermined(winner=RAIN, members=(SUN, RAIN), evidence="gauge"))


def test_only_a_member_can_win() -> None:
    group().when(c.DetermineGroup(winner=SNOW)).then(Reason.MARKET_NOT_FOUND)


def test_a_result_can_be_disputed_and_turned() -> None:
    weather = group(RAINS)
    weather.when(c.DisputeGroup(reason="wet")).then(e.GroupDisputed(members=(SUN, RAIN), reason="wet"))
    weather.when(c.DetermineGroup(winner=SUN)).then(e.GroupDetermined)
    weather.when(c.FinalizeGroup(winner=SUN)).then(e.GroupFinalized(winner=SUN, members=(SUN, RAIN)))


def test_a_group_is_voided_whole() -> None:
    group().when(c.VoidGroup(reason="storm")).then(e.GroupVoided(members=(SUN, RAIN), reason="storm"))


def test_only_the_result_that_was_looked_at_is_let_stand() -> None:
    turned = group(RAINS, c.DisputeGroup(), c.DetermineGroup(winner=SUN))
    turned.when(c.FinalizeGroup(winner=RAIN)).then(Reason.TRANSITION_NOT_ALLOWED)
    turned.when(c.FinalizeGroup(winner=SUN)).then(e.GroupFinalized(winner=SUN, members=(SUN, RAIN)))


OPEN: list[c.GroupCommand] = []
DETERMINED: list[c.GroupCommand] = [RAINS]
DISPUTED: list[c.GroupCommand] = [RAINS, c.DisputeGroup()]
FINAL: list[c.GroupCommand] = [RAINS, STANDS]
VOID: list[c.GroupCommand] = [c.VoidGroup()]


@pytest.mark.parametrize(
    ("before", "command"),
    [
        (DETERMINED, RAINS),
        (FINAL, RAINS),
        (VOID, RAINS),
        (OPEN, c.DisputeGroup()),
        (DISPUTED, c.DisputeGroup()),
        (FINAL, c.DisputeGroup()),
        (VOID, c.DisputeGroup()),
        (OPEN, STANDS),
        (DISPUTED, STANDS),
        (FINAL, STANDS),
        (VOID, STANDS),
        (FINAL, c.VoidGroup()),
        (VOID, c.VoidGroup()),
    ],
)
def test_a_group_moves_only_as_its_life_allows(before: list[c.GroupCommand], command: c.GroupCommand) -> None:
    group(*before).when(command).then(Reason.TRANSITION_NOT_ALLOWED)


@pytest.mark.parametrize("before", [OPEN, DETERMINED, DISPUTED])
def test_a_group_is_voided_from_anywhere_before_its_end(before: list[c.GroupCommand]) -> None:
    group(*before).when(c.VoidGroup()).then(e.GroupVoided)


def test_a_winner_that_ended_void_while_others_lost_to_it_is_named() -> None:
    def ended(ticker: Ticker, result: Result) -> MarketState:
        market = MarketState()
        market.ticker, market.group_id = ticker, weather.group_id
        market.status, market.result = MarketStatus.FINALIZED, result
        return market

    def named(sun: Result, rain: Result) -> list[str]:
        markets = {SUN: ended(SUN, sun), RAIN: ended(RAIN, rain)}
        return list(group_violations({weather.group_id: weather}, markets))

    weather = group(RAINS, STANDS).state
    assert named(Result.NO, Result.VOID) == ["group WEATHER: RAIN won and ended void, and others lost to it"]
    assert named(Result.NO, Result.YES) == []
    assert named(Result.VOID, Result.VOID) == []
    assert named(Result.YES, Result.NO) == [
        "group WEATHER: SUN ended yes, and the group is finalized",
        "group WEATHER: RAIN ended no, and the group is finalized",
    ]


def test_a_result_stands_only_once_the_winner_knows_it() -> None:
    group, winner = GroupState(), MarketState()
    group.group_id, group.winner = GroupId("WEATHER"), RAIN
    winner.ticker, winner.group_id = RAIN, GroupId("WEATHER")
    for status in (MarketStatus.CLOSED, MarketStatus.ACTIVE, MarketStatus.DISPUTED):
        winner.status = status
        refused = finality_refusal(group, [winner])
        assert refused is not None
        assert refused.reason is Reason.TRANSITION_NOT_ALLOWED
        assert refused.message == f"RAIN is {status} still; ask again in a moment"
    winner.status = MarketStatus.DETERMINED
    assert finality_refusal(group, [winner]) is None
    winner.group_id = GroupId("ANOTHER")
    refused = finality_refusal(group, [winner])
    assert refused is not None
    assert refused.reason is Reason.MARKET_NOT_FOUND
