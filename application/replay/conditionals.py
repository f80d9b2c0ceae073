"""Makes the markets of a plan of conditional questions, and ends them as it says."""

from application.exchange import Exchange
from application.operations import Operations
from application.replay.conditional_questions import Branch, ConditionalGroup, ConditionalPlan, ParentMarket
from application.requests import Answer, Requirement
from domain.fees import FREE, FeeSchedule
from domain.group.commands import CreateGroup
from domain.identifiers import GroupId, Ticker
from domain.market.commands import CreateMarket
from domain.market.vocabulary import Result
from domain.quantities import CONTRACT
from domain.rejections import Rejected


class PlanRefused(Exception):
    """The exchange would not do what the plan says; the message says what and why."""


async def open_conditionals(plan: ConditionalPlan, operations: Operations, fees: FeeSchedule = FREE) -> None:
    """List every parent and every branch, link them, and let them trade."""
    for group in plan.groups:
        await _open_parents(group, operations, fees)
        for branch in group.branches:
            await _open_branch(branch, operations, fees)


async def end_conditionals(plan: ConditionalPlan, exchange: Exchange) -> None:
    """Resolve or void every parent, and then the branches that were not called off by it."""
    for group in plan.groups:
        await _end_parents(group, exchange.operations)
    # A branch can only be resolved once it knows that its condition was met.
    await exchange.settled()
    for group in plan.groups:
        for branch in group.branches:
            await _end_branch(branch, exchange.operations)
    await exchange.settled()


async def _open_parents(group: ConditionalGroup, operations: Operations, fees: FeeSchedule) -> None:
    if group.parent_group is not None:
        _must(await operations.create_group(_group(group.parent_group, group.title)))
    for parent in group.parents:
        listing = CreateMarket(
            ticker=Ticker(parent.market),
            title=parent.title,
            group_id=GroupId(group.parent_group) if group.parent_group else None,
            quantity_step=CONTRACT,
            quantity_min=CONTRACT,
            fees=fees,
        )
        _must(await operations.create_market(listing, activate=True))


async def _open_branch(branch: Branch, operations: Operations, fees: FeeSchedule) -> None:
    if branch.option_group is not None:
        _must(await operations.create_group(_group(branch.option_group, branch.condition)))
    condition = Requirement(parent=Ticker(branch.parent), required=Result(branch.required))
    for market in branch.markets:
        listing = CreateMarket(
            ticker=Ticker(market.market),
            title=market.title,
            rules=market.rules,
            group_id=GroupId(branch.option_group) if branch.option_group else None,
            quantity_step=CONTRACT,
            quantity_min=CONTRACT,
            fees=fees,
        )
        _must(await operations.create_market(listing, condition=condition, activate=True))


async def _end_parents(group: ConditionalGroup, operations: Operations) -> None:
    winners = [parent for parent in group.parents if parent.result == "yes"]
    if group.parent_group is None:
        _must(await _end_parent(group.parents[0], operations))
    elif winners:
        _must(await operations.resolve_group(GroupId(group.parent_group), Ticker(winners[0].market)))
    else:
        _must(await operations.void_group(GroupId(group.parent_group), "no condition was decided"))


async def _end_parent(parent: ParentMarket, operations: Operations) -> Answer:
    if parent.result == "void":
        return await operations.void(Ticker(parent.market), reason="the condition was not decided")
    return await operations.resolve(Ticker(parent.market), Result(parent.result))


async def _end_branch(branch: Branch, operations: Operations) -> None:
    if branch.called_off:
        return
    if branch.option_group is not None:
        (winner,) = (market for market in branch.markets if market.result == "yes")
        _must(await operations.resolve_group(GroupId(branch.option_group), Ticker(winner.market)))
        return
    for market in branch.markets:
        assert market.result is not None
        _must(await operations.resolve(Ticker(market.market), Result(market.result)))


def _group(name: str, title: str) -> CreateGroup:
    return CreateGroup(group_id=GroupId(name), title=title)


def _must(answer: Answer) -> None:
    if isinstance(answer, Rejected):
        raise PlanRefused(answer.message)
