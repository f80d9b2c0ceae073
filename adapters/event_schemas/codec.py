"""Domain events to JSON and back, by the rules of their fields and the rules across them."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import msgspec

from adapters.event_schemas.metadata import cause_of, read_metadata, says_all, write_metadata
from adapters.event_schemas.registry import EVENT_TYPES
from adapters.event_schemas.rules import broken
from adapters.event_schemas.upcasters import READ_AS_THEY_ARE, up_to_date
from application.events import Cause, DomainEvent, Recorded
from application.ports.codec import UnreadableEvent
from application.ports.event_store import NewEvent, RecordedEvent
from domain.ledger.events import FillBooked, FundsReserved, OrderConfirmed, ReservationReleased
from domain.market.events import OrderCanceled, OrderPlaced, TradeExecuted

_to_json = msgspec.json.Encoder().encode


ALWAYS_FIT: frozenset[type[object]] = frozenset(
    {
        OrderPlaced,
        TradeExecuted,
        OrderCanceled,
        FundsReserved,
        OrderConfirmed,
        FillBooked,
        ReservationReleased,
    }
)
"""Made of orders, whose policies know the limits of every field, and too many to be written twice."""


class InvalidEvent(ValueError):
    """An event that could never be read again, and so is not written. The message says what is wrong."""


@dataclass(frozen=True, slots=True)
class _Type:
    name: str
    version: int
    decoder: msgspec.json.Decoder[DomainEvent]

    def written(self, event: DomainEvent) -> bytes:
        """Return the event as JSON that can be read again. Raises ``ValueError`` for what breaks a rule."""
        data = _to_json(event)
        self.read(data)
        return data

    def read(self, data: bytes) -> DomainEvent:
        """Return the event. Raises ``ValueError`` for what breaks a rule."""
        event = self.decoder.decode(data)
        rule = broken(event)
        if rule is not None:
            raise ValueError(f"a rule does not hold: {rule}")
        return event


class JsonCodec:
    """Keeps events as plain JSON objects under stable names, each version with a schema of its own."""

    def __init__(self) -> None:
        self._by_class: dict[type[DomainEvent], _Type] = {}
        self._by_name: dict[str, _Type] = {}
        for known in EVENT_TYPES:
            self._by_class[known.event_class] = self._by_name[known.name] = _Type(
                known.name, known.version, msgspec.json.Decoder(known.event_class)
            )
        self._latest_written: tuple[Cause | None, int, bytes] = (None, 0, b"")
        self._latest_read: tuple[bytes, int, Cause | None] = (b"", 1, None)

    @property
    def vocabulary(self) -> Mapping[str, int]:
        """The names of all events that are known, with the latest version of each."""
        return {name: known.version for name, known in self._by_name.items()}

    def check(self, recorded: RecordedEvent) -> None:
        """Raise :class:`UnreadableEvent` for an event whose type or version is unknown."""
        known = self._known(recorded)
        try:
            version, _ = self._read_metadata(recorded)
            _refuse_newer(known, version)
        except (ValueError, RecursionError) as error:
            raise _unreadable(recorded, _explained(error)) from error

    def encode(self, event: DomainEvent, event_id: UUID, cause: Cause) -> NewEvent:
        """Return the event as the store is to keep it. Raises :class:`InvalidEvent`."""
        known = self._by_class[type(event)]
        try:
            data = known.written(event)
        except ValueError as error:
            raise InvalidEvent(f"{known.name} cannot be recorded: {_explained(error)}") from error
        return NewEvent(
            id=event_id, type=known.name, data=data, metadata=self._written_metadata(known.version, cause)
        )

    @property
    def always_fit(self) -> frozenset[type[object]]:
        """The classes of events that can always be written as the exchange makes them."""
        return ALWAYS_FIT

    def fault_in(self, event: DomainEvent) -> str | None:
        """Return what keeps an event from being written, ``None`` if nothing."""
        try:
            self._by_class[type(event)].written(event)
        except ValueError as error:
            return _explained(error)
        return None

    def stored_type(self, event_class: type[DomainEvent]) -> str:
        """Return the name under which a store keeps events of a class."""
        return self._by_class[event_class].name

    def decode(self, recorded: RecordedEvent) -> Recorded[DomainEvent]:
        """Return a stored event in the domain's types. Raises :class:`UnreadableEvent`."""
        known = self._known(recorded)
        try:
            version, cause = self._read_metadata(recorded)
            as_it_is = version == known.version or (known.name, version) in READ_AS_THEY_ARE
            data = recorded.data if as_it_is else _present(known, version, recorded)
            event = known.read(data)
        except (ValueError, RecursionError) as error:
            raise _unreadable(recorded, _explained(error)) from error
        return Recorded(
            event=event,
            id=recorded.id,
            stream=recorded.stream,
            revision=recorded.revision,
            position=recorded.position,
            cause=cause,
        )

    def _known(self, recorded: RecordedEvent) -> _Type:
        known = self._by_name.get(recorded.type)
        if known is None:
            raise _unreadable(recorded, "this log was written by a newer Presage, or by another program")
        return known

    # Many events in a row have the same cause, so their metadata is written and read once for all.

    def _written_metadata(self, version: int, cause: Cause) -> bytes:
        latest_cause, latest_version, data = self._latest_written
        if cause is not latest_cause or version != latest_version:
            data = write_metadata(version, cause)
            self._latest_written = cause, version, data
        return data

    def _read_metadata(self, recorded: RecordedEvent) -> tuple[int, Cause]:
        latest, version, cause = self._latest_read
        if recorded.metadata == latest and cause is not None:
            return version, cause
        metadata = read_metadata(recorded.metadata)
        version, cause = metadata.version, cause_of(metadata, recorded)
        if says_all(metadata):
            self._latest_read = recorded.metadata, version, cause
        return version, cause


def _present(known: _Type, version: int, recorded: RecordedEvent) -> bytes:
    """Return the JSON of an event of another version in the present one."""
    _refuse_newer(known, version)
    return up_to_date(known.name, version, recorded.data, recorded.id)


def _refuse_newer(known: _Type, version: int) -> None:
    if version > known.version:
        raise ValueError(
            f"version {version} is unknown, {known.version} is the latest here: "
            "this log was written by a newer Presage"
        )


def _unreadable(recorded: RecordedEvent, why: str) -> UnreadableEvent:
    return UnreadableEvent(f"{recorded.stream} revision {recorded.revision}, {recorded.type}: {why}")


def _explained(error: Exception) -> str:
    """Return what is wrong, the field first: ``taker.fee: Expected `int`, got `float```."""
    fault, at, path = str(error).rpartition(" - at `$")
    if not at:
        return str(error)
    field = path.rstrip("`").lstrip(".")
    return f"{field}: {fault}" if field else fault
