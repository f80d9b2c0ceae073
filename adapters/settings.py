"""What can be set from outside, by environment variable or command-line option."""

import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs
from pydantic import BaseModel, ConfigDict, Field

VARIABLES = {
    "data": "PRESAGE_DATA",
    "event_store": "PRESAGE_EVENT_STORE",
    "database_url": "DATABASE_URL",
    "redis_url": "REDIS_URL",
    "host": "PRESAGE_HOST",
    "port": "PRESAGE_PORT",
    "partitions": "PRESAGE_PARTITIONS",
}
"""The environment variable behind each setting."""


def default_data() -> Path:
    """Return the folder where the platform keeps a user's data for Presage."""
    return Path(platformdirs.user_data_dir("presage", appauthor=False))


class Settings(BaseModel):
    """All settings, each with a default that runs on a laptop with nothing else installed.

    ``event_store`` is ``sqlite`` (embedded, in the data folder), ``memory`` (forgets), or the ``esdb://``
    address of an EventStoreDB. ``database_url`` names a PostgreSQL for the read models; without it they
    are in an SQLite file in the data folder. ``partitions`` only counts when an exchange is founded.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(default_factory=default_data)
    event_store: str = Field(default="sqlite", pattern=r"^(sqlite|memory|esdb(\+discover)?://.+)$")
    database_url: str | None = None
    redis_url: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    partitions: int = Field(default=4, ge=1, le=100)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, **options: object) -> "Settings":
        """Return the settings of an environment; options that are not ``None`` win over it."""
        values: dict[str, object] = {
            name: environment[variable] for name, variable in VARIABLES.items() if environment.get(variable)
        }
        values.update({name: value for name, value in options.items() if value is not None})
        return cls.model_validate(values)

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
