"""Routes in a process that is not the exchange's: what only the exchange can answer is passed on to it.

What costs time and needs no engine is done here: HTTP itself, the firewall, signatures, and everything that
the read models answer. The rest travels as it came, so that every route answers exactly as it would there.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from adapters.engine_lines.line import ANSWER_WITHIN_S, AnswerLost, EngineAway, EngineFailed, ToEngine
from adapters.engine_lines.messages import Answered, Forwarded
from adapters.http.answers.problems import Code, Problem
from adapters.http.answers.replies import POSITION_HEADER, problem_of, send_problem, written_out
from adapters.http.app import OPERATIONS, routed
from adapters.http.callers.authentication import KEY_HEADER
from adapters.http.callers.limited import RULING, RULING_HEADER
from adapters.http.callers.scrapers import AUTHORIZATION
from adapters.http.callers.sessions import session_id_in
from adapters.http.endpoint import ReadEndpoint, Routed, refuse_odd_path, starting
from adapters.http.feed.feed import Feed
from adapters.http.operations import Operation, Reading
from adapters.http.port import ReadPort
from adapters.http.positions import show
from adapters.http.route_classes import RouteClass
from adapters.http.routes.service import READYZ, readiness
from application.health import Trouble
from application.ports.event_store import START, Position
from domain.identifiers import AccountId

SERVICE_WITHIN_S = 3.0
"""How long the engine has to say how it is: an engine that cannot is not well."""

JSON_HEADERS = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]

Headers = Mapping[bytes, bytes]

_NOTHING: Mapping[str, Callable[[Operation], Routed]] = {}


def forwarding_app(
    port: ReadPort,
    line: ToEngine,
    *,
    feed: Feed,
    more_routes: Sequence[BaseRoute] = (),
    own: Mapping[str, Callable[[Operation], Routed]] = _NOTHING,
    settled: Callable[[], None] = lambda: None,
) -> Starlette:
    """Return the ASGI application of a process that has read models, a feed and a line to the engine.

    ``own`` makes what is answered here at a path though it would be asked of the engine. ``settled`` is
    called when something was done that is to count at once, keys among it, before that is told.
    """
    endpoints = [
        own[operation.path](operation)
        if operation.path in own
        else _endpoint(number, operation, port, line, settled)
        for number, operation in enumerate(OPERATIONS)
    ]
    return routed(port, endpoints, feed=feed, more_routes=more_routes)


def _endpoint(
    number: int, operation: Operation, port: ReadPort, line: ToEngine, settled: Callable[[], None]
) -> Routed:
    if isinstance(operation, Reading):
        return ReadingHere(operation, port, line)
    return Forwarding(number, operation, port, line, settled)


class Forwarding(Routed):
    """A route that the engine answers."""

    def __init__(
        self, number: int, operation: Operation, port: ReadPort, line: ToEngine, settled: Callable[[], None]
    ) -> None:
        super().__init__(operation, port)
        self._settled = settled
        self._number = number
        self._line = line
        service = self.route_class is RouteClass.SERVICE
        self._within_s = SERVICE_WITHIN_S if service else ANSWER_WITHIN_S
        self._looks = service or (operation.method == "GET" and self.route_class is RouteClass.OPERATOR)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a request answered."""
        try:
            answered = await self._answered(scope, receive)
        except ClientDisconnect:
            return
        except Exception as fault:  # noqa: BLE001 (the boundary: nothing may pass it unexplained)
            await send_problem(send, problem_of(fault))
            return
        if any(name == RULING_HEADER for name, _ in answered.headers):
            scope.pop(RULING, None)  # the engine has said how much is left
        start = {"type": "http.response.start", "status": answered.status, "headers": answered.headers}
        await send(start)
        await send({"type": "http.response.body", "body": answered.body})

    async def _answered(self, scope: Scope, receive: Receive) -> Answered:
        refuse_odd_path(scope)
        try:
            asked, account_id = await self._asked(scope, receive)
            if self._looks:
                self._line.report()  # so that what is told of this process is as it is now
            answered = cast(Answered, await self._line.ask_for(account_id, asked, self._within_s))
        except (EngineAway, AnswerLost, EngineFailed) as fault:
            if self._operation.path == READYZ:
                return await self._not_ready()
            raise self._problem(fault, scope["method"]) from fault
        if self._line.by_account and account_id is not None:
            await self._note(account_id, answered)
        return answered

    async def _note(self, account_id: AccountId, answered: Answered) -> None:
        """Remember where an account has written, so that its reads show it; an operator's show at once."""
        position = Position(int(dict(answered.headers).get(POSITION_HEADER, START)))
        if self._operation.method != "GET":
            self._port.own_writes.note(account_id, position)
        if self._operation.settles:
            self._settled()
            await show(self._port, position)

    async def _asked(self, scope: Scope, receive: Receive) -> tuple[Forwarded, AccountId | None]:
        """Return the request as it travels, and whose it is: whoever may not send it is told so here."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        operation, body, account_id = self._operation, None, None
        if operation.needs_exchange and not self._line.opened.is_set():
            raise starting()
        if not self._line.open or (operation.needs_exchange and not self._line.ready):
            raise EngineAway
        needed = operation.access.value
        others = with_session(headers) or (operation.scrapers and AUTHORIZATION in headers)
        verified = needed is not None and not others
        if needed is not None and not others:
            _, caller, body = await self._signed(scope, headers, receive, needed)
            account_id = caller.account_id
        elif needed is not None and self._line.by_account and (name := session_id_in(headers)):
            session = await self._port.visitors.sessions.get_session(name)
            account_id = session.account_id if session else None
        if body is None:
            body = await self._body(headers, receive)
        client = scope.get("client")
        forwarded = Forwarded(
            operation=self._number,
            method=scope["method"],
            path=scope["path"],
            raw_path=scope["raw_path"],
            query=scope["query_string"],
            headers=[(bytes(name), bytes(value)) for name, value in scope["headers"]],
            address=client[0] if client else "",
            names=scope["path_params"],
            body=body,
            verified=verified,
        )
        return forwarded, account_id

    def _problem(self, fault: Exception, method: str) -> Problem:
        if isinstance(fault, EngineFailed):
            return Problem(Code.INTERNAL_ERROR, "something went wrong here; it was logged")
        if isinstance(fault, AnswerLost) and method != "GET":
            return Problem(
                Code.OUTCOME_UNKNOWN,
                "the engine has not answered: the request may or may not have been carried out; "
                "send it again with the same client_order_id or reference; what has neither counts twice "
                "if it is sent twice: look first what became of it",
            )
        return Problem(
            Code.ENGINE_AWAY, "the engine is away and is being started again; nothing was done, try again"
        )

    async def _not_ready(self) -> Answered:
        health = self._port.exchange.health
        health.report(
            "engine", Trouble.ENGINE_AWAY, "it does not answer; it is started again if it has ended"
        )
        reply = readiness(health, ready=self._line.opened.is_set())
        body: Any = await written_out(reply.content)
        headers = [*JSON_HEADERS, (b"content-length", b"%d" % len(body))]
        return Answered(status=reply.status or self._operation.status, headers=headers, body=body)


class ReadingHere(ReadEndpoint):
    """A route that the read models answer, once there was an exchange."""

    def __init__(self, operation: Reading, port: ReadPort, line: ToEngine) -> None:
        super().__init__(operation, port)
        self._line = line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a request answered."""
        if self._operation.needs_exchange and not self._line.opened.is_set():
            await send_problem(send, starting())
        else:
            await super().__call__(scope, receive, send)


def with_session(headers: Headers) -> bool:
    """Return whether a request comes with a session, and not with a key."""
    return KEY_HEADER not in headers and session_id_in(headers) is not None
