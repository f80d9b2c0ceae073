"""What can be set from outside, by environment variable or command-line option."""

import os
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

VARIABLES = {
    "data": "PRESAGE_DATA",
    "event_store": "PRESAGE_EVENT_STORE",
    "database_url": "DATABASE_URL",
    "redis_url": "REDIS_URL",
    "host": "PRESAGE_HOST",
    "port": "PRESAGE_PORT",
    "partitions": "PRESAGE_PARTITIONS",
    "projector": "PRESAGE_PROJECTOR",
}
"""The environment variable behind each setting."""


EVENTSTOREDB = r"^(?i:esdb|kurrentdb|kdb)(?i:\+discover)?://"
"""How the address of an EventStoreDB begins: it has had several names."""


_SECRET = re.compile(r"://[^/@\s]*@")


def without_secrets(text: str) -> str:
    """Return a text without the names and passwords in its addresses."""
    return _SECRET.sub("://***@", text)


def default_data() -> Path:
    """Return the folder where the platform keeps a user's data for Presage."""
    return Path(platformdirs.user_data_dir("presage", appauthor=False))


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

    ``event_store`` is ``sqlite`` (embedded, in the data folder), ``memory`` (forgets), or the address of an
    EventStoreDB. ``database_url`` names a PostgreSQL for the read models; without it they
    are in an SQLite file in the data folder. ``partitions`` only counts when an exchange is founded.
    ``projector`` says where read models are made; an event store in memory is followed only ``inside``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(default_factory=default_data)
    event_store: str = "sqlite"
    database_url: str | None = None
    redis_url: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    partitions: int = Field(default=4, ge=1, le=100)
    projector: ProjectorPlace = ProjectorPlace.INSIDE

    @field_validator("event_store")
    @classmethod
    def _names_a_store(cls, value: str) -> str:
        if value not in ("sqlite", "memory") and not re.match(EVENTSTOREDB, value):
            raise ValueError("it is sqlite, memory, or an address that begins with esdb:// or kurrentdb://")
        return value

    @model_validator(mode="after")
    def _can_be_followed(self) -> "Settings":
        if self.event_store == "memory" and self.projector is not ProjectorPlace.INSIDE:
            raise ValueError(
                f"an event store in memory cannot be followed by a projector {self.projector}; only inside"
            )
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
        values = self.model_dump(mode="json", exclude_none=True)
        return {**environment, **{VARIABLES[name]: str(value) for name, value in values.items()}}

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
