"""How commands and decisions look between two processes: MessagePack, each message under its own name.

Commands have no versions: two processes that talk to each other know the same commands, or the one that is
asked says that it does not understand, and does nothing.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, get_args
from uuid import UUID

from msgspec import Raw, Struct
from msgspec.msgpack import Decoder, Encoder
from msgspec.structs import replace

from application.events import DomainEvent
from application.hosting.decision import Decision
from application.hosting.owner import Overloaded
from application.ports.codec import UnreadableEvent
from application.ports.event_store import (
    AppendOutcomeUnknown,
    AppendTooLarge,
    LogReplaced,
    Position,
    StoreMisconfigured,
    StoreUnavailable,
)
from application.streams import GROUP, IDENTITY, LEDGER, MARKET, QUOTES, WEBHOOKS, prefix_of
from domain.group.commands import GroupCommand
from domain.group.events import GroupEvent
from domain.identifiers import AccountId, Ticker
from domain.identity.aggregate import IdentityCommand, IdentityEvent
from domain.ledger.commands import BookMarketEvents, LedgerCommand, MarketEntry
from domain.ledger.events import LedgerEvent
from domain.market.commands import MarketCommand
from domain.market.events import MarketEvent
from domain.messages import Message
from domain.quotes.commands import QuotesCommand
from domain.quotes.events import QuotesEvent
from domain.rejections import Rejected
from domain.webhooks.aggregate import WebhookCommand, WebhookEvent


class NotUnderstood(Exception):
    """What was sent is no command for this stream here: it is of another version. Nothing was done."""


class OwnerFailed(Exception):
    """A fault in the process that was asked, which has it in its log."""


_FAULTS: dict[str, type[Exception]] = {
    "overloaded": Overloaded,
    "outcome_unknown": AppendOutcomeUnknown,
    "log_replaced": LogReplaced,
    "store_unavailable": StoreUnavailable,
    "store_misconfigured": StoreMisconfigured,
    "append_too_large": AppendTooLarge,
    "unreadable_event": UnreadableEvent,
    "not_understood": NotUnderstood,
    "owner_failed": OwnerFailed,
}
_CODES: dict[type[BaseException], str] = {fault: code for code, fault in _FAULTS.items()}


class Named(Struct, frozen=True, array_like=True, gc=False):
    """A message, and what it is."""

    kind: str
    body: Raw


class Ask(Struct, frozen=True, array_like=True, tag="ask", gc=False):
    """A command for the owner of a stream. A ``timed`` one is given the time of its decision."""

    stream: str
    command_id: UUID
    correlation_id: UUID
    command: Named
    timed: bool
    shared: bool


class Fault(Struct, frozen=True, array_like=True, tag="fault", gc=False):
    """An error instead of a decision."""

    code: str
    message: str


class Reply(Struct, frozen=True, array_like=True, tag="decided", gc=False):
    """A decision."""

    events: list[Named]
    position: int
    at_us: int
    rejected: Rejected | None


class _Entry(Struct, frozen=True, array_like=True, gc=False):
    revision: int
    event: Named
    accounts: frozenset[AccountId]


class _Booking(Struct, frozen=True, array_like=True, gc=False):
    """``BookMarketEvents``, whose events need their names."""

    ticker: Ticker
    entries: list[_Entry]


encode = Encoder(uuid_format="bytes").encode
"""Writes what travels between processes."""

_COMMANDS: dict[str, dict[str, type[Message]]] = {
    prefix: {each.__name__: each for each in get_args(union)}
    for prefix, union in (
        (MARKET, MarketCommand),
        (LEDGER, LedgerCommand),
        (GROUP, GroupCommand),
        (IDENTITY, IdentityCommand),
        (WEBHOOKS, WebhookCommand),
        (QUOTES, QuotesCommand),
    )
}
_EVENTS: dict[str, type[DomainEvent]] = {
    each.__name__: each
    for union in (MarketEvent, LedgerEvent, GroupEvent, IdentityEvent, WebhookEvent, QuotesEvent)
    for each in get_args(union)
}


def command_out(command: Message) -> Named:
    """Return a command as it is sent."""
    if isinstance(command, BookMarketEvents):
        entries = [
            _Entry(revision=entry.revision, event=_out(entry.event), accounts=entry.accounts)
            for entry in command.entries
        ]
        booking = _Booking(ticker=command.ticker, entries=entries)
        return Named(kind=BookMarketEvents.__name__, body=Raw(encode(booking)))
    return _out(command)


def command_in(question: Ask) -> Message | Callable[[int], Message]:
    """Return a command as an owner is asked it. Raises :class:`NotUnderstood`."""
    kind, body = question.command.kind, question.command.body
    try:
        if kind == BookMarketEvents.__name__ and question.stream.startswith(LEDGER):
            return _booking(_decoder(_Booking).decode(body))
        command: Message = _decoder(_COMMANDS[prefix_of(question.stream)][kind]).decode(body)
    except (KeyError, ValueError) as error:
        raise NotUnderstood(f"{kind} for {question.stream} cannot be read here: {error}") from error
    if not question.timed:
        return command
    if "now_us" not in command.__struct_fields__:
        raise NotUnderstood(f"{kind} for {question.stream} has no time of its own")
    return lambda now_us: replace(command, now_us=now_us)


def reply_of(decision: Decision[DomainEvent]) -> Reply:
    """Return a decision as it is sent."""
    return Reply(
        events=[_out(event) for event in decision.events],
        position=decision.position,
        at_us=decision.at_us,
        rejected=decision.rejected,
    )


def decision_of(reply: Reply) -> Decision[DomainEvent]:
    """Return a decision as whoever asked is told of it. Raises :class:`NotUnderstood`."""
    return Decision(
        events=[_event(event) for event in reply.events],
        position=Position(reply.position),
        at_us=reply.at_us,
        rejected=reply.rejected,
    )


def fault_of(error: BaseException) -> Fault:
    """Return an error as it is sent."""
    code = next((_CODES[kind] for kind in type(error).__mro__ if kind in _CODES), None)
    if code is None:
        return Fault(code="owner_failed", message=f"{type(error).__name__}: {error}")
    return Fault(code=code, message=str(error))


def error_of(fault: Fault) -> Exception:
    """Return an error as whoever asked is told of it."""
    return _FAULTS.get(fault.code, OwnerFailed)(fault.message)


def _out(message: Message) -> Named:
    return Named(kind=type(message).__name__, body=Raw(encode(message)))


def _event(named: Named) -> Any:
    try:
        return _decoder(_EVENTS[named.kind]).decode(named.body)
    except (KeyError, ValueError) as error:
        raise NotUnderstood(f"{named.kind} cannot be read here: {error}") from error


def _booking(booking: _Booking) -> BookMarketEvents:
    return BookMarketEvents(
        ticker=booking.ticker,
        entries=tuple(
            MarketEntry(revision=entry.revision, event=_event(entry.event), accounts=entry.accounts)
            for entry in booking.entries
        ),
    )


@cache
def _decoder(kind: type[Any]) -> Decoder[Any]:
    return Decoder(kind)
