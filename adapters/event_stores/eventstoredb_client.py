"""The one place that names the client library of EventStoreDB.

``esdbclient`` is what the project installs. ``kurrentdbclient``, its successor, pins other versions of gRPC
and is no dependency; in an environment that has it, it takes over without other changes.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from copy import copy
from importlib.util import find_spec
from inspect import unwrap
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import grpc  # type: ignore[import-untyped]

from adapters.eventstore_node.messages import SupportedMethods

if TYPE_CHECKING or find_spec("kurrentdbclient") is None:
    from esdbclient import AsyncEventStoreDBClient as _Library
    from esdbclient import NewEvent as ClientEvent
    from esdbclient import RecordedEvent as ClientRecord
    from esdbclient import StreamState
    from esdbclient.exceptions import (
        AbortedByServer,
        AccessDeniedError,
        DeadlineExceeded,
        DiscoveryFailed,
        GrpcError,
        NodeIsNotLeader,
        NotFound,
        ServiceUnavailable,
        UnknownError,
    )
    from esdbclient.exceptions import BadRequestError as BadRequest
    from esdbclient.exceptions import EventStoreDBClientException as ClientError
    from esdbclient.exceptions import MaximumAppendSizeExceededError as AppendSizeExceeded
    from esdbclient.exceptions import StreamIsDeleted as StreamDeleted
    from esdbclient.exceptions import WrongCurrentVersion as WrongVersion

    _CALL = "aio_call"
else:
    from kurrentdbclient import AsyncKurrentDBClient as _Library
    from kurrentdbclient import NewEvent as ClientEvent
    from kurrentdbclient import RecordedEvent as ClientRecord
    from kurrentdbclient import StreamState
    from kurrentdbclient.exceptions import (
        AbortedByServerError as AbortedByServer,
    )
    from kurrentdbclient.exceptions import AccessDeniedError, GrpcError, UnknownError
    from kurrentdbclient.exceptions import BadRequestError as BadRequest
    from kurrentdbclient.exceptions import DeadlineExceededError as DeadlineExceeded
    from kurrentdbclient.exceptions import DiscoveryFailedError as DiscoveryFailed
    from kurrentdbclient.exceptions import KurrentDBClientError as ClientError
    from kurrentdbclient.exceptions import MaximumAppendSizeExceededError as AppendSizeExceeded
    from kurrentdbclient.exceptions import NodeIsNotLeaderError as NodeIsNotLeader
    from kurrentdbclient.exceptions import NotFoundError as NotFound
    from kurrentdbclient.exceptions import ServiceUnavailableError as ServiceUnavailable
    from kurrentdbclient.exceptions import StreamIsDeletedError as StreamDeleted
    from kurrentdbclient.exceptions import WrongCurrentVersionError as WrongVersion

    _CALL = "_unary_stream_call"

__all__ = [
    "AbortedByServer",
    "AccessDeniedError",
    "AppendSizeExceeded",
    "BadRequest",
    "Client",
    "ClientError",
    "ClientEvent",
    "ClientRecord",
    "DeadlineExceeded",
    "DiscoveryFailed",
    "GrpcError",
    "HungUp",
    "NodeIsNotLeader",
    "NotFound",
    "NotReady",
    "ServiceUnavailable",
    "StreamDeleted",
    "StreamState",
    "UnknownError",
    "WrongVersion",
    "call",
    "current_revision",
    "leader_named_in",
    "responses",
    "status_of",
]

_CHANNEL_OPTIONS = (
    # A server that comes back is found within a second, however long it was away.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # A server that is gone without a word is noticed, by pings while calls are open.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
)
_SUPPORTED_METHODS = "/event_store.client.server_features.ServerFeatures/GetSupportedMethods"
_CURRENT = re.compile(r"last event is (\d+)")
_NOT_CARRIED_OUT = ("Server Is Not Ready", "Server Is Busy", "Leader info available")


class HungUp(GrpcError):
    """The client gave up its connection for a new one, and with it this call."""


class NotReady(ClientError):
    """Nobody leads, or the server is too busy: the append was not carried out."""


class Client(_Library):
    """The client without its own repetitions: what is repeated, and to whom, is the adapter's decision.

    The library repeats a failed call once and tells only of the last failure. A refusal would then say
    nothing of the first try, which may have been recorded.
    """

    append_to_stream = unwrap(_Library.append_to_stream)
    read_stream = unwrap(_Library.read_stream)
    read_all = unwrap(_Library.read_all)
    subscribe_to_all = unwrap(_Library.subscribe_to_all)

    def __init__(self, uri: str, root_certificates: bytes | None) -> None:
        super().__init__(uri, root_certificates=root_certificates)
        self.grpc_options += _CHANNEL_OPTIONS
        self._retired: set[asyncio.Task[None]] = set()
        self._connection = self.opened(self.named_targets[0])

    def construct_call_credentials(self, username: str | None, password: str | None) -> Any:
        """Return what goes with every call; in an address, characters that mean something are written %XX."""
        return super().construct_call_credentials(
            username and unquote(username), password and unquote(password)
        )

    @property
    def named_targets(self) -> tuple[str, ...]:
        """The addresses that the URI names."""
        return tuple(self.connection_spec.targets)

    @property
    def wants_leader(self) -> bool:
        """Whether calls go to the leader, and not to a member that only reads are sent to."""
        return bool(self._option("NodePreference", "node_preference") == "leader")

    @property
    def encrypted(self) -> bool:
        """Whether calls go over TLS."""
        return bool(self._option("Tls", "tls"))

    @property
    def call_options(self) -> dict[str, Any]:
        """What goes with every call."""
        return {"metadata": self._call_metadata, "credentials": self._call_credentials}

    async def head(self, *, timeout_s: float, system: bool = False) -> int:
        """Return the position of the last event, be it the server's own or not; 0 for an empty log."""
        # The library's own call for it takes a read that was cut off for an empty log.
        more = {"filter_exclude": ()} if system else {}
        opening = self.read_all(backwards=True, limit=1, timeout=timeout_s, **more)
        async with responses(opening) as records:
            async for record in records:
                return record.commit_position or 0
        return 0

    async def version(self, connection: Any, *, timeout_s: float) -> str:
        """Return the version that a server says it is, nothing if it knows no such question.

        Without an answer it may be one with a fault: that is an error like that of any call.
        """
        try:
            raw = await self.ask(_SUPPORTED_METHODS, b"", through=connection, timeout_s=timeout_s)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                return ""
            raise ServiceUnavailable(error) from error
        return str(SupportedMethods.FromString(raw).event_store_server_version)

    async def ask(self, path: str, request: bytes, *, through: Any, timeout_s: float) -> bytes:
        """Make a call over a connection that the library does not know. Its errors are gRPC's own."""
        call = through._grpc_channel.unary_unary(path)  # noqa: SLF001 (there is no other way to it)
        return bytes(await call(request, timeout=timeout_s, **self.call_options))

    async def members(self, connection: Any, *, timeout_s: float) -> tuple[str, ...]:
        """Return the addresses of a cluster's members as one of them tells them; none of a single server."""
        found = await connection.gossip.read(timeout=timeout_s, **self.call_options)
        return tuple(f"{each.address}:{each.port}" for each in found) if len(found) > 1 else ()

    async def preferred(self, targets: Sequence[str], *, timeout_s: float) -> str | None:
        """Return the address of the member that the URI prefers, or ``None`` if nobody can tell."""
        connections = [self.opened(target) for target in targets]
        try:
            told = await asyncio.gather(
                *(each.gossip.read(timeout=timeout_s, **self.call_options) for each in connections),
                return_exceptions=True,
            )
            for found in told:
                if not isinstance(found, BaseException) and len(found) > 1:
                    with suppress(DiscoveryFailed):
                        member = self._select_preferred_member(found)
                        return f"{member.address}:{member.port}"
            return None
        finally:
            for each in connections:
                self.retire(each)

    @property
    def connection(self) -> Any:
        """The connection that calls go through."""
        return self._connection

    def opened(self, target: str) -> Any:
        """Return a connection to an address, which is not contacted before it is needed."""
        connection = self._construct_esdb_connection(target)
        streams: Any = connection.streams
        convert = streams._convert_batch_append_resp  # noqa: SLF001 (there is no other way to its text)

        def answer(response: Any, *rest: Any) -> Any:
            # The library drops the text of an error that it does not know, and that is what tells.
            if response.HasField("error") and response.error.message in _NOT_CARRIED_OUT:
                raise NotReady(response.error.message)
            return convert(response, *rest)

        streams._convert_batch_append_resp = answer  # noqa: SLF001
        return connection

    def through(self, connection: Any) -> "Client":
        """Return the same client on another connection."""
        beside = copy(self)
        beside._connection = connection  # noqa: SLF001 (it is of this very class)
        return beside

    def move(self, connection: Any) -> None:
        """Send calls through another connection from now on. Reads on the old one are cut off."""
        if connection is not self._connection:
            self.retire(self._connection)
            self._connection = connection

    def retire(self, connection: Any) -> None:
        """Close a connection once the appends on it have ended, or were given up."""
        closing = asyncio.create_task(connection.close())
        self._retired.add(closing)
        closing.add_done_callback(self._retired.discard)

    def _option(self, *names: str) -> Any:
        # The two libraries spell them differently.
        options = self.connection_spec.options
        return next(getattr(options, name) for name in names if hasattr(options, name))

    async def close(self) -> None:
        """Hang up."""
        await super().close()
        await asyncio.gather(*self._retired, return_exceptions=True)


def status_of(error: ClientError) -> grpc.StatusCode | None:
    """Return the status of a failed call, where the library kept it."""
    cause = error.args[0] if error.args else None
    return cause.code() if isinstance(cause, grpc.RpcError) else None


def leader_named_in(error: NodeIsNotLeader) -> str | None:
    """Return the address of the leader, as a member that follows tells it."""
    if TYPE_CHECKING or hasattr(error, "leader_grpc_target"):
        try:
            return error.leader_grpc_target
        except KeyError:
            return None
    return f"{error.host}:{error.port}" if error.host and error.port else None


def current_revision(error: WrongVersion) -> int | None:
    """Return the stream's revision as a refused append tells it."""
    found = _CURRENT.search(str(error))
    return int(found[1]) if found else None


@contextmanager
def call() -> Iterator[None]:
    """Tell a call that the client gave up from one whose caller was cancelled: both look alike."""
    try:
        yield
    except asyncio.CancelledError:
        if _cancelled():
            raise
        raise HungUp("the client connected anew") from None
    except grpc.aio.UsageError as error:
        raise HungUp(str(error)) from None


@asynccontextmanager
async def responses(
    opening: Any, *, first_s: float | None = None
) -> AsyncIterator[AsyncIterator[ClientRecord]]:
    """Open a read or a subscription and give what it brings; close it at the end.

    ``first_s`` is how long its first answer may take: a server that is frozen gives none.
    """
    with call():
        response = await opening
    try:
        yield _all_of(response, first_s)
    finally:
        await response.stop()


async def _all_of(response: Any, first_s: float | None) -> AsyncIterator[ClientRecord]:
    records = aiter(response)
    with suppress(TimeoutError):
        async with asyncio.timeout(first_s) as patience:
            first = await anext(records, None)
    if patience.expired():  # which the client may have taken for the end
        raise DeadlineExceeded(f"no answer within {first_s} s")
    if first is not None:
        yield first
        async for record in records:
            yield record
    # The client ends the iteration of a call that was cut off as if that were all there is.
    if _cancelled():
        raise asyncio.CancelledError
    if getattr(response, _CALL).cancelled():
        raise HungUp("the client connected anew")


def _cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
