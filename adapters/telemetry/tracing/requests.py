"""Requests as spans: plain ASGI, outside of everything else."""

from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.telemetry.tracing.spans import TRACEPARENT, Tracing

_PARENT = TRACEPARENT.encode()
_HEADERS = (_PARENT, b"tracestate")

_FAULT = 500


class Traced:
    """Goes on with the trace that a request comes with, or begins one.

    From there on the request carries the span it is in, so that a process it is passed on to goes on with
    that. ``named`` is what the route is called where no router says so.
    """

    def __init__(self, app: ASGIApp, tracing: Tracing, named: str | None = None) -> None:
        self._app = app
        self._tracing = tracing
        self._named = named

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a request answered in a span."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        with self._tracing.tracer.start_as_current_span(
            scope["method"],
            context=self._tracing.extract({name: headers[name] for name in _NAMES if name in headers}),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": scope["method"], "url.path": scope["path"]},
        ) as span:
            others = [(name, value) for name, value in scope["headers"] if name not in _HEADERS]
            told = [(name.encode(), value.encode()) for name, value in self._tracing.headers().items()]
            scope["headers"] = [*others, *told]
            try:
                await self._app(scope, receive, _noting(send, span))
            finally:
                self._name(span, scope)

    def _name(self, span: Span, scope: Scope) -> None:
        route = self._named or getattr(scope.get("endpoint"), "path", None)
        if route is not None:
            span.set_attribute("http.route", route)
            span.update_name(f"{scope['method']} {route}")


_NAMES = tuple(name.decode() for name in _HEADERS)


def _noting(send: Send, span: Span) -> Send:
    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            status = message["status"]
            span.set_attribute("http.response.status_code", status)
            if status >= _FAULT:
                span.set_status(Status(StatusCode.ERROR))
        await send(message)

    return noting
