"""What Kalshi's clients ask for and an exchange of one venue has none of: empty lists in the known shapes."""

from typing import Any

from typing_extensions import TypedDict

from adapters.http.operations import Access, NoQuery, Operation, ReadCall, Reading, Reply
from adapters.http.requests import queries as q
from adapters.http.routes.exchange import BASE


class StructuredTargets(TypedDict):
    """Things that markets are about: none."""

    structured_targets: list[str]
    cursor: str


class Milestones(TypedDict):
    """Moments that markets are about: none."""

    milestones: list[str]
    cursor: str


class LiveDatas(TypedDict):
    """What happens at such moments: nothing."""

    live_datas: list[str]


class IncentivePrograms(TypedDict):
    """Programs that reward trading: none."""

    incentive_programs: list[str]
    next_cursor: str


class MemberOrders(TypedDict):
    """Orders of a clearing member's customers: none."""

    orders: list[str]
    cursor: str


class MemberPositions(TypedDict):
    """Positions of a clearing member's customers: none."""

    market_positions: list[str]
    event_positions: list[str]
    cursor: str


class Collections(TypedDict):
    """Collections from which combined events are made: none."""

    multivariate_contracts: list[str]
    cursor: str


class CombinedEvents(TypedDict):
    """Events combined of others: none."""

    events: list[str]
    cursor: str


class FeeChanges(TypedDict):
    """Changes of a series' fees: none, a market keeps the fees it was listed with."""

    series_fee_change_arr: list[str]


class SportFilters(TypedDict):
    """Filters by sport: none."""

    filters_by_sports: dict[str, str]
    sport_ordering: list[str]


class TagsAnswer(TypedDict):
    """The categories of series, each with its tags: there are none."""

    tags_by_categories: dict[str, list[str]]


async def tags(call: ReadCall[NoQuery, None]) -> Reply:
    """Return the categories that series have."""
    found = await call.port.reads.markets.series_list(category="")
    return Reply(content=TagsAnswer(tags_by_categories={view.category: [] for view in found}))


def _nothing(path: str, summary: str, shape: Any, content: Any, access: Access = Access.PUBLIC) -> Operation:
    async def answer(_: ReadCall[q.NothingQuery, None]) -> Reply:
        return Reply(content=content)

    return Reading(
        method="GET",
        path=f"{BASE}{path}",
        access=access,
        handler=answer,
        summary=f"{summary}: there are none",
        query=q.NothingQuery,
        answer=shape,
    )


ROUTES = (
    _nothing(
        "/structured_targets",
        "Structured targets",
        StructuredTargets,
        StructuredTargets(structured_targets=[], cursor=""),
    ),
    _nothing("/milestones", "Milestones", Milestones, Milestones(milestones=[], cursor="")),
    _nothing("/live_data/batch", "Live data", LiveDatas, LiveDatas(live_datas=[])),
    _nothing(
        "/incentive_programs",
        "Incentives",
        IncentivePrograms,
        IncentivePrograms(incentive_programs=[], next_cursor=""),
    ),
    _nothing(
        "/fcm/orders",
        "Orders of a clearing member's customers",
        MemberOrders,
        MemberOrders(orders=[], cursor=""),
        Access.READ,
    ),
    _nothing(
        "/fcm/positions",
        "Positions of a clearing member's customers",
        MemberPositions,
        MemberPositions(market_positions=[], event_positions=[], cursor=""),
        Access.READ,
    ),
    _nothing(
        "/multivariate_event_collections",
        "Collections of combined events",
        Collections,
        Collections(multivariate_contracts=[], cursor=""),
    ),
    _nothing("/events/multivariate", "Combined events", CombinedEvents, CombinedEvents(events=[], cursor="")),
    _nothing("/series/fee_changes", "Changes of fees", FeeChanges, FeeChanges(series_fee_change_arr=[])),
    _nothing(
        "/search/filters_by_sport",
        "Filters by sport",
        SportFilters,
        SportFilters(filters_by_sports={}, sport_ordering=[]),
    ),
    Reading(
        method="GET",
        path=f"{BASE}/search/tags_by_categories",
        access=Access.PUBLIC,
        handler=tags,
        summary="The categories of series",
        answer=TagsAnswer,
    ),
)
