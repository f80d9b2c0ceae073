"""Sending answers and errors as ASGI messages."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Send

from adapters.http.answers.in_turns import AT_ONCE
from adapters.http.answers.problems import Code, Problem
from application.cluster.placement import OwnerAway
from application.hosting.owner import Overloaded
from application.ports.event_store import AppendOutcomeUnknown, EventStoreError, Position, StoreUnavailable
from application.ports.queue import QueueFull, QueueUnavailable
from application.ports.sessions import SessionsUnavailable
from application.processes.consequences import StillUnderWay
from projections.reading.queries import InvalidQuery
from projections.running.store import ReadModelUnavailable

log = logging.getLogger(__name__)

POSITION_HEADER = b"x-presage-position"

_JSON = b"application/json"


PIECE, PIECE_BYTES = 10, 100_000
"""How many items of a long list are written at once, and how much of it before others have a turn."""


async def written_out(content: object) -> bytes:
    """Return an answer as it is sent. Its long lists are written a piece at a time."""
    if type(content) is not dict or not any(map(_is_long, content.values())):
        return orjson.dumps(content)
    parts, before = list[bytes](), b"{"
    for name, value in content.items():
        parts += before, orjson.dumps(name), b":"
        before = b","
        if _is_long(value):
            await _write_list(value, parts)
        else:
            parts.append(orjson.dumps(value))
    parts.append(b"}")
    return b"".join(parts)


def _is_long(value: object) -> bool:
    return type(value) is list and len(value) > AT_ONCE


async def _write_list(items: list[Any], parts: list[bytes]) -> None:
    before, length = b"[", 0
    for start in range(0, len(items), PIECE):
        piece = orjson.dumps(items[start : start + PIECE])[1:-1]
        parts += before, piece
        before = b","
        length += len(piece)
        if length >= PIECE_BYTES:
            await asyncio.sleep(0)
            length = 0
    parts.append(b"]")


Headers = Sequence[tuple[bytes, bytes]]

NO_SNIFFING = (b"x-content-type-options", b"nosniff")
NO_STORE = (b"cache-control", b"no-store")
_NOTHING_FROM_ELSEWHERE = (
    b"content-security-policy",
    b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
)


def headers_for(media_type: str, *, public: bool) -> Headers:
    """Return the headers that every answer of a route has. What belongs to an account is kept nowhere."""
    headers = [(b"content-type", media_type.encode()), NO_SNIFFING]
    if not public:
        headers.append(NO_STORE)
    if media_type.startswith("text/html"):
        headers.append(_NOTHING_FROM_ELSEWHERE)
    return headers


async def send_reply(send: Send, body: bytes, *, status: int, headers: Headers, position: Position) -> None:
    """Send an answer; ``position`` is how far it goes: where a write stands, what a read could see."""
    headers = [
        *headers,
        (b"content-length", b"%d" % len(body)),
        (POSITION_HEADER, b"%d" % position),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def send_problem(send: Send, problem: Problem) -> None:
    """Send an error."""
    body, headers = _problem_parts(problem)
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def problem_response(problem: Problem) -> Response:
    """Return an error as a response."""
    body, headers = _problem_parts(problem)
    fields = {name.decode(): value.decode() for name, value in headers}
    return Response(body, status_code=problem.status, headers=fields)


def _problem_parts(problem: Problem) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    headers = [(b"content-type", _JSON), NO_SNIFFING, NO_STORE]
    if problem.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % problem.retry_after_s))
    if problem.position is not None:
        headers.append((POSITION_HEADER, b"%d" % problem.position))
    if problem.closes:
        headers.append((b"connection", b"close"))
    if problem.allowed:
        headers.append((b"allow", ", ".join(problem.allowed).encode()))
    told = problem.body()
    return orjson.dumps({"error": told, **told}), headers


def problem_of(fault: Exception) -> Problem:
    """Return what a client is told of a fault: never its insides."""
    match fault:
        case Problem():
            return fault
        case AppendOutcomeUnknown():
            return Problem(
                Code.OUTCOME_UNKNOWN,
                "the event store did not answer in time: the request may or may not have been carried out; "
                "send it again with the same client_order_id or reference; what has neither counts twice "
                "if it is sent twice: look first what became of it",
            )
        case QueueUnavailable():
            return Problem(
                Code.OUTCOME_UNKNOWN,
                "the queue did not answer in time: the request may or may not have been carried out; "
                "send it again with the same client_order_id or reference; what has neither counts twice "
                "if it is sent twice: look first what became of it",
            )
        case OwnerAway():
            return Problem(
                Code.ENGINE_AWAY, "an engine that is needed for it is away; nothing was done, try again"
            )
        case StoreUnavailable():
            return Problem(Code.STORE_UNAVAILABLE, "the event store cannot be written now; nothing was done")
        case Overloaded() | QueueFull():
            return Problem(Code.OVERLOADED, "too much waits to be done; nothing was done")
        case ReadModelUnavailable():
            return Problem(Code.READ_MODEL_UNAVAILABLE, "the read models cannot be reached now")
        case InvalidQuery():
            return Problem(Code.INVALID_PARAMETER, "the query cannot be answered", details=str(fault))
        case EventStoreError():
            log.error("the event store failed", exc_info=fault)
            return Problem(Code.STORE_UNAVAILABLE, "the event store failed")
        case SessionsUnavailable():
            return Problem(Code.SESSIONS_UNAVAILABLE, "sessions cannot be reached now; signed requests go on")
        case StillUnderWay():
            return Problem(Code.STILL_UNDER_WAY, str(fault))
        case _:
            log.error("a request failed", exc_info=fault)
            return Problem(Code.INTERNAL_ERROR, "something went wrong here; it was logged")
