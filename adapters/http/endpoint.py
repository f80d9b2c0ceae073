"""One route at work: who calls, what is asked, the answer. Every request takes the same way through."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from adapters.http.answers.problems import Code, Problem
from adapters.http.answers.replies import headers_for, problem_of, send_problem, send_reply, written_out
from adapters.http.callers.authentication import KEY_HEADER, Caller, Claim
from adapters.http.callers.limited import admit, kind_of
from adapters.http.callers.sessions import session_id_in
from adapters.http.operations import Access, Call, Operation, ReadCall, Reading, Reply
from adapters.http.port import HttpPort, ReadPort
from adapters.http.positions import await_visible, requested_position, show
from adapters.http.requests.body import read_body
from adapters.http.requests.json import read_json
from adapters.http.requests.validation import checked_body, checked_query
from adapters.http.route_classes import class_of
from domain.identity.aggregate import Scope as KeyScope

VERIFIED = "presage.verified"
"""Stands in the scope of a request whose signature another process of this exchange has verified."""

_NAME = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may be carried out, with all that is known of it."""

    scope: Scope
    headers: Mapping[bytes, bytes]
    caller: Caller | None
    body: BaseModel | None

    def parts(self, operation: Operation) -> dict[str, Any]:
        """Return what a call is made of."""
        client = self.scope.get("client")
        return {
            "signer": self.caller,
            "headers": self.headers,
            "address": client[0] if client else "",
            "path": _checked_path(self.scope["path_params"]),
            "query": checked_query(operation.query, self.scope["query_string"]),
            "body": self.body,
        }


class Routed(ABC):
    """What a route leads to: an ASGI application of which is known what it is for."""

    def __init__(self, operation: Operation, port: ReadPort) -> None:
        self._operation = operation
        self._port = port
        self.route_class = class_of(operation)
        self.path = operation.path

    @abstractmethod
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

    async def _signed(
        self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, needed: KeyScope
    ) -> tuple[Claim, Caller, bytes | None]:
        """Return who signed a request, having checked that they may; the body, if the signature covers it."""
        authenticator, body = self._port.authenticator, None
        claim = await authenticator.claim(headers)
        method, path = scope["method"], scope["raw_path"]
        if scope.get(VERIFIED):
            caller = authenticator.caller_of(claim)
        elif claim.key.strict:
            body = await self._body(headers, receive)
            caller = authenticator.verify_strictly(
                claim, method, path, query=scope["query_string"], body=body
            )
        else:
            caller = authenticator.verify(claim, method, path)
        _check_scope(needed, caller)
        return claim, caller, body

    async def _body(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        return await read_body(receive, headers, self._port.settings)


class Answering(Routed):
    """A route that is answered in this process."""

    def __init__(self, operation: Operation, port: ReadPort) -> None:
        super().__init__(operation, port)
        self._kind = kind_of(operation)
        public = operation.access is Access.PUBLIC and operation.method == "GET"
        self._headers = headers_for(operation.media_type, public=public)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; whatever goes wrong becomes an error in the one shape all errors have."""
        try:
            reply, caller = await self._answer(scope, receive)
            content = reply.content
            body = content if isinstance(content, bytes) else await written_out(content)
        except ClientDisconnect:
            return
        except Exception as fault:  # noqa: BLE001 (the boundary: nothing may pass it unexplained)
            await send_problem(send, problem_of(fault))
            return
        await self._send(send, reply, body, caller)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[Reply, Caller | None]:
        refuse_odd_path(scope)
        headers: dict[bytes, bytes] = dict(scope["headers"])
        caller, sent = await self._identify(scope, headers, receive)
        body = await self._limited(scope, caller, sent)
        await await_visible(self._port, requested_position(headers), self._reader(caller))
        return await self._carry_out(Asked(scope, headers, caller, body)), caller

    @abstractmethod
    async def _identify(
        self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive
    ) -> tuple[Caller | None, bytes]:
        """Return who calls, having checked that they may, and the body of the request."""

    async def _visitor(self, scope: Scope, headers: Mapping[bytes, bytes], needed: KeyScope) -> Caller | None:
        """Return whose session a request comes with, ``None`` if it comes with none."""
        session_id = None if KEY_HEADER in headers else session_id_in(headers)
        if session_id is None:
            return None
        caller = await self._port.visitors.caller(session_id, scope["method"], headers)
        _check_scope(needed, caller)
        return caller

    @abstractmethod
    async def _carry_out(self, asked: Asked) -> Reply:
        """Do what is asked."""

    async def _limited(self, scope: Scope, caller: Caller | None, sent: bytes) -> BaseModel | None:
        """Return the body, read, once the caller has paid for it: one, or what it weighs."""
        limits, weight, model = self._port.limits, self._operation.weight, self._operation.body
        if limits is None or caller is None or self._kind is None:
            return self._read_model(model, sent)
        if weight is None:
            await admit(limits, scope, caller.account_id, self._kind, 1)
            return self._read_model(model, sent)
        try:
            body = self._read_model(model, sent)
        except Problem:
            await admit(limits, scope, caller.account_id, self._kind, 1)
            raise
        await admit(limits, scope, caller.account_id, self._kind, weight(body))
        return body

    def _read_model(self, model: type[BaseModel] | None, body: bytes) -> BaseModel | None:
        if model is None:
            return None
        document = read_json(body, depth_max=self._port.settings.json_depth_max) if body else {}
        return checked_body(model, document)

    def _reader(self, caller: Caller | None) -> Caller | None:
        """Return whose own writes the answer has to show."""
        return caller if self._operation.access is Access.READ else None

    async def _send(self, send: Send, reply: Reply, body: bytes, caller: Caller | None) -> None:
        position = reply.position
        if position is None:
            position = self._port.reads.freshness.position
        elif caller is not None:
            self._port.own_writes.note(caller.account_id, position)
        await send_reply(
            send,
            body,
            status=reply.status or self._operation.status,
            headers=[*self._headers, *reply.headers] if reply.headers else self._headers,
            position=position,
        )


class Endpoint(Answering):
    """A route in the process that the exchange is in."""

    def __init__(self, operation: Operation, port: HttpPort) -> None:
        super().__init__(operation, port)
        self._whole = port

    async def _identify(
        self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive
    ) -> tuple[Caller | None, bytes]:
        if not self._whole.exchange.ready and self._operation.needs_exchange:
            raise starting()
        needed = self._operation.access.value
        if needed is None or (self._operation.scrapers and self._whole.scrapers.admits(headers)):
            return None, await self._body(headers, receive)
        visitor = await self._visitor(scope, headers, needed)
        if visitor is not None:
            return visitor, await self._body(headers, receive)
        claim, caller, body = await self._signed(scope, headers, receive, needed)
        if scope["method"] != "GET":
            await self._whole.authenticator.use_up(claim)
        return caller, await self._body(headers, receive) if body is None else body

    async def _carry_out(self, asked: Asked) -> Reply:
        call: Call[Any, Any] = Call(port=self._whole, **asked.parts(self._operation))
        reply = await self._operation.handler(call)
        if self._operation.settles and reply.position is not None:
            await show(self._whole, reply.position)
        return reply


class ReadEndpoint(Answering):
    """A route that is answered from the read models, in a process that has no more than these."""

    async def _identify(
        self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive
    ) -> tuple[Caller | None, bytes]:
        needed = self._operation.access.value
        if needed is None:
            return None, await self._body(headers, receive)
        visitor = await self._visitor(scope, headers, needed)
        if visitor is not None:
            return visitor, await self._body(headers, receive)
        _, caller, body = await self._signed(scope, headers, receive, needed)
        return caller, await self._body(headers, receive) if body is None else body

    async def _carry_out(self, asked: Asked) -> Reply:
        call: ReadCall[Any, Any] = ReadCall(port=self._port, **asked.parts(self._operation))
        assert isinstance(self._operation, Reading)
        return await self._operation.handler(call)


def starting() -> Problem:
    """Return what is told while the exchange is not open yet."""
    return Problem(Code.STARTING, "the exchange is starting; try again in a moment")


def refuse_odd_path(scope: Scope) -> None:
    """Raise :class:`Problem` for a path that only the end of a pattern has let pass."""
    if scope["path"].endswith("\n"):
        raise Problem(Code.NOT_FOUND, "there is nothing at this path")


def _check_scope(needed: KeyScope, caller: Caller) -> None:
    if needed not in caller.scopes:
        holder = "key" if caller.session_id is None else "session"
        raise Problem(Code.FORBIDDEN, f"the {holder} lacks the scope {needed.value}")


def _checked_path(names: Mapping[str, str]) -> Mapping[str, str]:
    """Return the names in the path, none of them such that nothing could ever be called so."""
    for name in names.values():
        if not _NAME.fullmatch(name):
            raise Problem(Code.NOT_FOUND, "there is nothing of that name")
    return names
