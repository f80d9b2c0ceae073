"""What can go wrong on a connection or in a call."""

from collections.abc import Sequence
from enum import IntEnum


class ProtocolError(Exception):
    """The peer broke HTTP/2; the connection is closed."""


class Status(IntEnum):
    """The gRPC status codes that the node answers with."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


class CallRefused(Exception):
    """A call ends with a status other than OK; ``trailers`` go with it."""

    def __init__(self, status: Status, message: str, trailers: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.trailers = trailers
