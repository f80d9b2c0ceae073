"""What a failed call to EventStoreDB means, in one sentence and without the insides of the client."""

from collections.abc import Iterator
from contextlib import contextmanager

from grpc import RpcError, StatusCode  # type: ignore[import-untyped]

from adapters.event_stores.eventstoredb_client import (
    AbortedByServer,
    AccessDeniedError,
    BadRequest,
    ClientError,
    DeadlineExceeded,
    DiscoveryFailed,
    GrpcError,
    NodeIsNotLeader,
    NotReady,
    ServiceUnavailable,
    StreamDeleted,
    UnknownError,
    leader_named_in,
    status_of,
)
from application.ports.event_store import EventStoreError, StoreMisconfigured, StoreUnavailable

_REFUSED = frozenset(
    {
        StatusCode.INVALID_ARGUMENT,
        StatusCode.UNIMPLEMENTED,
        StatusCode.OUT_OF_RANGE,
    }
)
_ELSEWHERE = (
    AbortedByServer,
    DeadlineExceeded,
    DiscoveryFailed,
    GrpcError,
    NodeIsNotLeader,
    NotReady,
    UnknownError,
)
_NOT_READY = "Server Is Not Ready"


def said(error: BaseException) -> str:
    """Return what an error says, on one line."""
    if isinstance(error, NodeIsNotLeader):
        leader = leader_named_in(error)
        return f"the member that was asked does not lead; {leader} does" if leader else "nobody leads"
    cause = error.args[0] if error.args else None
    text = str(cause.details() or cause.code().name) if isinstance(cause, RpcError) else str(error)
    return next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)[:300]


def unauthenticated(error: ClientError) -> bool:
    """Return whether the server does not know the name, or not with this password."""
    # ``kurrentdbclient`` has a class of its own for it.
    return status_of(error) is StatusCode.UNAUTHENTICATED or type(error).__name__ == "UnauthenticatedError"


def access_denied(error: ClientError) -> bool:
    """Return whether the user lacks a right."""
    return isinstance(error, AccessDeniedError) or status_of(error) is StatusCode.PERMISSION_DENIED


def _refused(error: BaseException) -> bool:
    if not isinstance(error, ClientError):
        return False
    return (
        unauthenticated(error)
        or access_denied(error)
        or status_of(error) in _REFUSED
        # It does not keep its status, and has another name in ``kurrentdbclient``.
        or type(error).__name__.startswith("FailedPrecondition")
    )


def not_carried_out(error: ClientError) -> bool:
    """Return whether the member that was asked cannot do it now, and has done nothing."""
    return isinstance(error, NodeIsNotLeader | NotReady) or (
        isinstance(error, ServiceUnavailable) and _NOT_READY in said(error)
    )


def append_refused(error: ClientError) -> bool:
    """Return whether an append is known to have been refused. Of anything else nobody knows the outcome."""
    return isinstance(error, StreamDeleted | BadRequest) or _refused(error)


def elsewhere(error: BaseException) -> bool:
    """Return whether a call failed on the way, or at a member that does not lead: another time it may not."""
    return isinstance(error, _ELSEWHERE) and not _refused(error)


def refusal(error: ClientError, *, right: str) -> EventStoreError:
    """Return what is told of a call that was refused; ``right`` is what a user needs for it."""
    if unauthenticated(error):
        return StoreMisconfigured(
            "EventStoreDB does not know this user name with this password; correct them in the address"
        )
    if access_denied(error):
        return EventStoreError(
            f"EventStoreDB denied access: the user of the address lacks the right to {right}"
        )
    return EventStoreError(f"EventStoreDB refused: {said(error)}")


@contextmanager
def read_errors(right: str = "read ($r) user streams and $all") -> Iterator[None]:
    """Turn the client's errors into those of the port."""
    try:
        yield
    except ClientError as error:
        if elsewhere(error):
            raise StoreUnavailable(f"EventStoreDB cannot be reached: {said(error)}") from error
        raise refusal(error, right=right) from error
