"""The exchange itself as it is told: whether it is open, when, and how far readers see."""

from typing_extensions import TypedDict

from adapters.http.answers.display import timestamp
from projections.reading.views import OPEN_ENDED_US


class StatusAnswer(TypedDict):
    """Whether the exchange takes commands, and orders."""

    exchange_active: bool
    trading_active: bool


class Session(TypedDict):
    """A stretch of a day, in Eastern Time."""

    open_time: str
    close_time: str


class Week(TypedDict):
    """The sessions of each day of the week."""

    start_time: str
    end_time: str
    monday: list[Session]
    tuesday: list[Session]
    wednesday: list[Session]
    thursday: list[Session]
    friday: list[Session]
    saturday: list[Session]
    sunday: list[Session]


class Schedule(TypedDict):
    """When the exchange is open."""

    standard_hours: list[Week]
    maintenance_windows: list[str]


class ScheduleAnswer(TypedDict):
    """When the exchange is open."""

    schedule: Schedule


class AnnouncementsAnswer(TypedDict):
    """What the exchange announces."""

    announcements: list[str]


class UserDataTimestampAnswer(TypedDict):
    """Up to when the read models show what happened, and the position in the log.

    ``lag_ms`` is how old the last visible event is, 0 when there is no later one; ``events_per_s`` is how
    fast this process takes events in, of late.
    """

    as_of_time: str
    position: int
    lag_ms: float
    events_per_s: float


class RateLimit(TypedDict):
    """How much may be sent at once, and by how much that grows in a second: nothing where rates are free."""

    bucket_capacity: int
    refill_rate: int


class KindOfRate(TypedDict):
    """What an account may send of one kind: so many a second, so many at once, what is left of these now.

    ``wait_ms`` is how long everything of the kind is refused.
    """

    per_s: int
    burst: int
    remaining: int
    wait_ms: int


class LimitsAnswer(TypedDict):
    """How much an account may send, and have open: orders and waiting stops in each market, orders in all.

    ``rates`` has ``read``, ``write`` and ``cancel``; it is empty where rates are not limited.
    """

    usage_tier: str
    read: RateLimit
    write: RateLimit
    grants: list[str]
    read_limit: int
    write_limit: int
    rates: dict[str, KindOfRate]
    batch_max: int
    open_orders_max: int
    open_orders_in_all_max: int
    stop_orders_max: int
    order_groups_max: int
    keys_max: int
    receive_window_ms: int


class HealthAnswer(TypedDict):
    """That the process answers, and what proves which one it is: whose exchange, and on which data folder."""

    status: str
    exchange: str
    folder: str


class ConditionAnswer(TypedDict):
    """One thing that is wrong: in which part of the process, a stable code, what it stops, and what to do.

    ``stops`` is ``everything``, or ``part``: then the rest of the exchange works as ever.
    """

    part: str
    code: str
    stops: str
    message: str


class ReadinessAnswer(TypedDict):
    """Whether requests may be sent here, and what is wrong, the oldest first, at most 100.

    ``ready`` and, if what is wrong stops a part, ``degraded`` come with 200; ``starting`` and, if it stops
    everything, ``unavailable`` with 503.
    """

    status: str
    conditions: list[ConditionAnswer]


class WriteAnswer(TypedDict):
    """A command was carried out; ``position`` is where it stands in the log."""

    position: int


def always_open() -> Schedule:
    """Return the schedule of an exchange that never closes."""
    day = [Session(open_time="00:00", close_time="24:00")]
    week = Week(
        start_time="2020-01-01T00:00:00Z",
        end_time=timestamp(OPEN_ENDED_US),
        monday=day,
        tuesday=day,
        wednesday=day,
        thursday=day,
        friday=day,
        saturday=day,
        sunday=day,
    )
    return Schedule(standard_hours=[week], maintenance_windows=[])
