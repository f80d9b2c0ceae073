"""Where the engine answers the HTTP processes: their requests, and what else only it knows."""

from collections.abc import Callable
from typing import Protocol

import orjson
from starlette.types import ASGIApp, Message, Scope

from adapters.engine_lines.messages import (
    Answer,
    Answered,
    Away,
    Booked,
    Booking,
    Forwarded,
    Lasts,
    Overseen,
    Overview,
    Question,
    Report,
    SessionLasts,
    SessionOf,
    SessionsAway,
    SessionTold,
)
from adapters.http.answers.replies import POSITION_HEADER
from adapters.http.app import OPERATIONS
from adapters.http.callers.limited import RULING, headers_of
from adapters.http.endpoint import VERIFIED, Endpoint
from adapters.http.port import HttpPort
from adapters.http.routes.admin_watching import overview_of
from application.ports.event_store import START, Position
from application.ports.sessions import SessionsUnavailable
from domain.identifiers import AccountId


class Processes(Protocol):
    """The HTTP processes, which tell how they get on."""

    def reported(self, report: Report) -> None:
        """Take note of a report."""
        ...

    def gone(self, worker: int) -> None:
        """Take note that a process has hung up."""
        ...

    async def shown(self, position: Position) -> None:
        """Wait a little until all of them see so far."""
        ...


class HttpDesk:
    """Carries out what HTTP processes pass on, as if it had come in here.

    ``around`` gives what requests for an endpoint lead to, which is at a path.
    """

    def __init__(
        self, port: HttpPort, processes: Processes, around: Callable[[ASGIApp, str], ASGIApp]
    ) -> None:
        self._port = port
        self._endpoints = [around(Endpoint(operation, port), operation.path) for operation in OPERATIONS]
        self.reported = processes.reported
        self.gone = processes.gone
        self._processes = processes

    async def answer(self, question: Question) -> Answer:
        """Return the answer to a question."""
        if isinstance(question, Forwarded):
            return await self._carry_out(question)
        if isinstance(question, Booking):
            account_id, position = AccountId(question.account_id), Position(question.position)
            return Booked(position=await self._port.exchange.booked(account_id, position))
        if isinstance(question, Overseen):
            return Overview(told=orjson.dumps(overview_of(self._port)))
        assert isinstance(question, SessionOf | SessionLasts), "other engines ask where there are several"
        return await self._session(question)

    async def _session(self, question: SessionOf | SessionLasts) -> Answer:
        sessions = self._port.visitors.sessions
        try:
            if isinstance(question, SessionOf):
                return SessionTold(session=await sessions.get_session(question.session_id))
            return Lasts(lasts=await sessions.lasts(AccountId(question.account_id), question.session_id))
        except SessionsUnavailable as error:
            return SessionsAway(message=str(error))

    async def _carry_out(self, asked: Forwarded) -> Answered | Away:
        if OPERATIONS[asked.operation].needs_exchange and not self._port.exchange.ready:
            return Away()
        scope: Scope = {
            "type": "http",
            "method": asked.method,
            "path": asked.path,
            "raw_path": asked.raw_path,
            "query_string": asked.query,
            "headers": asked.headers,
            "client": (asked.address, 0),
            "path_params": asked.names,
            VERIFIED: asked.verified,
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": asked.body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._endpoints[asked.operation](scope, receive, send)
        start, body = sent
        headers = [*start["headers"]]
        if OPERATIONS[asked.operation].settles:
            await self._processes.shown(Position(int(dict(headers).get(POSITION_HEADER, START))))
        if (ruling := scope.get(RULING)) is not None:
            headers += headers_of(ruling)
        return Answered(status=start["status"], headers=headers, body=body["body"])
