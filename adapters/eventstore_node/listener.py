"""Listens for gRPC calls and gives each to its handler, which works on bytes."""

import asyncio
import errno
import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import grpc.aio  # type: ignore[import-untyped]

from adapters.eventstore_node.calls import Call, CallRefused, Handler, Status
from adapters.listening import listening_socket, most_connections

Router = Callable[[str, Mapping[str, str]], Handler]
"""Finds the handler for a path and the headers of a call, or raises :class:`CallRefused`."""

MAX_MESSAGE_BYTES = 32 * 1024 * 1024
"""Well above the largest append, so that a large one gets EventStoreDB's own answer."""

_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),  # a port that another node has is refused
    # Clients ask every few seconds whether the node is there; they are not hung up on for that.
    ("grpc.http2.min_ping_interval_without_data_ms", 1_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # Who is silent is hung up on: who never speaks HTTP/2, who asks nothing, who answers no more.
    ("grpc.server_handshake_timeout_ms", 5_000),
    ("grpc.max_connection_idle_ms", 60_000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.ping_timeout_ms", 20_000),
    ("grpc.max_concurrent_streams", 1_000),
)
_CALLS_MAX = 10_000
"""How many calls may be open at once, on all connections together."""

_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
"""What a trailer may hold as it is; HTTP/2 knows no other letters."""

_log = logging.getLogger(__name__)


class Listener:
    """A listening socket and the calls that came through it."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._running: set[asyncio.Task[Any]] = set()
        self._server: Any = None

    async def start(self, host: str, port: int, credentials: grpc.ServerCredentials | None) -> int:
        """Listen, and return the port, which the system chooses when ``port`` is 0.

        Raises :class:`OSError` when the address cannot be had.
        """
        self._server = grpc.aio.server(
            options=[*_OPTIONS, ("grpc.max_allowed_incoming_connections", most_connections())],
            maximum_concurrent_rpcs=_CALLS_MAX,
        )
        self._server.add_generic_rpc_handlers((_Everything(self._serve),))
        # Tried first, because gRPC does not say why it cannot listen.
        listening_socket(host, port).close()
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if credentials is None:
            bound: int = self._server.add_insecure_port(address)
        else:
            try:
                bound = self._server.add_secure_port(address, credentials)
            except RuntimeError as error:
                raise OSError(errno.EINVAL, "the certificate or its key cannot be used") from error
        await self._server.start()
        return bound

    async def close(self, grace_s: float) -> None:
        """Take no more calls, let short ones finish, end the others."""
        await self._server.stop(grace_s)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _serve(self, path: str, context: Any) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            call = Call(context)
            await self._router(path, call.headers)(call)
        except CallRefused as refused:
            refusal = refused
        except grpc.aio.InternalError:
            # There was nobody left to send it to: who had called is gone.
            return
        except Exception:  # noqa: BLE001 (a fault in one call must not end the others)
            _log.exception("the handler of %s failed", path)
            refusal = CallRefused(Status.UNKNOWN, "Exception was thrown by handler.")
        else:
            return
        finally:
            self._running.discard(task)
        trailers = tuple((name, quote(value, safe=_PRINTABLE)) for name, value in refusal.trailers)
        await context.abort(refusal.status, refusal.message, trailers)


class _Everything(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Every call is taken as one of many messages each way: on the wire the others are the same."""

    def __init__(self, serve: Callable[[str, Any], Any]) -> None:
        self._serve = serve

    def service(self, details: Any) -> Any:
        path = details.method

        async def serve(_requests: object, context: Any) -> None:
            await self._serve(path, context)

        return grpc.stream_stream_rpc_method_handler(serve)
