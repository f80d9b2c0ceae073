"""Counts requests and how long they take: plain ASGI, outside of everything that may refuse one."""

from collections.abc import Awaitable
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http.route_classes import RouteClass
from application.watching.traffic import Traffic


class Measured:
    """Notes every request in ``traffic``, but those whose answers have no end."""

    def __init__(self, app: ASGIApp, traffic: Traffic, endless: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._endless = endless
        self._traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a request answered, and note how that went."""
        if scope["type"] != "http" or scope["path"] in self._endless:
            await self._app(scope, receive, send)
            return
        status, began, traffic = 0, perf_counter(), self._traffic

        def noting(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        traffic.in_flight += 1
        try:
            await self._app(scope, receive, noting)
        finally:
            traffic.in_flight -= 1
            # Not isinstance: of an abstract class that alone takes as long as all of this.
            name = getattr(scope.get("endpoint"), "route_class", RouteClass.UNROUTED)
            traffic.note(name, status, perf_counter() - began)
