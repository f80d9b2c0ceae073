"""Groups of markets as they are told: the public interface calls them events."""

from collections.abc import Sequence
from typing import NotRequired

from typing_extensions import TypedDict

from adapters.http.answers.markets import Market
from projections.reading.views import GroupView


class Event(TypedDict):
    """A group of markets of which exactly one ends yes."""

    event_ticker: str
    series_ticker: str
    sub_title: str
    title: str
    collateral_return_type: str
    mutually_exclusive: bool
    category: str
    available_on_brokers: bool
    product_metadata: dict[str, str]
    markets: NotRequired[list[Market]]
    lifecycle_status: str
    winner_ticker: str | None
    market_tickers: list[str]


class EventAnswer(TypedDict):
    """An event and its markets."""

    event: Event
    markets: list[Market]


class EventsAnswer(TypedDict):
    """A page of events."""

    events: list[Event]
    milestones: list[str]
    cursor: str


class MarketMetadata(TypedDict):
    """How a market of an event looks."""

    market_ticker: str
    image_url: str
    color_code: str


class EventMetadata(TypedDict):
    """How an event looks: there are no pictures here."""

    image_url: str
    market_details: list[MarketMetadata]
    settlement_sources: list[str]


def metadata_answer(view: GroupView) -> EventMetadata:
    """Return how an event looks."""
    return EventMetadata(
        image_url="",
        market_details=[
            MarketMetadata(market_ticker=ticker, image_url="", color_code="") for ticker in view.members
        ],
        settlement_sources=[],
    )


def event_answer(view: GroupView, markets: Sequence[Market] | None) -> Event:
    """Return an event as it is told, with its markets in it where they are asked for."""
    event = Event(
        event_ticker=view.group_id,
        series_ticker=view.series,
        sub_title="",
        title=view.title,
        collateral_return_type="binary",
        mutually_exclusive=True,
        category=view.category,
        available_on_brokers=False,
        product_metadata={},
        lifecycle_status=view.status.value,
        winner_ticker=view.winner,
        market_tickers=list(view.members),
    )
    if markets is not None:
        event["markets"] = list(markets)
    return event
