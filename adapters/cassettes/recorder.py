"""A proxy in front of an exchange that writes down what goes through it."""

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.cassettes.cassette import TOLD, Cassette, Played, content_of, discreet, query_of

METHODS = ["GET", "POST", "PUT", "DELETE"]
BODY_MAX = 1_048_576
WITHIN_S = 30.0

_NOT_PASSED_ON = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding"})
_NOT_PASSED_BACK = frozenset(
    {"connection", "content-length", "transfer-encoding", "content-encoding", "date"}
)


def problem(status: int, code: str, message: str, details: str = "") -> Response:
    """Return an error in the shape that all of the exchange's have."""
    body = {"code": code, "message": message, "details": details, "service": "presage"}
    return JSONResponse({"error": body, **body}, status_code=status)


async def body_of(request: Request) -> bytes | None:
    """Return the body of a request, ``None`` for one that is too large."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_MAX:
            return None
    return bytes(body)


def recorder(cassette: Cassette, upstream: httpx.AsyncClient) -> Starlette:
    """Return the application that passes requests on and writes them and their answers down."""

    async def passed_on(request: Request) -> Response:
        body = await body_of(request)
        if body is None:
            return problem(413, "body_too_large", "the body is larger than 1 MiB")
        target = request.scope["raw_path"].decode("latin-1")
        query = request.scope["query_string"]
        headers = [(name, value) for name, value in request.headers.items() if name not in _NOT_PASSED_ON]
        asked = upstream.build_request(
            request.method,
            f"{target}?{query.decode('latin-1')}" if query else target,
            content=body,
            headers=[*headers, ("accept-encoding", "identity")],
        )
        try:
            answer = await upstream.send(asked, stream=True)
            if answer.headers.get("content-type", "").startswith("text/event-stream"):
                await answer.aclose()
                return problem(501, "not_recorded", "feeds are not recorded: ask the exchange itself")
            content = await answer.aread()
        except httpx.HTTPError as error:
            return problem(502, "exchange_away", "the exchange cannot be reached", type(error).__name__)
        cassette.note(
            Played(
                method=request.method,
                path=target,
                query=query_of(query),
                body=discreet(content_of(body)),
                status=answer.status_code,
                headers={name: answer.headers[name] for name in TOLD if name in answer.headers},
                answer=discreet(content_of(content)),
            )
        )
        told = Response(content, status_code=answer.status_code)
        told.raw_headers = [
            (name.lower(), value)
            for name, value in answer.headers.raw
            if name.decode("latin-1").lower() not in _NOT_PASSED_BACK
        ] + [(b"content-length", b"%d" % len(content))]
        return told

    return Starlette(routes=[Route("/{path:path}", passed_on, methods=METHODS)])
