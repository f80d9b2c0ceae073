"""What operators do with markets that depend on each other; each story can be cut short anywhere."""

import asyncio

from adapters.simulation.world import World
from application.requests import Requirement
from domain.group.commands import CreateGroup
from domain.identifiers import GroupId, Ticker
from domain.market.commands import CreateMarket
from domain.market.vocabulary import Result

from .scenarios import FEES, A, B, C, fund, open_market

RACE = GroupId("RACE")
PARENT = Requirement(parent=Ticker("PARENT"), required=Result.YES)
CUP = GroupId("CUP")


async def lists(
    world: World, ticker: str, group: GroupId | None = None, condition: Requirement | None = None
) -> None:
    await world.exchange.operations.create_market(
        CreateMarket(ticker=Ticker(ticker), title=f"Will {ticker} happen?", fees=FEES, group_id=group),
        condition=condition,
        activate=True,
    )


async def a_group_is_disputed_and_resolved_anew(world: World) -> None:
    operations = world.exchange.operations
    await fund(world)
    await operations.create_group(CreateGroup(group_id=RACE, title="Who wins?"))
    for ticker in ("RACE-1", "RACE-2"):
        await lists(world, ticker, RACE)
    await world.place(A, "yes", "buy", 30, 5, ticker="RACE-1")
    await world.place(B, "no", "buy", 70, 3, ticker="RACE-1")
    await operations.determine_group(RACE, Ticker("RACE-2"))
    await operations.dispute_group(RACE, "a photo")
    await operations.determine_group(RACE, Ticker("RACE-1"))
    await operations.finalize_group(RACE)


async def a_group_ends_while_a_market_is_listed_in_it(world: World) -> None:
    operations = world.exchange.operations
    await fund(world)
    await operations.create_group(CreateGroup(group_id=RACE, title="Who wins?"))
    await lists(world, "RACE-1", RACE)
    await world.place(A, "yes", "buy", 30, 5, ticker="RACE-1")
    await asyncio.gather(
        lists(world, "RACE-2", RACE), operations.void_group(RACE, "no race"), lists(world, "RACE-3", RACE)
    )
    await lists(world, "RACE-4", RACE)


async def conditional_markets_are_listed_and_called_off(world: World) -> None:
    operations = world.exchange.operations
    await fund(world)
    await open_market(world, "PARENT")
    await lists(world, "CHILD", condition=PARENT)
    await operations.create_market(CreateMarket(ticker=Ticker("LATER"), title="later", fees=FEES))
    await operations.link_condition(Ticker("LATER"), Ticker("CHILD"), Result.NO)
    await operations.activate(Ticker("LATER"))
    for ticker in ("CHILD", "LATER"):
        await world.place(A, "yes", "buy", 40, 10, ticker=ticker)
        await world.place(B, "no", "buy", 60, 10, ticker=ticker)
    await operations.resolve(Ticker("PARENT"), Result.NO)


async def a_market_is_linked_while_its_parent_ends(world: World) -> None:
    operations = world.exchange.operations
    await fund(world)
    await open_market(world, "PARENT")
    await operations.create_market(CreateMarket(ticker=Ticker("LATER"), title="later", fees=FEES))
    await asyncio.gather(
        operations.link_condition(Ticker("LATER"), Ticker("PARENT"), Result.YES),
        lists(world, "CHILD", condition=PARENT),
        operations.resolve(Ticker("PARENT"), Result.NO),
    )
    await operations.activate(Ticker("LATER"))


async def a_conditional_group_ends_before_its_parent(world: World) -> None:
    operations = world.exchange.operations
    await fund(world)
    await open_market(world, "PARENT")
    await operations.create_group(CreateGroup(group_id=CUP, title="Who wins, if there is a cup?"))
    for ticker in ("CUP-1", "CUP-2"):
        await lists(world, ticker, CUP, PARENT)
        await world.place(A, "yes", "buy", 40, 10, ticker=ticker)
        await world.place(C, "no", "buy", 60, 4, ticker=ticker)
    await operations.resolve_group(CUP, Ticker("CUP-1"))
    await operations.resolve(Ticker("PARENT"), Result.YES)


async def a_market_pauses_and_goes_on(world: World) -> None:
    operations = world.exchange.operations
    await fund(world)
    await open_market(world, "M")
    for number in range(6):
        await world.place(A, "yes", "buy", 40, 1, cancel_on_pause=number != 3)
    await operations.pause(Ticker("M"), "news")
    await operations.resume(Ticker("M"))
    await world.place(B, "no", "buy", 60, 6)
    await operations.pause(Ticker("M"), "news again")


STORIES = (
    a_group_is_disputed_and_resolved_anew,
    a_group_ends_while_a_market_is_listed_in_it,
    conditional_markets_are_listed_and_called_off,
    a_market_is_linked_while_its_parent_ends,
    a_conditional_group_ends_before_its_parent,
    a_market_pauses_and_goes_on,
)
