"""The public client of the cases: ``esdbclient``, or ``kurrentdbclient`` in an environment that has it."""

from importlib.util import find_spec

if find_spec("kurrentdbclient") is None:
    from esdbclient import AsyncEventStoreDBClient as Client
    from esdbclient import EventStoreDBClient as SyncClient
    from esdbclient import NewEvent, RecordedEvent, StreamState
    from esdbclient.exceptions import (
        AlreadyExists,
        MaximumAppendSizeExceededError,
        MaximumSubscriptionsReached,
        NotFound,
        StreamIsDeleted,
        WrongCurrentVersion,
    )
    from esdbclient.exceptions import EventStoreDBClientException as ClientError
else:
    from kurrentdbclient import AsyncKurrentDBClient as Client
    from kurrentdbclient import KurrentDBClient as SyncClient
    from kurrentdbclient import NewEvent, RecordedEvent, StreamState
    from kurrentdbclient.exceptions import AlreadyExistsError as AlreadyExists
    from kurrentdbclient.exceptions import KurrentDBClientError as ClientError
    from kurrentdbclient.exceptions import MaximumAppendSizeExceededError
    from kurrentdbclient.exceptions import MaximumSubscriptionsReachedError as MaximumSubscriptionsReached
    from kurrentdbclient.exceptions import NotFoundError as NotFound
    from kurrentdbclient.exceptions import StreamIsDeletedError as StreamIsDeleted
    from kurrentdbclient.exceptions import WrongCurrentVersionError as WrongCurrentVersion

__all__ = [
    "AlreadyExists",
    "Client",
    "ClientError",
    "MaximumAppendSizeExceededError",
    "MaximumSubscriptionsReached",
    "NewEvent",
    "NotFound",
    "RecordedEvent",
    "StreamIsDeleted",
    "StreamState",
    "SyncClient",
    "WrongCurrentVersion",
]
