"""Groups of markets: the public interface calls them events."""

from collections.abc import Sequence

from adapters.http.answers.events import (
    EventAnswer,
    EventMetadata,
    EventsAnswer,
    event_answer,
    metadata_answer,
)
from adapters.http.answers.in_turns import in_turns
from adapters.http.answers.markets import Market, market_answer
from adapters.http.answers.problems import Problem
from adapters.http.operations import Access, NoQuery, ReadCall, Reading, Reply
from adapters.http.port import ReadPort
from adapters.http.requests import queries as q
from adapters.http.requests.queries import period
from adapters.http.routes.exchange import BASE
from domain.identifiers import GroupId
from domain.rejections import Reason
from projections.reading.queries import MAX_LIMIT, GroupFilter, MarketFilter
from projections.reading.views import GroupView


async def find_group(port: ReadPort, group_id: str) -> GroupView:
    """Return a group. Raises :class:`Problem` if there is none of that name."""
    view = await port.reads.markets.group(GroupId(group_id))
    if view is None:
        raise Problem(Reason.GROUP_NOT_FOUND, f"there is no event {group_id}")
    return view


async def _markets_of(port: ReadPort, groups: Sequence[GroupView]) -> dict[GroupId, list[Market]]:
    """Return the markets of each group, all of them."""
    found: dict[GroupId, list[Market]] = {group.group_id: [] for group in groups}
    matching = MarketFilter(group_ids=tuple(found))
    cursor, more = "", bool(found)
    while more:
        page = await port.reads.markets.markets(matching, limit=MAX_LIMIT, cursor=cursor)
        for view, told in zip(page.items, await in_turns(market_answer, page.items), strict=True):
            if view.group_id is not None:
                found[view.group_id].append(told)
        cursor, more = page.cursor, bool(page.cursor)
    return found


async def list_events(call: ReadCall[q.EventsQuery, None]) -> Reply:
    """Return a page of events."""
    query = call.query
    matching = GroupFilter(
        series=query.series_ticker or "", statuses=query.status, closes=period(query.min_close_ts, None)
    )
    page = await call.port.reads.markets.groups(matching, limit=query.limit, cursor=query.cursor)
    nested = await _markets_of(call.port, page.items) if query.with_nested_markets else {}
    events = [event_answer(view, nested.get(view.group_id)) for view in page.items]
    return Reply(content=EventsAnswer(events=events, milestones=[], cursor=page.cursor))


async def get_event(call: ReadCall[q.EventQuery, None]) -> Reply:
    """Return an event and its markets."""
    view = await find_group(call.port, call.path["event_ticker"])
    markets = (await _markets_of(call.port, [view]))[view.group_id]
    event = event_answer(view, markets if call.query.with_nested_markets else None)
    return Reply(content=EventAnswer(event=event, markets=markets))


async def get_metadata(call: ReadCall[NoQuery, None]) -> Reply:
    """Return how an event looks: there are no pictures here, and what decides it is in the rules."""
    view = await find_group(call.port, call.path["event_ticker"])
    return Reply(content=metadata_answer(view))


ROUTES = (
    Reading(
        method="GET",
        path=f"{BASE}/events/{{event_ticker}}/metadata",
        access=Access.PUBLIC,
        handler=get_metadata,
        summary="How an event looks",
        answer=EventMetadata,
    ),
    Reading(
        method="GET",
        path=f"{BASE}/events/{{event_ticker}}",
        access=Access.PUBLIC,
        handler=get_event,
        summary="An event and its markets",
        query=q.EventQuery,
        answer=EventAnswer,
    ),
    Reading(
        method="GET",
        path=f"{BASE}/events",
        access=Access.PUBLIC,
        handler=list_events,
        summary="Events: groups of markets of which exactly one ends yes",
        query=q.EventsQuery,
        answer=EventsAnswer,
    ),
)
