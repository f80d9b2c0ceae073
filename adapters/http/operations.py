"""What a route is: one entry of a table from which routing, checks and the reference are all made."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from adapters.http.callers.authentication import Caller
from adapters.http.port import HttpPort, ReadPort
from application.ports.event_store import Position
from domain.identifiers import AccountId
from domain.identity.aggregate import Scope

Query = TypeVar("Query")
Body = TypeVar("Body")


class Access(Enum):
    """Who may call a route: anybody, or holders of a key with the scope.

    A session has the scopes read and trade.
    """

    PUBLIC = None
    READ = Scope.READ
    TRADE = Scope.TRADE
    ADMIN = Scope.ADMIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer. ``content`` is turned into JSON unless it is bytes of the operation's type already.

    ``position`` is where a write stands in the log; ``status`` is set where it is not the operation's own;
    ``headers`` come beside those of every answer.
    """

    content: object
    position: Position | None = None
    status: int | None = None
    headers: Sequence[tuple[bytes, bytes]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCall(Generic[Query, Body]):
    """One request that is answered from the read models, checked.

    It says who calls, the names in the path, the query and the body, and with ``address`` where the
    connection comes from.
    """

    port: ReadPort
    signer: Caller | None
    headers: Mapping[bytes, bytes]
    address: str
    path: Mapping[str, str]
    query: Query
    body: Body

    @property
    def caller(self) -> Caller:
        """Whoever signed the request. Only for routes that are not public."""
        assert self.signer is not None, "a public route has no caller"
        return self.signer

    @property
    def account_id(self) -> AccountId:
        """Whose request it is. Only for routes that are not public."""
        return self.caller.account_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(ReadCall[Query, Body]):
    """One request to the exchange itself."""

    port: HttpPort


class NoQuery(BaseModel, extra="forbid", frozen=True):
    """A route without query parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A route: where it is, who may call it, what it takes and gives, and the function behind it.

    ``answer`` is the shape of what it gives, for the reference; ``also`` are other statuses that come with
    an answer of that shape. ``body`` is ``None`` where a body would be ignored. ``settles`` makes the answer
    wait until readers see what was written. ``needs_exchange`` is off for what is answered even while the
    exchange is starting. ``scrapers`` lets in those who carry the token of monitoring too.
    ``weight`` says how much a body counts for where limits are concerned, if it is not always one.
    """

    method: str
    path: str
    access: Access
    handler: Callable[[Call[Any, Any]], Awaitable[Reply]]
    summary: str
    answer: Any
    query: type[BaseModel] = NoQuery
    body: type[BaseModel] | None = None
    status: int = 200
    also: tuple[int, ...] = ()
    settles: bool = False
    needs_exchange: bool = True
    scrapers: bool = False
    weight: Callable[[Any], int] | None = None
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Operation):
    """A route that is answered from the read models alone: by any process that has them."""

    handler: Callable[[ReadCall[Any, Any]], Awaitable[Reply]]
