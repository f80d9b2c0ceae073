"""The exchange itself."""

import time

from adapters.http.answers import exchange as a
from adapters.http.answers.display import timestamp
from adapters.http.operations import Access, Call, NoQuery, Operation, ReadCall, Reading, Reply
from adapters.http.requests.orders import BATCH_MAX
from application.limiting.tiers import Kind

Plain = ReadCall[NoQuery, None]

_US_PER_MS = 1_000


async def status(call: Plain) -> Reply:
    """Say whether the exchange is open."""
    ready = call.port.exchange.ready
    return Reply(content=a.StatusAnswer(exchange_active=ready, trading_active=ready))


async def schedule(_: Plain) -> Reply:
    """Say when the exchange is open."""
    return Reply(content=a.ScheduleAnswer(schedule=a.always_open()))


async def announcements(_: Plain) -> Reply:
    """Say what the exchange announces: nothing so far."""
    return Reply(content=a.AnnouncementsAnswer(announcements=[]))


async def user_data_timestamp(call: Plain) -> Reply:
    """Say how far the read models have come."""
    freshness, projector = call.port.reads.freshness, call.port.projector
    return Reply(
        content=a.UserDataTimestampAnswer(
            as_of_time=timestamp(freshness.at_us),
            position=freshness.position,
            lag_ms=projector.lag_us(call.port.clock.now_us()) / _US_PER_MS,
            events_per_s=round(projector.recent_rate(time.monotonic()), 1),
        )
    )


async def account_limits(call: Call[NoQuery, None]) -> Reply:
    """Say how much an account may send and have; where rates are not limited they are 0."""
    settings, limits = call.port.settings, call.port.exchange.directory.limits
    rates = await _rates(call)
    read, write = rates.get(Kind.READ, _UNLIMITED), rates.get(Kind.WRITE, _UNLIMITED)
    return Reply(
        content=a.LimitsAnswer(
            usage_tier=call.port.limits.rules.tier_of(call.account_id) if call.port.limits else "unlimited",
            read=a.RateLimit(bucket_capacity=read["burst"], refill_rate=read["per_s"]),
            write=a.RateLimit(bucket_capacity=write["burst"], refill_rate=write["per_s"]),
            grants=[],
            read_limit=read["per_s"],
            write_limit=write["per_s"],
            rates=rates,
            batch_max=BATCH_MAX,
            open_orders_max=limits.open_orders,
            open_orders_in_all_max=limits.open_orders_in_all,
            stop_orders_max=limits.stops,
            order_groups_max=limits.order_groups,
            keys_max=limits.keys,
            receive_window_ms=settings.receive_window_ms,
        )
    )


_UNLIMITED = a.KindOfRate(per_s=0, burst=0, remaining=0, wait_ms=0)


async def _rates(call: Call[NoQuery, None]) -> dict[str, a.KindOfRate]:
    limits = call.port.limits
    if limits is None:
        return {}
    tier, found = limits.rules.tiers[limits.rules.tier_of(call.account_id)], {}
    for kind in (Kind.READ, Kind.WRITE, Kind.CANCEL):
        left = await limits.left(call.account_id, kind)
        found[kind.value] = a.KindOfRate(
            per_s=tier[kind].per_s,
            burst=tier[kind].burst,
            remaining=left.remaining,
            wait_ms=-(-left.wait_us // _US_PER_MS),
        )
    return found


BASE = "/trade-api/v2"

ROUTES = (
    Reading(
        method="GET",
        path=f"{BASE}/exchange/status",
        access=Access.PUBLIC,
        handler=status,
        summary="Whether the exchange is open",
        answer=a.StatusAnswer,
        needs_exchange=False,
    ),
    Reading(
        method="GET",
        path=f"{BASE}/exchange/schedule",
        access=Access.PUBLIC,
        handler=schedule,
        summary="When the exchange is open",
        answer=a.ScheduleAnswer,
    ),
    Reading(
        method="GET",
        path=f"{BASE}/exchange/announcements",
        access=Access.PUBLIC,
        handler=announcements,
        summary="What the exchange announces",
        answer=a.AnnouncementsAnswer,
    ),
    Reading(
        method="GET",
        path=f"{BASE}/exchange/user_data_timestamp",
        access=Access.PUBLIC,
        handler=user_data_timestamp,
        summary="How far the read models have come",
        answer=a.UserDataTimestampAnswer,
    ),
    Operation(
        method="GET",
        path=f"{BASE}/account/limits",
        access=Access.READ,
        handler=account_limits,
        summary="How much an account may send",
        answer=a.LimitsAnswer,
    ),
)
