"""Every event there is: its stored name, its present version and the streams it stands in.

The names are spelled out, so that a class may be renamed or moved without touching the log.
"""

from dataclasses import dataclass

from application.events import DomainEvent
from domain import cluster, founding
from domain.group import events as group
from domain.identity import aggregate as identity
from domain.ledger import events as ledger
from domain.market import events as market
from domain.quotes import events as quotes
from domain.webhooks import aggregate as webhooks

STORED_NAMES: dict[str, dict[str, type[DomainEvent]]] = {
    "exchange": {
        "ExchangeFounded": founding.ExchangeFounded,
    },
    "market": {
        "MarketCreated": market.MarketCreated,
        "OpeningRequested": market.OpeningRequested,
        "ConditionLinked": market.ConditionLinked,
        "ConditionalAttached": market.ConditionalAttached,
        "ConditionMet": market.ConditionMet,
        "MarketCalledOff": market.MarketCalledOff,
        "MarketActivated": market.MarketActivated,
        "MarketPaused": market.MarketPaused,
        "MarketResumed": market.MarketResumed,
        "MarketClosed": market.MarketClosed,
        "MarketDetermined": market.MarketDetermined,
        "MarketDisputed": market.MarketDisputed,
        "MarketFinalized": market.MarketFinalized,
        "MarketVoided": market.MarketVoided,
        "RulesAmended": market.RulesAmended,
        "TickSizeChanged": market.TickSizeChanged,
        "OrderPlaced": market.OrderPlaced,
        "StopTriggered": market.StopTriggered,
        "MatchingContinued": market.MatchingContinued,
        "OrderGroupBounded": market.OrderGroupBounded,
        "OrderAmended": market.OrderAmended,
        "OrderRenamed": market.OrderRenamed,
        "OrderDecreased": market.OrderDecreased,
        "OrderCanceled": market.OrderCanceled,
        "PlacementAbandoned": market.PlacementAbandoned,
        "AmendmentAbandoned": market.AmendmentAbandoned,
        "OrdersCrossed": market.OrdersCrossed,
        "TradeExecuted": market.TradeExecuted,
        "PairsRedeemed": market.PairsRedeemed,
        "PositionSettled": market.PositionSettled,
        "PositionUnwound": market.PositionUnwound,
    },
    "ledger": {
        "FundsDeposited": ledger.FundsDeposited,
        "FundsWithdrawn": ledger.FundsWithdrawn,
        "FundsReserved": ledger.FundsReserved,
        "ReservationIncreased": ledger.ReservationIncreased,
        "OrderConfirmed": ledger.OrderConfirmed,
        "ReservationReleased": ledger.ReservationReleased,
        "ReservationAmended": ledger.ReservationAmended,
        "IncreaseReleased": ledger.IncreaseReleased,
        "ClientIdTaken": ledger.ClientIdTaken,
        "ClientIdFreed": ledger.ClientIdFreed,
        "FillBooked": ledger.FillBooked,
        "RedemptionBooked": ledger.RedemptionBooked,
        "PayoutBooked": ledger.PayoutBooked,
        "UnwindBooked": ledger.UnwindBooked,
        "ProceedsUnlocked": ledger.ProceedsUnlocked,
        "FeesWithdrawn": ledger.FeesWithdrawn,
        "OrderGroupCreated": ledger.OrderGroupCreated,
        "OrderGroupLimitChanged": ledger.OrderGroupLimitChanged,
        "OrderGroupAllotted": ledger.OrderGroupAllotted,
        "OrderGroupTriggered": ledger.OrderGroupTriggered,
        "OrderGroupReset": ledger.OrderGroupReset,
        "OrderGroupDeleted": ledger.OrderGroupDeleted,
    },
    "group": {
        "GroupCreated": group.GroupCreated,
        "MarketAdded": group.MarketAdded,
        "GroupDetermined": group.GroupDetermined,
        "GroupDisputed": group.GroupDisputed,
        "GroupFinalized": group.GroupFinalized,
        "GroupVoided": group.GroupVoided,
    },
    "identity": {
        "KeyCreated": identity.KeyCreated,
        "KeyRevoked": identity.KeyRevoked,
        "CredentialSet": identity.CredentialSet,
    },
    "webhooks": {
        "WebhookSet": webhooks.WebhookSet,
        "WebhookRemoved": webhooks.WebhookRemoved,
        "WebhookSuspended": webhooks.WebhookSuspended,
        "NoticeUndelivered": webhooks.NoticeUndelivered,
        "NoticeRetried": webhooks.NoticeRetried,
    },
    "quotes": {
        "AccountIntroduced": quotes.AccountIntroduced,
        "QuotesRequested": quotes.QuotesRequested,
        "RequestEnded": quotes.RequestEnded,
        "QuoteGiven": quotes.QuoteGiven,
        "QuoteAccepted": quotes.QuoteAccepted,
        "QuoteConfirmed": quotes.QuoteConfirmed,
        "QuoteExecuted": quotes.QuoteExecuted,
        "QuoteEnded": quotes.QuoteEnded,
    },
    "cluster": {
        "EngineJoined": cluster.EngineJoined,
        "EngineLeft": cluster.EngineLeft,
        "EngineHandedOver": cluster.EngineHandedOver,
    },
}
"""By kind of stream, the stored name of every event. A name that was ever written stays for ever."""

VERSIONS = {
    "OrderCanceled": 3,
    "OrderConfirmed": 2,
    "ReservationReleased": 2,
    "OrderPlaced": 3,
    "OrderAmended": 2,
    "ReservationIncreased": 2,
    "IncreaseReleased": 2,
    "ReservationAmended": 3,
}
"""The present version of events that have changed; every other event is at version 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """An event as the log knows it. ``stream`` is the kind of stream it stands in."""

    name: str
    version: int
    stream: str
    event_class: type[DomainEvent]


EVENT_TYPES = tuple(
    EventType(name=name, version=VERSIONS.get(name, 1), stream=stream, event_class=event_class)
    for stream, names in STORED_NAMES.items()
    for name, event_class in names.items()
)
"""Every event there is."""
