"""What can be set from outside, by environment variable or command-line option."""

import os
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from application.liquidity.house import Stake
from domain.identifiers import Ticker
from domain.limits import DEFAULT_LIMITS, AccountLimits
from domain.quantities import DOLLAR, PAYOUT_TICKS, Money, Ticks

VARIABLES = {
    "data": "PRESAGE_DATA",
    "event_store": "PRESAGE_EVENT_STORE",
    "database_url": "DATABASE_URL",
    "redis_url": "REDIS_URL",
    "host": "PRESAGE_HOST",
    "port": "PRESAGE_PORT",
    "partitions": "PRESAGE_PARTITIONS",
    "projector": "PRESAGE_PROJECTOR",
    "open_orders_max": "PRESAGE_OPEN_ORDERS_MAX",
    "open_orders_in_all_max": "PRESAGE_OPEN_ORDERS_IN_ALL_MAX",
    "stop_orders_max": "PRESAGE_STOP_ORDERS_MAX",
    "order_groups_max": "PRESAGE_ORDER_GROUPS_MAX",
    "keys_max": "PRESAGE_KEYS_MAX",
    "strict_keys": "PRESAGE_STRICT_KEYS",
    "shutdown_notice_s": "PRESAGE_SHUTDOWN_NOTICE_S",
    "webhooks_private": "PRESAGE_WEBHOOKS_PRIVATE",
    "log_level": "PRESAGE_LOG_LEVEL",
    "sign_up": "PRESAGE_SIGN_UP",
    "origins": "PRESAGE_ORIGINS",
    "metrics_token": "PRESAGE_METRICS_TOKEN",
    "rate_limits": "PRESAGE_RATE_LIMITS",
    "firewall": "PRESAGE_FIREWALL",
    "slos": "PRESAGE_SLOS",
    "surveillance": "PRESAGE_SURVEILLANCE",
    "liquidity": "PRESAGE_LIQUIDITY",
    "workers": "PRESAGE_WORKERS",
    "traces": "PRESAGE_TRACES",
}
"""The environment variable behind each setting."""


EVENTSTOREDB = r"^(?i:esdb|kurrentdb|kdb)(?i:\+discover)?://"
"""How the address of an EventStoreDB begins: it has had several names."""


WORKERS_MAX = 64
"""The most processes that may answer HTTP."""


_SECRET = re.compile(r"://[^/@\s]*@")


_ORIGIN = r"https?://[a-z0-9.\-]+(:[0-9]{1,5})?"
ORIGINS = rf"^({_ORIGIN}(,{_ORIGIN})*)?$"
"""Whole origins as browsers send them: no wildcards, no paths."""

_STAKE = r"[^\s,=@]{1,64}=[1-9][0-9]{0,8}(\.[0-9]{1,2})?(@0?\.[0-9]{1,4})?"
LIQUIDITY = rf"^({_STAKE}(,{_STAKE})*)?$"
"""Markets with dollars, and a chance for yes."""


def without_secrets(text: str) -> str:
    """Return a text without the names and passwords in its addresses."""
    return _SECRET.sub("://***@", text)


def _stake(text: str) -> Stake:
    ticker, _, risk = text.partition("=")
    dollars, _, chance = risk.partition("@")
    return Stake(
        ticker=Ticker(ticker),
        loss=Money(int(Decimal(dollars) * DOLLAR)),
        prior=Ticks(int(Decimal(chance or "0.5") * PAYOUT_TICKS)),
    )


def _is_folder(place: str) -> bool:
    return "/" in place and "://" not in place


def default_data() -> Path:
    """Return the folder where the platform keeps a user's data for Presage."""
    return Path(platformdirs.user_data_dir("presage", appauthor=False))


class LogLevel(StrEnum):
    """From where on a process says what happens."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class ProjectorPlace(StrEnum):
    """Where the read models of an exchange are made."""

    INSIDE = "inside"
    """In the exchange's own process."""
    BESIDE = "beside"
    """In a process of its own, which the exchange starts and watches."""
    ELSEWHERE = "elsewhere"
    """By ``presage projector``, which somebody else runs."""


class Settings(BaseModel):
    """All settings, each with a default that runs on a laptop with nothing else installed.

    ``event_store`` is ``sqlite`` (embedded, in the data folder), ``memory`` (forgets), a folder of JSON Lines
    (a path with a slash), or the address of an EventStoreDB. ``database_url`` names a PostgreSQL for the read
    models; without it they are in an SQLite file in the data folder. ``partitions`` only counts when an
    exchange is founded. ``projector`` says where read models are made; an event store in memory is followed
    only ``inside``. ``webhooks_private`` lets webhooks be at private addresses and be called by http.
    ``log_level`` info has a line for orders. Those that end in ``_max`` bound what one account may
    have: open orders in each market and in all together, waiting stops, order groups, keys. With
    ``strict_keys`` new keys sign query and body too, unless whoever makes one says otherwise.
    ``shutdown_notice_s`` is for how long a server that was asked to end says so, at ``/readyz``, before it
    takes no more connections: as long as whoever sends requests needs to notice. ``sign_up`` lets anybody
    open an account; ``origins`` are those of the web pages elsewhere that may use sessions, with commas
    between them. ``metrics_token`` lets monitoring read the metrics; without it the data folder holds one.
    ``rate_limits`` is ``on``, ``off`` or a file that states them; so is ``firewall``, or ``log`` to refuse
    nothing.
    ``slos`` is a file of objectives. ``surveillance`` is ``on``, ``off`` or a file with rules against market
    manipulation. ``liquidity`` has the markets that the house makes, and the dollars it may lose in each:
    ``RAIN=100,SNOW=50@0.30`` with the chance it gives yes at first, one half if it is not said. With
    ``workers``, that many processes answer HTTP and one more is the exchange; with none of them, one process
    does everything. ``traces`` is where a collector of OpenTelemetry takes spans, by OTLP over HTTP.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(default_factory=default_data)
    event_store: str = "sqlite"
    database_url: str | None = None
    redis_url: str | None = Field(default=None, pattern=r"^(rediss?|unix)://.+$")
    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=8000, ge=0, le=65_535)
    partitions: int = Field(default=4, ge=1, le=100)
    projector: ProjectorPlace = ProjectorPlace.INSIDE
    open_orders_max: int = Field(default=DEFAULT_LIMITS.open_orders, ge=1)
    open_orders_in_all_max: int = Field(default=DEFAULT_LIMITS.open_orders_in_all, ge=1)
    stop_orders_max: int = Field(default=DEFAULT_LIMITS.stops, ge=0)
    order_groups_max: int = Field(default=DEFAULT_LIMITS.order_groups, ge=0)
    webhooks_private: bool = False
    log_level: LogLevel = LogLevel.INFO
    keys_max: int = Field(default=DEFAULT_LIMITS.keys, ge=1)
    strict_keys: bool = False
    shutdown_notice_s: float = Field(default=0.0, ge=0, le=600)
    sign_up: bool = False
    origins: str = Field(default="", pattern=ORIGINS)
    rate_limits: str = Field(default="on", min_length=1)
    firewall: str = Field(default="on", min_length=1)
    slos: Path | None = None
    surveillance: str = Field(default="on", min_length=1)
    liquidity: str = Field(default="", pattern=LIQUIDITY)
    workers: int = Field(default=0, ge=0, le=WORKERS_MAX)
    traces: str | None = Field(default=None, pattern=r"^https?://[^/\s]+/\S*$", repr=False)
    metrics_token: str | None = Field(default=None, pattern=r"^[!-~]{16,256}$", repr=False)

    @field_validator("event_store")
    @classmethod
    def _names_a_store(cls, value: str) -> str:
        if value in ("sqlite", "memory") or re.match(EVENTSTOREDB, value) or _is_folder(value):
            return value
        raise ValueError(
            "it is sqlite, memory, a folder for JSON Lines (a path with a slash, for example ./log), or an "
            "address that begins with esdb:// or kurrentdb://"
        )

    @field_validator("liquidity")
    @classmethod
    def _states_chances(cls, value: str) -> str:
        if all(_stake(text).prior for text in value.split(",") if text):
            return value
        raise ValueError("a chance for yes is above 0 and below 1, for example RAIN=100@0.30")

    @model_validator(mode="after")
    def _can_be_followed(self) -> "Settings":
        if self.event_store == "memory" and self.projector is not ProjectorPlace.INSIDE:
            raise ValueError(
                f"an event store in memory cannot be followed by a projector {self.projector}; only inside"
            )
        if self.event_store == "memory" and self.workers:
            raise ValueError("an event store in memory cannot be read by other processes: workers must be 0")
        return self

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, **options: object) -> "Settings":
        """Return the settings of an environment; options that are not ``None`` win over it."""
        values: dict[str, object] = {
            name: environment[variable] for name, variable in VARIABLES.items() if environment.get(variable)
        }
        values.update({name: value for name, value in options.items() if value is not None})
        return cls.model_validate(values)

    def as_environment(self, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return the environment from which another process gets these settings."""
        values = self.model_dump(mode="json", exclude_none=True, exclude_unset=True)
        return {**environment, **{VARIABLES[name]: str(value) for name, value in values.items()}}

    @property
    def stakes(self) -> Sequence[Stake]:
        """The markets that the house makes."""
        return [_stake(text) for text in self.liquidity.split(",") if text]

    @property
    def limits(self) -> AccountLimits:
        """What one account may have open."""
        return AccountLimits(
            open_orders=self.open_orders_max,
            open_orders_in_all=self.open_orders_in_all_max,
            stops=self.stop_orders_max,
            order_groups=self.order_groups_max,
            keys=self.keys_max,
        )

    @property
    def for_this_machine(self) -> bool:
        """Whether only this machine can reach the exchange."""
        return self.host in ("127.0.0.1", "::1", "localhost")

    @property
    def notices_file(self) -> Path | None:
        """What is to be sent to webhooks; ``None`` where it is forgotten together with its log."""
        return None if self.event_store == "memory" else self.data / "notices.db"

    @property
    def measurements_file(self) -> Path | None:
        """What service levels are told from; ``None`` where it is forgotten together with its log."""
        return None if self.event_store == "memory" else self.data / "measurements.db"

    @property
    def allowed_origins(self) -> frozenset[str]:
        """The origins of the pages elsewhere that may use sessions."""
        return frozenset(filter(None, self.origins.split(",")))

    @property
    def log_folder(self) -> Path | None:
        """The event log in JSON Lines, if that is where it is kept."""
        return Path(self.event_store).expanduser() if _is_folder(self.event_store) else None

    @property
    def log_file(self) -> Path:
        """The embedded event log."""
        return self.data / "log.db"

    @property
    def read_file(self) -> Path:
        """The embedded read models."""
        return self.data / "read.db"

    @property
    def snapshots_file(self) -> Path:
        """What saves replaying the log; it may be deleted."""
        return self.data / "snapshots.db"

    @property
    def checkpoints_file(self) -> Path:
        """Where the processes note how far they have come."""
        return self.data / "checkpoints.json"
