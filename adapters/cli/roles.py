"""What the roles of a cluster have in common: where they listen, and what they cannot do without."""

import errno
import re
from socket import socket
from typing import Annotated

import typer

from adapters.cli.failures import Failure
from adapters.listening import listening_socket
from adapters.settings import EVENTSTOREDB, ProjectorPlace, Settings

Host = Annotated[str | None, typer.Option(help="[default: $PRESAGE_HOST, or 127.0.0.1]")]
Port = Annotated[int | None, typer.Option(help="0 takes a free one. [default: $PRESAGE_PORT, or 8000]")]


def refuse_alone(settings: Settings) -> None:
    """Raise :class:`Failure` for settings with which several processes cannot be one exchange."""
    if not re.match(EVENTSTOREDB, settings.event_store):
        raise Failure(
            "invalid_setting",
            "PRESAGE_EVENT_STORE: several engines write to one EventStoreDB",
            details=f"it is {settings.event_store!r}; with a log in the data folder there is `presage serve`",
        )
    if settings.redis_url is None:
        raise Failure(
            "invalid_setting", "REDIS_URL: engines and APIs find one another by a Redis, and none is named"
        )
    if settings.database_url is None or settings.projector is not ProjectorPlace.ELSEWHERE:
        raise Failure(
            "invalid_setting",
            "DATABASE_URL, PRESAGE_PROJECTOR: all processes have read models in common, in a PostgreSQL that "
            "`presage projector` writes",
            details="name it, and say PRESAGE_PROJECTOR=elsewhere",
        )


def listening_at(settings: Settings) -> socket:
    """Return a socket at the address of the settings. Raises :class:`Failure` if nobody can listen there."""
    try:
        return listening_socket(settings.host, settings.port)
    except OSError as error:
        raise unusable_address(settings, error) from error


def unusable_address(settings: Settings, error: OSError) -> Failure:
    """Return what is wrong with an address at which nobody can listen."""
    where = f"cannot listen at {settings.host}:{settings.port} ({error.strerror})"
    if error.errno == errno.EADDRINUSE:
        return Failure("address_in_use", where, details="choose another --port; 0 takes a free one")
    return Failure(
        "unusable_address", where, details="--host is an address of this machine, --port is free for all"
    )
